"""What GRPO does with the groups of a step beside scoring them: three ways, each off by default.

1. Dynamic sampling: groups without variance of reward are replaced by fresh prompts (`prompt_posterior.py`).
2. A verified trace joins a group in which all samples fail (`mixed_policy.py`).
3. The advantage of a wrong completion falls on the clause that is wrong (`token_credit.py`).

The first two happen while a step is written, through trl's `rollout_func`; the third, and the correction of the
second, are advantages by token, which trl's loss takes as it takes those by completion.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlreason.reasoning.format import render
from sqlreason.rewards.rewrites import explain_plainly
from sqlreason.students.checkpoints.chat import Chat
from sqlreason.students.generation.decoding import Sampling
from sqlreason.students.training.prompt_posterior import PromptPosterior
from sqlreason.students.training.rollouts import EQUAL, Recorder, Writer


@dataclass(frozen=True)
class GroupShaping:
    """The ways that are on, as parameters `grpo` give them.

    Attributes:
        dynamic_sampling: Times that a step replaces its groups without variance; 0 for never.
        trace_in_failed_groups: Whether a verified trace joins a group without a completion that passes.
        credit: "completion" or "clause".
        token_budget: Generated tokens after which the training ends; None for no limit.
        known: Id of a prompt -> passes and failures seen before, for dynamic sampling.
    """

    dynamic_sampling: int = 0
    trace_in_failed_groups: bool = False
    credit: str = "completion"
    token_budget: int | None = None
    known: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def selects(self) -> bool:
        """Whether what is written is more than what was asked."""
        return bool(self.dynamic_sampling or self.trace_in_failed_groups)

    @property
    def weighs_tokens(self) -> bool:
        """Whether the tokens of a completion have advantages of their own."""
        return self.trace_in_failed_groups or self.credit == "clause"

    @property
    def options(self) -> dict[str, Any]:
        """What a training with it depends on; nothing where all is off, so that finished trainings are found."""
        told: dict[str, Any] = {
            "dynamic_sampling": self.dynamic_sampling,
            "trace_in_failed_groups": self.trace_in_failed_groups,
            "credit": self.credit if self.credit != "completion" else "",
            "token_budget": self.token_budget,
            "known": dict(self.known) if self.dynamic_sampling else {},
        }
        return {name: value for name, value in told.items() if value}


@dataclass
class Group:
    """A prompt's completions.

    Attributes:
        row: Of the table of prompts.
        prompt: Token ids.
        completions: Token ids of each.
        totals: Weighted reward of each.
        trace: Place of the completion that is a trace; None for none.
    """

    row: Mapping[str, Any]
    prompt: list[int]
    completions: list[list[int]]
    totals: list[float]
    trace: int | None = None

    @property
    def varies(self) -> bool:
        """Whether there is anything to learn from it."""
        return max(self.totals) - min(self.totals) >= EQUAL


class SelectiveWriter(Writer):
    """Writes a step's groups, replaces those that teach nothing, and lets a trace join those that failed.

    Which completion passes is told by its reward: more than half of the greatest that the weights allow, rewards
    being 1 at most. For `execution` that is the gold's result and nothing less.

    Args:
        sampling: As of `Writer`.
        seed: Likewise.
        chat: Likewise.
        recorder: Scores completions.
        rows: The prompts of the training, as trl is given them.
        shaping: What is on.
        folder: For what is believed of the prompts.
    """

    def __init__(
        self,
        sampling: Sampling,
        seed: int,
        chat: Chat,
        recorder: Recorder,
        rows: Sequence[Mapping[str, Any]],
        shaping: GroupShaping,
        folder: Path,
    ) -> None:
        super().__init__(sampling, seed, chat)
        self.recorder, self.shaping = recorder, shaping
        self.rows = {str(row["id"]): row for row in rows}
        self.posterior = PromptPosterior(list(self.rows), folder, shaping.known)
        self.bar = sum(weight for weight in recorder.weights if weight > 0) / 2
        self._traces: dict[str, list[int] | None] = {}

    def __call__(self, prompts: Sequence[list[dict[str, str]]], trainer: Any) -> dict[str, Any]:
        """Answers trl as its `rollout_func`; columns of rows that were replaced stand beside the token ids."""
        step = trainer.state.global_step
        self.posterior.recall(step)
        self.written_tokens = self.replaced = self.joined = 0
        groups = self._write_groups(trainer, trainer.asked[:: self.sampling.samples], 0)
        self._replace_idle(trainer, groups, step)
        if self.shaping.trace_in_failed_groups:
            for group in groups:
                self._join(group)
        self.posterior.remember(step + 1)
        rows = [group.row for group in groups for _ in group.completions]
        columns = {name: [row[name] for row in rows] for name in rows[0]}
        return {
            "prompt_ids": [group.prompt for group in groups for _ in group.completions],
            "completion_ids": [row for group in groups for row in group.completions],
            "logprobs": None,
            **columns,
            "trace": [place == group.trace for group in groups for place in range(len(group.completions))],
        }

    def _write_groups(self, trainer: Any, rows: Sequence[Mapping[str, Any]], again: int) -> list[Group]:
        size = self.sampling.samples
        prompts = [self.chat.prompt_ids(row["prompt"]) for row in rows]
        completions = self.write(trainer, prompts, self.chat.ends, again=again)
        self.written_tokens += sum(map(len, completions))
        totals = self.recorder.score([row for row in rows for _ in range(size)], completions)
        groups = []
        for place, (row, prompt) in enumerate(zip(rows, prompts, strict=True)):
            own = slice(place * size, (place + 1) * size)
            groups.append(Group(row, prompt, completions[own], totals[own]))
            passed = sum(map(self._passes, totals[own]))
            self.posterior.observe(str(row["id"]), passed, size - passed)
        return groups

    def _replace_idle(self, trainer: Any, groups: list[Group], step: int) -> None:
        tried = {str(group.row["id"]) for group in groups}
        for again in range(1, self.shaping.dynamic_sampling + 1):
            idle = [place for place, group in enumerate(groups) if self._is_idle(group)]
            fresh = self.posterior.choose(len(idle), tried, (self.seed, step, again)) if idle else []
            if not fresh:
                return
            tried |= set(fresh)
            written = self._write_groups(trainer, [self.rows[id_] for id_ in fresh], again)
            for place, group in zip(idle, written, strict=False):  # fewer where the prompts are used up
                groups[place] = group
            self.replaced += len(written)

    def _is_idle(self, group: Group) -> bool:
        joins = self.shaping.trace_in_failed_groups and self._fails(group) and self._trace(group.row) is not None
        return not group.varies and not joins

    def _passes(self, total: float) -> bool:
        return total > self.bar + EQUAL

    def _fails(self, group: Group) -> bool:
        return not any(map(self._passes, group.totals))

    def _join(self, group: Group) -> None:
        """Let the trace take the place of the last sample; samples are alike, so that none is preferred."""
        trace = self._trace(group.row) if self._fails(group) else None
        if trace is not None:
            group.trace = len(group.completions) - 1
            group.completions[group.trace] = trace
            self.joined += 1

    def _trace(self, row: Mapping[str, Any]) -> list[int] | None:
        """Return the tokens of a trace that the rewards let pass, and that is no longer than a completion may be."""
        id_ = str(row["id"])
        if id_ not in self._traces:
            ids = self.chat.completion_ids(write_trace(row))
            fits = len(ids) <= self.sampling.max_new_tokens
            self._traces[id_] = ids if fits and self._passes(self.recorder.score([row], [ids])[0]) else None
        return self._traces[id_]


def write_trace(row: Mapping[str, Any]) -> str:
    """Return the gold as an answer in the grammar: behind the teacher's reasoning, or behind its own explanation.

    Args:
        row: Columns gold_sql, and teacher_think where the teacher answered.

    Example:
        >>> print(write_trace({"gold_sql": "SELECT COUNT(*) FROM singer", "teacher_think": "Count the singers."}))
        <think>
        Count the singers.
        </think>
        <sql>
        SELECT COUNT(*) FROM singer
        </sql>
    """
    gold = str(row["gold_sql"]).strip().rstrip(";").strip()
    return render(str(row.get("teacher_think") or "").strip() or explain_plainly(gold), gold)


def read_rows(prompts: Any) -> list[dict[str, Any]]:
    """Return the rows of a table of prompts as trl takes them, their messages read."""
    return [{**row, "prompt": json.loads(row["prompt"])} for row in prompts.to_dict("records")]
