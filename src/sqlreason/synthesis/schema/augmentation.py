"""Variations of an annotated schema: other names, fewer columns and tables, strange neighbours.

A student that is pretrained on variations cannot learn schemas by heart; it has to copy names from the prompt.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from sqlreason.sql.parsing.schema import quoted
from sqlreason.synthesis.names import AVOIDED
from sqlreason.synthesis.schema.annotated_schema import AnnotatedSchema, ColumnPlan, TablePlan

_DROP_TABLE = 0.3
_DROP_COLUMN = 0.15
_SWAP_COLUMN = 0.15
_ADD_TABLE = 0.12
_RENAME_COLUMN = 0.35
_PURE_LINK = 0.4
_WIDE_TABLES = (6, 12)
_BORROWED_COLUMNS = (0, 6)
Renaming = Callable[[str], str]


def vary(
    annotated_schema: AnnotatedSchema,
    rng: random.Random,
    pool: Sequence[AnnotatedSchema] = (),
    wide_share: float = 0.0,
) -> AnnotatedSchema:
    """Return a variation of an annotated schema with its references consistent.

    Args:
        annotated_schema: What to vary.
        rng: Source of all choices.
        pool: Annotated schemas that lend columns of the same kind, and now and then a table that nothing refers to.
        wide_share: How many variations stand among the tables of other schemas, with more columns, as in a database of
            many tables; [0, 1].
    """
    tables = _drop_tables(list(annotated_schema.tables), rng)
    tables = [_vary_columns(table, rng, pool) for table in tables]
    if pool and rng.random() < _ADD_TABLE:
        tables = _add_table(tables, rng.choice(pool), rng)
    if wide_share and rng.random() < wide_share:
        tables = _widen(tables, rng, pool)
    rng.shuffle(tables)
    tables = _rename_keys(tables, rng)
    tables = _rename_tables(tables, rng)
    tables = _rename_columns(tables, rng)
    tables = _make_links(tables, rng)
    return AnnotatedSchema(annotated_schema.name, annotated_schema.domain, tuple(tables), rng.randrange(720))


def _drop_tables(tables: list[TablePlan], rng: random.Random) -> list[TablePlan]:
    """Drop some tables, and the foreign keys to them."""
    while len(tables) > 1 and rng.random() < _DROP_TABLE:
        gone = rng.choice(tables)
        kept = [table for table in tables if table is not gone]
        tables = [replace(t, columns=tuple(c for c in t.columns if c.target != gone.name)) for t in kept]
        tables = [table for table in tables if len(table.columns) > 2] or list(kept[:1])
        names = {table.name for table in tables}
        tables = [replace(t, columns=tuple(c for c in t.columns if not c.target or c.target in names)) for t in tables]
    return tables


def _vary_columns(table: TablePlan, rng: random.Random, pool: Sequence[AnnotatedSchema]) -> TablePlan:
    """Drop, swap and shuffle the columns of a table; its key stays, mostly in front."""
    others = [column for column in table.columns if column.kind != "key"]
    kept = [column for column in others if column.kind == "ref" or rng.random() >= _DROP_COLUMN]
    if sum(column.kind != "ref" for column in kept) < 2:
        kept = others
    if pool:
        kept = [_swap_column(column, table, rng, pool) if rng.random() < _SWAP_COLUMN else column for column in kept]
    seen: dict[str, ColumnPlan] = {}
    for column in kept:
        seen.setdefault(column.phrase.lower(), column)
    kept = _distinct_names(list(seen.values()), table.key.name)
    rng.shuffle(kept)
    kept.insert(0 if rng.random() < 0.85 else rng.randint(0, len(kept)), table.key)
    return replace(table, columns=tuple(kept))


def _distinct_names(columns: list[ColumnPlan], key: str) -> list[ColumnPlan]:
    """Leave out columns whose names are taken."""
    found = {key.lower(): None}
    kept = []
    for column in columns:
        if column.name.lower() not in found:
            found[column.name.lower()] = None
            kept.append(column)
    return kept


def _swap_column(
    column: ColumnPlan, table: TablePlan, rng: random.Random, pool: Sequence[AnnotatedSchema]
) -> ColumnPlan:
    """Return a column of the same kind from another annotated schema, unless its words clash with the table."""
    if column.kind == "ref":
        return column
    donors = [c for c in rng.choice(rng.choice(pool).tables).columns if c.kind == column.kind]
    taken = _column_words(table.columns)
    fitting = [c for c in donors if not _column_words([c]) & taken]
    return replace(rng.choice(fitting), optional=column.optional) if fitting else column


def _add_table(tables: list[TablePlan], donor: AnnotatedSchema, rng: random.Random) -> list[TablePlan]:
    """Add a table of another annotated schema, without its foreign keys, if its words are new."""
    extra = rng.choice(donor.tables)
    extra = replace(extra, columns=tuple(c for c in extra.columns if c.kind != "ref"))
    clash = _table_words(tables) & _table_words([extra]) or len(extra.columns) < 3
    return tables if clash else [*tables, extra]


def _widen(tables: list[TablePlan], rng: random.Random, pool: Sequence[AnnotatedSchema]) -> list[TablePlan]:
    """Set tables among those of other schemas, whose words are new, and lend each of them columns of still others."""
    most = rng.randint(*_WIDE_TABLES)
    for donor in rng.sample(pool, len(pool)):
        if len(tables) >= most:
            break
        if not _table_words(tables) & _table_words(donor.tables):
            tables = [*tables, *donor.tables]
    return [_borrow_columns(table, rng, pool) for table in tables]


def _borrow_columns(table: TablePlan, rng: random.Random, pool: Sequence[AnnotatedSchema]) -> TablePlan:
    """Add columns of other schemas whose names and phrases are new to a table."""
    columns = list(table.columns)
    for _ in range(rng.randint(*_BORROWED_COLUMNS)):
        column = rng.choice(rng.choice(rng.choice(pool).tables).columns)
        if column.kind not in ("key", "ref") and not _column_words([column]) & _column_words(columns):
            columns.insert(rng.randint(1, len(columns)), column)
    return replace(table, columns=tuple(columns))


def _table_words(tables: Sequence[TablePlan]) -> set[str]:
    """Return what a question may call some tables."""
    return {word for table in tables for word in (table.name, table.singular, table.plural)}


def _column_words(columns: Sequence[ColumnPlan]) -> set[str]:
    """Return names and phrases of columns, in lower case."""
    return {word.lower() for column in columns for word in (column.name, column.phrase)}


def _make_links(tables: list[TablePlan], rng: random.Random) -> list[TablePlan]:
    """Leave some tables that tie others, and to which nothing refers, little but their references, as primary key.

    Most databases keep what is many-to-many in such tables; the hand-written schemas give every table a key of its own.
    """
    referred = {column.target for table in tables for column in table.references}
    return [
        _make_link(table, rng)
        if table.name not in referred and len({r.target for r in table.references}) > 1 and rng.random() < _PURE_LINK
        else table
        for table in tables
    ]


def _make_link(table: TablePlan, rng: random.Random) -> TablePlan:
    """Return a table of its references and at most one column more."""
    others = [column for column in table.columns if column.kind not in ("key", "ref")]
    kept = rng.sample(others, min(len(others), rng.choice((0, 0, 1))))
    columns = tuple(
        replace(column, optional=False) if column.kind == "ref" else column
        for column in table.columns
        if column.kind == "ref" or column in kept
    )
    return replace(table, columns=columns, primary=tuple(column.name for column in table.references))


def _rename_keys(tables: list[TablePlan], rng: random.Random) -> list[TablePlan]:
    """Give keys and the references to them other names: id, customer_id, customer_no, customer_code."""
    if rng.random() < 0.5:
        return tables
    pattern = rng.choice(("id", "{}_id", "{}_id", "{}_no", "{}_code", "{}_key", "{}_number"))
    keys = {t.name: _key_name(pattern, t) for t in tables}
    return [replace(t, columns=tuple(_rename_key(column, t, keys, pattern) for column in t.columns)) for t in tables]


def _key_name(pattern: str, table: TablePlan) -> str:
    """Return the new name of a table's key, or the old one where the new one is taken."""
    name = pattern.format(_snake(table.singular))
    taken = {column.name.lower() for column in table.columns if column.kind != "key"}
    return table.key.name if name in taken else name


