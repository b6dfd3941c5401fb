"""What to do after SFT: voting, GRPO under two rewards, a curriculum, on-policy distillation.

The same held-out questions for all.

    python benchmarks/grpo_comparison.py                                  # the table so far, and what is left to run
    python benchmarks/grpo_comparison.py --arm grpo_execution --seed 7    # one arm, one seed; appended to the results

Takes its data from the environment's catalog, after `kedro run --pipelines=distillation,preprocessing`, and goes
through the pipelines' own nodes, so that what is measured is what a run does. The SFT adapter of a seed is trained by
the first arm that needs it and found again by the others. Every arm is paired with the SFT student of its seed.
`--params` changes parameters as in `kedro run`; results under other data or parameters stay in the file and out of the
table.
"""

import argparse
import hashlib
import json
import logging
import time
from pathlib import Path
from typing import Any

import pandas as pd
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project
from omegaconf import OmegaConf

from sqlreason.pipelines.evaluation import nodes as evaluation
from sqlreason.pipelines.grpo import nodes as grpo
from sqlreason.pipelines.sft import nodes as sft
from sqlreason.reasoning.format import parse
from sqlreason.reporting import statistics
from sqlreason.sql.verifier import Task, Verifier
from sqlreason.students.checkpoints.adapter import Adapter
from sqlreason.students.training.work_folder import hash_table

ARTICLE = {"match_format_exactly": 1.0, "match_format_approximately": 1.0, "check_sql_reward": 1.0}
EXECUTION = {"execution": 1.0}
VOTES = 8

# name: what the row is called, and the changes to params:grpo (None: nothing is trained after SFT)
ARMS: dict[str, tuple[str, dict[str, Any] | None]] = {
    "sft": ("SFT", None),
    "voting": (f"SFT, voting of {VOTES}", None),
    "grpo_article": ("GRPO, the article's rewards", {"rewards": ARTICLE}),
    "grpo_execution": ("GRPO, execution", {"rewards": EXECUTION}),
    "grpo_curriculum": ("GRPO, execution, curriculum", {"rewards": EXECUTION, "curriculum": "mixed"}),
    "distillation": ("On-policy distillation", {"rewards": EXECUTION, "method": "distillation"}),
}
INPUTS = (
    "base_model", "distillation_teacher", "student_prompt", "sft_examples", "grpo_prompts", "evaluation_prompts",
    "checkpoints",
)  # fmt: skip


