"""Agreement with a many-database judge on predictions written by hand: `python benchmarks/handwritten.py [--n 3 8]`.

The files of `benchmarks/handwritten/` hold contexts, gold queries and predictions with the judge's labels (its README
says how they came about). The engine sees the context alone and judges by Spider's rules. Intervals are at 95 %, by a
bootstrap over gold queries.
"""

import argparse
import random
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from sqlreason.sql.databases.preparation import prepare
from sqlreason.sql.verifier import Verifier

FOLDER = Path(__file__).parent / "handwritten"


class Question(NamedTuple):
    """A gold over a context, and predictions with whether they are right."""

    context: str
    gold: str
    predictions: list[tuple[str, bool]]


class Outcome(NamedTuple):
    """Of one gold: predictions, those on which engine and judge agree, the two kinds of error, and if it was usable."""

    predictions: int
    agreed: int
    wrong_accepted: int
    right_refused: int
    usable: int


def questions(name: str) -> Iterator[Question]:
    """Reads the files of one set."""
    for path in sorted((FOLDER / name).glob("*.sql")):
        context, *golds = path.read_text(encoding="utf-8").removeprefix("-- context\n").split("\n-- gold\n")
        for text in golds:
            gold, *rest = text.rstrip("\n").split("\n-- ")
            labelled = (part.partition("\n") for part in rest)
            yield Question(context, gold, [(sql, label == "right") for label, _, sql in labelled])


def judged(verifier: Verifier, question: Question, n: int, seed: int) -> Outcome:
    """What the engine says of a gold's predictions; of a gold that it refuses it says nothing."""
    task = prepare(verifier, "", question.context, question.gold, n=n, seed=seed).task
    if task is None:
        return Outcome(0, 0, 0, 0, 0)
    verdicts = verifier.verify(task, [sql for sql, _ in question.predictions])
    pairs = [(verdict.agrees, right) for verdict, (_, right) in zip(verdicts, question.predictions, strict=True)]
    accepted, refused = pairs.count((True, False)), pairs.count((False, True))
    return Outcome(len(pairs), len(pairs) - accepted - refused, accepted, refused, 1)


def interval(found: list[Outcome], draws: int = 2_000) -> tuple[float, float]:
    """Bounds of the agreement when gold queries are drawn again."""
    rng = random.Random(0)
    samples = (rng.choices(found, k=len(found)) for _ in range(draws))
    shares = sorted(sum(o.agreed for o in s) / max(1, sum(o.predictions for o in s)) for s in samples)
    return shares[int(0.025 * draws)], shares[int(0.975 * draws)]


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, nargs="+", default=[3, 8], help="databases beside the original")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    given = parser.parse_args()
    print("| set | N | seed | agreement (95 %) | wrong accepted | right refused | golds usable |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    with Verifier(preset="spider") as verifier:
        for name in ("fresh", "tuned"):
            asked = list(questions(name))
            wrong = sum(not right for question in asked for _, right in question.predictions)
            for n in given.n:
                for seed in given.seeds:
                    found = [judged(verifier, question, n, seed) for question in tqdm(asked, f"{name} {n} {seed}")]
                    total = Outcome(*map(sum, zip(*found, strict=True)))
                    low, high = interval(found)
                    share = f"{100 * total.agreed / total.predictions:.2f} % ({100 * low:.2f} … {100 * high:.2f})"
                    errors = f"{total.wrong_accepted} of {wrong} | {total.right_refused}"
                    print(f"| {name} | {n} | {seed} | {share} | {errors} | {total.usable} of {len(asked)} |")


if __name__ == "__main__":
    main()
