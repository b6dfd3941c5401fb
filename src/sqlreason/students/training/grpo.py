"""Group relative policy optimisation of an SFT adapter, by trl's GRPOTrainer (Shao et al. 2024, DeepSeekMath).

Training goes on with the SFT adapter itself; where `beta` > 0 the reference is a frozen copy of it. A training that was
killed goes on from its last checkpoint when it is asked for again, and one that is finished is returned at once.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pandas as pd

from sqlreason.environments.session import SessionFactory, ToolLimits
from sqlreason.students.checkpoints.adapter import Adapter
from sqlreason.students.checkpoints.checkpoint import Checkpoint
from sqlreason.students.checkpoints.tool_chat import FACT, with_tools
from sqlreason.students.generation.decoding import Sampling
from sqlreason.students.training.dev_evaluator import NO_DEV_SET, DevSet
from sqlreason.students.training.launch import call
from sqlreason.students.training.rollout_training import finish, require_a_step
from sqlreason.students.training.rollouts import Recorder, Writer, read_log, reward_name
from sqlreason.students.training.setup import PLAIN, Setup
from sqlreason.students.training.trl_arguments import FIXED_OF_GRPO, complete, rows_of_a_step, share
from sqlreason.students.training.work_folder import Stage, hash_table

logger = logging.getLogger(__name__)


def train_grpo(
    checkpoint: Checkpoint,
    adapter: Adapter,
    prompts: pd.DataFrame,
    *,
    rewards: Sequence[Callable[..., Any]],
    weights: Sequence[float],
    workdir: Path | str,
    setup: Setup = PLAIN,
    dev_set: DevSet = NO_DEV_SET,
    shuffle: bool = True,
    token_budget: int | None = None,
    tools: ToolLimits | None = None,
    trl: Mapping[str, Any] | None = None,
) -> tuple[Adapter, pd.DataFrame, pd.DataFrame]:
    """Train the adapter further on rewards.

    Args:
        checkpoint: The base model.
        adapter: The SFT adapter; it must be of this base model.
        prompts: Columns id and prompt (chat messages as JSON text); all others go to the rewards.
        rewards: Callables by trl's contract, picklable where `launch` is not "process".
        weights: Of the rewards in the total.
        workdir: For checkpoints, rollouts and the finished result.
        setup: How the student is loaded, and where the training runs. unsloth knows no reference but the base model:
            where `beta` > 0 transformers is used instead, and said so.
        dev_set: Questions that are not trained on, to which greedy answers are scored before the first step and then
            now and then; the best adapter is returned. Without any the last is, as with the backend unsloth.
        shuffle: Whether prompts come in a random order; without it as they are given.
        token_budget: Generated tokens after which the training ends; None for no limit.
        tools: Limits of the tools that the student may call between its turns; None for single-turn. With tools the
            columns of `prompts` must name the database, and `max_completion_length` is that of a whole episode.
        trl: Arguments of trl's GRPOConfig; `gradient_accumulation_steps` are those of all ranks together.

    Returns:
        The adapter over the original base; the history (one row a step: stage, step, loss, reward,
        rewards/<name>/mean, reward_std, zero_variance_share, dev_accuracy, kl, entropy, clipped_share,
        completion_length, generated_tokens, learning_rate, generation_seconds, reward_seconds, dev_seconds, seconds;
        with tools turns, tool_calls, tool_errors, tool_tokens); the rollouts (step, id, completion, reward, each
        component, advantage; with tools turns and so on, and conversation).

    Raises:
        AdapterError: if the adapter is of another base model.
        ValueError: for options that contradict each other.
        TrainingError: if a guard finds that the training would not do what was asked for.
    """
    adapter.require(checkpoint.identity)
    trl = dict(trl or {})
    if setup.backend == "unsloth" and complete("GRPOConfig", trl)["beta"] > 0:
        logger.warning("grpo: with beta > 0 unsloth's reference would be the base model; using backend transformers")
        setup = replace(setup, backend="transformers")
    options = {
        "base": checkpoint.identity,
        "prompt": adapter.fingerprint,
        "start": adapter.start,
        "prompts": hash_table(prompts),
        "rewards": {reward_name(reward): weight for reward, weight in zip(rewards, weights, strict=True)},
        **setup.facts,
        **dev_set.facts,
        "shuffle": shuffle,
        **trl,
        # and nothing without: work of before there were any is found again
        **({} if token_budget is None else {"token_budget": token_budget}),
        **({} if tools is None else {"tools": asdict(tools)}),
    }
    own = share(trl, setup.launch.ranks)
    whole = complete("GRPOConfig", own)
    require_a_step(len(prompts), setup.launch.ranks * rows_of_a_step(whole), whole["num_generations"])
    stage = Stage("grpo", workdir, options, setup.resume)
    finished = stage.result()
    if finished is not None:
        return finished  # type: ignore[return-value]
    given = (checkpoint, adapter, prompts, (rewards, weights), own, shuffle, dev_set, token_budget, setup, tools)
    return call(setup.launch, _train, stage, *given)


def _train(
    stage: Stage,
    checkpoint: Checkpoint,
    adapter: Adapter,
    prompts: pd.DataFrame,
    scores: tuple[Sequence[Callable[..., Any]], Sequence[float]],
    trl: Mapping[str, Any],
    shuffle: bool,
    dev_set: DevSet,
    token_budget: int | None,
    setup: Setup,
    tools: ToolLimits | None,
) -> tuple[Adapter, pd.DataFrame, pd.DataFrame]:
    from sqlreason.students.training.backends import choose_backend

    whole = complete("GRPOConfig", trl)
    adapting = {name: whole[name] for name in ("gradient_checkpointing", "seed")}
    model, chat = choose_backend(setup.backend)(checkpoint, adapter, **setup.weights, **adapting)
    sessions = None
    if tools is not None:
        chat, sessions = with_tools(chat), SessionFactory(limits=tools)

    # behind the backend: unsloth has to be imported before trl
    from sqlreason.students.training import early_stopping, grpo_trainer, memory_dry_run, trainer_arguments

    recorder = Recorder(*scores, stage.folder / "rollouts", whole["num_generations"], chat)
    limit = whole["max_completion_length"]
    sampling = Sampling(limit, whole["temperature"], whole["num_generations"], whole["top_p"])
    evaluated = setup.backend == "transformers"
    ours = evaluated and not whole["use_vllm"]
    writer = Writer(sampling, whole["seed"], chat) if ours else None
    arguments = {**trl, **FIXED_OF_GRPO, "shuffle_dataset": shuffle}
    trainer = grpo_trainer.make_trainer(stage, model, chat, prompts, recorder, scores[1], writer, arguments, sessions)
    evaluator = dev_set.evaluator(limit, rows_of_a_step(whole), stage.folder / "dev", sessions) if evaluated else None
    callbacks = [
        memory_dry_run.GRPODryRun(trainer, chat, writer),
        early_stopping.Watch(trainer, stage, recorder, chat, evaluator, token_budget),
    ]
    log = trainer_arguments.run(trainer, stage, "grpo", callbacks)
    steps = trainer.state.global_step
    history, rollouts = read_log(log, "grpo"), recorder.rollouts(steps)
    if sessions is not None:
        sessions.close()
    reward = history["reward"]
    facts: dict[str, Any] = {"prompts": len(prompts), "reward": float(reward.iloc[-1])}
    if tools is not None:
        facts[FACT] = asdict(tools)
    told = "grpo: %d steps, %d completions in %.0f s, reward %.3f to %.3f"
    logger.info(told, steps, len(rollouts), history["seconds"].iloc[-1], reward.iloc[0], reward.iloc[-1])
    return finish(trainer, stage, checkpoint, adapter, chat, (history, rollouts), evaluator, **facts)
