"""Ways of choosing among a student's answers without the gold, all over the same draws, and what is the most to gain.

    python benchmarks/voting.py heldout ../shared/real/spider3 --sample 300 --student kept --draws /tmp/draws

A question is answered once greedily and `--votes` times at each of `--temperatures`. Of the latter are chosen: the
first one, that with the most frequent result of the first 2, 4, 8 …, the same where a result that holds nothing counts
only if there is no other (`voting.elect`), and, as the most that can be gained, any that is right. `dev` are prompts of
GRPO, whose schemas neither SFT nor evaluation reads: what is chosen by figures is chosen there. Each line is paired
with the greedy answers. Draws outlast a kill in `--draws`.
"""

import argparse
import json
import logging
import platform
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from real_questions import ENTRIES, HELDOUT, describe, load, prepare_questions, prompts_of, read_questions, require
from records import commit, publish
from tqdm import tqdm

from sqlreason.reasoning.format import parse
from sqlreason.reporting import statistics
from sqlreason.sql.verifier import Task, Verifier
from sqlreason.students.generation.answer_store import AnswerStore
from sqlreason.students.generation.decoding import Generation
from sqlreason.students.generation.generator import Generator

DEV = "dev"
OWN = {HELDOUT: "evaluation_prompts", DEV: "grpo_prompts"}


@dataclass(frozen=True)
class Drawn:
    """What became of one answer.

    Attributes:
        group: The number of the result that it shares with others of its question; None where there is none.
        is_empty: Whether that result holds nothing: no row, or NULL alone.
        is_right: By the project's verdict.
    """

    group: int | None
    is_empty: bool
    is_right: bool


def write(
    loaded: dict[str, Any], adapter: Any, asked: pd.DataFrame, samples: int, temperature: float, kept: AnswerStore
) -> list[list[Generation]]:
    """Return the answers to each question, in the order of their drawing."""
    options, way = loaded["params:evaluation"], loaded["params:student"]
    with (
        Generator(
            loaded["base_model"].spoken_to(**way.template),
            adapter,
            dtype=way.dtype,
            quantization=way.quantization,
            batch_size=options.batch_size,
            kept=kept,
        ) as student,
        tqdm(total=samples * len(asked), desc=f"answers at {temperature:g}", unit="answer") as bar,
    ):
        found = student.answer(
            [json.loads(text) for text in asked["prompt"]],
            bar.update,
            samples=samples,
            temperature=temperature,
            max_new_tokens=options.max_completion_tokens,
        )
    return [found[start : start + samples] for start in range(0, len(found), samples)]


def judge(verifier: Verifier, task: Task, answers: Sequence[Generation]) -> list[Drawn]:
    """Run the answers to one question, on the original database for the choice and on all for the verdict."""
    read = [parse(answer.text) if answer.finished else None for answer in answers]
    queries = [answer.sql if answer is not None and answer.well_formed else "" for answer in read]
    asked = list(dict.fromkeys(filter(None, queries)))
    original = Task("", "", task.databases[:1], task.engine)
    groups = dict(zip(asked, verifier.group(original, asked), strict=True))
    right = {sql: verdict.agrees for sql, verdict in zip(asked, verifier.verify(task, asked), strict=True)}
    cells = {sql: _cells(verifier, task, sql) for sql in asked if groups[sql] is not None}
    return [Drawn(groups.get(sql), not cells.get(sql), right.get(sql, False)) for sql in queries]


def _cells(verifier: Verifier, task: Task, sql: str) -> list[Any]:
    rows = verifier.run(task.databases[0], sql, task.engine).rows
    return [cell for row in rows for cell in row if cell is not None]


def most_frequent(drawn: Sequence[Drawn]) -> bool:
    """Whether the answer is right whose result most of them share, the first of equals; the first where none runs."""
    voting = [answer for answer in drawn if answer.group is not None]
    if not voting:
        return drawn[0].is_right
    numbers = [answer.group for answer in voting]
    return max(voting, key=lambda answer: numbers.count(answer.group)).is_right


def most_frequent_full(drawn: Sequence[Drawn]) -> bool:
    """The same of those whose result holds something, as long as there is one."""
    return most_frequent([answer for answer in drawn if answer.group is not None and not answer.is_empty] or drawn)


