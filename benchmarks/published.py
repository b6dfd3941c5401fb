"""Agreement with the official suites of Spider on published predictions, from the one database that everybody has.

    python benchmarks/published.py [FOLDER] [--n 3] [--seeds 0 1 2] [--to benchmarks/results/published.jsonl]

The folder is in Spider's layout: `dev.json` (questions with `db_id` and `query`), `database/<db_id>/<db_id>.sqlite`,
and `predictions.jsonl`, each line of which holds `index` (into dev.json), `prediction` and the verdicts of the official
script, `official_single` and `official_suite`. The engine reads the one database as a file and draws the others
itself; it judges by Spider's rules. "Lucky" are predictions that pass the one database and fail the suite. Intervals
are at 95 %, by a bootstrap over gold queries, since the predictions for one gold stand and fall together.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from records import keep
from tqdm import tqdm

from sqlreason.sql.database_files import database_url
from sqlreason.sql.databases.preparation import prepare
from sqlreason.sql.verifier import Verifier

ROOT = Path(__file__).parents[1]


class Question(NamedTuple):
    """A gold on its database, and each distinct prediction for it with how often it was made and both verdicts."""

    context: str
    gold: str
    predictions: dict[str, tuple[int, bool, bool]]


class Outcome(NamedTuple):
    """Counts of one gold, and the predictions on which engine and suite disagree."""

    counts: Counter[str]
    seconds: float
    lucky_left: list[str]
    right_refused: list[str]


def questions(folder: Path) -> Iterator[Question]:
    """Reads the gold queries that predictions were made for."""
    asked = json.loads((folder / "dev.json").read_text(encoding="utf-8"))
    made: dict[int, dict[str, tuple[int, bool, bool]]] = defaultdict(dict)
    for line in (folder / "predictions.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        times = made[row["index"]].get(row["prediction"], (0, False, False))[0] + 1
        made[row["index"]][row["prediction"]] = times, bool(row["official_single"]), bool(row["official_suite"])
    for index, predictions in sorted(made.items()):
        name = asked[index]["db_id"]
        context = database_url(str(folder / "database" / name / f"{name}.sqlite"), Path.cwd())
        yield Question(context, asked[index]["query"], predictions)


def judged(verifier: Verifier, question: Question, n: int, seed: int) -> Outcome:
    """What the engine says of a gold's predictions; of a gold that it refuses it says that all are wrong."""
    start = time.process_time()
    before = verifier.stats()["seconds"]
    task = prepare(verifier, "", question.context, question.gold, n=n, seed=seed).task
    seconds = time.process_time() - start + verifier.stats()["seconds"] - before
    texts = list(question.predictions)
    verdicts = verifier.verify(task, texts) if task is not None else []
    agrees = [verdict.agrees for verdict in verdicts] or [False] * len(texts)
    counts: Counter[str] = Counter(golds=1, refused_golds=int(task is None))
    left, refused = [], []
    for text, mine in zip(texts, agrees, strict=True):
        times, single, suite = question.predictions[text]
        lucky = single and not suite
        counts.update(n=times, agreed=times * (mine == suite), right=times * suite, lucky=times * lucky)
        counts.update(wrong=times * (not suite), accepted=times * (mine and not suite))
        counts.update(lucky_left=times * (lucky and mine), right_refused=times * (suite and not mine))
        left += [text] if mine and not suite else []
        refused += [text] if suite and not mine else []
    return Outcome(counts, seconds, left, refused)


def interval(found: list[Outcome], share: Callable[[Counter[str]], float], draws: int = 1_000) -> tuple[float, float]:
    """Bounds of a share when gold queries are drawn again."""
    rng = random.Random(0)
    names = sorted({name for outcome in found for name in outcome.counts})
    shares = []
    for _ in range(draws):
        drawn = rng.choices(found, k=len(found))
        shares.append(share(Counter({name: sum(o.counts[name] for o in drawn) for name in names})))
    shares.sort()
    return shares[int(0.025 * draws)], shares[int(0.975 * draws)]


SHARES: dict[str, Callable[[Counter[str]], float]] = {
    "agreement": lambda c: 100 * c["agreed"] / max(1, c["n"]),
    "lucky_left": lambda c: 100 * c["lucky_left"] / max(1, c["lucky"]),
    "right_refused": lambda c: 100 * c["right_refused"] / max(1, c["right"]),
}


def measured(asked: list[Question], n: int, seed: int, show: bool) -> dict[str, object]:
    """Judges everything under one seed; a record of shares in percent, with intervals, and counts."""
    found = []
    with Verifier(preset="spider") as verifier:
        for question in tqdm(asked, f"N = {n}, seed {seed}", leave=False):
            found.append(judged(verifier, question, n, seed))
            for text in found[-1].lucky_left if show else ():
                print(f"ACCEPTED\n  {question.gold}\n  {text}")
            for text in found[-1].right_refused if show else ():
                print(f"REFUSED\n  {question.gold}\n  {text}")
    total: Counter[str] = sum((outcome.counts for outcome in found), Counter())
    seconds = sorted(outcome.seconds for outcome in found)
    record: dict[str, object] = {"n": n, "seed": seed}
    for name, share in SHARES.items():
        record[name] = round(share(total), 2)
        record[f"{name}_interval"] = [round(bound, 2) for bound in interval(found, share)]
    names = ("golds", "refused_golds", "n", "wrong", "accepted", "lucky", "lucky_left", "right", "right_refused")
    record["counts"] = {name if name != "n" else "predictions": total[name] for name in names}
    record["seconds_a_gold"] = round(sum(seconds) / len(seconds), 3)
    return record


def main() -> None:
    """Measures, prints a table, and keeps the records where asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", default=ROOT.parent / "shared" / "real" / "spider3")
    parser.add_argument("--n", type=int, default=3, help="databases beside the original")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--to", type=Path, help="a file of JSON lines to which the records are added")
    parser.add_argument("--show", action="store_true", help="print each disagreement")
    given = parser.parse_args()
    asked = list(questions(given.folder))
    print("| N | seed | agreement (95 %) | lucky left | right refused | wrong accepted | s a gold |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for seed in given.seeds:
        record = measured(asked, given.n, seed, given.show)
        counts, cells = record["counts"], []
        assert isinstance(counts, dict)
        sizes = {"lucky_left": ("lucky_left", "lucky"), "right_refused": ("right_refused", "right")}
        for name in SHARES:
            low, high = record[f"{name}_interval"]  # type: ignore[misc]
            part = " of ".join(str(counts[key]) for key in sizes.get(name, ())) or f"n = {counts['predictions']}"
            cells.append(f"{record[name]} % [{low}, {high}] ({part})")
        cells += [f"{counts['accepted']} of {counts['wrong']}", str(record["seconds_a_gold"])]
        print(f"| {given.n} | {seed} | {' | '.join(cells)} |", flush=True)
        keep({"folder": given.folder.name, **record}, given.to)


if __name__ == "__main__":
    main()
