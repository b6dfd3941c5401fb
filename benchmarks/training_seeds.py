"""The demo under several training seeds: what of its figures is the chance of one training?

    .venv/bin/python benchmarks/training_seeds.py 7 8 9

Trains SFT and GRPO and evaluates the three students once for each seed, on the same traces and the same held-out
questions (the teacher and the preprocessing run once, if they have not). Prints one row a seed and student; the
intervals within a row hold the chance of the questions, the last rows (mean and range) that of the training.
"""

import subprocess
import sys
from pathlib import Path

import pandas as pd

DEMO = Path("data/demo")
KEDRO = Path(sys.executable).with_name("kedro")
SHOWN = ["format_rate", "executes", "accuracy", "accuracy_low", "accuracy_high", "difference", "p_value"]


def main(seeds: list[int]) -> None:
    """Run the trainings that are not done yet and print the table."""
    if not (DEMO / "05_model_input/sft_examples.parquet").exists():
        _kedro("--pipelines=distillation,preprocessing")
    table = pd.concat([_examine(seed) for seed in seeds], ignore_index=True)
    print(table[["seed", "student", "n", *SHOWN]].round(4).to_string(index=False))
    print(_over_seeds(table).round(4).to_string(index=False))


def _examine(seed: int) -> pd.DataFrame:
    _kedro("--pipelines=sft,grpo,evaluation", f"--params=sft.trl.seed={seed},grpo.trl.seed={seed}")
    newest = max((DEMO / "08_reporting/evaluation_metrics.csv").glob("*/evaluation_metrics.csv"))
    metrics = pd.read_csv(newest)
    metrics.insert(0, "seed", seed)
    return metrics


def _over_seeds(table: pd.DataFrame) -> pd.DataFrame:
    groups = table.groupby("student", sort=False)
    accuracy, gain = (
        groups[column].agg(["mean", "min", "max"]).add_prefix(f"{name}: ")
        for name, column in {"accuracy": "accuracy", "against the row above": "difference"}.items()
    )
    return accuracy.join(gain).reset_index()


def _kedro(*arguments: str) -> None:
    subprocess.run([str(KEDRO), "run", "--env=demo", *arguments], check=True)


if __name__ == "__main__":
    main([int(seed) for seed in sys.argv[1:]] or [7, 8, 9])
