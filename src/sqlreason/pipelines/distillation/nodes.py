"""Nodes of distillation: split the questions, build prompts, estimate, ask the teacher, read what it answered.

A question whose context does not parse costs nothing: it gets no prompt and a reason. Every answer is in the journal
before its worker asks again, so that running the stage again asks only for what is missing. With
`distillation.environment: tools` the teacher looks at the databases before it answers.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from sqlreason.data import splits
from sqlreason.data.tables import TABLES, records
from sqlreason.environments.session import SessionFactory, ToolLimits
from sqlreason.environments.tool_calls import find_calls
from sqlreason.errors import BadInput
from sqlreason.options.distillation_options import DistillationOptions, SplitOptions
from sqlreason.reasoning.prompts import Prompt
from sqlreason.teachers import asking
from sqlreason.teachers.allowance import Allowance
from sqlreason.teachers.answers import Answer, read_answer
from sqlreason.teachers.blind_failures import find_blind_failures, original_task
from sqlreason.teachers.estimate import Episodes, estimate
from sqlreason.teachers.journal.journal import Entry, Journal
from sqlreason.teachers.teacher import Teacher
from sqlreason.teachers.teacher_prompts import prompt_row
from sqlreason.teachers.tool_conversations import TeacherEpisode, converse

logger = logging.getLogger(__name__)

Rows = list[dict[str, Any]]


def split_questions(sql_questions: pd.DataFrame, split: SplitOptions) -> pd.DataFrame:
    """Return which schemas' questions the teacher is asked and which are kept back for GRPO.

    Args:
        sql_questions: Question table; every context is parsed here, once for all stages.
        split: The share to keep back.

    Returns:
        Table `question_split`.
    """
    return splits.split_questions(sql_questions, split.grpo_share, split.seed)


def build_teacher_prompts(
    sql_questions: pd.DataFrame,
    question_split: pd.DataFrame,
    teacher_prompt: dict[str, Any],
    teacher_plan_prompt: dict[str, Any],
    options: DistillationOptions,
) -> pd.DataFrame:
    """Return what the teacher is asked, one row a question; schemas reserved for GRPO are not asked about.

    Args:
        sql_questions: Question table.
        question_split: Table `question_split`.
        teacher_prompt: Prompt text for free reasoning (name, version, system, user, perhaps examples).
        teacher_plan_prompt: The same for a structured query plan.
        options: How many questions, style, dialect, blind or hinted.

    Returns:
        Table `raw_prompts`.
    """
    prompt = Prompt.from_mapping({"free": teacher_prompt, "plan": teacher_plan_prompt}[options.style])
    asked = sql_questions[sql_questions["id"].isin(question_split.loc[question_split["for_teacher"], "id"])]
    reserved = len(sql_questions) - len(asked)
    if options.questions is not None and options.questions < len(asked):
        asked = asked.sample(options.questions, random_state=options.seed).sort_index()
    wanted = options.model_dump(include={"mode", "style", "dialect", "sample_rows", "environment"})
    rows = [prompt_row(question, prompt, **wanted) for question in records(asked)]
    frame = pd.DataFrame(rows, columns=list(TABLES["raw_prompts"].columns))
    logger.info(
        "%d questions for the teacher, %d kept back for GRPO, %d without a prompt",
        len(frame),
        reserved,
        int((frame["reason"] != "").sum()),
    )
    return frame


def estimate_teaching(
    raw_prompts: pd.DataFrame,
    sql_questions: pd.DataFrame,
    teacher: Teacher,
    journal: Path,
    options: DistillationOptions,
) -> pd.DataFrame:
    """Return what asking is going to cost, before the first call.

    Hinted questions of `blind_then_hinted` are not in it: how many fail blind is not known yet.

    Args:
        raw_prompts: Table `raw_prompts`.
        sql_questions: Question table; for the scripted teacher alone.
        teacher: Who is asked.
        journal: Where answers are kept.
        options: Samples, concurrency, assumed length of an answer.

    Returns:
        Table `teacher_estimate`.

    Raises:
        BadInput: If nobody has entered the teacher's price: neither estimate nor budget would mean anything; or if it
            is to look with tools and cannot be told of any.
    """
    teacher, limits = _with_tools(teacher, options), options.tool_limits
    teacher.prices.require(teacher.name, options.budget.max_usd)
    requests = _requests(records(raw_prompts), "messages", options.samples)
    keys = asking.keys_of(teacher, requests, _answer_key(teacher, raw_prompts, sql_questions))
    with Journal(journal) as known:
        found = estimate(
            teacher,
            requests,
            keys,
            known,
            answer_tokens=options.answer_tokens,
            concurrency=options.concurrency,
            episodes=None if limits is None else Episodes(_most_turns(limits), limits.characters),
        )
    logger.info(
        "%d of %d answers are to be asked for: about %.2f USD and %.2f hours (%s); budget %s USD",
        found.missing, found.requests, found.usd, found.hours, found.basis, options.budget.max_usd,
    )  # fmt: skip
    if not teacher.prices.free and found.total_usd > options.budget.max_usd:
        logger.warning(
            "The estimate of %.2f USD is above budget.max_usd=%s: the teacher will be stopped there, after about %d of "
            "%d answers.", found.total_usd, options.budget.max_usd,
            found.requests * options.budget.max_usd / found.total_usd, found.requests,
        )  # fmt: skip
    return pd.DataFrame([asdict(found)], columns=list(TABLES["teacher_estimate"].columns))


def ask_teacher(
    raw_prompts: pd.DataFrame,
    sql_questions: pd.DataFrame,
    teacher: Teacher,
    teacher_estimate: pd.DataFrame,
    journal: Path,
    options: DistillationOptions,
) -> pd.DataFrame:
    """Return the teacher's answers; only questions that the journal does not know are asked.

    Args:
        raw_prompts: Table `raw_prompts`.
        sql_questions: Question table. The scripted teacher, and it alone, is given its gold queries; where what fails
            blind is asked again with a hint, answers are compared with the gold's. A teacher with tools looks at its
            databases.
        teacher: Who is asked.
        teacher_estimate: That it is there means that the cost was told before the first call.
        journal: Where answers are kept.
        options: Concurrency, attempts, budget.

    Returns:
        Table `cot_completions`.

    Raises:
        TeacherError: If too many questions failed, the budget's end included; what was answered is kept.
    """
    if len(teacher_estimate) != 1:
        raise BadInput(f"teacher_estimate has one row, not {len(teacher_estimate)}; run estimate_teaching again")
    asked = records(raw_prompts[raw_prompts["reason"] == ""])
    teacher, key = _with_tools(teacher, options), _answer_key(teacher, raw_prompts, sql_questions)
    by_id = {row["id"]: row for row in records(sql_questions)}
    blind_modes, allowance = {row["id"]: row["mode"] for row in asked}, Allowance(**options.budget.model_dump())
    given: tuple[Any, ...] = (journal, key, by_id, options, allowance)
    answers = _ask(teacher, _requests(asked, "messages", options.samples), *given)
    completions = [{**answer, "mode": blind_modes[answer["id"]]} for answer in answers]
    if options.mode == "blind_then_hinted":
        failed = find_blind_failures(completions, [by_id[row["id"]] for row in asked], options.workers)
        logger.info("%d of %d questions failed blind and are asked with a hint", len(failed), len(asked))
        again = [row for row in asked if row["id"] in failed]
        answers = _ask(teacher, _requests(again, "hinted_messages", options.samples), *given)
        completions += [{**answer, "mode": "hinted"} for answer in answers]
    schema = TABLES["cot_completions"]
    return pd.DataFrame(completions, columns=[*schema.columns, *(schema.beside if options.tool_limits else ())])


def _ask(
    teacher: Teacher,
    requests: Sequence[asking.Request],
    path: Path,
    answer_key: dict[str, str] | None,
    questions: Mapping[str, Mapping[str, Any]],
    options: DistillationOptions,
    allowance: Allowance,
) -> Rows:
    terms: dict[str, Any] = {
        "answer_key": answer_key,
        **options.model_dump(include={"concurrency", "attempts", "timeout_seconds", "stop_after_failures"}),
        "accept": _is_usable,
    }
    limits, failing = options.tool_limits, options.max_failed_share
    with Journal(path) as journal:
        if limits is not None:
            return _converse(teacher, requests, journal, terms, questions, limits, failing, allowance)
        completions = allowance.ask(teacher, requests, journal, **terms, max_failed_share=failing)
    return [asdict(completion) for completion in completions]


def _converse(
    teacher: Teacher,
    requests: Sequence[asking.Request],
    journal: Journal,
    terms: Mapping[str, Any],
    questions: Mapping[str, Mapping[str, Any]],
    limits: ToolLimits,
    max_failed_share: float,
    allowance: Allowance,
) -> Rows:
    """Ask in rounds, which share the budget; a conversation fails where one of its turns does."""

    def ask(turns: Sequence[asking.Request]) -> Sequence[asking.Completion]:
        return allowance.ask(teacher, turns, journal, **terms, max_failed_share=1.0)

    with SessionFactory(limits=limits) as sessions:
        served = bool(sessions.verifier.server)

        def open_episode(request: asking.Request) -> TeacherEpisode:
            row = questions[request.id]
            task = original_task(row, served)
            return TeacherEpisode(request, sessions.open(task=task, sql_context=row["sql_context"]))

        rows = converse([open_episode(request) for request in requests], ask, _most_turns(limits))
    failed = [row["reason"] for row in rows if row["status"] == "failed"]
    asking.check_failures(failed, len(rows), max_failed_share)
    logger.info(
        "%d conversations of %.1f turns, %d calls of tools, %d of these failed", len(rows),
        sum(row["turns"] for row in rows) / max(1, len(rows)), sum(row["tool_calls"] for row in rows),
        sum(row["tool_errors"] for row in rows),
    )  # fmt: skip
    return rows


def _is_usable(entry: Entry) -> bool:
    return bool(find_calls(entry.text)) or read_answer(asdict(entry)).status == "ok"


def _with_tools(teacher: Teacher, options: DistillationOptions) -> Teacher:
    if options.tool_limits is None:
        return teacher
    from sqlreason.students.checkpoints.tool_chat import describe_tools

    return teacher.with_tools(describe_tools())


def _most_turns(limits: ToolLimits) -> int:
    """Every call in a turn of its own, one more that is told that none is left, and the answer."""
    return limits.calls + 2


def _requests(rows: Rows, column: str, samples: int) -> list[asking.Request]:
    asked = [row for row in rows if row[column]]
    return [asking.Request(row["id"], row[column], sample) for row in asked for sample in range(samples)]


def _answer_key(teacher: Teacher, raw_prompts: pd.DataFrame, questions: pd.DataFrame) -> dict[str, str] | None:
    """Return user message -> gold, for the scripted teacher; the same question may be asked of two schemas."""
    if teacher.kind != "scripted":
        return None
    golds = dict(zip(questions["id"], questions["sql"], strict=True))
    return {
        json.loads(row[column])[-1]["content"]: golds[row["id"]]
        for row in records(raw_prompts)
        for column in ("messages", "hinted_messages")
        if row[column]
    }


def read_completions(raw_prompts: pd.DataFrame, cot_completions: pd.DataFrame) -> pd.DataFrame:
    """Return one trace an answer, read by the strict parser; rows that fell out carry the reason.

    Args:
        raw_prompts: Table `raw_prompts`; what was never asked is a trace with a reason, too.
        cot_completions: Table `cot_completions`.

    Returns:
        Table `cot_traces`.
    """
    answers: dict[str, Rows] = {}
    for row in records(cot_completions):
        answers.setdefault(row["id"], []).append(row)
    rows = [_trace(prompt, answer) for prompt in records(raw_prompts) for answer in answers.get(prompt["id"], [{}])]
    schema = TABLES["cot_traces"]
    beside = [column for column in schema.beside if column in cot_completions]
    frame = pd.DataFrame(rows, columns=[*schema.columns, *beside])
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
        "conversation": answer.get("conversation", ""),
    }
