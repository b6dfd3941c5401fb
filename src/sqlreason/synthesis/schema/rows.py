"""Rows for annotated schemas, and the context text (CREATE TABLE … ; INSERT INTO …) that carries them."""

import random
from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta

from sqlreason.sql.parsing.schema import Column, ForeignKey, Schema, Table, render_ddl
from sqlreason.sql.parsing.tables import literal
from sqlreason.synthesis.names import written
from sqlreason.synthesis.schema.annotated_schema import AnnotatedSchema, ColumnPlan, TablePlan

Value = int | float | str | bool | None
Row = dict[str, Value]
Contents = dict[str, list[Row]]

_NULL_SHARE = 0.25  # of an optional column's values
_SPARED_PARENT = 0.6  # how often one row stays without referring rows, so that "those without" exist


def sample_contents(annotated_schema: AnnotatedSchema, rng: random.Random, rows: tuple[int, int] = (4, 8)) -> Contents:
    """Draw some rows for every table: keys unique, refs valid, names distinct as long as they last."""
    contents: Contents = {}
    for table in annotated_schema.creation_order:
        contents[table.name] = _sample_table(annotated_schema, table, contents, rng, rng.randint(*rows))
    return contents


def _sample_table(
    annotated_schema: AnnotatedSchema, table: TablePlan, contents: Contents, rng: random.Random, size: int
) -> list[Row]:
    """Draw the rows of one table."""
    first = (1, 1, 101, 1, 10)[annotated_schema.style % 5]
    key = next((column for column in table.columns if column.kind == "key"), None)
    keys: list[Value] = [_key_value(key, first + number) for number in range(size)]
    known = {name: [row.get(annotated_schema.table(name).key_name) for row in rows] for name, rows in contents.items()}
    drawn = {column.name: _sample_column(column, table, known, rng, keys) for column in table.columns}
    rows = [{name: values[number] for name, values in drawn.items()} for number in range(size)]
    return _distinct(rows, table.primary)


def _distinct(rows: list[Row], primary: tuple[str, ...]) -> list[Row]:
    """Return the rows without those that repeat a primary key of several columns."""
    if not primary:
        return rows
    return list({tuple(row.get(name) for name in primary): row for row in rows}.values())


def _key_value(key: ColumnPlan | None, number: int) -> Value:
    """Return a key by its number: the number itself, or a text with the opening that `values` gives."""
    return f"{key.values[0]}{number:03d}" if key is not None and key.values else number


def next_key(key: ColumnPlan, taken: list[Value]) -> Value:
    """Return a key that no row has."""
    if key.values:
        return next(text for number in range(1, 10**6) if (text := _key_value(key, number)) not in taken)
    return max((int(value or 0) for value in taken), default=0) + 1


def _sample_column(
    column: ColumnPlan, table: TablePlan, known: Mapping[str, list[Value]], rng: random.Random, keys: list[Value]
) -> list[Value]:
    """Draw one column for all rows of a table."""
    if column.kind == "key":
        return list(keys)
    if column.kind == "ref":
        values = _sample_references(column, table, known, rng, keys)
    elif column.kind == "name":
        values = _sample_names(column, rng, len(keys))
    else:
        values = [sample_value(column, rng) for _ in keys]
    if column.optional:
        values = [None if rng.random() < _NULL_SHARE else value for value in values]
    return values


def _sample_names(column: ColumnPlan, rng: random.Random, size: int) -> list[Value]:
    """Draw names without repetition while there are enough of them."""
    names = list(column.values)
    rng.shuffle(names)
    return [names[number % len(names)] for number in range(size)]


def _sample_references(
    column: ColumnPlan, table: TablePlan, known: Mapping[str, list[Value]], rng: random.Random, keys: list[Value]
) -> list[Value]:
    """Draw keys of the referenced table; within one table a row refers to an earlier one or to none."""
    if column.target == table.name:
        return [None, *(rng.choice(keys[:number]) for number in range(1, len(keys)))]
    targets = list(known.get(column.target) or keys)  # in a cycle of tables the second one is not there yet
    if len(targets) > 3 and rng.random() < _SPARED_PARENT:
        targets.remove(rng.choice(targets))
    return [rng.choice(targets) for _ in keys]


