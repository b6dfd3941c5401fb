"""Questions from a file beside the catalog: parquet, CSV or JSON lines in gretel's columns."""

import codecs
import csv
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from sqlreason.data.preparation_rows import preparation_rows
from sqlreason.errors import BadInput
from sqlreason.sql.database_files import database_url
from sqlreason.sql.databases.batch_preparation import Row
from sqlreason.text.cells import LONGEST_CELL, as_text

#: What a question must have; `id` may be missing, rows are then numbered from 1, and a `database` serves as context.
NEEDED = ("sql_context", "sql")
SUFFIXES = (".parquet", ".csv", ".jsonl")
# The longer marks first: that of UTF-32 begins with that of UTF-16.
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def read_file(path: Path) -> list[dict[str, Any]]:
    """Read a file of questions: a record per row, with the columns of the file as keys.

    Raises:
        ValueError: If there is no such file, its kind is not known, or it cannot be read; the message says which line.
    """
    if path.is_dir():
        raise BadInput(f"'{path}' is a folder; name a file in it ({', '.join(SUFFIXES)})")
    if not path.is_file():
        raise BadInput(f"there is no file '{path}'")
    if path.suffix not in SUFFIXES:
        raise BadInput(f"'{path}' ends in {path.suffix or 'nothing'}; known are {', '.join(SUFFIXES)}")
    if not path.stat().st_size:
        raise BadInput(f"'{path}' is empty")
    try:
        return list(_READERS[path.suffix](path))
    except UnicodeDecodeError as error:
        raise BadInput(f"'{path}' cannot be read: {error}; save it in UTF-8") from None
    except (ValueError, OSError) as error:  # of pandas and pyarrow too
        raise BadInput(f"'{path}' cannot be read: {str(error).strip()}") from None


def encoding_of(path: Path) -> str:
    """Return the encoding that a file's first bytes name; UTF-8 where they name none."""
    with path.open("rb") as file:
        return marked_encoding(file.read(4))


def marked_encoding(head: bytes) -> str:
    """Return the encoding that the first bytes of a text name; UTF-8 where they name none."""
    return next((name for mark, name in _MARKS.items() if head.startswith(mark)), "utf-8")


def read_lines(path: Path, errors: str = "strict") -> Iterator[tuple[int, str]]:
    """Yield the lines of a file of JSON lines that are not empty, with their numbers from 1 on.

    A line ends where JSON says so: not at the line and paragraph separators of Unicode, which may stand in a string.
    """
    with path.open(encoding=encoding_of(path), errors=errors, newline="\n") as file:
        yield from ((number, line) for number, line in enumerate(file, 1) if line.strip())


def _records_of_parquet(path: Path) -> list[dict[str, Any]]:
    try:
        import pandas as pd
        import pyarrow  # noqa: F401 - pandas asks for it only when it reads
    except ImportError:
        raise BadInput("parquet needs pandas: pip install 'sqlreason[parquet]', or save it as CSV or JSONL") from None
    return records_of(pd.read_parquet(path))


def _records_of_csv(path: Path) -> Iterator[dict[str, Any]]:
    csv.field_size_limit(LONGEST_CELL)
    with path.open(encoding=encoding_of(path), newline="") as file:
        reader = csv.reader(file, strict=True)
        names = next(reader, [])
        try:
            for cells in reader:
                if cells and len(cells) != len(names):
                    given = f"line {reader.line_num} ends a row of {len(cells)} cells"
                    raise BadInput(f"{given}; the header has {len(names)}")
                if cells:
                    yield dict(zip(names, cells, strict=True))
        except csv.Error as error:
            raise BadInput(f"line {reader.line_num} is not CSV ({error})") from None


def _records_of_lines(path: Path) -> Iterator[dict[str, Any]]:
    for number, line in read_lines(path):
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise BadInput(f"line {number} is not JSON ({error})") from None
        if not isinstance(record, dict):
            raise BadInput(f"line {number} holds a {type(record).__name__}; each line must be an object")
        yield {as_text(name): as_text(value) if isinstance(value, str) else value for name, value in record.items()}


_READERS = {".parquet": _records_of_parquet, ".csv": _records_of_csv, ".jsonl": _records_of_lines}


def records_of(frame: Any) -> list[dict[str, Any]]:
    """Return the rows of a pandas table as records."""
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def questions_of(records: Iterable[dict[str, Any]], source: str, database: str = "") -> list[Row]:
    """Return id, context or database file, and gold of each question, and further golds where there are any.

    Args:
        records: With the columns `NEEDED` and maybe `id`, `database` and `other_golds`.
        source: Where they come from, for the message.
        database: The file that all of them ask, by its path or URL; "" where each says it for itself.

    Raises:
        ValueError: If a column is missing, there is no row, or a database is of no known kind.
    """
    rows = [{**row, "database": database} if database else row for row in records]
    if not rows:
        raise BadInput(f"'{source}' has no rows")
    columns = dict.fromkeys(name for row in rows for name in row)
    optional = {"sql_context"} if "database" in columns else set()
    missing = [column for column in NEEDED if column not in {*columns, *optional}]
    if missing:
        raise BadInput(f"'{source}' lacks the columns {missing}; it has {sorted(columns)}")
    return preparation_rows(_question(row, str(number), "id" in columns) for number, row in enumerate(rows, 1))


def _question(row: dict[str, Any], number: str, has_id: bool) -> dict[str, Any]:
    """Return a row with its cells as texts, and its database by an absolute URL."""
    texts = {column: as_text(row.get(column)) for column in NEEDED}
    named = as_text(row.get("database")).strip()
    url = database_url(named, Path.cwd()) if named else ""
    return {**row, **texts, "id": as_text(row.get("id")) if has_id else number, "database": url}
