"""What the teacher is asked about one question, or why nothing can be asked: the question then costs nothing."""

import logging
from collections.abc import Mapping
from typing import Any

from sqlreason.data.tables import to_json
from sqlreason.environments.wording import BESIDE_FOR_TEACHERS, invite
from sqlreason.reasoning import prompts
from sqlreason.sql.parsing.dialects import NAMES, own_dialect
from sqlreason.sql.sandbox.named_server import named_server

logger = logging.getLogger(__name__)


def prompt_row(
    question: Mapping[str, Any],
    prompt: prompts.Prompt,
    *,
    mode: str,
    style: str,
    dialect: str,
    sample_rows: int,
    environment: str = "single",
) -> dict[str, Any]:
    """Return the row of `raw_prompts` of a question.

    Args:
        question: Row of the question table.
        prompt: The prompt text of this style.
        mode: `blind`, `hinted` or `blind_then_hinted`.
        style: `plan` or `free`.
        dialect: What the SQL dialect that the teacher is to write is called, where the question is in no other.
        sample_rows: Rows of each table that it is shown at most.
        environment: `single`, or `tools` where a word about them stands in the prompt.
    """
    row = {
        "id": question["id"],
        "messages": "",
        "hinted_messages": "",
        "mode": "hinted" if mode == "hinted" else "blind",
        "style": style,
        "prompt_fingerprint": prompt.fingerprint,
        "reason": "",
    }
    if question.get("database_fault"):
        return {**row, "reason": f"database: {question['database_fault']}"}
    for column, name in (("sql_prompt", "question"), ("sql_context", "context"), ("sql", "gold")):
        if reason := _unfit(question[column]):
            return {**row, "reason": f"{name}: {reason}"}
    own = own_dialect(question["sql_context"], question["sql"], question.get("dialect"), served=bool(named_server()))
    try:
        schema = prompts.schema_text(question["sql_context"], sample_rows=sample_rows, dialect=own)
    except Exception as error:  # whatever it is, it costs this question alone
        logger.debug("the context of %s", question["id"], exc_info=True)
        return {**row, "reason": f"context: {str(error) or type(error).__name__}"}

    told = NAMES[own] if own else dialect

    def messages(gold: str | None) -> str:
        built = prompts.build_messages(prompt, question["sql_prompt"], schema, told, gold)
        return to_json(invite(built, BESIDE_FOR_TEACHERS) if environment == "tools" else built)

    if mode == "blind_then_hinted":
        row["hinted_messages"] = messages(question["sql"])
    return {**row, "messages": messages(question["sql"] if mode == "hinted" else None)}


def _unfit(text: Any) -> str:
    """Return why a cell cannot be shown to a teacher; "" if it can."""
    if not isinstance(text, str) or not text.strip():
        return "there is none"
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return f"it holds half of a character ({error.object[error.start]!a}), which cannot be sent"
    return ""
