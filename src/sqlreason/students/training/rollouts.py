"""What happens between the prompts and the loss on a student's own completions: writing, scoring, keeping them.

Covers the hook by which trl takes completions from our own generation, the record of every rollout with its rewards
and advantage, and the history. The loss and the loop are trl's; see `grpo.py` and `on_policy_distillation.py`.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from sqlreason.students.checkpoints.chat import Chat
from sqlreason.students.generation.decoding import Sampling, complete, inference
from sqlreason.students.training.launch import rank

#: Totals closer than this are equal.
EQUAL = 1e-6


class Writer:
    """Writes the completions of a step: each prompt is read once for its whole group.

    The samples depend on the seed, the step and the rank alone, so a resumed training sees what an undisturbed one saw.
    """

    def __init__(self, sampling: Sampling, seed: int, chat: Chat) -> None:
        self.sampling, self.seed, self.chat = sampling, seed, chat

    def __call__(self, prompts: Sequence[list[dict[str, str]]], trainer: Any) -> dict[str, Any]:
        """Answers trl as its `rollout_func`: prompts, each repeated for its group, to token ids."""
        ids = [self.chat.prompt_ids(messages) for messages in prompts[:: self.sampling.samples]]
        completions = self.write(trainer, ids, self.chat.ends)
        repeated = [row for row in ids for _ in range(self.sampling.samples)]
        return {"prompt_ids": repeated, "completion_ids": completions, "logprobs": None}

    def write_to_the_limit(self, trainer: Any, prompts: Sequence[Sequence[int]]) -> float:
        """Seconds in which completions of token prompts are written that nothing ends before their limit."""
        began = time.monotonic()
        self.write(trainer, prompts, ends=())
        return time.monotonic() - began

    def write_groups(self, trainer: Any, ids: Sequence[Sequence[int]]) -> list[list[int]]:
        """Return a completion of each token prompt; those of a group, which are equal, stand side by side."""
        return self.write(trainer, ids[:: self.sampling.samples], self.chat.ends)

    def write_turn(self, trainer: Any, ids: Sequence[Sequence[int]], room: int, turn: int) -> list[list[int]]:
        """Return a further turn of each conversation, of at most `room` tokens; `turn` is its number, the first 0."""
        sampling = replace(self.sampling, max_new_tokens=room, samples=1)
        return self.write(trainer, ids, self.chat.ends, turn, sampling)

    def write(
        self,
        trainer: Any,
        ids: Sequence[Sequence[int]],
        ends: Sequence[int],
        again: int = 0,
        sampling: Sampling | None = None,
    ) -> list[list[int]]:
        """Return the completions of token prompts, `sampling.samples` of each side by side.

        Args:
            trainer: Whose model writes.
            ids: Of each prompt.
            ends: Ids that end a completion.
            again: How often the step has written before; each time has draws of its own.
            sampling: None for the writer's.
        """
        model = trainer.accelerator.unwrap_model(trainer.model)
        seed = self.seed * 1_000_003 + trainer.state.global_step + (rank() << 32) + (again << 48)
        random = torch.Generator(model.device).manual_seed(seed)
        with inference(model), _same_precision(model):
            return complete(model, ids, sampling or self.sampling, ends, random)


@contextmanager
def _same_precision(model: Any) -> Iterator[None]:
    """Within it the adapter has the precision of the model, which is what the loss computes with under autocast."""
    adapter = [parameter for parameter in model.parameters() if parameter.requires_grad]
    masters = [parameter.data for parameter in adapter]
    for parameter in adapter:
        parameter.data = parameter.data.to(model.get_base_model().dtype)
    yield
    for parameter, master in zip(adapter, masters, strict=True):
        parameter.data = master


class Recorder:
    """Keeps the rollouts of each step beside the checkpoints, so that those of a resumed training are complete."""

    def __init__(
        self,
        rewards: Sequence[Callable[..., Any]],
        weights: Sequence[float],
        folder: Path,
        group: int,
        chat: Chat | None = None,
    ) -> None:
        """Keep what is recorded.

        Args:
            rewards: As trl is to call them.
            weights: Of the rewards in the total.
            folder: Of the rollouts.
            group: Completions of a prompt, which stand side by side.
            chat: Reads the completions, as the evaluation does, and tells the rewards by `finished` which were cut
                off; None leaves them as trl reads them.
        """
        self.rewards, self.weights, self.folder = list(rewards), list(weights), folder
        self.group, self.chat = group, chat
        self.table: dict[str, list[Any]] = {}
        self.episodes: dict[str, list[Any]] = {}  # what a student with tools did, in columns
        self.seconds = 0.0

    def wrapped(self) -> list[Callable[..., Any]]:
        """The rewards, each noting what it is given and gives."""
        return [_Noted(reward, self) for reward in self.rewards]

    def read(self, completions: Sequence[Any], ids: Any, columns: dict[str, Any]) -> Sequence[Any]:
        """Return completions as the evaluation reads them, and note in `columns` which ended their turn."""
        if self.chat is None or ids is None:
            return completions
        columns["finished"] = [self.chat.is_finished(row) for row in ids]
        return [[{"role": "assistant", "content": self.chat.read(row)}] for row in ids]

    def keep(self, step: int, advantages: Sequence[float] | None) -> None:
        """Write this rank's rollouts of a step, if new ones were made.

        Args:
            step: Of the optimiser.
            advantages: Of all ranks in turn; None where the method knows none.
        """
        if not self.table:
            return
        table = pd.DataFrame(self.table)
        own = slice(rank() * len(table), (rank() + 1) * len(table))
        table.insert(0, "step", step)
        table.insert(3, "reward", self.totals())
        if advantages is not None:
            table["advantage"] = list(advantages)[own]
        table = table.assign(**self.episodes)
        self.folder.mkdir(exist_ok=True)
        table.to_parquet(self.folder / f"{step:06d}-{rank()}.parquet")
        self.table, self.episodes, self.seconds = {}, {}, 0.0

    def zero_variance_share(self) -> float | None:
        """The share of this step's groups in which all totals are equal, from which nothing is learned.

        trl's own figure looks at the whole batch where rewards are scaled by it, and is 0 then whatever the groups do.
        """
        if not self.table or self.group == 1:  # a completion alone has no variance
            return None
        totals = self.totals().to_numpy().reshape(-1, self.group)
        return float((totals.max(axis=1) - totals.min(axis=1) < EQUAL).mean())

    def totals(self) -> pd.Series:
        """The weighted sums of this step's rewards."""
        components = pd.DataFrame(self.table)[[reward_name(reward) for reward in self.rewards]].astype(float)
        return (components * self.weights).sum(axis=1)

    def rollouts(self, steps: int) -> pd.DataFrame:
        """All rollouts of the first `steps` steps, those of every rank."""
        paths = [path for path in sorted(self.folder.glob("*.parquet")) if int(path.stem.split("-")[0]) <= steps]
        return pd.concat([pd.read_parquet(path) for path in paths], ignore_index=True)


