"""The tables of a PostgreSQL database as CREATE TABLE statements, read in a session that cannot write."""

from __future__ import annotations

from sqlreason.sql.parsing.tables import identifier
from sqlreason.sql.sandbox.named_server import reachable

_SECONDS = 10
_SCHEMAS = (
    "SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' "
    "AND has_schema_privilege(oid, 'USAGE') ORDER BY nspname <> coalesce(current_schema(), ''), nspname"
)
_PARTITIONS = "SELECT relname FROM pg_class WHERE relispartition"


def definitions_of(database: str) -> str:
    """Return the definitions of the tables that the role may use, those of its first schema first.

    Tables are called by their own name alone, as a session finds them by its search path; of two of one name the
    first is kept. Partitions are part of their table.

    Args:
        database: `postgresql://USER@HOST/NAME`.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: It cannot be reached or read.
    """
    from sqlalchemy import MetaData, create_engine, text
    from sqlalchemy.pool import NullPool
    from sqlalchemy.schema import CreateTable

    options = f"-c default_transaction_read_only=on -c statement_timeout={_SECONDS * 1000}"
    settings = {"options": options, "connect_timeout": _SECONDS}
    engine = create_engine(reachable(database), poolclass=NullPool, connect_args=settings)
    with engine.connect() as connection:
        schemas = ", ".join(identifier(name) for (name,) in connection.execute(text(_SCHEMAS)))
        connection.execute(text(f"SET LOCAL search_path = {schemas or 'public'}"))
        partitions = {name for (name,) in connection.execute(text(_PARTITIONS))}
        tables = MetaData()
        tables.reflect(connection, only=lambda name, _: name not in partitions)
        definitions = [str(CreateTable(table).compile(connection)) for table in tables.sorted_tables]
    return "".join(f"{' '.join(definition.split())};\n" for definition in definitions)
