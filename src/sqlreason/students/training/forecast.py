"""Will reinforcement learning pay? A profile of the student's own rollouts answers before a training is paid for.

GRPO learns from differences within a group: prompts that are always or never answered rightly teach next to nothing,
and what the student never writes cannot be reinforced. So some rollouts of some prompts are sampled at several
temperatures, and the shares that matter are told, with the points to expect (`forecast_calibration.py`). It is a
forecast from a sample, not a promise. `climb_ladder` measures the same of any adapter on held-out prompts, in full:
greedy, pass@1 to pass@k, headroom, entropy.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from sqlreason.environments.session import ToolLimits
from sqlreason.reasoning.format import parse
from sqlreason.rewards import add_up, make_rewards
from sqlreason.sql.verifier import Task, Verifier
from sqlreason.students.checkpoints.adapter import Adapter
from sqlreason.students.checkpoints.checkpoint import Checkpoint
from sqlreason.students.generation.answer_store import AnswerStore
from sqlreason.students.generation.generator import answer
from sqlreason.students.training import forecast_calibration
from sqlreason.students.training.forecast_calibration import FinishedRun, Gain

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
    kept: AnswerStore | None = None,
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
        dtype: As of `generator.answer`.
        quantization: Likewise.
        processes: Likewise.
        tools: Limits of the tools of the training in question; None without.
        kept: Where finished batches outlast a kill; None for nowhere.

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
            kept=kept,
        )
        part = pd.DataFrame({"id": repeated["id"].to_numpy(), "temperature": float(temperature)})
        part["completion"] = [completion.text for completion in written]
        part["reward"] = _rewarded(rewards, repeated, written, max_completion_tokens)
        part["right"] = _right(repeated["task"].tolist(), written)
        part["tokens"] = [completion.tokens for completion in written]
        part["seconds"] = [completion.seconds for completion in written]
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def summarise(rollouts: pd.DataFrame, group: int, runs: Sequence[FinishedRun] = ()) -> pd.DataFrame:
    """Return what the rollouts say about each temperature (table `grpo_forecast`).

    Args:
        rollouts: Table `grpo_profile`; what is written at temperature 0 are the greedy answers.
        group: Completions of a group in the training in question.
        runs: Finished before, by which the points are forecast.
    """
    drawn = rollouts[rollouts["temperature"] > 0]
    table = pd.DataFrame(
        [_summary(float(str(temperature)), part, group) for temperature, part in drawn.groupby("temperature")]
    )
    greedy = rollouts[rollouts["temperature"] == 0]
    table["greedy"] = table["right"] if greedy.empty else float(greedy["right"].mean())
    table["headroom"] = (table["best_of_all"] - table["greedy"]).clip(lower=0.0)
    gains = [forecast_calibration.predict(100 * headroom, runs) for headroom in table["headroom"]]
    return table.assign(points=[g.points for g in gains], low=[g.low for g in gains], high=[g.high for g in gains])


@dataclass(frozen=True)
class Advice:
    """What the forecast recommends, and why."""

    temperature: float
    group: int
    go: bool
    sentence: str
    headroom: float
    gain: Gain


def advise(table: pd.DataFrame) -> Advice:
    """Choose the temperature at which right and wrong are told apart most, and say whether training can pay.

    The measure is the variance of being right within a prompt, which is what advantages are made of. Useful groups
    alone would favour a temperature so high that a right rollout is an accident.

    Args:
        table: `grpo_forecast`.
    """
    best: dict[Any, Any] = table.sort_values("signal").iloc[-1].to_dict()
    headroom, gain = best["headroom"], Gain(best["points"], best["low"], best["high"])
    go = bool(headroom >= MIN_HEADROOM and best["learnable"] >= MIN_LEARNABLE and gain.pays)
    told = (
        f"{'go' if go else 'no-go'}: at temperature {best['temperature']:g} "
        f"{100 * best['right']:.0f} % of the rollouts are right and {100 * best['best_of_all']:.0f} % of the prompts "
        f"at least once in {int(best['samples'])}; "
        f"{100 * best['learnable']:.0f} % are sometimes right, {100 * best['zero_variance_share']:.0f} % of the groups "
        f"have no variance; group size {int(best['advised_group'])} is advised; {gain.points:+.1f} points are expected "
        f"({gain.low:+.1f} … {gain.high:+.1f}) of {100 * headroom:.0f} between greedy and the best of all"
    )
    told += (
        "; that what is learned carries over to other schemas is not in this forecast: watch dev_accuracy"
        if go
        else "; more SFT or easier prompts will do more for this student than GRPO"
    )
    return Advice(float(best["temperature"]), int(best["advised_group"]), go, told, 100 * headroom, gain)


def pass_rates(rollouts: pd.DataFrame, temperature: float) -> pd.Series:
    """Return the share of right rollouts of each prompt (index id) at the profiled temperature nearest to this one.

    Greedy answers, at temperature 0, tell no shares.
    """
    rollouts = rollouts[rollouts["temperature"] > 0]
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


def climb_ladder(
    checkpoint: Checkpoint,
    adapter: Adapter | None,
    prompts: pd.DataFrame,
    *,
    samples: int,
    temperature: float,
    group: int,
    max_completion_tokens: int,
    batch_size: int,
    seed: int,
    dtype: str = "auto",
    quantization: str | None = None,
) -> dict[str, Any]:
    """Return how far a student is from what it writes now and then, on prompts that it was not trained on.

    Args:
        checkpoint: The base model.
        adapter: What it was taught; None for the untrained student.
        prompts: Columns id, prompt (chat messages, JSON) and task (JSON).
        samples: Of each prompt.
        temperature: At which they are drawn.
        group: Completions of a group in a training that would follow.
        max_completion_tokens: Limit of a completion.
        batch_size: Completions in flight.
        seed: Of the draws.
        dtype: As of `generator.answer`.
        quantization: Likewise.

    Returns:
        Prompts, samples, temperature, greedy, pass@1, pass@2, … up to the samples, headroom (points between greedy and
        pass@samples), zero_variance_share (of groups, right or wrong alone told apart), entropy (nats a token, at the
        temperature; None for a model whose log-probabilities are trl's), tokens (generated).
    """
    from sqlreason.students.generation.decoding import generate, parse_conversations

    base, chat = checkpoint.load_model(dtype, quantization=quantization), checkpoint.load_chat()
    model = base if adapter is None else adapter.apply(base)
    conversations, tasks = parse_conversations(prompts["prompt"]), prompts["task"].tolist()
    greedy = generate(model, chat, conversations, max_completion_tokens, batch_size)
    drawn = generate(
        model, chat, conversations, max_completion_tokens, batch_size, temperature, samples=samples, seed=seed
    )
    right = _right([task for task in tasks for _ in range(samples)], drawn)
    hits = [sum(right[place : place + samples]) for place in range(0, len(right), samples)]
    passes = {f"pass@{k}": _mean(pass_at_k(hit, samples, k) for hit in hits) for k in _rungs(samples)}
    answered = _mean(_right(tasks, greedy))
    return {
        "prompts": len(prompts),
        "samples": samples,
        "temperature": temperature,
        "greedy": answered,
        **passes,
        "headroom": 100 * (passes[f"pass@{samples}"] - answered),
        "zero_variance_share": _mean(_one_sided(hit, samples, min(group, samples)) for hit in hits),
        "entropy": mean_entropy(model, chat, conversations, drawn, temperature),
        "tokens": sum(each.tokens for each in (*greedy, *drawn)),
    }


def pass_at_k(right: int, samples: int, k: int) -> float:
    """Return the probability that one of k samples is right, without bias from n of them (Chen et al. 2021).

    Example:
        >>> pass_at_k(right=1, samples=4, k=2)
        0.5
    """
    return 1 - math.comb(samples - right, k) / math.comb(samples, k)


def mean_entropy(
    model: Any, chat: Any, conversations: Sequence[Any], drawn: Sequence[Generation], temperature: float
) -> float | None:
    """Return the mean entropy of the next token over what was written, nats; None where it cannot be computed here.

    Args:
        model: That wrote.
        chat: Its tokenizer with its chat template.
        conversations: Chat messages of each prompt.
        drawn: As many completions of each, side by side; of each prompt the first is read.
        temperature: Divides the logits.
    """
    import torch

    from sqlreason.students.checkpoints import attention
    from sqlreason.students.generation.decoding import inference
    from sqlreason.students.training.shared_prompts import completion_logps

    total, tokens, samples = 0.0, 0, len(drawn) // len(conversations)
    with inference(model):
        for messages, written in zip(conversations, drawn[::samples], strict=True):
            asked, said = chat.prompt_ids(messages), chat.completion_ids(written.text)
            if attention.obstacle(model, len(asked) + len(said)) is not None:
                return None
            ids = torch.tensor([asked + said], device=model.device)
            _, entropies = completion_logps(model, ids, torch.ones_like(ids), len(said), temperature)
            total, tokens = total + float(entropies.sum()), tokens + len(said)
    return total / tokens


def _rungs(samples: int) -> list[int]:
    return [k for k in (1, 2, 4, 8, 16, 32, 64, 128) if k < samples] + [samples]


def _one_sided(right: int, samples: int, group: int) -> float:
    """The probability that a group of so many of the samples is all right or all wrong."""
    return (math.comb(right, group) + math.comb(samples - right, group)) / math.comb(samples, group)


def _mean(values: Iterable[float]) -> float:
    given = [float(value) for value in values]
    return sum(given) / len(given)


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


def _rewarded(
    rewards: Mapping[str, float], rows: pd.DataFrame, written: Sequence[Generation], limit: int
) -> list[float]:
    columns: dict[str, list[Any]] = {name: rows[name].tolist() for name in rows.columns if name != "prompt"}
    columns["finished"] = [completion.finished for completion in written]
    columns["completion_ids"] = [range(completion.tokens) for completion in written]  # their number is all that counts
    texts = [completion.text for completion in written]
    made = make_rewards(list(rewards), limit)
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
