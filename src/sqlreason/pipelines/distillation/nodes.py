"""Nodes of distillation before and after the teacher: split the questions, build prompts, read the answers.

A question whose context does not parse costs nothing: it gets no prompt and a reason.
"""

import logging
from dataclasses import asdict
from typing import Any

import pandas as pd

from sqlreason.data import splits
from sqlreason.data.tables import TABLES, records, to_json
from sqlreason.options.distillation_options import DistillationOptions, SplitOptions
from sqlreason.pipelines.distillation.reading import Answer, read_answer
from sqlreason.reasoning import prompts

logger = logging.getLogger(__name__)


def split_questions(questions: pd.DataFrame, split: SplitOptions) -> pd.DataFrame:
    """Return which schemas' questions the teacher is asked and which are kept back for GRPO.

    Args:
        questions: Question table; every context is parsed here, once for all stages.
        split: The share to keep back.

    Returns:
        Table `question_split`.
    """
    return splits.split_questions(questions, split.grpo_share, split.seed)


def build_teacher_prompts(
    questions: pd.DataFrame,
    split: pd.DataFrame,
    free: dict[str, Any],
    plan: dict[str, Any],
    options: DistillationOptions,
) -> pd.DataFrame:
    """Return what the teacher is asked, one row a question; schemas reserved for GRPO are not asked about.

    Args:
        questions: Question table.
        split: Table `question_split`.
        free: The catalog's prompt text for free reasoning (name, version, system, user, perhaps examples).
        plan: The same for a structured query plan.
        options: How many questions, style, dialect, blind or hinted.

    Returns:
        Table `raw_prompts`.
    """
    prompt = prompts.Prompt.from_mapping({"free": free, "plan": plan}[options.style])
    asked = questions[questions["id"].isin(split.loc[split["for_teacher"], "id"])]
    reserved = len(questions) - len(asked)
    if options.questions is not None and options.questions < len(asked):
        asked = asked.sample(options.questions, random_state=options.seed).sort_index()
    rows = [_teacher_prompt(question, prompt, options) for question in records(asked)]
    frame = pd.DataFrame(rows, columns=list(TABLES["raw_prompts"].columns))
    logger.info(
        "%d questions for the teacher, %d kept back for GRPO, %d without a prompt",
        len(frame),
        reserved,
        int((frame["reason"] != "").sum()),
    )
    return frame


def _teacher_prompt(question: dict[str, Any], prompt: prompts.Prompt, options: DistillationOptions) -> dict[str, Any]:
    row = {
        "id": question["id"],
        "messages": "",
        "hinted_messages": "",
        "mode": "hinted" if options.mode == "hinted" else "blind",
        "style": options.style,
        "prompt_fingerprint": prompt.fingerprint,
        "reason": "",
    }
    for column, name in (("sql_prompt", "question"), ("sql_context", "context"), ("sql", "gold")):
        if reason := _unfit(question[column]):
            return {**row, "reason": f"{name}: {reason}"}
    try:
        schema = prompts.schema_text(question["sql_context"], sample_rows=options.sample_rows)
    except Exception as error:  # whatever it is, it costs this question alone
        logger.debug("the context of %s", question["id"], exc_info=True)
        return {**row, "reason": f"context: {str(error) or type(error).__name__}"}

    def messages(gold: str | None) -> str:
        return to_json(prompts.build_messages(prompt, question["sql_prompt"], schema, options.dialect, gold))

    if options.mode == "blind_then_hinted":
        row["hinted_messages"] = messages(question["sql"])
    return {**row, "messages": messages(question["sql"] if options.mode == "hinted" else None)}


def _unfit(text: Any) -> str:
    """Why a cell cannot be shown to a teacher; "" if it can."""
    if not isinstance(text, str) or not text.strip():
        return "there is none"
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return f"it holds half of a character ({error.object[error.start]!a}), which cannot be sent"
    return ""


def read_completions(raw_prompts: pd.DataFrame, cot_completions: pd.DataFrame) -> pd.DataFrame:
    """Return one trace an answer, read by the strict parser; rows that fell out carry the reason.

    Args:
        raw_prompts: Table `raw_prompts`; what was never asked is a trace with a reason, too.
        cot_completions: Table `cot_completions`.

    Returns:
        Table `cot_traces`.
    """
    answers: dict[str, list[dict[str, Any]]] = {}
    for row in records(cot_completions):
        answers.setdefault(row["id"], []).append(row)
    rows = [_trace(prompt, answer) for prompt in records(raw_prompts) for answer in answers.get(prompt["id"], [{}])]
    frame = pd.DataFrame(rows, columns=list(TABLES["cot_traces"].columns))
    counts = frame["status"].value_counts().to_dict()
    logger.info("%d answers: %s", len(frame), ", ".join(f"{count} {status}" for status, count in counts.items()))
    return frame


def _trace(prompt: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    if prompt["reason"] or not answer:
        read = Answer("failed", prompt["reason"] or "failed: the teacher was not asked")
    else:
        read = read_answer(answer)
    return {
        "id": prompt["id"],
        "sample": answer.get("sample", 0),
        "mode": answer.get("mode", prompt["mode"]),
        "well_formed": read.status == "ok",
        **asdict(read),
    }
