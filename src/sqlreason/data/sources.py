"""Questions from a file beside the catalog: parquet, CSV or JSON lines in gretel's columns."""

import codecs
import json
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from sqlreason.errors import BadInput
from sqlreason.text.cells import as_text

#: What a question must have; `id` may be missing, rows are then numbered from 1.
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


def read_file(path: Path) -> pd.DataFrame:
    """Read a file of questions.

    Raises:
        ValueError: If there is no such file, its kind is not known, or it cannot be read; the message says which line.
    """
    if not path.is_file():
        raise BadInput(f"there is no file '{path}'")
    if path.suffix not in SUFFIXES:
        raise BadInput(f"'{path}' ends in {path.suffix or 'nothing'}; known are {', '.join(SUFFIXES)}")
    if not path.stat().st_size:
        raise BadInput(f"'{path}' is empty")
    try:
        if path.suffix == ".parquet":
            return pd.read_parquet(path)
        if path.suffix == ".csv":
            return pd.read_csv(path, keep_default_na=False, encoding=encoding_of(path))
        return pd.DataFrame(list(_records(path)))
    except UnicodeDecodeError as error:
        raise BadInput(f"'{path}' cannot be read: {error}; save it in UTF-8") from None
    except (ValueError, OSError) as error:  # of pandas and pyarrow too
        raise BadInput(f"'{path}' cannot be read: {str(error).strip()}") from None


def encoding_of(path: Path) -> str:
    """Return the encoding that a file's first bytes name; UTF-8 where they name none."""
    with path.open("rb") as file:
        head = file.read(4)
    return next((name for mark, name in _MARKS.items() if head.startswith(mark)), "utf-8")


def read_lines(path: Path, errors: str = "strict") -> Iterator[tuple[int, str]]:
    """Yield the lines of a file of JSON lines that are not empty, with their numbers from 1 on.

    A line ends where JSON says so: not at the line and paragraph separators of Unicode, which may stand in a string.
    """
    with path.open(encoding=encoding_of(path), errors=errors, newline="\n") as file:
        yield from ((number, line) for number, line in enumerate(file, 1) if line.strip())


def _records(path: Path) -> Iterator[dict[str, object]]:
    for number, line in read_lines(path):
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise BadInput(f"line {number} is not JSON ({error})") from None
        if not isinstance(record, dict):
            raise BadInput(f"line {number} holds a {type(record).__name__}; each line must be an object")
        yield {as_text(name): as_text(value) if isinstance(value, str) else value for name, value in record.items()}


def questions_of(frame: pd.DataFrame, source: str) -> list[tuple[str, ...]]:
    """Return id, context and gold of each question, and its dialect where there is such a column.

    Args:
        frame: With the columns `NEEDED` and maybe `id` and `dialect`.
        source: Where it comes from, for the message.

    Raises:
        ValueError: If a column is missing or there is no row.
    """
    missing = [column for column in NEEDED if column not in frame.columns]
    if missing:
        raise BadInput(f"'{source}' lacks the columns {missing}; it has {sorted(map(str, frame.columns))}")
    if frame.empty:
        raise BadInput(f"'{source}' has no rows")
    numbers = pd.Series(range(1, len(frame) + 1), index=frame.index)
    keys = frame["id"] if "id" in frame.columns else numbers
    names = [*NEEDED, *(["dialect"] if "dialect" in frame.columns else [])]
    columns = (keys.map(as_text), *(frame[column].map(as_text) for column in names))
    return list(zip(*columns, strict=True))
