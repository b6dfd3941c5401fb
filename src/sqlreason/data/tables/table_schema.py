"""What describes a table, and the columns that several tables share."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class TableSchema:
    """The columns of one table: name -> what it holds. `key` is unique and never missing.

    Where `text` holds, all columns are text: missing cells, and the `optional` columns, become empty ones. Columns in
    `beside` may stand there too; where they do not, they are not added.
    """

    meaning: str
    columns: Mapping[str, str]
    key: str | None = "id"
    allow_empty: bool = False
    text: bool = False
    optional: tuple[str, ...] = ()
    beside: Mapping[str, str] = field(default_factory=dict)


#: Of a student with tools.
TOOL_COLUMNS = {
    "turns": "of the student with tools",
    "tool_calls": "of its turns",
    "tool_errors": "calls that failed",
    "tool_tokens": "tokens of what tools said, beside those that it generated",
}
CONVERSATION = {"conversation": "what student and tools said behind the prompt, JSON"}

SCORE_COLUMNS = {
    "well_formed": "the answer follows the `<think>`/`<sql>` grammar",
    "runs": "its SQL runs on the original database",
    "agrees": "its SQL answers like the gold on every test database",
    "status": "verdict of the SQL engine, e.g. match, mismatch, exec_error, timeout; empty if not well-formed",
    "reason": "why it is not well-formed, does not run or does not agree",
}
