"""Which traces the student learns from: what was proven, what fits, nothing twice.

Every question that falls out does so with exactly one reason (`rejected_traces`). Of several answers to a question the
best one is kept.
"""

import json
import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from tqdm import tqdm

from sqlreason.data.duplicates import near_duplicates
from sqlreason.data.tables import records, to_json
from sqlreason.data.test_databases import usable_tasks
from sqlreason.data.trace_outcomes import Stage
from sqlreason.environments.conversations import as_lesson, words_of
from sqlreason.reasoning import format as grammar
from sqlreason.reasoning.prompts import PromptOverBudget
from sqlreason.students.checkpoints.chat import ChatError
from sqlreason.students.prompting import StudentPrompts

logger = logging.getLogger(__name__)

# Words with which a teacher that was shown the gold gives it away.
_GIVEN_AWAY = re.compile(
    r"\b(?:known to be right|the hint|as (?:hinted|provided)|you (?:gave|provided|showed)"
    r"|(?:given|provided|reference|known|correct|gold(?:en)?|expected|target) (?:sql|query|solution))\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Limits:
    """What a trace must keep to.

    Attributes:
        max_completion_tokens: Budget of a completion; that of a prompt is the prompts' own.
        max_unknown_names: Names in the reasoning that neither schema nor query knows; None for no limit.
        near_duplicates: Jaccard index from which on two questions are the same; None keeps both.
        incorrect_share: Share of wrong traces that are kept on purpose.
    """

    max_completion_tokens: int
    max_unknown_names: int | None
    near_duplicates: float | None
    incorrect_share: float


Row = dict[str, Any]


def filter_traces(
    cot_traces: pd.DataFrame,
    verified_traces: pd.DataFrame,
    test_databases: pd.DataFrame,
    sql_questions: pd.DataFrame,
    question_split: pd.DataFrame,
    build: StudentPrompts,
    limits: Limits,
) -> tuple[list[Row], list[Row]]:
    """Split the questions into those with a trace that is kept and those that fell out, each with one reason.

    Args:
        cot_traces: Table `cot_traces`.
        verified_traces: Table `verified_traces`.
        test_databases: Table `test_databases`.
        sql_questions: Question table.
        question_split: Table `question_split`, for the schemas.
        build: Builds the student's prompts and counts tokens.
        limits: What a trace must keep to.

    Returns:
        Rows of `filtered_traces` and `rejected_traces`.
    """
    rejected = list(_lost_before_execution(cot_traces, test_databases))
    kept: list[Row] = []
    by_id = {row["id"]: row for row in records(sql_questions)}
    tasks = usable_tasks(test_databases, "train")
    groups = verified_traces.groupby("id", sort=False)
    for id_, traces in tqdm(groups, desc="student prompts", unit="question"):
        row = _best_row(build, by_id[str(id_)], tasks[str(id_)].dialect, records(traces), limits)
        (rejected if "stage" in row else kept).append(row)
    kept, repeated = _without_duplicates(kept, by_id, question_split, limits)
    kept, wrong = _share_of_incorrect(kept, limits)
    return kept, rejected + repeated + wrong


def _lost_before_execution(cot_traces: pd.DataFrame, databases: pd.DataFrame) -> Iterator[Row]:
    """Yield the questions that cannot be used or have no well-formed answer, with the reason of the first one."""
    train = databases[databases["split"] == "train"].set_index("id")
    for id_, traces in cot_traces.groupby("id", sort=False):
        database, reason = train.loc[id_], str(traces["reason"].iloc[0])
        if database["status"] != "ok":
            yield _rejection(str(id_), Stage.DATABASES, str(database["status"]), str(database["reason"]))
        elif not traces["well_formed"].any():
            yield _rejection(str(id_), Stage.TEACHER, reason.split(":")[0], reason)


def _rejection(id_: str, stage: Stage, reason: str, detail: str) -> Row:
    return {"id": id_, "stage": stage.value, "reason": reason, "detail": detail}


def _best_row(build: StudentPrompts, question: Row, dialect: str, traces: list[Row], limits: Limits) -> Row:
    """Return the row of the best trace that can be kept, else the rejection of the best one."""
    rows = (_filtered_row(build, question, dialect, trace, limits) for trace in in_order_of_merit(traces))
    first = next(rows)
    if "stage" not in first:
        return first
    # a wrong trace behind a right one that a budget lost would hide the budget, where wrong ones are not kept
    fits = (row for row in rows if "stage" not in row and (row["agrees"] or limits.incorrect_share))
    return next(fits, first)


def in_order_of_merit(traces: Sequence[Row]) -> list[Row]:
    """Return a question's traces, best first: right before wrong, blind before hinted, agreed upon, consistent."""
    return sorted(
        traces,
        key=lambda row: (
            not row["agrees"],
            row["mode"] != "blind",
            -row["agreement"],
            -row["plan_consistency"],
            row["sample"],
        ),
    )


def _filtered_row(build: StudentPrompts, question: Row, dialect: str, trace: Row, limits: Limits) -> Row:
    """Return the row of `filtered_traces` for a verified trace, or its rejection."""
    said = json.loads(trace.get("conversation") or "[]")
    if trace["mode"] == "hinted" and (found := _GIVEN_AWAY.search("\n".join([trace["think"], *words_of(said)]))):
        return _rejection(question["id"], Stage.TEACHER, "leaks_gold", f"the reasoning says {found[0]!r}")
    if limits.max_unknown_names is not None and trace["unknown_names"] > limits.max_unknown_names:
        detail = f"{trace['unknown_names']} names that neither schema nor query knows"
        return _rejection(question["id"], Stage.TEACHER, "unknown_names", detail)
    if trace.get("replay"):
        return _rejection(question["id"], Stage.EXECUTION, "replay", trace["replay"])
    lesson = as_lesson(said, trace["think"], trace["sql"]) if said else []
    try:
        messages = build.messages(question["sql_prompt"], question["sql_context"], question["sql"], dialect=dialect)
        completion = grammar.render(trace["think"], trace["sql"])
        tokens = build.count_lesson(messages, lesson) if said else build.count_completion(completion)
        prompt_tokens = build.count_prompt(messages)
    except Exception as error:  # a gold may read what the prompt cannot show, such as SQLite's own tables
        logger.debug("the prompt of %s", question["id"], exc_info=True)
        kinds = {PromptOverBudget: "over_budget", ChatError: "unreadable_call"}
        reason = next((name for kind, name in kinds.items() if isinstance(error, kind)), "schema_error")
        return _rejection(question["id"], Stage.PROMPT, reason, str(error) or type(error).__name__)
    if tokens > limits.max_completion_tokens:
        return _rejection(question["id"], Stage.PROMPT, "too_long", f"{tokens} completion tokens")
    return {
        "id": question["id"],
        "mode": trace["mode"],
        "prompt": to_json(messages),
        "completion": completion,
        "agrees": trace["agrees"],
        "agreement": trace["agreement"],
        "status": trace["status"],
        "verdict": trace["reason"],
        "prompt_tokens": prompt_tokens,
        "completion_tokens": tokens,
        "plan_consistency": trace["plan_consistency"],
        "sql_complexity": question["sql_complexity"],
        "conversation": to_json(lesson) if said else "",
    }


def _without_duplicates(
    kept: list[Row],
    questions: dict[str, Row],
    split: pd.DataFrame,
    limits: Limits,
) -> tuple[list[Row], list[Row]]:
    """Keep of near-duplicate questions on one schema the first right one, else the first."""
    if limits.near_duplicates is None:
        return kept, []
    groups = dict(zip(split["id"], split["group"], strict=True))
    order = sorted(kept, key=lambda row: not row["agrees"])
    asked = [(questions[row["id"]]["sql_prompt"], groups[row["id"]]) for row in order]
    doubles = {order[i]["id"]: order[j]["id"] for i, j in near_duplicates(asked, limits.near_duplicates).items()}
    repeated = [
        _rejection(id_, Stage.DUPLICATES, "near_duplicate", f"asks nearly the same of the same schema as {first}")
        for id_, first in doubles.items()
    ]
    return [row for row in kept if row["id"] not in doubles], repeated


def _share_of_incorrect(kept: list[Row], limits: Limits) -> tuple[list[Row], list[Row]]:
    """Keep all right traces and so many wrong ones that they make up `incorrect_share` of the whole."""
    right = [row for row in kept if row["agrees"]]
    wrong = [row for row in kept if not row["agrees"]]
    allowed = int(len(right) * limits.incorrect_share / (1 - limits.incorrect_share))
    rejected = [_rejection(row["id"], Stage.EXECUTION, row["status"], row["verdict"]) for row in wrong[allowed:]]
    return right + wrong[:allowed], rejected
