"""What a verdict costs, against plain baselines measured in the same run: `python benchmarks/engine.py [--quick]`.

Workload: 200 contexts of the embedded questions, each with its gold and seven of the gold's mutants (1,600 candidates).
Baselines, written here in a few lines each:

* bare: `sqlite3.connect()`, context loaded beforehand, `execute(candidate).fetchall()`; nothing is compared. The engine
  goes through apsw where that is installed; "judged by sqlite3" is the same engine through Python's own module;
* article: per candidate `duckdb.connect()`, load the context, execute; what the article's reward does.

Rounds are interleaved and the median is taken; every round's texts are new (a comment with its number), so that
neither side finds a statement or a verdict that it has kept. Wall times need idle cores: the load is printed.
"""

import argparse
import json
import os
import platform
import sqlite3
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import duckdb
import pandas as pd
from tqdm import tqdm

from sqlreason.sql.comparison_rules import comparison_of
from sqlreason.sql.databases.preparation import prepare
from sqlreason.sql.mutation.mutants import mutants
from sqlreason.sql.parsing.schema import parse_schema
from sqlreason.sql.parsing.statements import split_statements
from sqlreason.sql.sandbox.worker.cases import Case
from sqlreason.sql.sandbox.worker.sqlite_engine import SqliteEngine
from sqlreason.sql.verifier import Limits, Task, Verifier

QUESTIONS = Path(__file__).parents[1] / "data/01_raw/questions/train.parquet"
CANDIDATES = 8
PUBLISHED = """Published per candidate, from the trials behind this project (2 cores, 1,440 candidates, µs of CPU):
bare 39; BIRD 525; OmniSQL 520; SkyRL 926; test-suite 5,795; SQL-R1 5,952; the article's 44,376."""
Group = tuple[Task, list[str]]


def workload(contexts: int, cache: Path | None) -> list[Group]:
    """Tasks with three test databases beside the original, each with its gold and seven mutants."""
    if cache is not None and cache.exists():
        return [(Task.from_json(task), texts) for task, texts in json.loads(cache.read_text())]
    rows = pd.read_parquet(QUESTIONS).sample(3 * contexts, random_state=0).drop_duplicates("sql_context")
    groups: list[Group] = []
    with Verifier() as verifier, tqdm(total=contexts, desc="preparing") as bar:
        for row in rows.itertuples():
            if len(groups) == contexts:
                break
            if not row.sql.lstrip().upper().startswith(("SELECT", "WITH")):
                continue
            task = prepare(verifier, str(row.id), row.sql_context, row.sql, n=3).task
            wrong = mutants(row.sql, parse_schema(row.sql_context), CANDIDATES - 1, 0)
            if task is not None and task.engine == "sqlite" and len(wrong) == CANDIDATES - 1:
                groups.append((task, [row.sql, *wrong]))
                bar.update()
    if cache is not None:
        cache.write_text(json.dumps([(task.to_json(), texts) for task, texts in groups]))
    return groups


def databases(groups: list[Group], n: int) -> list[Group]:
    """The same with only so many test databases beside the original."""
    return [(replace(task, databases=task.databases[: 1 + n]), texts) for task, texts in groups]


def fresh(groups: list[Group], mark: str) -> list[Group]:
    """The same candidates as texts that nobody has seen."""
    return [(task, [f"{text} -- {mark}" for text in texts]) for task, texts in groups]


class Bare:
    """Connections with loaded contexts, and nothing else."""

    def __init__(self, groups: list[Group]):
        self.connections = [sqlite3.connect(":memory:") for _ in groups]
        for connection, (task, _) in zip(self.connections, groups, strict=True):
            connection.executescript(task.databases[0])

    def __call__(self, groups: list[Group]) -> None:
        """Executes and fetches."""
        for connection, (_, texts) in zip(self.connections, groups, strict=True):
            for text in texts:
                try:
                    connection.execute(text).fetchall()
                except sqlite3.Error:
                    continue  # some mutants do not run


class Judged:
    """The engine in this process, without a sandbox: what a verdict costs beside the execution."""

    def __init__(self, groups: list[Group], driver: str = ""):
        limits = asdict(Limits())
        self.engine = SqliteEngine(4_096, limits["sql_chars"], driver)  # the limit holds for the baseline's memory too
        wires = [comparison_of(t.gold, t.engine).to_wire() | {"databases": list(t.databases)} for t, _ in groups]
        self.cases = [Case(self.engine, wire, limits, lambda _: None) for wire in wires]

    def __call__(self, groups: list[Group]) -> None:
        """Judges group by group."""
        for case, (_, texts) in zip(self.cases, groups, strict=True):
            for _verdict in case.judge([[text] for text in texts], set()):
                pass


