"""Does the reasoning name what the query uses? Its tables and columns, looked up in the words of the plan.

It compares names only. Whether the reasoning is true is not decided here.
"""

import logging
import re
from dataclasses import dataclass

from sqlglot import exp

from sqlreason.reasoning.explanation import read_statements
from sqlreason.sql.parsing.schema import Schema

logger = logging.getLogger(__name__)

# Words of a plan that can only be meant as names: in backticks, with an underscore, or qualified by a dot.
_NAME_LIKE = re.compile(r"`([^`\n]+)`|\b([A-Za-z]\w*\.[A-Za-z]\w+)\b|\b([A-Za-z]\w*_\w+)\b")

_VALUE = re.compile(r"'[^'\n]*'|\"[^\"\n]*\"")


@dataclass(frozen=True)
class PlanCheck:
    """How the names of a plan and of its query agree.

    Attributes:
        tables_named: Tables of the query that the plan names.
        tables_used: Tables of the query.
        columns_named: Columns of the query that the plan names.
        columns_used: Columns of the query.
        unknown: Names in the plan that neither the schema nor the query knows.
    """

    tables_named: int
    tables_used: int
    columns_named: int
    columns_used: int
    unknown: tuple[str, ...]

    @property
    def consistency(self) -> float:
        """The share of names that agree, in [0, 1]; 0 where the query names nothing or does not parse."""
        used = self.tables_used + self.columns_used
        return (self.tables_named + self.columns_named) / (used + len(self.unknown)) if used else 0.0


def check_plan(think: str, sql: str, schema: Schema | None) -> PlanCheck:
    """Compare the names in a plan with those that its query uses.

    Args:
        think: The reasoning.
        sql: The query; one that does not parse uses nothing.
        schema: Tells columns from quoted strings, and invented names from real ones; may be None.
    """
    try:
        tables, columns, others = _names(read_statements(sql), schema)
    except ValueError:
        return PlanCheck(0, 0, 0, 0, ())
    except Exception:  # a tree as nobody thought of: like a query that does not parse
        logger.debug("the names of %.200r cannot be told", sql, exc_info=True)
        return PlanCheck(0, 0, 0, 0, ())
    known = {name.lower() for name in tables | columns | others} | _schema_names(schema)
    return PlanCheck(
        tables_named=sum(_is_named(name, think) for name in tables),
        tables_used=len(tables),
        columns_named=sum(_is_named(name, think) for name in columns),
        columns_used=len(columns),
        unknown=_unknown(think, known),
    )


def _names(trees: list[exp.Expr], schema: Schema | None) -> tuple[set[str], set[str], set[str]]:
    """Tables, columns, and the names that the query itself makes up (aliases, CTEs, functions)."""
    tables: dict[str, str] = {}
    columns: dict[str, str] = {}
    others: set[str] = set()
    for tree in trees:
        others |= {node.alias for node in tree.walk() if node.alias}
        others |= {node.name for node in tree.find_all(exp.Identifier, exp.Anonymous)}
        others |= {node.sql_name() for node in tree.find_all(exp.Func) if not isinstance(node, exp.Anonymous)}
        made = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
        for table in tree.find_all(exp.Table):
            if table.name and table.name.lower() not in made:
                tables.setdefault(table.name.lower(), table.name)
        for column in tree.find_all(exp.Column):
            if _is_column(column, schema):
                columns.setdefault(column.name.lower(), column.name)
    return set(tables.values()), set(columns.values()), others


def _is_column(node: exp.Column, schema: Schema | None) -> bool:
    """Whether a name is a column of a table: no alias of the query, and no string in double quotes."""
    if isinstance(node.this, exp.Star):
        return False
    if schema is None:
        return bool(node.table) or not node.this.args.get("quoted")
    return any(table.column(node.name) for table in schema.tables)


def _schema_names(schema: Schema | None) -> set[str]:
    if schema is None:
        return set()
    tables = {table.name.lower() for table in schema.tables}
    return tables | {column.name.lower() for table in schema.tables for column in table.columns}


def _is_named(name: str, text: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text, re.IGNORECASE) is not None


def _unknown(think: str, known: set[str]) -> tuple[str, ...]:
    """Name-like words whose parts are not all known; strings are values, not names."""
    found: dict[str, None] = {}
    for match in _NAME_LIKE.finditer(_VALUE.sub("", think)):
        word = next(group for group in match.groups() if group)
        if word.lower() not in known and not {part.lower() for part in word.split(".")} <= known:
            found.setdefault(word)
    return tuple(found)
