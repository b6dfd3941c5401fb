"""Verdicts on published predictions beside the official ones, what they cost, and what IBM's toolkit says of them.

    python benchmarks/predictions.py [FOLDER] [--workers 2] [--show] [--to benchmarks/results/predictions.jsonl]
    python benchmarks/predictions.py --questions 1034 --no-suite        # speed: as many questions as Spider's dev split
    python benchmarks/predictions.py --records records.json             # the predictions as records of IBM's toolkit
    python benchmarks/predictions.py --ibm verdicts.json                # its verdicts beside preset bird

The folder is in Spider's layout with `predictions.jsonl`: lines with `run`, `index`, `prediction` and the verdicts of
the official script, `official_single` and `official_suite`. The three agreements are those of `kedro sql score`: EX
with the former, the drawn databases and the test suite with the latter. Intervals are at 95 %, by a bootstrap over
golds, since the predictions for one gold stand and fall together.

`--questions` repeats the questions until there are so many, each time with another gold by its text (a comment), so
that nothing is remembered from one copy for the next beyond what questions share as published. Computing time is that
of this process and of all that it started, read from /proc several times a second.

`verdicts.json` maps a run to question to `bird_execution_accuracy`, as text2sql-eval-toolkit 1.6 finds it on the
records (its `sqlite_run_execution_async`, then `evaluate_prediction`).
"""

from __future__ import annotations

import argparse
import json
import os
import random
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from records import keep
from tqdm import tqdm

from sqlreason.benchmarks import prediction_exports
from sqlreason.benchmarks.benchmark_folder import Benchmark, read_benchmark
from sqlreason.benchmarks.prediction_files import Predictions, read_predictions
from sqlreason.benchmarks.scoring import Scores, score_predictions

ROOT = Path(__file__).parents[1]
OFFICIAL = {"ex": "official_single", "drawn": "official_suite", "suite": "official_suite"}


class ComputingTime:
    """Seconds of the processor that this process and its descendants take; a context manager."""

    def __init__(self) -> None:
        self._spent: dict[int, float] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> ComputingTime:
        self._look()
        self._before = self.total
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self._look()

    @property
    def total(self) -> float:
        """All that was seen of the tree so far."""
        return sum(self._spent.values())

    @property
    def seconds(self) -> float:
        """What was computed since it was entered."""
        return self.total - self._before

    def _watch(self) -> None:
        while not self._ended.wait(0.3):
            self._look()

    def _look(self) -> None:
        """Notes how much each process of the tree has computed; a process that has ended keeps what it had."""
        found = dict(_processes())
        family = {os.getpid()}
        for _ in range(6):  # generations
            family |= {pid for pid, (parent, _) in found.items() if parent in family or pid in self._spent}
        self._spent.update({pid: found[pid][1] for pid in family if pid in found})