class Sandboxed:
    """The verifier as rewards use it: worker processes, verdicts as objects."""

    def __init__(self, groups: list[Group], workers: int):
        self.verifier = Verifier(workers=workers)
        for mark in range(3):  # every worker learns every task
            self.verifier.verify_batch(fresh(groups, f"warm {mark}"))

    def __call__(self, groups: list[Group]) -> None:
        """Verifies all groups in one batch."""
        self.verifier.verify_batch(groups)


def article(groups: list[Group]) -> None:
    """Connect, load, execute in DuckDB: per candidate."""
    for task, texts in groups:
        for text in texts:
            with duckdb.connect(":memory:") as connection:
                try:
                    for statement in [*split_statements(task.databases[0]), text]:
                        connection.execute(statement).fetchall()
                except duckdb.Error:
                    continue


def measure(runs: dict[str, tuple[Callable[[list[Group]], None], list[Group]]], rounds: int) -> dict[str, list[float]]:
    """Median seconds of CPU (this process) and of wall per run, its rounds interleaved with those of the others."""
    spent: dict[str, list[tuple[float, float]]] = {name: [] for name in runs}
    for number in range(rounds):
        for name, (run, groups) in runs.items():
            texts = fresh(groups, f"{name} {number}")
            cpu, wall = time.process_time(), time.perf_counter()
            run(texts)
            spent[name].append((time.process_time() - cpu, time.perf_counter() - wall))
    return {name: [statistics.median(values) for values in zip(*pairs, strict=True)] for name, pairs in spent.items()}


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="40 contexts and 3 rounds instead of 200 and 9")
    parser.add_argument("--cache", type=Path, help="keep the prepared tasks in this file")
    chosen = parser.parse_args()
    contexts, rounds = (40, 3) if chosen.quick else (200, 9)
    groups = workload(contexts, chosen.cache)
    alone, step = databases(groups, 0), groups[: 512 // CANDIDATES]
    one, judged = Sandboxed(groups, 1), Judged(alone)
    runs = {
        "bare": (Bare(groups), alone),
        "judged": (judged, alone),
        "judged by sqlite3": (Judged(alone, "sqlite3"), alone),
        "judged, N=3": (Judged(groups), groups),
        "one worker": (Sandboxed(alone, 1), alone),
        "one worker, N=3": (one, groups),
        "two workers, N=3": (Sandboxed(groups, 2), groups),
        "GRPO step, N=3": (one, step),
    }
    found = measure(runs, rounds)
    few = {"article": (article, alone[: contexts // 10])}
    found |= measure(few, 3)
    counts = {name: sum(len(texts) for _, texts in part) for name, (_, part) in (runs | few).items()}
    report(found, counts, judged.engine.library)


def report(found: dict[str, list[float]], counts: dict[str, int], library: str) -> None:
    """Prints costs per candidate and the bars."""
    each = {name: (1e6 * cpu / counts[name], 1e6 * wall / counts[name]) for name, (cpu, wall) in found.items()}
    bare_cpu, bare_wall = each["bare"]
    bare = f"SQLite {sqlite3.sqlite_version} (bare), {library} (engine)"
    versions = f"Python {platform.python_version()}, {bare}, DuckDB {duckdb.__version__}"
    print(f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {versions}\n")
    print("| run | candidates | CPU here, µs each | wall, µs each |\n| --- | --- | --- | --- |")
    for name, (cpu, wall) in each.items():
        print(f"| {name} | {counts[name]} | {cpu:.1f} | {wall:.1f} |")
    bars = [
        ("judged / bare, CPU", each["judged"][0] / bare_cpu, "≤ 1.6"),
        ("judged by sqlite3 / bare, CPU", each["judged by sqlite3"][0] / bare_cpu, ""),
        ("judged with N=3 / bare, CPU", each["judged, N=3"][0] / bare_cpu, "≤ 4"),
        ("one worker / bare, wall", each["one worker"][1] / bare_wall, "≤ 4"),
        ("one worker / two workers, wall", each["one worker, N=3"][1] / each["two workers, N=3"][1], "≥ 1.8"),
        ("seconds of a GRPO step (512, N=3)", found["GRPO step, N=3"][1], "< 0.2"),
        ("article / judged, CPU", each["article"][0] / each["judged"][0], "≥ 100"),
    ]
    print("\n| ratio | measured | bar |\n| --- | --- | --- |")
    for name, value, bar in bars:
        print(f"| {name} | {value:.2f} | {bar} |")
    print(f"\n{PUBLISHED}")


if __name__ == "__main__":
    main()
