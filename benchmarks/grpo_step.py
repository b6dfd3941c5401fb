"""A step of GRPO here, beside one of plain trl on the same student, adapter, prompts, rewards and machine.

    python benchmarks/grpo_step.py --env demo --steps 4     # needs the adapter of SFT and its prompts
    python benchmarks/grpo_step.py --env smol --steps 2 --to benchmarks/results/grpo_step.jsonl
    python benchmarks/grpo_step.py --env smol --adapter kept --params grpo.trl.gradient_accumulation_steps=2

The adapter is that of SFT, or one that the catalog keeps (`--adapter kept`: no training is needed before, only
`kedro run --env=smol --pipelines=distillation,preprocessing` for the prompts). `--params` changes parameters as in
`kedro run`; fewer completions a step make a quick check of it.

Both arms run in this process in turn, `--rounds` times, with the environment's own arguments of GRPOConfig and the KL's
`--beta`; the first step of each arm is not counted. A step is split into writing the completions, scoring them, the
log-probabilities without a gradient (those of the reference among them), and the rest, which is the update. Completions
are drawn and differ, so seconds are given by completion token too.
"""

import argparse
import json
import platform
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from datasets import Dataset
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project
from omegaconf import OmegaConf
from records import commit, keep
from transformers import TrainerCallback
from trl import GRPOConfig, GRPOTrainer

from sqlreason.reasoning.prompts import Prompt
from sqlreason.rewards import make_rewards
from sqlreason.students.generation.decoding import Sampling
from sqlreason.students.prompting import prompt_fingerprint
from sqlreason.students.training import grpo_trainer, trainer_arguments
from sqlreason.students.training.rollouts import Recorder, Writer
from sqlreason.students.training.transformers_backend import load_student
from sqlreason.students.training.trl_arguments import FIXED_OF_GRPO, complete
from sqlreason.students.training.work_folder import Stage

ROOT = Path(__file__).parents[1]
PARTS = ("generation", "reward", "no_gradient")
ENTRIES = ("base_model", "grpo_prompts", "student_prompt", "params:student", "params:grpo")


class Clock(TrainerCallback):  # type: ignore[misc]  # transformers is untyped here
    """Seconds of each part of each step of a trainer, by wrapping its methods."""

    def __init__(self, trainer: GRPOTrainer) -> None:
        self.steps: list[dict[str, float]] = []
        self.parts: dict[str, float] = defaultdict(float)
        self.tokens = 0
        for name, part in {"_generate": "generation", "_calculate_rewards": "reward"}.items():
            setattr(trainer, name, self._timed(getattr(trainer, name), part))
        logps = trainer._get_per_token_logps_and_entropies
        alone = self._timed(logps, "no_gradient")
        trainer._get_per_token_logps_and_entropies = lambda *given, **named: (
            logps if torch.is_grad_enabled() else alone
        )(*given, **named)
        trainer.add_callback(self)

    def _timed(self, function: Callable[..., Any], part: str) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            began = time.monotonic()
            found = function(*given, **named)
            self.parts[part] += time.monotonic() - began
            if part == "generation":
                self.tokens += sum(map(len, found[1]))  # of the completions
            return found

        return call

    def on_step_begin(self, *_: Any, **__: Any) -> None:
        """Begin a step."""
        self.parts.clear()
        self.tokens, self.began = 0, time.monotonic()

    def on_step_end(self, *_: Any, **__: Any) -> None:
        """End a step."""
        whole = time.monotonic() - self.began
        parts = {part: self.parts[part] for part in PARTS}
        self.steps.append({"seconds": whole, **parts, "update": whole - sum(parts.values()), "tokens": self.tokens})


