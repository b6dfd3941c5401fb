"""The tables of the catalog: their columns, what each holds, and the validator that refuses others.

This is the one place that says which columns a table has. The data dictionary (`docs/data-dictionary.md`) is
generated from it, the catalog's `validator:` entries check frames against it, and the tests compare both. It
does not cover adapters, plots and reports, which are no tables.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import pandas as pd


@dataclass(frozen=True)
class TableSchema:
    """The columns of one table: name -> what it holds. `key` is unique and never missing.

    Where `text` holds, all columns are text: missing cells, and the `optional` columns, become empty ones.
    """

    meaning: str
    columns: Mapping[str, str]
    key: str | None = "id"
    allow_empty: bool = False
    text: bool = False
    optional: tuple[str, ...] = ()


_QUESTION_COLUMNS = {
    "id": "identifier of the question, unique within its source",
    "domain": "subject area (optional)",
    "sql_prompt": "the question in English",
    "sql_context": "the database: CREATE TABLE and INSERT statements",
    "sql": "the gold query",
    "sql_explanation": "the gold query in a sentence or two (optional)",
    "sql_complexity": "class of the query, e.g. `aggregation`, `single join`",
    "sql_task_type": "e.g. `data retrieval`, `analytics and reporting`, `data manipulation` (optional)",
}
_SCORE_COLUMNS = {
    "well_formed": "the answer follows the `<think>`/`<sql>` grammar",
    "runs": "its SQL runs on the original database",
    "agrees": "its SQL answers like the gold on every instance of the database",
    "status": "verdict of the SQL engine, e.g. match, mismatch, exec_error, timeout; empty if not well-formed",
    "reason": "why it is not well-formed, does not run or does not agree",
}

TABLES: dict[str, TableSchema] = {
    "questions": TableSchema(
        "Questions with gold SQL, in the columns of gretelai/synthetic_text_to_sql.",
        _QUESTION_COLUMNS,
        text=True,
        optional=("domain", "sql_explanation", "sql_task_type"),
    ),
    "raw_prompts": TableSchema(
        "What the teacher is asked.",
        {
            "id": "question",
            "messages": "chat messages, JSON; empty if no prompt could be built",
            "mode": "`blind`, or `hinted` where the gold was shown",
            "prompt_fingerprint": "hash of the teacher prompt's text",
            "reason": "why no prompt could be built, e.g. the context does not parse; empty otherwise",
        },
    ),
    "cot_completions": TableSchema(
        "What the teacher answered, as it came.",
        {
            "id": "question",
            "text": "the answer",
            "reasoning": "the provider's separate reasoning field, if any",
            "status": "`ok` or `failed`",
            "reason": "why it failed",
            "finish_reason": "stop, length, …",
            "model": "the teacher",
            "prompt_tokens": "tokens in the prompt",
            "completion_tokens": "tokens in the answer",
            "seconds": "latency of the call, seconds",
            "usd": "price of the call, US dollars",
        },
    ),
    "cot_traces": TableSchema(
        "Answers read by the strict parser.",
        {
            "id": "question",
            "mode": "`blind` or `hinted`",
            "think": "the reasoning",
            "sql": "the teacher's query",
            "well_formed": "the answer follows the grammar",
            "reason": "why the row fell out so far; empty if well-formed",
        },
    ),
    "sql_features": TableSchema(
        "Gold queries by syntax tree.",
        {
            "id": "question",
            "schema_fingerprint": "hash of the schema's tables and columns",
            "template": "the gold without names and literals",
            "kind": "select, insert, update, delete, …; `unparsable`",
            "n_tables": "tables read",
            "n_joins": "joins",
            "n_filters": "comparisons in WHERE and HAVING",
            "n_aggregates": "aggregate calls",
            "has_subquery": "a query within the query",
            "has_order": "the outermost query orders",
        },
    ),
    "database_instances": TableSchema(
        "The databases on which candidates are compared with the gold, prepared once.",
        {
            "id": "question",
            "split": "`train` or `heldout`",
            "status": "`ok`, or why the question cannot be used: gold_error, vacuous, …",
            "reason": "the engine's message",
            "task": "gold, engine and instances as JSON; empty unless `ok`",
            "instances": "number of databases, the original included",
            "mutants": "wrong neighbours of the gold that were tried",
            "killed": "of these, told apart from the gold by the instances",
        },
        key=None,
    ),
    "verified_traces": TableSchema(
        "Well-formed traces, executed beside the gold.",
        {
            "id": "question",
            "mode": "`blind` or `hinted`",
            "think": "the reasoning",
            "sql": "the teacher's query",
            **{k: v for k, v in _SCORE_COLUMNS.items() if k != "well_formed"},
            "plan_consistency": "share of the query's tables and columns that the reasoning names, 0 to 1",
        },
        allow_empty=True,
    ),
    "filtered_traces": TableSchema(
        "Traces that are kept, with the student's prompt.",
        {
            "id": "question",
            "mode": "`blind` or `hinted`",
            "prompt": "chat messages for the student, JSON",
            "completion": "the trace in the grammar",
            "agrees": "false for the incorrect traces kept on purpose",
            "prompt_tokens": "tokens by the student's tokenizer, chat template included",
            "completion_tokens": "likewise, end of turn included",
            "plan_consistency": "0 to 1",
            "sql_complexity": "class of the gold query",
        },
    ),
    "rejected_traces": TableSchema(
        "Questions that fell out, each with one reason.",
        {"id": "question", "stage": "where it fell out", "reason": "why", "detail": "the full message"},
        allow_empty=True,
    ),
    "sft_examples": TableSchema(
        "Prompt and completion rows for supervised fine-tuning.",
        {"id": "question", "prompt": "chat messages, JSON", "completion": "the trace in the grammar"},
    ),
    "grpo_prompts": TableSchema(
        "Prompts for GRPO: questions that the teacher was not asked.",
        {
            "id": "question",
            "prompt": "chat messages, JSON",
            "task": "gold and databases, JSON",
            "sql": "the gold query",
            "sql_context": "the database as given",
            "sql_complexity": "class of the gold query",
        },
    ),
    "evaluation_prompts": TableSchema(
        "The examination.",
        {
            "id": "question",
            "prompt": "chat messages, JSON",
            "task": "gold and databases, JSON",
            "sql_prompt": "the question",
            "sql_context": "the database as given",
            "sql": "the gold query",
            "sql_complexity": "class of the gold query",
        },
    ),
    "sft_history": TableSchema(
        "One row a logged step of SFT.",
        {
            "step": "optimiser step",
            "loss": "mean loss per trained token, nats",
            "seconds": "since the start of training",
        },
        key=None,
    ),
    "grpo_history": TableSchema(
        "One row a step of GRPO.",
        {
            "step": "optimiser step",
            "reward": "mean reward of the step's completions",
            "kl": "KL to the reference, nats a token (0 where beta is 0)",
            "seconds": "since the start of training",
        },
        key=None,
    ),
    "grpo_rollouts": TableSchema(
        "What the student wrote during GRPO.",
        {"step": "optimiser step", "id": "question", "completion": "the rollout", "reward": "weighted total"},
        key=None,
        allow_empty=True,
    ),
    "answers": TableSchema(
        "A student's greedy answers to the examination.",
        {
            "id": "question",
            "text": "the answer",
            "tokens": "generated tokens",
            "finished": "the student ended its turn within the budget",
            "seconds": "its share of the batch's wall time",
        },
    ),
    "scores": TableSchema(
        "A student's answers, judged.",
        {
            "id": "question",
            "sql_complexity": "class of the gold query",
            "finished": "the student ended its turn within the budget",
            **_SCORE_COLUMNS,
            "plan_consistency": "share of the query's tables and columns that the reasoning names, 0 to 1",
            "tokens": "generated tokens",
            "seconds": "its share of the batch's wall time",
        },
    ),
}


class ColumnsValidator:
    """Kedro validator (`validator:` in the catalog) that refuses a frame with other columns than its table's.

    Args:
        table: A name in `TABLES`.
        entry: The catalog entry, for the message.
    """

    def __init__(self, table: str, entry: str | None = None):
        self.table = table
        self.entry = entry or table

    def validate(self, data: pd.DataFrame) -> pd.DataFrame:
        """Return `data` with its key as text; see `check_columns` for what is refused."""
        return check_columns(data, self.table, self.entry)


def check_columns(data: pd.DataFrame, table: str, entry: str) -> pd.DataFrame:
    """Return `data` if it has the columns of `table`, else say what is missing and what was given.

    Raises:
        ValueError: If a column is missing, the frame is empty, or the key repeats or is missing.
    """
    schema = TABLES[table]
    if data.empty and not schema.allow_empty:
        raise ValueError(f"catalog entry '{entry}' has no rows; point its filepath to a source that has some.")
    missing = [column for column in schema.columns if column not in (*data.columns, *schema.optional)]
    if missing:
        raise ValueError(
            f"catalog entry '{entry}' lacks the columns {missing}; it has {sorted(map(str, data.columns))}. "
            f"Rename the columns of your source, or see docs/data-dictionary.md for what '{table}' holds."
        )
    checked = _check_key(data, schema, entry) if schema.key else data
    return _fill_text(checked, list(schema.columns)) if schema.text else checked


def _fill_text(data: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    full = data.reindex(columns=list(dict.fromkeys([*data.columns, *columns]))).astype(dict.fromkeys(columns, object))
    return full.assign(**{column: full[column].where(full[column].notna(), "").astype(str) for column in columns})


def _check_key(data: pd.DataFrame, schema: TableSchema, entry: str) -> pd.DataFrame:
    key = data[schema.key]
    if key.isna().any():
        raise ValueError(f"catalog entry '{entry}': {int(key.isna().sum())} rows have no {schema.key}.")
    repeated = key[key.duplicated()].astype(str).unique()
    if len(repeated):
        raise ValueError(
            f"catalog entry '{entry}': {len(repeated)} values of {schema.key} occur more than once, "
            f"e.g. {', '.join(repeated[:3])}; every row needs its own."
        )
    return data.assign(**{str(schema.key): key.astype(str)})


def data_dictionary() -> str:
    """Return the data dictionary as Markdown."""
    parts = ["# Data dictionary\n\nGenerated from `src/sqlreason/tables.py` by `kedro sqlreason dictionary`.\n"]
    for name, schema in TABLES.items():
        rows = "\n".join(f"| `{column}` | {meaning} |" for column, meaning in schema.columns.items())
        parts.append(f"\n## {name}\n\n{schema.meaning}\n\n| column | meaning |\n| --- | --- |\n{rows}\n")
    return "".join(parts)


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table as dictionaries from column to value."""
    return cast(list[dict[str, Any]], frame.to_dict("records"))


def to_json(value: object) -> str:
    """Return `value` as JSON text for a cell of a table, non-ASCII letters as they are."""
    return json.dumps(value, ensure_ascii=False)
