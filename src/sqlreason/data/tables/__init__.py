"""The tables of the catalog: their columns, what each holds, and the validator that refuses others.

This is the one place that says which columns a table has: the modules beside it define them, one a stage. The
data dictionary (`docs/data-dictionary.md`) is generated from it, whatever a catalog entry of a table's name loads and
saves is checked against it (`preflight.entries`), and the tests compare both. It does not cover adapters, plots and
reports, which are no tables.
"""

import json
from pathlib import Path
from typing import Any, cast

import pandas as pd

from sqlreason.data.tables.distillation_tables import TEACHING
from sqlreason.data.tables.evaluation_tables import EVALUATION
from sqlreason.data.tables.table_schema import TableSchema
from sqlreason.data.tables.training_tables import TRAINING
from sqlreason.errors import BadInput
from sqlreason.text.cells import as_text

__all__ = [
    "TABLES", "TABLE_OF", "ColumnsValidator", "TableSchema", "check_columns", "data_dictionary", "records", "to_json",
]  # fmt: skip

TABLES: dict[str, TableSchema] = {**TEACHING, **TRAINING, **EVALUATION}

_SOURCES = ("sql", "heldout", "benchmark")
_MADE = ("drawn_questions", "drawn_heldout", "synthetic_questions", "synthetic_heldout")
_STUDENTS = ("base", "sft", "grpo")
#: Catalog entry -> the table that it holds; most go by the name of their table.
TABLE_OF: dict[str, str] = {
    **{name: name for name in TABLES},
    **dict.fromkeys([*(f"{source}_questions" for source in _SOURCES), *_MADE], "questions"),
    **{f"{student}_{kind}": kind for student in _STUDENTS for kind in ("answers", "scores")},
}


class ColumnsValidator:
    """Kedro validator that refuses a frame with other columns than its table's; what holds no table it lets pass.

    Args:
        entry: The catalog entry, for the message.
        table: A name in `TABLES`; found by the entry's name if none is given.
        folder: Where paths in a table begin; the working folder if none is given.
    """

    def __init__(self, entry: str, table: str | None = None, folder: str | None = None):
        self.entry = entry
        self.table = table or TABLE_OF.get(entry)
        self.folder = None if folder is None else Path(folder)

    def validate(self, data: Any) -> Any:
        """Return `data`, a table with its key as text; see `check_columns` for what is refused."""
        return check_columns(data, self.table, self.entry, self.folder) if self.table else data


def check_columns(data: Any, table: str, entry: str, folder: Path | None = None) -> pd.DataFrame:
    """Return `data` if it has the columns of `table`, else say what is missing and what was given.

    Raises:
        BadInput: If it is no frame, a column is missing, the frame is empty, or the key repeats or is missing.
    """
    if not isinstance(data, pd.DataFrame):
        raise BadInput(
            f"catalog entry '{entry}' holds a {type(data).__name__}, no table; give it a type that reads one, such as "
            "pandas.CSVDataset, pandas.ParquetDataset, or pandas.JSONDataset (load_args: {lines: true} for JSONL)."
        )
    schema = TABLES[table]
    if data.empty and not schema.allow_empty:
        raise BadInput(f"catalog entry '{entry}' has no rows; point its filepath to a source that has some.")
    if "database" in data.columns and "database" in schema.beside:
        from sqlreason.data.question_databases import with_databases  # the engine, which only such a table needs

        data = with_databases(data, folder)
    missing = [column for column in schema.columns if column not in (*data.columns, *schema.optional)]
    if missing:
        raise BadInput(
            f"catalog entry '{entry}' lacks the columns {missing}; it has {sorted(map(str, data.columns))}. "
            f"Rename the columns of your source, or see docs/data-dictionary.md for what '{table}' holds."
        )
    checked = _check_key(data, schema, entry) if schema.key else data
    return _fill_text(checked, list(schema.columns)) if schema.text else checked


def _fill_text(data: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    full = data.reindex(columns=list(dict.fromkeys([*data.columns, *columns]))).astype(dict.fromkeys(columns, object))
    return full.assign(**{column: full[column].map(as_text).astype(str) for column in columns})


def _check_key(data: pd.DataFrame, schema: TableSchema, entry: str) -> pd.DataFrame:
    key = data[schema.key]
    if key.isna().any():
        raise BadInput(
            f"catalog entry '{entry}': {int(key.isna().sum())} rows have no {schema.key}. Where it is a text that "
            "pandas takes for a missing value, such as NA, add keep_default_na: false to the entry's load_args."
        )
    repeated = key[key.duplicated()].astype(str).unique()
    if len(repeated):
        raise BadInput(
            f"catalog entry '{entry}': {len(repeated)} values of {schema.key} occur more than once, "
            f"e.g. {', '.join(repeated[:3])}; every row needs its own."
        )
    return data.assign(**{str(schema.key): key.map(as_text).astype(str)})


def data_dictionary() -> str:
    """Return the data dictionary as Markdown."""
    parts = ["# Data dictionary\n\nGenerated from `src/sqlreason/data/tables/` by `kedro sqlreason dictionary`.\n"]
    for name, schema in TABLES.items():
        beside = {column: f"{meaning} (optional)" for column, meaning in schema.beside.items()}
        rows = "\n".join(f"| `{column}` | {meaning} |" for column, meaning in {**schema.columns, **beside}.items())
        parts.append(f"\n## {name}\n\n{schema.meaning}\n\n| column | meaning |\n| --- | --- |\n{rows}\n")
    return "".join(parts)


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table as dictionaries from column to value."""
    return cast(list[dict[str, Any]], frame.to_dict("records"))


def to_json(value: object) -> str:
    """Return `value` as JSON text for a cell of a table, non-ASCII letters as they are."""
    return json.dumps(value, ensure_ascii=False)