def sample_value(column: ColumnPlan, rng: random.Random) -> Value:
    """Draw one value of a column that is neither key nor ref; never NULL."""
    if column.kind == "bool":
        return rng.random() < 0.5
    if column.kind == "int":
        return _sample_whole(column, rng)
    if column.kind == "real":
        return _sample_real(column, rng)
    if column.kind == "date":
        first, last = date.fromisoformat(column.low), date.fromisoformat(column.high)
        day = (first + timedelta(days=rng.randint(0, (last - first).days))).isoformat()
        return f"{day} {rng.choice(column.values)}" if column.has_time else day
    return rng.choice(column.values)


def _sample_whole(column: ColumnPlan, rng: random.Random) -> int:
    """Draw a whole number; wide ranges give round numbers, as people's figures are."""
    value = rng.randint(column.low, column.high)
    step = 1 if column.is_year or column.high < 200 else 5 if column.high < 2000 else 50
    return max(column.low, value - value % step) if rng.random() < 0.7 else value


def _sample_real(column: ColumnPlan, rng: random.Random) -> float:
    """Draw a number with as many decimals as its range suggests."""
    digits = 2 if column.high < 50 else 1 if column.high < 5000 else 0
    if rng.random() < 0.3:
        digits = max(0, digits - 1)
    return round(rng.uniform(column.low, column.high), digits)


def render_context(annotated_schema: AnnotatedSchema, contents: Mapping[str, list[Row]]) -> str:
    """Return the context text of a populated annotated schema."""
    statements = []
    for table in annotated_schema.creation_order:
        statements.append(render_table(annotated_schema, table))
        if contents[table.name] and table.columns:  # of a table without any, rows cannot be written
            statements.append(render_rows(table, contents[table.name]))
    return " ".join(statements)


def render_table(annotated_schema: AnnotatedSchema, table: TablePlan) -> str:
    """Return the CREATE TABLE statement of one table."""
    return define_table(annotated_schema, table, written, annotated_schema.type_of, table.references)


def define_table(
    annotated_schema: AnnotatedSchema,
    table: TablePlan,
    named: Callable[[str], str],
    type_of: Callable[[ColumnPlan], str],
    references: Iterable[ColumnPlan],
) -> str:
    """Return the CREATE TABLE statement of one table as an engine reads it.

    Args:
        annotated_schema: Of the table.
        table: What is defined.
        named: Writes a name.
        type_of: Names the type of a column.
        references: Columns that are declared to refer to another table.
    """
    parts = [
        f"{named(column.name)} {type_of(column)}" + (" PRIMARY KEY" if column.kind == "key" else "")
        for column in table.definition
    ]
    if table.primary:
        parts.append(f"PRIMARY KEY ({', '.join(map(named, table.primary))})")
    parts += [
        f"FOREIGN KEY ({named(column.name)}) REFERENCES "
        f"{named(column.target)}({named(annotated_schema.table(column.target).key.name)})"
        for column in references
    ]
    return f"CREATE TABLE {named(table.name)} ({', '.join(parts)});"


def render_rows(table: TablePlan, rows: list[Row]) -> str:
    """Return the INSERT statement that fills one table."""
    names = ", ".join(written(column.name) for column in table.columns)
    tuples = (f"({', '.join(render_value(row[column.name]) for column in table.columns)})" for row in rows)
    return f"INSERT INTO {written(table.name)} ({names}) VALUES {', '.join(tuples)};"


def render_value(value: Value) -> str:
    """Return a value as an SQL literal."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return literal(value)


def render_schema(annotated_schema: AnnotatedSchema) -> str:
    """Return the schema text without rows, equal to `sql.schema.render_ddl` over the parsed context."""
    return render_ddl(describe(annotated_schema))


def describe(annotated_schema: AnnotatedSchema) -> Schema:
    """Return the annotated schema as a plain schema without rows."""
    return Schema(tuple(_describe_table(annotated_schema, table) for table in annotated_schema.creation_order))


def _describe_table(annotated_schema: AnnotatedSchema, table: TablePlan) -> Table:
    """Return one table as the schema parser would read it."""
    return Table(
        name=table.name,
        columns=tuple(
            Column(c.name, annotated_schema.type_of(c), c.name not in table.primary) for c in table.definition
        ),
        primary_key=(table.key_name,) if table.key_name else table.primary,
        foreign_keys=tuple(
            ForeignKey((column.name,), column.target, (annotated_schema.table(column.target).key.name,))
            for column in table.references
        ),
        rows=(),
    )
