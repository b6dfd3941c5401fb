"""Rows a second and memory of preprocessing's own steps on many traces: verification, near-duplicates, outcomes.

    python benchmarks/preprocessing.py --traces 2000 --traces 20000

Traces are made from the embedded questions (gold queries, every tenth a mutant; the questions repeat with a word more
beyond 6,000), on databases without perturbed test databases, whose preparation is measured elsewhere
(benchmarks/engine.py).
"""

import argparse
import json
import resource
import sys
import time
from itertools import pairwise
from pathlib import Path

import pandas as pd

from sqlreason.data.duplicates import near_duplicates
from sqlreason.reasoning import plan
from sqlreason.sql.parsing.schema import find_definitions
from sqlreason.sql.verifier import Task, Verifier

SOURCE = Path(__file__).parents[1] / "data/01_raw/questions/train.parquet"


def traces(count: int) -> pd.DataFrame:
    """Return so many rows with a question, a context, a gold and a candidate; ids differ."""
    source = pd.read_parquet(SOURCE)
    rounds = -(-count // len(source))
    parts = [source.assign(sql_prompt=source["sql_prompt"] + f" Call it variant {n}." * (n > 0)) for n in range(rounds)]
    rows = pd.concat(parts, ignore_index=True).head(count)
    wrong = rows.index % 10 == 0
    return rows.assign(candidate=rows["sql"].where(~wrong, "SELECT 'nobody wants this'"))


def measure(count: int, workers: int) -> dict[str, object]:
    """Run the steps on `count` traces."""
    rows = traces(count)
    marks = [time.perf_counter()]
    pairs = [(Task(str(n), row.sql, (row.sql_context,)), [row.candidate]) for n, row in enumerate(rows.itertuples())]
    with Verifier(workers=workers) as verifier:
        verdicts = verifier.verify_batch(pairs)
    marks.append(time.perf_counter())
    for row in rows.itertuples():
        plan.check_plan(row.sql_prompt, row.candidate, find_definitions(row.sql_context))
    marks.append(time.perf_counter())
    doubles = near_duplicates(list(zip(rows["sql_prompt"], rows["domain"], strict=True)), 0.8)
    marks.append(time.perf_counter())
    seconds = [after - before for before, after in pairwise(marks)]
    return {
        "traces": count, "workers": workers, "agree": sum(found[0].agrees for found in verdicts),
        "near_duplicates": len(doubles),
        **{f"{name}_per_s": round(count / s) for name, s in zip(("verify", "plan", "minhash"), seconds, strict=True)},
        "seconds": round(sum(seconds), 1), "traces_per_s": round(count / sum(seconds)),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--traces", type=int, action="append")
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    for number in given.traces or [2000, 20000]:
        sys.stdout.write(json.dumps(measure(number, given.workers)) + "\n")
        sys.stdout.flush()
