"""Which traces the student learns from: what was proven, what fits, nothing twice.

Every question that falls out does so with exactly one reason (`rejected_traces`). Of several answers to a question the
best one is kept.
"""

import logging
import re
from collections.abc import Iterator
from typing import Any

import pandas as pd
from tqdm import tqdm

from sqlreason.data.tables import TABLES, records, to_json
from sqlreason.errors import BadInput
from sqlreason.options.preprocessing_options import PreprocessingOptions
from sqlreason.options.sft_options import StudentOptions
from sqlreason.pipelines.preprocessing.duplicates import near_duplicates
from sqlreason.pipelines.preprocessing.inputs import student_prompts
from sqlreason.pipelines.preprocessing.sampling import in_order_of_merit
from sqlreason.reasoning import format as grammar
from sqlreason.reasoning.prompts import PromptOverBudget
from sqlreason.reporting.costs import Stage
from sqlreason.students.checkpoints.checkpoint import Checkpoint
from sqlreason.students.prompting import StudentPrompts

logger = logging.getLogger(__name__)

# Words with which a teacher that was shown the gold gives it away.
_GIVEN_AWAY = re.compile(
    r"\b(?:known to be right|the hint|as (?:hinted|provided)|you (?:gave|provided|showed)"
    r"|(?:given|provided|reference|known|correct|gold(?:en)?|expected|target) (?:sql|query|solution))\b",
    re.IGNORECASE,
)


def filter_traces(
    cot_traces: pd.DataFrame,
    verified: pd.DataFrame,
    databases: pd.DataFrame,
    questions: pd.DataFrame,
    split: pd.DataFrame,
    student_prompt: dict[str, Any],
    base_model: Checkpoint,
    student: StudentOptions,
    options: PreprocessingOptions,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Split the questions into those with a trace that is kept and those that fell out, each with one reason.

    Args:
        cot_traces: Table `cot_traces`.
        verified: Table `verified_traces`.
        databases: Table `test_databases`.
        questions: Question table.
        split: Table `question_split`, for the schemas.
        student_prompt: The catalog's prompt text for the student.
        base_model: The student, for its tokenizer.
        student: How its chat template is used.
        options: Token budgets, near-duplicates, and the share of incorrect traces to keep.

    Returns:
        Tables `filtered_traces` and `rejected_traces`.

    Raises:
        ValueError: If no trace is left; the message counts the reasons.
    """
    build = student_prompts(student_prompt, base_model, student, options)
    rejected = list(_lost_before_execution(cot_traces, databases))
    kept: list[dict[str, Any]] = []
    by_id = {row["id"]: row for row in records(questions)}
    groups = verified.groupby("id", sort=False)
    for id_, traces in tqdm(groups, desc="student prompts", unit="question"):
        row = _best_row(build, by_id[str(id_)], records(traces), options)
        (rejected if "stage" in row else kept).append(row)
    kept, repeated = _without_duplicates(kept, by_id, split, options)
    kept, wrong = _share_of_incorrect(kept, options)
    rejected += repeated + wrong
    if not kept:
        reasons = pd.Series([row["reason"] for row in rejected]).value_counts().to_dict()
        raise BadInput(
            f"no trace is left for the student; {len(rejected)} rows fell out for: {reasons}. Raise "
            f"preprocessing.max_prompt_tokens={options.max_prompt_tokens} where they are over_budget, ask more "
            "questions, or see what the teacher wrote in the catalog entry `cot_completions`."
        )
    logger.info("%d traces kept, %d questions fell out", len(kept), len(rejected))
    return (
        pd.DataFrame(kept, columns=list(TABLES["filtered_traces"].columns)),
        pd.DataFrame(rejected, columns=list(TABLES["rejected_traces"].columns)),
    )


def _lost_before_execution(cot_traces: pd.DataFrame, databases: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Yield the questions that cannot be used or have no well-formed answer, with the reason of the first one."""
    train = databases[databases["split"] == "train"].set_index("id")
    for id_, traces in cot_traces.groupby("id", sort=False):
        database, reason = train.loc[id_], str(traces["reason"].iloc[0])
        if database["status"] != "ok":
            yield _rejection(str(id_), Stage.DATABASES, str(database["status"]), str(database["reason"]))
        elif not traces["well_formed"].any():
            yield _rejection(str(id_), Stage.TEACHER, reason.split(":")[0], reason)


def _rejection(id_: str, stage: Stage, reason: str, detail: str) -> dict[str, Any]:
    return {"id": id_, "stage": stage.value, "reason": reason, "detail": detail}


def _best_row(
    build: StudentPrompts, question: dict[str, Any], traces: list[dict[str, Any]], options: PreprocessingOptions
) -> dict[str, Any]:
    """Return the row of the best trace that can be kept, else the rejection of the best one."""
    rows = (_filtered_row(build, question, trace, options) for trace in in_order_of_merit(traces))
    first = next(rows)
    return first if "stage" not in first else next((row for row in rows if "stage" not in row), first)


def _filtered_row(
    build: StudentPrompts, question: dict[str, Any], trace: dict[str, Any], options: PreprocessingOptions
) -> dict[str, Any]:
    """Return the row of `filtered_traces` for a verified trace, or its rejection."""
    if trace["mode"] == "hinted" and (found := _GIVEN_AWAY.search(trace["think"])):
        return _rejection(question["id"], Stage.TEACHER, "leaks_gold", f"the reasoning says {found[0]!r}")
    if options.max_unknown_names is not None and trace["unknown_names"] > options.max_unknown_names:
        detail = f"{trace['unknown_names']} names that neither schema nor query knows"
        return _rejection(question["id"], Stage.TEACHER, "unknown_names", detail)
    try:
        messages = build.messages(question["sql_prompt"], question["sql_context"], question["sql"])
        completion = grammar.render(trace["think"], trace["sql"])
        tokens = build.count_completion(completion)
        prompt_tokens = build.count_prompt(messages)
    except Exception as error:  # a gold may read what the prompt cannot show, such as SQLite's own tables
        logger.debug("the prompt of %s", question["id"], exc_info=True)
        reason = "over_budget" if isinstance(error, PromptOverBudget) else "schema_error"
        return _rejection(question["id"], Stage.PROMPT, reason, str(error) or type(error).__name__)
    if tokens > options.max_completion_tokens:
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
    }


