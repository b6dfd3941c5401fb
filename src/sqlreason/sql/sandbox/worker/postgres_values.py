"""Values of PostgreSQL for which Python's own types are too small: far dates, long intervals, numbers of JSON."""

from __future__ import annotations

import json
from contextlib import suppress
from decimal import Decimal
from typing import Any

#: Read as texts: Python has no infinite date and none before the year 1 or after 9999.
_TIMES = ("date", "time", "timetz", "timestamp", "timestamptz")


def read_beyond_python(connection: Any) -> None:
    """Has a connection read them as what they are, or as their texts."""
    from psycopg import DataError
    from psycopg.types.datetime import IntervalLoader
    from psycopg.types.json import set_json_loads
    from psycopg.types.string import TextLoader

    class Interval(IntervalLoader):
        def load(self, data: Any) -> Any:
            try:
                return super().load(data)
            except (DataError, OverflowError):
                return bytes(data).decode()

    def document(data: str | bytes) -> Any:
        with suppress(ValueError, RecursionError):
            return json.loads(data, parse_float=Decimal)
        return data if isinstance(data, str) else data.decode()

    for name in _TIMES:
        connection.adapters.register_loader(name, TextLoader)
    connection.adapters.register_loader("interval", Interval)
    set_json_loads(document, connection)
