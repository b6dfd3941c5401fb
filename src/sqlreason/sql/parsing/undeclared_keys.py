"""Foreign keys that nobody declared but names tell: `orders.customer_id` leads to `customers.id`.

Half of the databases that are met declare none. A column refers to a table if it is called like table and key together
(`album_id`, `albumid`), or like its one primary key where that names the table (`AlbumId`) or is a number or a code by
its name (`isbn_no`). Of several tables that could be meant, the one that is named is; else no one.
"""

from dataclasses import replace

from sqlreason.sql.parsing.schema import Column, ForeignKey, Schema, Table
from sqlreason.text.singular import singularise

#: Primary keys whose name does not say whose they are.
_NAMELESS = ("id", "code", "no", "key", "uuid", "guid", "rowid", "number", "pk")
#: How names of keys end; others, such as a table's `name` or `date`, stand in any table.
_ENDINGS = ("id", "code", "no", "number", "key", "num", "nr")


def with_inferred_keys(schema: Schema) -> Schema:
    """Return the schema with these foreign keys behind the declared ones, which name a table as it is written itself.

    Example:
        >>> from sqlreason.sql.parsing.schema import parse_schema
        >>> shop = parse_schema("CREATE TABLE orders (customer_id INT); CREATE TABLE customers (id INT PRIMARY KEY)")
        >>> with_inferred_keys(shop).tables[0].foreign_keys
        (ForeignKey(columns=('customer_id',), table='customers', target=('id',)),)
    """
    keys = {table.name: table.primary_key[0] for table in schema.tables if len(table.primary_key) == 1}
    claims: dict[str, list[str]] = {}
    for table, key in keys.items():
        for name in _names_of_references(table, key):
            claims.setdefault(name, []).append(table)
    texts = {table.name: column.holds_texts for table in schema.tables for column in _sole_key(table)}
    owners = {name: owner for name, tables in claims.items() if (owner := _one_that_is_named(name, tables))}

    def complete(table: Table) -> Table:
        spelled = [(key, schema.table(key.table)) for key in table.foreign_keys]
        declared = (replace(key, table=to.name) if to else key for key, to in spelled)
        taken = {name.lower() for key in table.foreign_keys for name in key.columns}
        inferred = (
            ForeignKey((column.name,), owner, (keys[owner],))
            for column in table.columns
            if (owner := owners.get(column.name.lower()))
            and owner != table.name
            and column.name.lower() not in taken
            and column not in _sole_key(table)
            and column.holds_texts == texts.get(owner)
        )
        return replace(table, foreign_keys=(*declared, *inferred))

    return replace(schema, tables=tuple(complete(table) for table in schema.tables))


def _sole_key(table: Table) -> list[Column]:
    """The one column of a primary key; none where it has several, or there is none."""
    found = [table.column(name) for name in table.primary_key] if len(table.primary_key) == 1 else []
    return [column for column in found if column is not None]


def _names_of_references(table: str, key: str) -> list[str]:
    """Return what a column is called that refers to a table, in lower case."""
    if key.lower() not in _NAMELESS:
        return [key.lower()] if _names(key, table) or key.lower().endswith(_ENDINGS) else []
    return [f"{name}{gap}{key.lower()}" for name in _nouns(table) for gap in ("_", "")]


def _nouns(table: str) -> set[str]:
    many = table.rpartition(".")[2].lower()
    return {many, singularise(many)}


def _names(column: str, table: str) -> bool:
    """Whether the name of a column holds that of a table, whatever is between its words."""
    plain = column.lower().replace("_", "")
    nouns = (noun.replace("_", "") for noun in _nouns(table))
    return any(len(noun) > 2 and noun in plain for noun in nouns)


def _one_that_is_named(column: str, tables: list[str]) -> str | None:
    if len(tables) == 1:
        return tables[0]
    named = [table for table in tables if _names(column, table)]
    return named[0] if len(named) == 1 else None
