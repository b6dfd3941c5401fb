"""Nodes of distillation: build the teacher's prompts, ask, and read the answers.

A question whose context does not parse costs nothing: it gets no prompt and a reason. Every answer is in the
journal before the next is asked, so running the stage again asks only for what is missing.
"""

import json
import logging
from pathlib import Path
from typing import Any

import pandas as pd

from sqlreason import splits
from sqlreason.options import DistillationOptions, SplitOptions
from sqlreason.reasoning import format as grammar
from sqlreason.reasoning import prompts
from sqlreason.tables import TABLES, records, to_json
from sqlreason.teachers.teacher import Teacher

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
    questions: pd.DataFrame, split: pd.DataFrame, teacher_prompt: dict[str, Any], options: DistillationOptions
) -> pd.DataFrame:
    """Return what the teacher is asked, one row a question; schemas reserved for GRPO are not asked about.

    Args:
        questions: Question table.
        split: Table `question_split`.
        teacher_prompt: The catalog's prompt text (name, version, system, user).
        options: How many questions, dialect, blind or hinted.

    Returns:
        Table `raw_prompts`.
    """
    prompt = prompts.Prompt.from_mapping(teacher_prompt)
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
        "mode": options.mode,
        "prompt_fingerprint": prompt.fingerprint,
        "reason": "",
    }
    if not question["sql_prompt"].strip():
        return {**row, "reason": "question: it is empty"}
    try:
        schema = prompts.schema_text(question["sql_context"], sample_rows=options.sample_rows)
    except ValueError as error:
        return {**row, "reason": f"context: {error}"}
    messages = prompts.build_messages(
        prompt,
        question["sql_prompt"],
        schema,
        options.dialect,
        gold=question["sql"] if options.mode == "hinted" else None,
    )
    return {**row, "messages": to_json(messages)}


def ask_teacher(
    raw_prompts: pd.DataFrame, questions: pd.DataFrame, teacher: Teacher, options: DistillationOptions
) -> pd.DataFrame:
    """Return the teacher's answers; only questions that the journal does not know are asked.

    Args:
        raw_prompts: Table `raw_prompts`.
        questions: Question table; the scripted teacher, and it alone, is given its gold queries.
        teacher: The catalog's teacher.
        options: Concurrency, attempts, budget, journal.

    Returns:
        Table `cot_completions`.

    Raises:
        TeacherError: If the budget is spent or too many questions failed; what was answered is kept.
    """
    from sqlreason.teachers import asking
    from sqlreason.teachers.journal import Journal

    asked = raw_prompts[raw_prompts["reason"] == ""]
    requests = [asking.Request(id=row["id"], messages=row["messages"]) for row in records(asked)]
    golds = dict(zip(questions["id"], questions["sql"], strict=True))
    # keyed by the whole user message: the same question may be asked of two schemas
    answer_key = {json.loads(r.messages)[-1]["content"]: golds[r.id] for r in requests}
    Path(options.journal).parent.mkdir(parents=True, exist_ok=True)
    with Journal(Path(options.journal)) as journal:
        completions = asking.ask(
            teacher,
            requests,
            journal,
            answer_key=answer_key if teacher.kind == "scripted" else None,
            concurrency=options.concurrency,
            attempts=options.attempts,
            timeout_seconds=options.timeout_seconds,
            max_usd=options.budget.max_usd,
            max_failed_share=options.max_failed_share,
        )
    return pd.DataFrame(completions, columns=list(TABLES["cot_completions"].columns))


def read_completions(raw_prompts: pd.DataFrame, cot_completions: pd.DataFrame) -> pd.DataFrame:
    """Return one trace a question, read by the strict parser; rows that fell out carry the reason.

    Args:
        raw_prompts: Table `raw_prompts`.
        cot_completions: Table `cot_completions`.

    Returns:
        Table `cot_traces`.
    """
    answers = {row["id"]: row for row in records(cot_completions)}
    rows = [
        {"id": prompt["id"], "mode": prompt["mode"], **_read(prompt["reason"], answers.get(prompt["id"]))}
        for prompt in records(raw_prompts)
    ]
    frame = pd.DataFrame(rows, columns=list(TABLES["cot_traces"].columns))
    logger.info("%d of %d answers are well-formed", int(frame["well_formed"].sum()), len(frame))
    return frame


def _read(reason: str, answer: dict[str, Any] | None) -> dict[str, Any]:
    lost = {"think": "", "sql": "", "well_formed": False}
    if reason or answer is None:
        return {**lost, "reason": reason or "failed: the teacher was not asked"}
    if answer["status"] != "ok":
        return {**lost, "reason": f"failed: {answer['reason']}"}
    if answer["finish_reason"] == "length":
        return {**lost, "reason": "truncated: the answer reached max_new_tokens"}
    reading = grammar.parse(grammar.normalise(answer["text"], answer["reasoning"] or None))
    if not reading.well_formed:
        return {**lost, "reason": f"format: {reading.reason}"}
    return {"think": reading.think, "sql": reading.sql, "well_formed": True, "reason": ""}