def _rename_key(column: ColumnPlan, table: TablePlan, keys: Mapping[str, str], pattern: str) -> ColumnPlan:
    """Rename a key or a reference by the pattern, unless the name is taken in the table."""
    if column.kind == "key":
        name = keys[table.name]
        return replace(column, name=name, phrase=column.phrase if name == column.name else _key_phrase(name, table))
    if column.kind != "ref":
        return column
    ending = pattern.rpartition("_")[2]
    name = f"{_snake(column.role)}_{ending}"
    taken = {c.name.lower() for c in table.columns if c is not column} | {keys[table.name].lower()}
    return column if name in taken else replace(column, name=name, phrase=name.replace("_", " "))


def _key_phrase(name: str, table: TablePlan) -> str:
    """Return the phrase of a renamed key; a bare id takes the noun along."""
    return f"{table.singular} {name}" if "_" not in name else name.replace("_", " ")


def _rename_tables(tables: list[TablePlan], rng: random.Random) -> list[TablePlan]:
    """Rename tables in one style; references follow."""
    styles: tuple[Renaming, ...] = (
        lambda name: name, lambda name: f"tbl_{name}", lambda name: f"{name}_data", lambda name: f"{name}_records",
        lambda name: f"t_{name}", lambda name: f"{name}_list", lambda name: f"{name}_info", _camel, _pascal,
        _title,
    )  # fmt: skip
    restyle = rng.choices(styles, (12, 1, 1, 1, 0.5, 1, 1, 1.5, 2, 1))[0]
    number = rng.choice(("keep", "keep", "plural", "singular"))
    names: dict[str, str] = {}
    for table in tables:
        base = {"plural": _snake(table.plural), "singular": _snake(table.singular)}.get(number, table.name)
        name = restyle(base)
        names[table.name] = name if is_free(name, [*names.values(), *(t.name for t in tables)]) else table.name
    return [
        replace(
            t, name=names[t.name],
            columns=tuple(replace(c, target=names[c.target]) if c.target else c for c in t.columns),
        )
        for t in tables
    ]  # fmt: skip