def ways(votes: int) -> dict[str, Callable[[Sequence[Drawn]], bool]]:
    """Return what is compared, by name."""
    found: dict[str, Callable[[Sequence[Drawn]], bool]] = {"first": lambda drawn: drawn[0].is_right}
    for count in (2**power for power in range(1, votes.bit_length())):
        found[f"vote of {count}"] = lambda drawn, count=count: most_frequent(drawn[:count])  # type: ignore[misc]
    found[f"vote of {votes}, empty ones last"] = most_frequent_full
    found[f"any of {votes}"] = lambda drawn: any(answer.is_right for answer in drawn)
    return found


def compare(greedy: Sequence[bool], questions: Sequence[Sequence[Drawn]], votes: int) -> Iterable[dict[str, Any]]:
    """Yield each way's accuracy with interval, and its difference to the greedy answers."""
    for name, choose in {"greedy": None, **ways(votes)}.items():
        right = list(greedy) if choose is None else [choose(drawn) for drawn in questions]
        share, paired = statistics.wilson(sum(right), len(right)), statistics.mcnemar(greedy, right)
        gain = paired.difference
        yield {
            "way": name,
            "right": [round(100 * bound, 1) for bound in (share.value, share.low, share.high)],
            "to_greedy": [round(100 * bound, 1) for bound in (gain.value, gain.low, gain.high)],
            "gained": paired.gained,
            "lost": paired.lost,
            "p": round(paired.p_value, 4),
        }


def main() -> None:
    """Draw, judge, choose, and print a record for each way."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "places", nargs="+", help="folders in Spider's layout, tables in gretel's columns, heldout, dev"
    )
    parser.add_argument("--database", type=Path, help="a SQLite file: the context of a table that has none")
    parser.add_argument("--env", default="smol")
    parser.add_argument("--params", default="", help="as of kedro run")
    parser.add_argument("--student", default="kept", choices=["base", "sft", "grpo", "kept"])
    parser.add_argument("--sample", type=int, help="at most so many questions of each, drawn by --seed")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--votes", type=int, default=8)
    parser.add_argument("--temperatures", type=float, nargs="+", default=[0.7])
    parser.add_argument("--draws", type=Path, required=True, help="a folder that keeps the answers")
    parser.add_argument("--to", type=Path, help="a file of JSON lines to which the records are added")
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    name = f"{given.student}_adapter"
    tables = [OWN[place] for place in given.places if place in OWN]
    loaded = load(given.env, given.params, [*ENTRIES, *([] if given.student == "base" else [name]), *tables])
    if (adapter := loaded.get(name)) is not None:
        require(adapter, loaded)
    for place in given.places:
        asked = loaded[OWN[place]] if place in OWN else read_questions(Path(place), given.database)
        total = len(asked)
        if given.sample is not None and given.sample < total:
            asked = asked.sample(given.sample, random_state=given.seed).sort_index()
        if place not in OWN:
            asked = prepare_questions(asked, prompts_of(loaded), loaded["params:preprocessing"], None)
        label, tasks = Path(place).stem, [Task.from_json(text) for text in asked["task"]]
        kept = AnswerStore(given.draws / label)
        said = {
            temperature: write(loaded, adapter, asked, given.votes if temperature else 1, temperature, kept)
            for temperature in (0.0, *given.temperatures)
        }
        with Verifier() as verifier:
            judged = {
                temperature: [judge(verifier, task, answers) for task, answers in zip(tasks, groups, strict=True)]
                for temperature, groups in said.items()
            }
        greedy = [answers[0].is_right for answers in judged.pop(0.0)]
        for temperature, questions in judged.items():
            for outcome in compare(greedy, questions, given.votes):
                record = {
                    "questions": label,
                    "n": len(asked),
                    "of": total,
                    "seed": given.seed,
                    "env": given.env,
                    "params": given.params,
                    "student": given.student,
                    "adapter": describe(adapter),
                    "temperature": temperature,
                    **outcome,
                    "machine": platform.machine(),
                    "commit": commit(),
                }
                publish(record, given.to)


if __name__ == "__main__":
    main()
