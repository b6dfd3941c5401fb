"""Foreign keys that nobody declared but names tell: `orders.customer_id` leads to `customers.id`.

Half of the databases that are met declare none. A column refers to a table if it is called like the table's one primary
key, where that is a name of its own (`AlbumId`), or like table and key together (`album_id`, `albumid`).
"""

from dataclasses import replace

from sqlreason.sql.parsing.schema import ForeignKey, Schema, Table
from sqlreason.text.singular import singularise

#: Primary keys whose name does not say whose they are.
_NAMELESS = ("id", "code", "no", "key")


def with_inferred_keys(schema: Schema) -> Schema:
    """Return the schema with these foreign keys behind the declared ones, which name a table as it is written itself.

    Example:
        >>> from sqlreason.sql.parsing.schema import parse_schema
        >>> shop = parse_schema("CREATE TABLE orders (customer_id INT); CREATE TABLE customers (id INT PRIMARY KEY)")
        >>> with_inferred_keys(shop).tables[0].foreign_keys
        (ForeignKey(columns=('customer_id',), table='customers', target=('id',)),)
    """
    keys = {table.name: table.primary_key[0] for table in schema.tables if len(table.primary_key) == 1}
    owners = {name.lower(): table for table, key in keys.items() for name in _names_of_references(table, key)}

    def complete(table: Table) -> Table:
        used = {name for key in table.foreign_keys for name in key.columns} | {keys.get(table.name)}
        free = [column.name for column in table.columns if column.name not in used]
        led = [(name, owner) for name in free if (owner := owners.get(name.lower(), table.name)) != table.name]
        spelled = [(key, schema.table(key.table)) for key in table.foreign_keys]
        declared = (replace(key, table=to.name) if to else key for key, to in spelled)
        inferred = (ForeignKey((name,), owner, (keys[owner],)) for name, owner in led)
        return replace(table, foreign_keys=(*declared, *inferred))

    return replace(schema, tables=tuple(complete(table) for table in schema.tables))


def _names_of_references(table: str, key: str) -> list[str]:
    """Return what a column is called that refers to a table."""
    if key.lower() not in _NAMELESS:
        return [key]
    many = table.rpartition(".")[2].lower()
    return [f"{name}{gap}{key.lower()}" for name in {many, singularise(many)} for gap in ("_", "")]