class Comparison:
    """The inputs of an environment, and the ways to go on from the SFT student of a seed."""

    def __init__(self, catalog: Any, questions: int, seed: int) -> None:
        loaded = (catalog.load(name) for name in INPUTS)
        self.base, self.teacher, self.prompt, self.examples, self.prompts, exam, self.checkpoints = loaded
        names = ("student", "sft", "grpo", "evaluation")
        self.student, sft_options, self.grpo, self.exam_options = (catalog.load(f"params:{name}") for name in names)
        self.exam = exam.sample(min(questions, len(exam)), random_state=0).sort_values("id")
        self.sft = seeded(sft_options, seed)
        self.seed = seed

    @property
    def setting(self) -> str:
        """Hash of all that the rows of one table share: data, questions, parameters but the seed.

        A parameter at its default is left out, so that an option that is new and not used changes nothing.
        """
        examples = self.examples.drop(columns="kind", errors="ignore")  # the prompts tell it
        tables = [hash_table(table) for table in (examples, self.prompts, self.exam)]
        given = (self.sft, self.grpo, self.exam_options)
        options = [group.model_dump_json(exclude={"trl": {"seed"}}, exclude_defaults=True) for group in given]
        return hashlib.sha256(json.dumps([self.base.identity, *tables, *options]).encode()).hexdigest()[:12]

    def run(self, arm: str) -> dict[str, Any]:
        """Train and examine an arm; its row of the results."""
        adapter, _ = sft.train_student(self.base, self.examples, self.prompt, self.checkpoints, self.student, self.sft)
        changes = ARMS[arm][1]
        told: dict[str, Any] = {"minutes": adapter.facts["seconds"] / 60}
        if changes is not None:
            adapter, told = self._improve(adapter, changes)
        began = time.monotonic()
        answers, scores = self.evaluate(adapter, VOTES if arm == "voting" else 1)
        if arm == "voting":
            told["minutes"] = (time.monotonic() - began) / 60
        right = "".join("01"[int(agrees)] for agrees in scores["agrees"])
        facts = {"tokens": float(answers["tokens"].mean()), "executes": float(scores["runs"].mean()), "right": right}
        return {"arm": arm, "seed": self.seed, "setting": self.setting, **told, **facts}

    def _improve(self, adapter: Adapter, changes: dict[str, Any]) -> tuple[Adapter, dict[str, Any]]:
        """What is learned after SFT, on as many rollouts by each way.

        Minutes hold forecast and training, that of the teacher of a distillation included.
        """
        options = seeded(self.grpo.model_copy(update=changes), self.seed)
        profiled = options.curriculum != "off"
        rollouts = _as_many_rollouts(options) if profiled else {"prompts": 0}
        options = options.model_copy(update={"forecast": options.forecast.model_copy(update=rollouts)})
        began = time.monotonic()
        profile, forecast_table = grpo.forecast_gains(
            self.base, adapter, self.prompts, self.prompt, self.student, options
        )
        seconds = time.monotonic() - began if profiled else 0.0
        certified = pd.DataFrame()  # the arms include rewards that certification refuses; its tables: docs/rewards.md
        learned = (self.prompts, certified, profile, forecast_table, self.examples, self.teacher, self.prompt)
        trained, _, written = grpo.train_student(
            self.base, adapter, *learned, self.checkpoints, self.student, self.sft, options
        )
        minutes = (seconds + trained.facts["seconds"]) / 60
        found = {"minutes": minutes, "rollouts": len(written), "exploits": self._exploit_share(written)}
        return trained, {**found, "best_step": trained.facts.get("best_step", trained.facts["steps"])}

    def evaluate(self, adapter: Adapter, votes: int) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The answers of a student to the evaluation and their scores, in the order of the ids."""
        options = self.exam_options.model_copy(update={"votes": votes})
        answers = evaluation.answer_with_adapter(self.base, adapter, self.exam, self.prompt, self.student, options)
        return answers, evaluation.score_answers(self.exam, answers, options).sort_values("id")

    def _exploit_share(self, rollouts: pd.DataFrame) -> float:
        """The share of rollouts that earn more than half of the greatest reward although they are not right."""
        tasks = dict(zip(self.prompts["id"], self.prompts["task"], strict=True))
        readings = [parse(text) for text in rollouts["completion"]]
        pairs = [
            (Task.from_json(tasks[id_]), [reading.sql] if reading.well_formed else [])
            for id_, reading in zip(rollouts["id"], readings, strict=True)
        ]
        with Verifier() as verifier:
            right = [any(verdict.agrees for verdict in group) for group in verifier.verify_batch(pairs)]
        paid = rollouts["reward"] > rollouts["reward"].max() / 2
        return float((paid & ~pd.Series(right, index=rollouts.index)).mean())


def _as_many_rollouts(options: Any) -> dict[str, Any]:
    """A forecast that costs as many rollouts as GRPO makes, at its temperature."""
    groups = options.trl.max_steps * options.trl.rows_of_a_step // options.trl.num_generations
    return {"prompts": groups, "samples": options.trl.num_generations, "temperatures": (options.trl.temperature,)}


def seeded(options: Any, seed: int) -> Any:
    """Return parameters of SFT or GRPO with another seed."""
    return options.model_copy(update={"trl": options.trl.model_copy(update={"seed": seed})})


def tabulate(results: list[dict[str, Any]]) -> str:
    """The table of one setting's results in Markdown: a row for each arm and seed, and the mean of each arm."""
    found = {(row["seed"], row["arm"]): row for row in results}  # a repeated arm: the latest counts
    lines = [
        "| student | seed | n | execution accuracy (95 %) | against SFT (95 %) | p | minutes | exploits in rollouts |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for arm, (name, _) in ARMS.items():
        rows = [found[key] for key in sorted(found) if key[1] == arm]
        lines += [_line(name, row, found.get((row["seed"], "sft"))) for row in rows]
        if len(rows) > 1:
            lines.append(_mean_line(name, [(row, found.get((row["seed"], "sft"))) for row in rows]))
    return "\n".join(lines)


def _line(name: str, row: dict[str, Any], sft_row: dict[str, Any] | None) -> str:
    right = _marks(row)
    rate = statistics.wilson(sum(right), len(right))
    difference, p = "", ""
    if sft_row is not None and sft_row is not row:
        test = statistics.mcnemar(_marks(sft_row), right)
        difference = _points(test.difference)
        p = f"{test.p_value:.3f}"
    exploits = f"{100 * row['exploits']:.1f} %" if "exploits" in row else ""
    accuracy = f"{100 * rate.value:.1f} % ({100 * rate.low:.1f} … {100 * rate.high:.1f})"
    cells = (name, row["seed"], len(right), accuracy, difference, p, f"{row['minutes']:.1f}", exploits)
    return f"| {' | '.join(map(str, cells))} |"


def _mean_line(name: str, pairs: list[tuple[dict[str, Any], dict[str, Any] | None]]) -> str:
    """Over seeds: the range shows the chance of the training, the interval of the gain that of the questions."""
    rates = [100 * sum(_marks(row)) / len(_marks(row)) for row, _ in pairs]
    paired = [(_marks(old), _marks(row)) for row, old in pairs if old is not None and old is not row]
    gained = ""
    if paired:
        gains = [100 * statistics.mean_difference([pair]).value for pair in paired]
        gained = f"{_points(statistics.mean_difference(paired))}, range {min(gains):+.1f} … {max(gains):+.1f}"
    accuracy = f"{sum(rates) / len(rates):.1f} % (range {min(rates):.1f} … {max(rates):.1f})"
    return f"| **{name}** | mean of {len(pairs)} | | {accuracy} | {gained} | | | |"


def _points(difference: statistics.Interval) -> str:
    return f"{100 * difference.value:+.1f} ({100 * difference.low:+.1f} … {100 * difference.high:+.1f})"


def _marks(row: dict[str, Any]) -> list[bool]:
    return [mark == "1" for mark in row["right"]]


def _read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def parse_parameters(text: str) -> Any:
    """Parameters as `kedro run --params` takes them: grpo.trl.max_steps=40,sft.trl.max_steps=60."""
    return OmegaConf.to_container(OmegaConf.from_dotlist(text.split(",") if text else []))


def main() -> None:
    """Run one arm, or show the table and the commands of the arms that are not in it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--env", default="demo")
    parser.add_argument("--arm", choices=list(ARMS))
    parser.add_argument("--seed", type=int, help="of the arm")
    parser.add_argument("--seeds", type=int, nargs="+", default=[7, 8, 9], help="whose commands are shown")
    parser.add_argument("--questions", type=int, default=1500)
    parser.add_argument("--params", default="", help="as of kedro run: grpo.trl.max_steps=40,sft.trl.max_steps=60")
    parser.add_argument("--results", type=Path, default=Path("data/demo/08_reporting/grpo_comparison.jsonl"))
    given = parser.parse_args()
    if given.arm and given.seed is None:
        parser.error("--arm needs --seed")
    logging.getLogger("sqlreason").setLevel(logging.WARNING)
    bootstrap_project(Path.cwd())
    with KedroSession.create(Path.cwd(), env=given.env, runtime_params=parse_parameters(given.params)) as session:
        comparison = Comparison(session.load_context().catalog, given.questions, given.seed or given.seeds[0])
        if given.arm:
            given.results.parent.mkdir(parents=True, exist_ok=True)
            row = comparison.run(given.arm)
            with given.results.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
        results = _read(given.results)
        shown = [row for row in results if row["setting"] == comparison.setting]
    print(tabulate(shown), f"\n{len(results) - len(shown)} rows of {given.results} are of other data or parameters")
    done = {(row["arm"], row["seed"]) for row in shown}
    common = f" --env {given.env} --questions {given.questions} --results {given.results}"
    common += f" --params {given.params}" if given.params else ""
    for seed in given.seeds:
        for arm in ARMS:
            if (arm, seed) not in done:
                print(f"python benchmarks/grpo_comparison.py --arm {arm} --seed {seed}{common}")


if __name__ == "__main__":
    main()