def _without_duplicates(
    kept: list[dict[str, Any]],
    questions: dict[str, dict[str, Any]],
    split: pd.DataFrame,
    options: PreprocessingOptions,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Keep of near-duplicate questions on one schema the first right one, else the first."""
    if options.near_duplicates is None:
        return kept, []
    groups = dict(zip(split["id"], split["group"], strict=True))
    order = sorted(kept, key=lambda row: not row["agrees"])
    asked = [(questions[row["id"]]["sql_prompt"], groups[row["id"]]) for row in order]
    doubles = {order[i]["id"]: order[j]["id"] for i, j in near_duplicates(asked, options.near_duplicates).items()}
    repeated = [
        _rejection(id_, Stage.DUPLICATES, "near_duplicate", f"asks nearly the same of the same schema as {first}")
        for id_, first in doubles.items()
    ]
    return [row for row in kept if row["id"] not in doubles], repeated


def _share_of_incorrect(
    kept: list[dict[str, Any]], options: PreprocessingOptions
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Keep all right traces and so many wrong ones that they make up `incorrect_share` of the whole."""
    right = [row for row in kept if row["agrees"]]
    wrong = [row for row in kept if not row["agrees"]]
    allowed = int(len(right) * options.incorrect_share / (1 - options.incorrect_share))
    rejected = [_rejection(row["id"], Stage.EXECUTION, row["status"], row["verdict"]) for row in wrong[allowed:]]
    return right + wrong[:allowed], rejected
