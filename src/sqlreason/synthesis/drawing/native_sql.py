"""Drawn queries and rows as DuckDB and PostgreSQL write them: one syntax tree, the same meaning.

What differs is rewritten in the tree, sqlglot writes the rest. SQLite compares patterns whatever the case: ILIKE. It
sorts NULL as the smallest value; here it comes last, so that a row without a value is never the greatest or the least.
Years are numbers, truth values no numbers, and names with capitals need quotes in PostgreSQL.
"""

from collections.abc import Mapping
from functools import partial

from sqlglot import exp

from sqlreason.sql.parsing.schema import render_ddl, spelled
from sqlreason.sql.parsing.tables import identifier
from sqlreason.synthesis.names import written
from sqlreason.synthesis.schema.annotated_schema import AnnotatedSchema, ColumnPlan, TablePlan
from sqlreason.synthesis.schema.column_kinds import family_of
from sqlreason.synthesis.schema.rows import (
    Row,
    Value,
    define_table,
    describe,
    render_context,
    render_schema,
    render_value,
)

_TYPES = {"key": "INTEGER", "ref": "INTEGER", "int": "INTEGER", "real": "DOUBLE PRECISION", "bool": "BOOLEAN"}


def write_query(tree: exp.Expr, annotated_schema: AnnotatedSchema, dialect: str) -> str:
    """Return a drawn query as text.

    Args:
        tree: The query, as it is drawn for SQLite.
        annotated_schema: For the types of its columns.
        dialect: "sqlite", "duckdb" or "postgres".
    """
    if dialect == "sqlite":
        return tree.sql(dialect="sqlite")
    root = exp.Tuple(expressions=[tree.copy()])  # so that the query itself may be replaced as well
    columns = _columns_of(root, annotated_schema)
    for key in list(root.find_all(exp.Ordered)):
        counts = isinstance(key.this, exp.Count)  # which are never NULL, so that nothing need be said
        key.set("nulls_first", counts and dialect == "postgres" and bool(key.args.get("desc")))
    for like in list(root.find_all(exp.Like)):
        like.replace(exp.ILike(this=like.this, expression=like.expression))
    for call in list(root.find_all(exp.Anonymous)):
        if call.name.upper() == "STRFTIME":
            call.replace(_year_of(call.expressions[1], columns))
    for comparison in list(root.find_all(exp.EQ)):
        column = _plan(comparison.this, columns)
        if isinstance(comparison.expression, exp.Boolean) and column is not None and not _holds_truth(column):
            comparison.expression.replace(exp.Literal.number(int(comparison.expression.this)))
    for insert in list(root.find_all(exp.Insert)):
        _numbers_for_flags(insert, columns)
    for name in root.find_all(exp.Identifier):
        name.set("quoted", name.quoted or spelled(name.name, dialect) != name.name)
    return root.expressions[0].sql(dialect=dialect)


def write_context(annotated_schema: AnnotatedSchema, contents: Mapping[str, list[Row]], dialect: str) -> str:
    """Return the context text of a populated schema; see `rows.render_context`.

    A foreign key to a table that comes later, as in a circle of tables, is left out: these engines would refuse it.
    """
    if dialect == "sqlite":
        return render_context(annotated_schema, contents)
    statements, made = [], set()
    for table in annotated_schema.creation_order:
        made.add(table.name)
        statements.append(_definition(annotated_schema, table, made, dialect))
        if contents[table.name] and table.columns:
            names = ", ".join(_named(column.name, dialect) for column in table.columns)
            rows = ([_cell(column, row[column.name]) for column in table.columns] for row in contents[table.name])
            values = ", ".join(f"({', '.join(row)})" for row in rows)
            statements.append(f"INSERT INTO {_named(table.name, dialect)} ({names}) VALUES {values};")
    return " ".join(statements)


def write_schema(annotated_schema: AnnotatedSchema, dialect: str) -> str:
    """Return the schema text without rows."""
    if dialect == "sqlite":
        return render_schema(annotated_schema)
    return render_ddl(describe(annotated_schema), dialect=dialect)


def _definition(annotated_schema: AnnotatedSchema, table: TablePlan, made: set[str], dialect: str) -> str:
    references = [column for column in table.references if column.target in made]
    return define_table(annotated_schema, table, partial(_named, dialect=dialect), _type_of, references)


def _named(name: str, dialect: str) -> str:
    """A name in quotes where the dialect needs them, or anything that reads the text again."""
    return identifier(name) if written(name) != name else spelled(name, dialect)


def _type_of(column: ColumnPlan) -> str:
    """The column's own type; where it has none, or `DATE` stands for a type with a time of day, a plain one."""
    if column.has_time and column.type.upper() in ("", "DATE"):
        return "TIMESTAMP"
    return column.type or _TYPES.get(column.kind, "DATE" if column.kind == "date" else "TEXT")


def _cell(column: ColumnPlan, value: Value) -> str:
    return render_value(value if not isinstance(value, bool) or _holds_truth(column) else int(value))


def _holds_truth(column: ColumnPlan) -> bool:
    return family_of(column.type or _TYPES.get(column.kind, "")) == "flag"


def _columns_of(root: exp.Expr, annotated_schema: AnnotatedSchema) -> dict[str, ColumnPlan]:
    """The columns of the tables that a query reads, by name and by table and name."""
    read = {table.name for table in root.find_all(exp.Table)}
    tables = [table for table in annotated_schema.tables if table.name in read]
    found = {column.name: column for table in tables for column in table.columns}
    return found | {f"{table.name}.{column.name}": column for table in tables for column in table.columns}


def _plan(column: exp.Expr, columns: Mapping[str, ColumnPlan]) -> ColumnPlan | None:
    if not isinstance(column, exp.Column):
        return None
    return columns.get(f"{column.table}.{column.name}") or columns.get(column.name)


def _year_of(date: exp.Expr, columns: Mapping[str, ColumnPlan]) -> exp.Expr:
    plan = _plan(date, columns)
    textual = plan is not None and family_of(plan.type) == "text"
    return exp.Extract(this=exp.var("YEAR"), expression=exp.cast(date.copy(), "date") if textual else date.copy())


def _numbers_for_flags(insert: exp.Insert, columns: Mapping[str, ColumnPlan]) -> None:
    """Write 1 and 0 where a flag is kept as a number."""
    names = [name.name for name in insert.this.expressions]
    for row in insert.expression.expressions:
        for name, value in zip(names, list(row.expressions), strict=True):
            if isinstance(value, exp.Boolean) and not _holds_truth(columns[f"{insert.this.this.name}.{name}"]):
                value.replace(exp.Literal.number(int(value.this)))
