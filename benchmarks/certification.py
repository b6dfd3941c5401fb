"""The certificate of every reward of the family alone and of some mixes, as the table of docs/rewards.md.

    python benchmarks/certification.py                                      # all: 8 questions, some 10 s a row
    python benchmarks/certification.py --only execution arctic --questions 16 --seeds 7 8

Takes the environment's `grpo_prompts` (`kedro run --pipelines=distillation,preprocessing` makes them).
"""

import argparse
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project

from sqlreason.data.tables import records
from sqlreason.rewards import REWARDS
from sqlreason.rewards.certification import certify

ARTICLE = ("match_format_exactly", "match_format_approximately", "check_sql_reward")
MIXES: dict[str, dict[str, float]] = {
    "execution": {"execution": 1.0},
    "the article's three": dict.fromkeys(ARTICLE, 1.0),
    **{name: {name: 1.0} for name in REWARDS if name not in (*ARTICLE, "execution")},
    "execution + 0.2 reasoning + 0.2 length": {"execution": 1.0, "reasoning": 0.2, "length": 0.2},
    "execution + 0.2 teacher_similarity": {"execution": 1.0, "teacher_similarity": 0.2},
    **{name: {name: 1.0} for name in ARTICLE},
}
COLUMNS = (
    *("rewards", "questions", "seed", "worst correct", "best exploit", "exploits at or above it"),
    *("AUC against mutants", "verdict", "seconds"),
)


def main() -> None:
    """Print the table, row by row."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--env", default="demo")
    parser.add_argument("--only", nargs="+", choices=list(MIXES), default=list(MIXES))
    parser.add_argument("--questions", type=int, default=8)
    parser.add_argument("--seeds", type=int, nargs="+", default=[7])
    given = parser.parse_args()
    bootstrap_project(Path.cwd())
    with KedroSession.create(Path.cwd(), env=given.env) as session:
        prompts = session.load_context().catalog.load("grpo_prompts")
    print(_line(COLUMNS))
    print(_line("---" for _ in COLUMNS))
    for name in given.only:
        for seed in given.seeds:
            sample = prompts.sample(min(given.questions, len(prompts)), random_state=seed)
            print(_row(name, records(sample), seed), flush=True)


def _row(name: str, rows: list[dict[str, Any]], seed: int) -> str:
    began = time.monotonic()
    found = certify(MIXES[name], rows, seed=seed)
    exploits = [entry for entry in found.entries if entry.kind == "exploit"]
    best = max(exploits, key=lambda entry: entry.highest)
    auc = next((entry.reason.removeprefix("AUC ") for entry in found.entries if entry.kind == "mutant"), "")
    cells = (
        *(name, len(rows), seed, f"{found.worst_correct:.2f}", f"{best.highest:.2f} ({best.name})"),
        *(f"{sum(not entry.passed for entry in exploits)} of {len(exploits)}", auc),
        *("fails" if found.faults else "passes", f"{time.monotonic() - began:.0f}"),
    )
    return _line(cells)


def _line(cells: Iterable[object]) -> str:
    return f"| {' | '.join(map(str, cells))} |"


if __name__ == "__main__":
    main()
