"""What to do after SFT: voting, GRPO under two rewards, a curriculum, rejection sampling; the same held-out questions.

Needs the results of `kedro run --pipelines=distillation,preprocessing,sft` of the environment. Prints one row for each
way and training seed: right answers with a 95 % interval, the paired difference from SFT, minutes, and the share of
rollouts that earned more than half of the greatest reward without being right.

    python benchmarks/grpo_comparison.py --questions 1000 --seeds 7 8 9
"""

import argparse
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project

from sqlreason import examination, splits, statistics
from sqlreason.rewards import make_rewards
from sqlreason.students import forecast, grpo, rft
from sqlreason.students.adapter import Adapter

ARTICLE = {"match_format_exactly": 1.0, "match_format_approximately": 1.0, "check_sql_reward": 1.0}
EXECUTION = {"execution": 1.0}
VOTES = 8


class Comparison:
    """The inputs of an environment, and the ways to go on from its SFT student."""

    def __init__(self, catalog: Any, questions: int, seed: int, changes: dict[str, Any]) -> None:
        names = ("base_model", "sft_adapter", "grpo_prompts", "evaluation_prompts")
        self.base, self.sft, prompts, exam = (catalog.load(name) for name in names)
        self.options, self.student, self.exam_options = (
            catalog.load(f"params:{name}") for name in ("grpo", "student", "evaluation")
        )
        self.exam = exam.sample(min(questions, len(exam)), random_state=0)
        held = splits.reserve(splits.group_keys(prompts), 0.15, seed)
        self.prompts, self.dev = prompts[~held], prompts[held]
        self.seed, self.changes = seed, changes

    def scores(self, adapter: Adapter, votes: int = 1) -> pd.DataFrame:
        """Answers of a student to the held-out questions, judged."""
        answers = examination.answer_questions(
            self.base, adapter, self.exam, dtype=self.student.dtype, quantization=self.student.quantization,
            max_completion_tokens=self.exam_options.max_completion_tokens, batch_size=self.exam_options.batch_size,
            processes=self.exam_options.processes, votes=votes, temperature=self.exam_options.vote_temperature,
        )  # fmt: skip
        return examination.score_answers(self.exam, answers, self.exam_options.workers)

    def train(self, rewards: dict[str, float], prompts: pd.DataFrame | None = None) -> tuple[Adapter, pd.DataFrame]:
        """GRPO on all training prompts or some."""
        fields = {*grpo.Policy.__dataclass_fields__, *grpo.Schedule.__dataclass_fields__}
        knobs = {name: value for name, value in self.options.model_dump().items() if name in fields}
        knobs |= {**self.changes, "seed": self.seed}
        adapter, _, rollouts = grpo.train_grpo(
            self.base, self.sft, self.prompts if prompts is None else prompts, rewards=make_rewards(list(rewards)),
            weights=list(rewards.values()), workdir=Path(self.student.checkpoints) / "comparison",
            dev=self.dev.head(96), dev_steps=10, dtype=self.student.dtype, quantization=self.student.quantization, **knobs,
        )  # fmt: skip
        return adapter, rollouts

    def profile(self) -> pd.DataFrame:
        """Rollouts of the SFT student, as many as GRPO samples."""
        steps, group = self.changes.get("max_steps", self.options.max_steps), self.options.num_generations
        completions = steps * self.options.batch_size * self.options.gradient_accumulation
        sample = self.prompts.sample(min(completions // group, len(self.prompts)), random_state=self.seed)
        return forecast.sample_rollouts(
            self.base, self.sft, sample, rewards=EXECUTION, samples=group,
            temperatures=[self.changes.get("temperature", self.options.temperature)],
            max_completion_tokens=self.options.max_completion_tokens, batch_size=128, seed=self.seed,
            dtype=self.student.dtype, quantization=self.student.quantization, processes=self.exam_options.processes,
        )  # fmt: skip

    def reject(self) -> tuple[Adapter, pd.DataFrame]:
        """Rejection-sampling fine-tuning on as many rollouts as GRPO."""
        rollouts = self.profile()
        adapter, _ = rft.train_rft(
            self.base, self.sft, self.prompts, rollouts, workdir=Path(self.student.checkpoints) / "comparison",
            learning_rate=2e-4, batch_size=4, gradient_accumulation=4, epochs=1.0, seed=self.seed,
            dtype=self.student.dtype, quantization=self.student.quantization,
        )  # fmt: skip
        return adapter, rollouts

    def ways(self) -> dict[str, Callable[[], tuple[Adapter, pd.DataFrame]]]:
        """Name -> how the student is trained further."""
        return {
            "GRPO, execution": lambda: self.train(EXECUTION),
            "GRPO, the article's rewards": lambda: self.train(ARTICLE),
            "GRPO, execution, curriculum": lambda: self.train(EXECUTION, self._sometimes_right()),
            "RFT": self.reject,
        }

    def _sometimes_right(self) -> pd.DataFrame:
        rollouts = self.profile()
        return forecast.choose_prompts(self.prompts, forecast.pass_rates(rollouts, self.options.temperature), "mixed")


def exploit_share(rollouts: pd.DataFrame, tasks: pd.Series) -> float:
    """The share of rollouts that earn more than half of the greatest reward although they are not right."""
    from sqlreason.reasoning.format import parse
    from sqlreason.sql.execution import Task, Verifier

    readings = [parse(text) for text in rollouts["completion"]]
    pairs = [
        (Task.from_json(tasks[id_]), [reading.sql] if reading.well_formed else [])
        for id_, reading in zip(rollouts["id"], readings, strict=True)
    ]
    with Verifier() as verifier:
        right = [any(verdict.agrees for verdict in group) for group in verifier.verify_batch(pairs)]
    paid = rollouts["reward"] > rollouts["reward"].max() / 2
    return float((paid & ~pd.Series(right, index=rollouts.index)).mean())


def main() -> None:
    """Print the table, row by row."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--env", default="demo")
    parser.add_argument("--questions", type=int, default=1000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[7])
    parser.add_argument("--ways", nargs="*", help="some of the rows' names; all by default")
    parser.add_argument("--steps", type=int, help="of GRPO, instead of the configured ones")
    parser.add_argument("--temperature", type=float)
    parser.add_argument("--learning-rate", type=float)
    given = parser.parse_args()
    logging.getLogger("sqlreason").setLevel(logging.WARNING)
    named = {"max_steps": given.steps, "temperature": given.temperature, "learning_rate": given.learning_rate}
    changes = {name: value for name, value in named.items() if value is not None}
    bootstrap_project(Path.cwd())
    with KedroSession.create(Path.cwd(), env=given.env) as session:
        catalog = session.load_context().catalog
        comparison = Comparison(catalog, given.questions, given.seeds[0], changes)
        sft = comparison.scores(comparison.sft)
        _print_row("SFT", "", sft, None, 0.0, None)
        if not given.ways or "voting" in given.ways:
            began = time.monotonic()
            voted = comparison.scores(comparison.sft, VOTES)
            _print_row(f"SFT, voting of {VOTES}", "", voted, sft, (time.monotonic() - began) / 60, None)
        for seed in given.seeds:
            comparison = Comparison(catalog, given.questions, seed, changes)
            tasks = comparison.prompts.set_index("id")["task"]
            for name, way in comparison.ways().items():
                if given.ways and name not in given.ways:
                    continue
                began = time.monotonic()
                adapter, rollouts = way()
                minutes = (time.monotonic() - began) / 60
                _print_row(name, seed, comparison.scores(adapter), sft, minutes, exploit_share(rollouts, tasks))


def _print_row(
    name: str, seed: Any, scores: pd.DataFrame, sft: pd.DataFrame | None, minutes: float, exploits: float | None
) -> None:
    students = {"SFT": sft, name: scores} if sft is not None else {name: scores}
    row = statistics.compare_students(students).iloc[-1].to_dict()
    told = " | ".join(f"{column} {value}" for column, value in row.items() if column != "student")
    print(f"{name} | seed {seed} | {minutes:.1f} min | exploits {exploits} | {told}", flush=True)


if __name__ == "__main__":
    main()
