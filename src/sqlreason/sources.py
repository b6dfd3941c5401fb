"""Questions from a file beside the catalog: parquet, CSV or JSON lines in gretel's columns."""

import json
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from sqlreason.errors import BadInput

#: What a question must have; `id` may be missing, rows are then numbered from 1.
NEEDED = ("sql_context", "sql")
SUFFIXES = (".parquet", ".csv", ".jsonl")


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
            return pd.read_csv(path, keep_default_na=False)
        return pd.DataFrame(list(_records(path)))
    except (ValueError, OSError) as error:  # of pandas, pyarrow and the codec too
        raise BadInput(f"'{path}' cannot be read: {error}") from None


def _records(path: Path) -> Iterator[dict[str, object]]:
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except ValueError as error:
            raise BadInput(f"line {number} is not JSON ({error})") from None
        if not isinstance(record, dict):
            raise BadInput(f"line {number} holds a {type(record).__name__}; each line must be an object")
        yield record


def questions_of(frame: pd.DataFrame, source: str) -> list[tuple[str, str, str]]:
    """Return id, context and gold of each question.

    Args:
        frame: With the columns `NEEDED` and maybe `id`.
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
    columns = (keys.astype(str), *(frame[column].fillna("").astype(str) for column in NEEDED))
    return list(zip(*columns, strict=True))
