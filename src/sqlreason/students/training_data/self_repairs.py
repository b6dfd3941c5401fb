"""Self-repairs as training rows: an answer whose query fails, what the engine says about it, the repaired answer.

The repaired answer is the kept trace of the question, so that the teacher is not asked again. The failing one is the
teacher's own where it gave one; else a name of the right answer is exchanged, as small models err. Either fails by the
engine's word, and its message is the engine's.
"""

import json
import logging
import random
from collections.abc import Sequence
from itertools import islice
from typing import Any

import pandas as pd

from sqlreason.data.tables import records, to_json
from sqlreason.errors import BadInput
from sqlreason.reasoning import format as grammar
from sqlreason.reasoning.name_corruption import corrupt_names
from sqlreason.reasoning.prompts import build_self_repair, repaired_reasoning
from sqlreason.sql.execution_errors import describe_errors
from sqlreason.sql.parsing.schema import find_definitions
from sqlreason.sql.verifier import Task, Verifier
from sqlreason.students.prompting import StudentPrompts

logger = logging.getLogger(__name__)

# Damaged versions of an answer that are run at most, until one fails.
_DAMAGES = 4
_SUFFIX = "/corrected"


def write_self_repairs(
    kept: pd.DataFrame,
    verified: pd.DataFrame,
    tasks: dict[str, Task],
    build: StudentPrompts,
    *,
    share: float,
    max_completion_tokens: int,
    workers: int,
    seed: int,
) -> pd.DataFrame:
    """Return so many self-repairs of kept traces as make up their share of traces and self-repairs.

    Args:
        kept: Rows of `filtered_traces` from which the student learns.
        verified: Table `verified_traces`, with the teacher's failed answers.
        tasks: By question, for its database.
        build: Counts tokens, and knows the budget of a prompt.
        share: Of self-repairs, above 0 and below 1.
        max_completion_tokens: Budget of a completion.
        workers: Processes that run queries.
        seed: Chooses traces and names.

    Returns:
        Columns id, kind, prompt, completion; at most one row a question, those of the teacher's own failures first.

    Raises:
        BadInput: If none can be made.
    """
    wanted = max(1, round(len(kept) * share / (1 - share)))
    right = [row for row in records(kept.sample(frac=1.0, random_state=seed)) if row["agrees"]]
    own = _own_failures(verified)
    right.sort(key=lambda row: row["id"] not in own)
    failures = [_failures(row, own, tasks[row["id"]], seed) for row in right]
    told = _first_errors([tasks[row["id"]] for row in right], failures, workers)
    fitting = (row for row in map(_self_repair, right, told) if row and _fits(row, build, max_completion_tokens))
    found = pd.DataFrame(islice(fitting, wanted))
    if found.empty:
        raise BadInput(
            f"preprocessing.self_repairs={share} asks for {wanted} self-repairs and none can be made: a question, a "
            f"failing answer and the engine's message are over max_prompt_tokens={build.max_prompt_tokens} or "
            f"max_completion_tokens={max_completion_tokens}; raise them, or set self_repairs: 0"
        )
    teachers = sum(id_.removesuffix(_SUFFIX) in own for id_ in found["id"])
    logger.info(
        "%d of %d self-repairs: %d repair a query of the teacher's, the others one with a name exchanged",
        len(found), wanted, teachers,
    )  # fmt: skip
    return found


def _own_failures(verified: pd.DataFrame) -> dict[str, list[grammar.ParsedAnswer]]:
    """The teacher's answers whose query did not run, by question."""
    own: dict[str, list[grammar.ParsedAnswer]] = {}
    for row in records(verified[~verified["runs"].astype(bool)]):
        own.setdefault(row["id"], []).append(grammar.ParsedAnswer(row["think"], row["sql"], ""))
    return own


def _failures(
    row: dict[str, Any], own: dict[str, list[grammar.ParsedAnswer]], task: Task, seed: int
) -> list[grammar.ParsedAnswer]:
    """Answers to the question that probably fail, in the order in which they are tried."""
    schema = find_definitions(task.script)
    damaged = (
        corrupt_names(grammar.parse(row["completion"]), schema, random.Random(f"{seed}{row['id']}")) if schema else []
    )
    return [*own.get(row["id"], []), *islice(damaged, _DAMAGES)]


def _first_errors(
    tasks: Sequence[Task], failures: Sequence[Sequence[grammar.ParsedAnswer]], workers: int
) -> list[tuple[grammar.ParsedAnswer, str] | None]:
    """Of each question's answers the first that does not run, with what the engine says."""
    asked = [(task, reading.sql) for task, readings in zip(tasks, failures, strict=True) for reading in readings]
    with Verifier(workers=workers) as verifier:
        told = iter(describe_errors(verifier, asked))
    paired = [[(reading, next(told)) for reading in readings] for readings in failures]
    return [next((pair for pair in pairs if pair[1]), None) for pairs in paired]


def _self_repair(row: dict[str, Any], told: tuple[grammar.ParsedAnswer, str] | None) -> dict[str, Any] | None:
    if told is None:
        return None
    failed, error = told
    right = grammar.parse(row["completion"])
    return {
        "id": row["id"] + _SUFFIX,
        "kind": "self_repair",
        "prompt": to_json(build_self_repair(json.loads(row["prompt"]), failed, error)),
        "completion": grammar.render(repaired_reasoning(error, right.think), right.sql),
    }


def _fits(row: dict[str, Any], build: StudentPrompts, max_completion_tokens: int) -> bool:
    """Return whether a self-repair is within the budgets of every prompt and completion."""
    messages = json.loads(row["prompt"])
    return (
        build.count_prompt(messages) <= build.max_prompt_tokens
        and build.count_completion(row["completion"]) <= max_completion_tokens
    )
