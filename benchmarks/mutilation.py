"""Preparation of spoiled questions: none may end in an exception, nor in a fault that nobody thought of.

    python benchmarks/mutilation.py [--count 2000] [--seed 1] [--real ../shared/real]

Contexts and gold queries of the embedded questions, of the tests' fixtures and, where there are any, of real questions
lose a token, get one of another dialect, another type, or are cut (`tests/sql/mutilation.py`). Prints how many came to
which status, and each fault with the rules that led to it.
"""

import argparse
import logging
import sys
import time
from collections import Counter
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests/sql"))

from mutilation import mutilated  # noqa: E402
from world_cases import load_world  # noqa: E402

from sqlreason.sql.databases.preparation import prepare  # noqa: E402
from sqlreason.sql.verifier import Verifier  # noqa: E402


def main() -> None:
    """Prepares all, and exits with 1 where anything went wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=2_000, help="spoiled questions")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--real", type=Path, default=ROOT.parent / "shared" / "real", help="folder of real rows")
    given = parser.parse_args()
    logging.basicConfig(level=logging.ERROR)
    statuses, slowest, wrong = Counter(), (0.0, ""), 0
    with Verifier() as verifier:
        for rules, context, gold in mutilated(_questions(given.real), given.count, given.seed):
            start = time.perf_counter()
            try:
                prepared = prepare(verifier, "", context, gold)
            except Exception as error:
                wrong += 1
                print(f"RAISED {type(error).__name__}: {error} {rules}\n{context!r}\n{gold!r}\n")
                continue
            statuses[prepared.status] += 1
            slowest = max(slowest, (time.perf_counter() - start, f"{rules} {gold[:200]!r}"))
            if prepared.status == "fault":
                wrong += 1
                print(f"FAULT {prepared.reason[:300]} {rules}\n{context[:2000]!r}\n{gold[:1000]!r}\n")
    print(f"seed {given.seed}, {given.count} questions: {dict(statuses.most_common())}; {wrong} exceptions or faults")
    print(f"slowest: {slowest[0]:.1f} s, {slowest[1]}")
    sys.exit(int(wrong > 0))


def _questions(real: Path) -> list[tuple[str, str]]:
    frame = pd.read_parquet(ROOT / "data/01_raw/questions/train.parquet").sample(500, random_state=0)
    found = list(zip(frame["sql_context"], frame["sql"], strict=True))
    found += [(case.context, case.gold) for case in load_world() if len(case.context) + len(case.gold) < 3_000]
    if real.is_dir():
        rows = pd.read_csv(real / "gretel_25.csv", keep_default_na=False)
        found += list(zip(rows["sql_context"], rows["sql"], strict=True)) * 4
    return found


if __name__ == "__main__":
    main()
