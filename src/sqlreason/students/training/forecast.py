"""Will reinforcement learning pay? A profile of the student's own rollouts answers before a training is paid for.

GRPO learns from differences within a group: prompts that are always or never answered rightly teach next to nothing,
and what the student never writes cannot be reinforced. So some rollouts of some prompts are sampled at several
temperatures, and the shares that matter are told. It is a forecast from a sample, not a promise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from sqlreason.environments.session import ToolLimits
from sqlreason.reasoning.format import parse
from sqlreason.rewards import add_up, make_rewards
from sqlreason.sql.verifier import Task, Verifier
from sqlreason.students.checkpoints.adapter import Adapter
from sqlreason.students.checkpoints.checkpoint import Checkpoint
from sqlreason.students.generation.generator import answer

if TYPE_CHECKING:
    from sqlreason.students.generation.decoding import Generation

#: Sizes of a group among which the advice chooses.
GROUPS = (4, 8, 16, 32)

#: Share of groups without right and wrong answers beyond which a larger group is advised.
MAX_IDLE = 0.4

MIN_HEADROOM, MIN_LEARNABLE = 0.05, 0.15
"""What a go needs: points between one try and the best of all, and share of prompts that are sometimes right.

Six public runs of GRPO after SFT gained -0.7 to +2.3 points; with less headroom than this not even that is in sight."""

EQUAL = 1e-6


def sample_rollouts(
    checkpoint: Checkpoint,
    adapter: Adapter,
    prompts: pd.DataFrame,
    *,
    rewards: Mapping[str, float],
    samples: int,
    temperatures: Sequence[float],
    max_completion_tokens: int,
    batch_size: int,
    seed: int,
    dtype: str = "auto",
    quantization: str | None = None,
    processes: int = 1,
    tools: ToolLimits | None = None,
) -> pd.DataFrame:
    """Sample and judge rollouts.

    Args:
        checkpoint: The base model.
        adapter: Of the student.
        prompts: Columns id, prompt (chat messages, JSON), task (JSON), sql_context, gold_sql.
        rewards: Name -> weight, of the training in question.
        samples: Rollouts of each prompt and temperature.
        temperatures: At which they are drawn.
        max_completion_tokens: Limit of a completion.
        batch_size: Completions in flight.
        seed: Of the draws.
        dtype: As of `answering.answer`.
        quantization: Likewise.
        processes: Likewise.
        tools: Limits of the tools of the training in question; None without.

    Returns:
        One row a rollout: id, temperature, completion, reward, right (agrees with the gold and ended its turn), tokens,
        seconds.
    """
    from sqlreason.students.generation.decoding import parse_conversations
    from sqlreason.students.generation.episodes import databases_of

    parts = []
    repeated = prompts.loc[prompts.index.repeat(samples)]
    for temperature in temperatures:
        written = answer(
            checkpoint,
            adapter,
            parse_conversations(prompts["prompt"]),
            dtype=dtype,
            quantization=quantization,
            batch_size=batch_size,
            processes=processes,
            max_new_tokens=max_completion_tokens,
            temperature=temperature,
            samples=samples,
            seed=seed,
            tools=tools,
            rows=databases_of(prompts) if tools is not None else None,
        )
        part = pd.DataFrame({"id": repeated["id"].to_numpy(), "temperature": float(temperature)})
        part["completion"] = [completion.text for completion in written]
        part["reward"] = _rewarded(rewards, repeated, written)
        part["right"] = _right(repeated["task"].tolist(), written)
        part["tokens"] = [completion.tokens for completion in written]
        part["seconds"] = [completion.seconds for completion in written]
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def summarise(rollouts: pd.DataFrame, group: int) -> pd.DataFrame:
    """Return what the rollouts say about each temperature (table `grpo_forecast`).

    Args:
        rollouts: Table `grpo_profile`.
        group: Completions of a group in the training in question.
    """
    return pd.DataFrame(
        [_summary(float(str(temperature)), part, group) for temperature, part in rollouts.groupby("temperature")]
    )


@dataclass(frozen=True)
class Advice:
    """What the forecast recommends, and why."""

    temperature: float
    group: int
    go: bool
    sentence: str


def advise(table: pd.DataFrame) -> Advice:
    """Choose the temperature at which right and wrong are told apart most, and say whether training can pay.

    The measure is the variance of being right within a prompt, which is what advantages are made of. Useful groups
    alone would favour a temperature so high that a right rollout is an accident.

    Args:
        table: `grpo_forecast`.
    """
    best: dict[Any, Any] = table.sort_values("signal").iloc[-1].to_dict()
    headroom = best["best_of_all"] - best["right"]
    go = bool(headroom >= MIN_HEADROOM and best["learnable"] >= MIN_LEARNABLE)
    told = (
        f"{'go' if go else 'no-go'}: at temperature {best['temperature']:g} "
        f"{100 * best['right']:.0f} % of the rollouts are right and {100 * best['best_of_all']:.0f} % of the prompts "
        f"at least once in {int(best['samples'])}; "
        f"{100 * best['learnable']:.0f} % are sometimes right, {100 * best['zero_variance_share']:.0f} % of the groups "
        f"have no variance; group size {int(best['advised_group'])} is advised"
    )
    told += (
        "; that what is learned carries over to other schemas is not in this forecast: watch dev_accuracy"
        if go
        else "; more SFT or easier prompts will do more for this student than GRPO"
    )
    return Advice(float(best["temperature"]), int(best["advised_group"]), go, told)


def pass_rates(rollouts: pd.DataFrame, temperature: float) -> pd.Series:
    """Return the share of right rollouts of each prompt (index id) at the profiled temperature nearest to this one."""
    nearest = min(rollouts["temperature"].unique(), key=lambda known: abs(known - temperature))
    return rollouts[rollouts["temperature"] == nearest].groupby("id")["right"].mean()


def choose_prompts(prompts: pd.DataFrame, rates: pd.Series, order: str) -> pd.DataFrame:
    """Return the prompts that are sometimes right, easiest first or as they come.

    Args:
        prompts: With column id.
        rates: Share of right rollouts by id; prompts without one are left out.
        order: "easiest_first" or "mixed".
    """
    known = prompts[prompts["id"].isin(rates.index)]
    rate = known["id"].map(rates)
    chosen = known[(rate > 0) & (rate < 1)]
    if order == "easiest_first":
        return chosen.loc[rate[chosen.index].sort_values(ascending=False, kind="stable").index]
    return chosen


def _summary(temperature: float, part: pd.DataFrame, group: int) -> dict[str, Any]:
    by_prompt = part.groupby("id")
    rates = by_prompt["right"].mean()
    spread = by_prompt["reward"].max() - by_prompt["reward"].min()
    per_minute = 60 * len(part) / max(part["seconds"].sum(), 1e-9)
    useful = _useful(rates, group)
    advised = next((size for size in GROUPS if _useful(rates[(rates > 0) & (rates < 1)], size) >= 1 - MAX_IDLE), 32)
    return {
        "temperature": temperature,
        "prompts": len(rates),
        "samples": int(by_prompt.size().max()),
        "right": float(rates.mean()),
        "best_of_all": float((rates > 0).mean()),
        "learnable": float(((rates > 0) & (rates < 1)).mean()),
        "signal": float((rates * (1 - rates)).mean()),
        "zero_variance_share": float((spread < EQUAL).mean()),
        "completions_per_minute": per_minute,
        "useful_groups_per_minute": per_minute / group * useful,
        "advised_group": advised,
    }


def _useful(rates: pd.Series, group: int) -> float:
    """The expected share of groups that hold right and wrong answers."""
    return float((1 - rates**group - (1 - rates) ** group).mean()) if len(rates) else 0.0


def _rewarded(rewards: Mapping[str, float], rows: pd.DataFrame, written: Sequence[Generation]) -> list[float]:
    columns: dict[str, list[Any]] = {name: rows[name].tolist() for name in rows.columns if name != "prompt"}
    columns["finished"] = [completion.finished for completion in written]
    texts = [completion.text for completion in written]
    made = make_rewards(list(rewards))
    scores = {reward.__name__: reward(texts, **columns) for reward in made}
    for reward in made:
        getattr(reward, "close", lambda: None)()
    return [0.0 if total is None else total for total in add_up(scores, rewards)]


def _right(tasks: Sequence[str], written: Sequence[Generation]) -> list[bool]:
    readings = [parse(completion.text) if completion.finished else parse("") for completion in written]
    pairs = [
        (Task.from_json(task), [reading.sql] if reading.well_formed else [])
        for task, reading in zip(tasks, readings, strict=True)
    ]
    with Verifier() as verifier:
        verdicts = verifier.verify_batch(pairs)
    return [any(verdict.agrees for verdict in group) for group in verdicts]