def _processes() -> Iterator[tuple[int, tuple[int, float]]]:
    """Yields of each process its parent and its seconds of the processor."""
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            fields = Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()
        except (OSError, ValueError):
            continue
        yield int(name), (int(fields[1]), (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"))


def scaled(
    benchmark: Benchmark, runs: Sequence[Predictions], questions: int
) -> tuple[Benchmark, list[Predictions], dict[str, str]]:
    """Returns so many questions, copies of the given ones, the runs for them, and the original of each copy."""
    copies, original = [], {}
    for number in range(questions):
        copy, place = divmod(number, len(benchmark.questions))
        question = benchmark.questions[place]
        mark = f" -- copy {copy}" if copy else ""
        copies.append(question._replace(id=str(number), gold=question.gold + mark))
        original[str(number)] = question.id
    made = [replace(run, sql={id_: run.sql[of] for id_, of in original.items() if of in run.sql}) for run in runs]
    return replace(benchmark, questions=tuple(copies)), made, original


def interval(by_gold: dict[str, list[bool]], draws: int = 1_000) -> list[float]:
    """Bounds of a share in percent when golds are drawn again."""
    rng = random.Random(0)
    counts = [(sum(same), len(same)) for same in by_gold.values()]
    shares = []
    for _ in range(draws):
        drawn = rng.choices(counts, k=len(counts))
        shares.append(100 * sum(same for same, _ in drawn) / sum(n for _, n in drawn))
    shares.sort()
    return [round(shares[int(0.025 * draws)], 2), round(shares[int(0.975 * draws)], 2)]


def agreement(scores: Scores, official: dict[tuple[str, str], Any], name: str, show: bool) -> dict[str, Any]:
    """How often a verdict is the official one."""
    by_gold: dict[str, list[bool]] = defaultdict(list)
    for run in scores.runs:
        for answer in run.answers:
            ours, theirs = getattr(answer, name), official[run.name, answer.id]
            by_gold[answer.gold].append(ours == theirs)
            if show and ours != theirs:
                print(f"{name}: ours {ours}, official {theirs}: {answer.reason}\n  {answer.gold}\n  {answer.sql}")
    same = [each for group in by_gold.values() for each in group]
    return {
        "agreed": sum(same),
        "n": len(same),
        "percent": round(100 * sum(same) / len(same), 2),
        "interval": interval(by_gold),
    }


def measured(given: argparse.Namespace, benchmark: Benchmark, runs: Sequence[Predictions]) -> dict[str, Any]:
    """Judges everything; a record of agreements and costs."""
    lines = (given.folder / "predictions.jsonl").read_text(encoding="utf-8").splitlines()
    verdicts = {(row["run"], str(row["index"])): row for row in map(json.loads, lines)}
    asked, made, original = scaled(benchmark, runs, given.questions or len(benchmark.questions))
    if given.no_suite:
        asked = replace(asked, questions=tuple(q._replace(suite=()) for q in asked.questions))
    bar = tqdm(disable=None, leave=False)
    start = time.perf_counter()
    with ComputingTime() as computing:
        scores = score_predictions(
            asked,
            made,
            databases=given.n,
            workers=given.workers,
            progress=lambda stage, done, total: bar.set_postfix_str(f"{stage} {done} of {total}"),
        )
    bar.close()
    record: dict[str, Any] = {
        "folder": given.folder.name,
        "questions": len(asked.questions),
        "runs": len(made),
        "suite": not given.no_suite,
        "n": given.n,
        "workers": given.workers,
        "wall_seconds": round(time.perf_counter() - start, 1),
        "computing_seconds": round(computing.seconds, 1),
        "undrawn": {status: len(ids) for status, ids in scores.undrawn.items()},
    }
    for name, verdict in OFFICIAL.items():
        if name != "suite" or not given.no_suite:
            ids = ((run.name, id_) for run in made for id_ in original)
            official = {(run, id_): bool(verdicts[run, original[id_]][verdict]) for run, id_ in ids}
            record[name] = agreement(scores, official, name, given.show)
    return record


def compared_with_ibm(given: argparse.Namespace, benchmark: Benchmark, runs: Sequence[Predictions]) -> None:
    """Prints how often preset bird and IBM's toolkit agree, and each prediction on which they do not."""
    theirs = json.loads(given.ibm.read_text(encoding="utf-8"))
    scores = score_predictions(replace(benchmark, format="bird"), runs, databases=0, workers=given.workers)
    pairs = [(run.name, answer, bool(theirs[run.name][answer.id])) for run in scores.runs for answer in run.answers]
    for name, answer, verdict in pairs:
        if answer.ex != verdict:
            told = f"{name} {answer.id}: ours {answer.ex} ({answer.reason}), IBM's {verdict}"
            print(f"{told}\n  {answer.gold}\n  {answer.sql}")
    print(f"preset bird agrees with text2sql-eval-toolkit on {sum(a.ex == v for _, a, v in pairs)} of {len(pairs)}")


def main() -> None:
    """Measures, prints the record, and keeps it where asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", default=ROOT.parent / "shared" / "real" / "spider3")
    parser.add_argument("--n", type=int, default=3, help="drawn databases beside the one")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--questions", type=int, help="copies are added until there are so many")
    parser.add_argument("--no-suite", action="store_true", help="leave the test suites out")
    parser.add_argument("--show", action="store_true", help="print each disagreement")
    parser.add_argument("--records", type=Path, help="write the predictions as records of IBM's toolkit, and end")
    parser.add_argument("--ibm", type=Path, help="verdicts of IBM's toolkit to compare with, and end")
    parser.add_argument("--to", type=Path, help="a file of JSON lines to which the record is added")
    given = parser.parse_args()
    benchmark = read_benchmark(given.folder)
    runs = read_predictions(given.folder / "predictions.jsonl", benchmark)
    if given.records:
        names = {"id": "id", "question": "question", "gold": "gold_sql", "db_id": "db_id"}
        questions = [{new: getattr(q, old) for old, new in names.items()} for q in benchmark.questions]
        queries = {run.name: [run.sql[question.id] for question in benchmark.questions] for run in runs}
        given.records.write_text(json.dumps(prediction_exports.ibm_records(questions, queries)), encoding="utf-8")
    elif given.ibm:
        compared_with_ibm(given, benchmark, runs)
    else:
        record = measured(given, benchmark, runs)
        print(json.dumps(record, indent=1))
        keep(record, given.to)


if __name__ == "__main__":
    main()
