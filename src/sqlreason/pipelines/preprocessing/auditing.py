"""What became of every question, and whether training and evaluation share anything they must not share."""

import logging
from itertools import combinations
from typing import Any

import pandas as pd

from sqlreason.data import splits
from sqlreason.data.tables import TABLES, records
from sqlreason.errors import BadInput
from sqlreason.options.preprocessing_options import PreprocessingOptions
from sqlreason.pipelines.preprocessing.duplicates import Index
from sqlreason.text.cells import line

logger = logging.getLogger(__name__)

SIMILAR = 0.8  # Jaccard index of word triples, where the options name none


def summarise_outcomes(
    raw_prompts: pd.DataFrame, cot_traces: pd.DataFrame, filtered: pd.DataFrame, rejected: pd.DataFrame
) -> pd.DataFrame:
    """Return what became of every question that was to be asked, one row a question.

    Args:
        raw_prompts: Table `raw_prompts`.
        cot_traces: Table `cot_traces`.
        filtered: Table `filtered_traces`.
        rejected: Table `rejected_traces`.

    Returns:
        Table `trace_outcomes`.

    Raises:
        ValueError: If a question has no outcome, or two.
    """
    kept = {row["id"]: row for row in records(filtered)}
    lost = {row["id"]: row for row in records(rejected)}
    answers = cot_traces.groupby("id")["status"].agg(lambda status: int((status != "failed").sum())).to_dict()
    asked = raw_prompts["id"].tolist()
    without = [id_ for id_ in asked if (id_ in kept) == (id_ in lost)]
    if without:
        raise BadInput(
            f"{len(without)} questions have no outcome or two, e.g. {without[0]}; "
            "run distillation and preprocessing together"
        )
    rows = [_outcome(id_, kept.get(id_), lost.get(id_), answers.get(id_, 0)) for id_ in asked]
    return pd.DataFrame(rows, columns=list(TABLES["trace_outcomes"].columns))


def _outcome(id_: str, kept: dict[str, Any] | None, lost: dict[str, Any] | None, answers: int) -> dict[str, Any]:
    if kept is not None:
        return {"id": id_, "outcome": "kept", "stage": "", "reason": "", "mode": kept["mode"], "answers": answers}
    assert lost is not None
    outcome = "failed" if lost["reason"] == "failed" else "rejected"
    return {
        "id": id_,
        "outcome": outcome,
        "stage": lost["stage"],
        "reason": lost["reason"],
        "mode": "",
        "answers": answers,
    }


def audit_leakage(
    questions: pd.DataFrame,
    raw_prompts: pd.DataFrame,
    grpo_prompts: pd.DataFrame,
    split: pd.DataFrame,
    evaluation_prompts: pd.DataFrame,
    benchmark: pd.DataFrame,
    options: PreprocessingOptions,
) -> pd.DataFrame:
    """Return what training, evaluation and a named benchmark have in common, one row a pair of them.

    Args:
        questions: Question table of the training source.
        raw_prompts: Table `raw_prompts`; what SFT may learn from.
        grpo_prompts: Table `grpo_prompts`.
        split: Table `question_split`, for the schemas of the training source.
        evaluation_prompts: Table `evaluation_prompts`.
        benchmark: Question table of a benchmark.
        options: Threshold for near-duplicates.

    Returns:
        Table `leakage_audit`.
    """
    schemas = questions.assign(schema=questions["id"].map(split.set_index("id")["group"]))
    evaluated = splits.fingerprints(pd.concat([evaluation_prompts["sql_context"], benchmark["sql_context"]]))
    known = evaluated[~evaluated.index.duplicated()]
    parts = {
        "sft": schemas[schemas["id"].isin(raw_prompts["id"])],
        "grpo": schemas[schemas["id"].isin(grpo_prompts["id"])],
        "evaluation": evaluation_prompts.assign(schema=evaluation_prompts["sql_context"].map(known)),
        "benchmark": benchmark.assign(schema=benchmark["sql_context"].map(known)),
    }
    threshold = options.near_duplicates or SIMILAR
    rows = [_shared(*pair, parts, threshold) for pair in combinations(parts, 2)]
    table = pd.DataFrame(rows, columns=list(TABLES["leakage_audit"].columns))
    training = table[table["left"].isin(["sft", "grpo"]) & table["right"].isin(["evaluation", "benchmark"])]
    logger.info(
        "leakage from training: %d shared schemas, %d questions word for word, %d near-duplicates",
        *(int(training[column].sum()) for column in ("schemas", "same_questions", "near_duplicates")),
    )
    return table


def _shared(left: str, right: str, parts: dict[str, pd.DataFrame], threshold: float) -> dict[str, Any]:
    first, second = parts[left], parts[right]
    index = Index(threshold)
    texts, others = (frame["sql_prompt"].fillna("").tolist() for frame in (first, second))
    for place, text in enumerate(texts):
        index.add(place, text, "")
    found = [(text, known) for text in others if (known := index.find(text)) is not None]
    same = set(map(_plain, texts)) & set(map(_plain, others)) - {""}
    golds = set(map(_plain, first["sql"].fillna(""))) - {""}
    return {
        "left": left,
        "right": right,
        "left_questions": len(first),
        "right_questions": len(second),
        "schemas": splits.overlap(first["schema"], second["schema"]),
        "same_questions": sum(_plain(text) in same for text in others),
        "near_duplicates": len(found),
        "same_queries": sum(_plain(text) in golds for text in second["sql"].fillna("")),
        "example": line(f"{texts[found[0][1]]} | {found[0][0]}") if found else "",
    }


def _plain(text: str) -> str:
    return " ".join(text.lower().split())
