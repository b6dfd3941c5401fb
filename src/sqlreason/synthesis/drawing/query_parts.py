"""Parts of a drawn query: what its question must say, free of SQL and of English.

A drawing function builds the syntax tree from these values and `wording` the sentence from the same values, so the
question says what the query does.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlglot import exp

from sqlreason.synthesis.schema.annotated_schema import ColumnPlan, TablePlan
from sqlreason.synthesis.schema.rows import Value

# Task types of gretel's question tables.
RETRIEVAL = "data retrieval"
REPORTING = "analytics and reporting"
MANIPULATION = "data manipulation"


@dataclass(frozen=True)
class ColumnUse:
    """A column as the query uses it; `owner` is the English noun of its row unless that is the subject itself."""

    table: TablePlan
    column: ColumnPlan
    owner: str = ""


@dataclass(frozen=True)
class Filter:
    """One comparison; operators are those of `filters.holds`."""

    use: ColumnUse
    operator: str
    values: tuple[Value, ...] = ()


@dataclass(frozen=True)
class Condition:
    """One filter, or two joined by `and` or `or`."""

    filters: tuple[Filter, ...]
    connective: str = "and"


@dataclass(frozen=True)
class Aggregate:
    """An aggregate function over a column; without a column it counts rows of `counted`."""

    function: str
    use: ColumnUse | None = None
    counted: TablePlan | None = None
    distinct: bool = False

    @property
    def can_rank(self) -> bool:
        """Return whether groups can be ranked by it: over an optional column some group may have no value at all."""
        return self.use is None or not self.use.column.optional


@dataclass(frozen=True)
class Ordering:
    """The order of the result and how many rows of it are kept."""

    by: ColumnUse | Aggregate
    descending: bool
    limit: int | None = None


@dataclass(frozen=True)
class DrawnQuery:
    """A drawn query with the parts of its question.

    Attributes:
        wording: Name of the sentence templates that ask for the query.
        tree: Syntax tree of the query.
        complexity: Class of the query, in gretel's words.
        task_type: Type of the task, in gretel's words.
        parts: Values that the placeholders of the templates stand for.
    """

    wording: str
    tree: exp.Expr
    complexity: str
    task_type: str
    parts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def sql(self) -> str:
        """Return the query as text, without a semicolon."""
        return self.tree.sql(dialect="sqlite")