def read_log(log: Sequence[Mapping[str, Any]], stage: str) -> pd.DataFrame:
    """Return the history of a training: one row a step, under our names.

    Args:
        log: Entries of the trainer's log; what a method does not know is empty, a missing KL 0.
        stage: Column stage.
    """
    names = {
        "completions/clipped_ratio": "clipped_share",
        "completions/mean_length": "completion_length",
    }
    plain = ["step", "loss", "reward", "reward_std", "kl", "entropy", "learning_rate"]
    timed = ["generation_seconds", "reward_seconds", "dev_seconds", "seconds"]
    if any("tools/turns" in entry for entry in log):
        names |= {
            "tools/turns": "turns",
            "tools/call_frequency": "tool_calls",
            "tools/failure_frequency": "tool_errors",
            "tools/tool_tokens": "tool_tokens",
        }
    kept = [*plain, "zero_variance_share", "dev_accuracy", *names, "generated_tokens", *timed]
    components = sorted({key for entry in log for key in entry if key.startswith("rewards/") and key.endswith("/mean")})
    table = pd.DataFrame([{"stage": stage, **{key: entry.get(key) for key in (*kept, *components)}} for entry in log])
    table["kl"] = table["kl"].astype(float).fillna(0.0)
    return table.rename(columns=names)


def reward_name(reward: Callable[..., Any]) -> str:
    """The name under which trl logs a reward."""
    return str(getattr(reward, "__name__", type(reward).__name__))


class _Noted:
    """One reward as trl calls it."""

    def __init__(self, reward: Callable[..., Any], recorder: Recorder) -> None:
        self.reward, self.recorder = reward, recorder
        self.__name__ = reward_name(reward)

    def __call__(self, completions: Sequence[Any], **columns: Any) -> list[float | None]:
        began = time.monotonic()
        environments = columns.pop("environments", None)
        if environments is not None:
            completions = self._of_episodes([environment.episode for environment in environments], columns)
        else:
            completions = self.recorder.read(completions, columns.get("completion_ids"), columns)
        values = list(self.reward(completions, **columns))
        self.recorder.seconds += time.monotonic() - began
        self.recorder.table["id"] = list(columns["id"])
        self.recorder.table["completion"] = [_text(completion) for completion in completions]
        self.recorder.table[self.__name__] = values
        return values

    def _of_episodes(self, episodes: Sequence[Any], columns: dict[str, Any]) -> list[Any]:
        """The answers of episodes with tools; tokens that count are the student's own."""
        columns["finished"] = [episode.finished for episode in episodes]
        columns["completion_ids"] = [
            [token for token, own in zip(episode.ids, episode.own, strict=True) if own] for episode in episodes
        ]
        told = [episode.told for episode in episodes]
        self.recorder.episodes = {name: [one[name] for one in told] for name in told[0]}
        return [[{"role": "assistant", "content": episode.text}] for episode in episodes]


def _text(completion: Any) -> str:
    return completion if isinstance(completion, str) else str(completion[-1]["content"])
