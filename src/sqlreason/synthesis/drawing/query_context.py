"""A context: one populated annotated schema and a random generator, from which kinds of questions pick.

A witness is a row that the query under construction must find: filters are made to hold for it, so that results
are not empty.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from sqlreason.synthesis.drawing.query_parts import ColumnUse
from sqlreason.synthesis.names import free_name
from sqlreason.synthesis.schema.annotated_schema import AnnotatedSchema, ColumnPlan, TablePlan, Unsuitable
from sqlreason.synthesis.schema.rows import Contents, Row, Value

Item = TypeVar("Item")

# Words before `name` that say of which kind the name is, and not of what.
_OF_A_NAME = frozenset(["first", "last", "full", "given", "family", "middle", "common", "user", "display", "company"])
# Last words of phrases whose values call nothing, however much they vary.
_NO_NAME = frozenset(["type", "kind", "code", "sort", "date", "age", "phone", "fax", "email", "url", "gender", "sex"])


@dataclass(frozen=True)
class QueryContext:
    """One populated annotated schema seen through one random generator."""

    annotated_schema: AnnotatedSchema
    contents: Contents
    rng: random.Random

    def chance(self, share: float) -> bool:
        """Return True in `share` of the cases."""
        return self.rng.random() < share

    def pick(self, items: Sequence[Item]) -> Item:
        """Return one of the items.

        Raises:
            Unsuitable: There are none.
        """
        if not items:
            raise Unsuitable
        return self.rng.choice(items)

    def pick_some(self, items: Sequence[Item], count: int) -> list[Item]:
        """Return `count` different items in random order.

        Raises:
            Unsuitable: There are fewer.
        """
        if len(items) < count:
            raise Unsuitable
        return self.rng.sample(list(items), count)

    def pick_table(self, fits: Callable[[TablePlan], object] = lambda table: True) -> TablePlan:
        """Return one of the tables that fit."""
        return self.pick([table for table in self.annotated_schema.tables if fits(table)])

    def rows(self, table: TablePlan) -> list[Row]:
        """Return the rows of a table."""
        return self.contents[table.name]

    def values(self, use: ColumnUse) -> list[Value]:
        """Return the values of a column that are not NULL, in row order."""
        return [row[use.column.name] for row in self.rows(use.table) if row[use.column.name] is not None]

    def source_name(self, wanted: str) -> str:
        """Return a name for a subquery, a CTE or another use of a table that no table has."""
        return free_name(wanted, (table.name for table in self.annotated_schema.tables))

    def find_row(self, table: TablePlan, key: Value) -> Row | None:
        """Return the row with the given key."""
        return next((row for row in self.rows(table) if row[table.key.name] == key), None)


def labels(table: TablePlan) -> list[ColumnPlan]:
    """Return the columns that name a row: its names, else its key, else its first column."""
    names = [column for column in table.columns if column.kind == "name"]
    return names or [column for column in table.columns if column.kind == "key"] or list(table.columns[:1])


def callings(table: TablePlan) -> list[ColumnPlan]:
    """Return the columns by which people call a row: its names, else its title, else the only text that could do."""
    names = [column for column in table.columns if column.kind == "name"]
    ranks = {column.name: _rank_calling(column.phrase.lower(), table.singular.lower()) for column in names}
    best = min(ranks.values(), default=0)
    found = [column for column in names if ranks[column.name] == best]
    rivals = names if best == 3 else found
    return found if best < 2 or (best < 4 and len(rivals) == 1) else []


def _rank_calling(phrase: str, noun: str) -> int:
    """Return how far a phrase is from naming the row: 0 its name, 2 that of something else (`contact name`), 4 none.

    A title comes behind a name: where a row has both, it is that of a job.
    """
    *before, last = phrase.split()
    own = {*noun.split(), *_OF_A_NAME}.issuperset(before)
    if own and last.endswith("name"):
        return 0
    if (own and last == "title") or phrase == noun:
        return 1
    if last.endswith(("name", "title")):
        return 2
    return 4 if last in _NO_NAME else 3


def texts(table: TablePlan) -> list[ColumnPlan]:
    """Return the name and category columns."""
    return [column for column in table.columns if column.is_text]


def categories(table: TablePlan) -> list[ColumnPlan]:
    """Return the columns with few values that never lack one: what rows are grouped by."""
    return [column for column in table.columns if column.kind == "category" and not column.optional]


def measures(table: TablePlan) -> list[ColumnPlan]:
    """Return the quantities that are never NULL: what rows are ranked and averaged by."""
    return [column for column in table.columns if column.is_measure and not column.optional]


def dates(table: TablePlan) -> list[ColumnPlan]:
    """Return the date columns that are never NULL."""
    return [column for column in table.columns if column.kind == "date" and not column.optional]


def visible(table: TablePlan) -> list[ColumnPlan]:
    """Return the columns worth showing: all but foreign keys."""
    return [column for column in table.columns if column.kind != "ref"]


def require(condition: bool) -> None:
    """Give up on the kind of question where the condition fails.

    Raises:
        Unsuitable: The condition does not hold.
    """
    if not condition:
        raise Unsuitable


def show_columns(context: QueryContext, table: TablePlan, most: int = 3) -> tuple[ColumnUse, ...]:
    """Return one to `most` columns to show, a label among them as a rule."""
    require(bool(visible(table)))
    count = context.rng.choices(range(1, most + 1), (5, 4, 2)[:most])[0]
    chosen = context.pick_some(visible(table), min(count, len(visible(table))))
    if context.chance(0.6) and not any(column.kind == "name" for column in chosen):
        chosen[0] = context.pick(labels(table))
    return tuple(ColumnUse(table, column) for column in dict.fromkeys(chosen))