def _rename_columns(tables: list[TablePlan], rng: random.Random) -> list[TablePlan]:
    """Rename columns in one style for the whole schema, or some of them after their phrases."""
    style = rng.choices(("keep", "phrase", "camel", "pascal", "title", "prefix", "short"), (7, 4, 2, 1, 1.5, 2, 1.5))[0]
    renamed = []
    for table in tables:
        columns: list[ColumnPlan] = []
        for column in table.columns:
            name = _restyle_column(column, table, style, rng)
            taken = [c.name for c in columns] + [c.name for c in table.columns if c is not column]
            columns.append(replace(column, name=name) if is_free(name, taken) else column)
        renamed.append(replace(table, columns=tuple(columns)))
    return renamed


def _restyle_column(column: ColumnPlan, table: TablePlan, style: str, rng: random.Random) -> str:
    """Return the column's name in a style."""
    if style == "camel":
        return _camel(column.name)
    if style == "pascal":
        return _pascal(column.name)
    if style == "title":
        return _title(column.name)
    if column.kind in ("key", "ref") or style == "keep":
        return column.name
    if style == "phrase" and len(column.phrase.split()) < 4:
        return _snake(column.phrase)
    if style == "prefix":
        noun = _snake(table.singular)
        apart = not column.name.startswith(noun) and rng.random() < _RENAME_COLUMN
        return f"{noun}_{column.name}" if apart else column.name
    if style == "short":
        return "_".join(_shorten(part) for part in column.name.split("_")) if rng.random() < 0.5 else column.name
    return column.name


def _shorten(part: str) -> str:
    """Return a word without its inner vowels, as thrifty schemas write it."""
    return part if len(part) < 5 else part[0] + "".join(letter for letter in part[1:] if letter not in "aeiou")


def is_free(name: str, taken: Sequence[str]) -> bool:
    """Return whether a name may stand bare in SQL and is not taken."""
    lowered = name.lower()
    return quoted(name) == name and lowered not in AVOIDED and lowered not in [other.lower() for other in taken]


def _snake(phrase: str) -> str:
    """Return a phrase as a snake_case name."""
    return "_".join("".join(c if c.isalnum() else " " for c in phrase.lower().replace("'", "")).split())


def _camel(name: str) -> str:
    """Return a snake_case name in camelCase."""
    first, *rest = name.split("_")
    return first + "".join(part[:1].upper() + part[1:] for part in rest)


def _pascal(name: str) -> str:
    """Return a snake_case name in PascalCase."""
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


def _title(name: str) -> str:
    """Return a snake_case name as Snake_Case; an id as ID."""
    return "_".join("ID" if part == "id" else part[:1].upper() + part[1:] for part in name.split("_"))