class Setting:
    """What both arms share."""

    def __init__(self, catalog: Any, adapter: str, steps: int, beta: float, seed: int) -> None:
        base, prompts, prompt, self.student, self.options = map(catalog.load, ENTRIES)
        self.adapter = catalog.load(f"{adapter}_adapter")
        self.base = base.spoken_to(**self.student.template)
        self.adapter.require(self.base.identity, prompt_fingerprint(Prompt.from_mapping(prompt), self.base))
        given = {**self.options.trl.arguments, "max_steps": steps, "beta": beta, "seed": seed}
        self.trl = {name: value for name, value in given.items() if name != "num_train_epochs"}
        self.whole = complete("GRPOConfig", self.trl)
        asked = self.options.trl.rows_of_a_step // self.whole["num_generations"]
        self.prompts = prompts.sample(min(len(prompts), steps * asked), random_state=seed)

    def rewards(self) -> list[Any]:
        """Return the environment's rewards."""
        return make_rewards(list(self.options.rewards), self.whole["max_completion_length"])

    def ours(self, folder: Path) -> GRPOTrainer:
        """Return the trainer of this project."""
        loading = {"dtype": self.student.dtype, "quantization": self.student.quantization}
        loading |= {name: self.whole[name] for name in ("gradient_checkpointing", "seed")}
        model, chat = load_student(self.base, self.adapter, **loading)
        stage = Stage("grpo", folder, {}, resume=False)
        weights = list(self.options.rewards.values())
        recorder = Recorder(self.rewards(), weights, stage.folder / "rollouts", self.whole["num_generations"], chat)
        drawn = Sampling(
            *(self.whole[name] for name in ("max_completion_length", "temperature", "num_generations", "top_p"))
        )
        writer = Writer(drawn, self.whole["seed"], chat)
        arguments = {**self.trl, **FIXED_OF_GRPO, "shuffle_dataset": False}
        return grpo_trainer.make_trainer(stage, model, chat, self.prompts, recorder, weights, writer, arguments)

    def plain(self, folder: Path) -> GRPOTrainer:
        """Return trl's trainer with the same arguments; the model is transformers' and PEFT's as they come."""
        model = self.adapter.apply(self.base.load_model(self.student.dtype, self.student.quantization), trainable=True)
        chat = self.base.load_chat()
        chat.bind(model)
        held = trainer_arguments.arguments_of(self.trl, folder, trainer_arguments.is_mixed(model))
        held |= {**FIXED_OF_GRPO, "shuffle_dataset": False, "reward_weights": list(self.options.rewards.values())}
        rows = [{**row, "prompt": json.loads(row["prompt"])} for row in self.prompts.to_dict("records")]
        return GRPOTrainer(
            model=model, args=GRPOConfig(**held), train_dataset=Dataset.from_list(rows), reward_funcs=self.rewards(),
            processing_class=chat.tokenizer,
        )  # fmt: skip


def measure(make: Callable[[Path], GRPOTrainer]) -> pd.DataFrame:
    """Return the seconds of each step of a new trainer but its first."""
    with tempfile.TemporaryDirectory() as folder:
        trainer = make(Path(folder))
        clock = Clock(trainer)
        trainer_arguments.widen_adapter(trainer.model)
        trainer.train()
        return pd.DataFrame(clock.steps[1:])


def main() -> None:
    """Measure both arms, print the table and append it to the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--env", default="demo")
    parser.add_argument("--steps", type=int, default=3, help="Of each arm and round; the first is not counted.")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--beta", type=float, default=0.02, help="Of the KL; 0 needs no reference.")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--to", type=Path, help="File of JSON lines to append to.")
    parser.add_argument("--adapter", choices=["sft", "kept"], default="sft", help="Of the catalog.")
    parser.add_argument("--params", default="", help="As of kedro run.")
    given = parser.parse_args()
    if given.steps < 2:
        parser.error("--steps needs 2 at least: the first is not counted")
    bootstrap_project(ROOT)
    changes = OmegaConf.to_container(OmegaConf.from_dotlist(given.params.split(",") if given.params else []))
    with KedroSession.create(ROOT, env=given.env, runtime_params=changes) as session:
        setting = Setting(session.load_context().catalog, given.adapter, given.steps, given.beta, given.seed)
    arms = {"trl": setting.plain, "sqlreason": setting.ours}
    steps = pd.concat(
        [measure(make).assign(arm=arm) for _ in range(given.rounds) for arm, make in arms.items()], ignore_index=True
    )
    means = steps.groupby("arm").mean().loc[list(arms)]
    means["ms_per_token"] = 1000 * means["seconds"] / means["tokens"]
    means.loc["ratio"] = means.loc["sqlreason"] / means.loc["trl"]
    print(means.round(3).to_string())
    if given.to:
        facts = {
            "env": given.env, "base": setting.base.identity, "adapter": setting.adapter.digest,
            "completions": setting.options.trl.rows_of_a_step, "beta": given.beta, "steps": given.steps,
            "rounds": given.rounds, "threads": torch.get_num_threads(), "machine": platform.machine(),
            "commit": commit(), "arms": means.round(4).to_dict("index"),
        }  # fmt: skip
        keep(facts, given.to)


if __name__ == "__main__":
    main()
