"""Group relative policy optimisation of an SFT adapter, by trl's GRPOTrainer (Shao et al. 2024, DeepSeekMath).

Training goes on with the SFT adapter itself; where `beta` > 0 the reference is a frozen copy of it. A training that was
killed goes on from its last checkpoint when it is asked for again, and one that is finished is returned at once.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from sqlreason.errors import BadInput
from sqlreason.students.checkpoints.adapter import Adapter
from sqlreason.students.checkpoints.checkpoint import Checkpoint
from sqlreason.students.generation.decoding import Sampling
from sqlreason.students.training.dev_evaluator import DevSet
from sqlreason.students.training.grpo_trainer import make_trainer
from sqlreason.students.training.launch import Launch, call, rank
from sqlreason.students.training.rollouts import Recorder, Writer, read_log, reward_name, vllm_arguments
from sqlreason.students.training.trainer_arguments import Schedule
from sqlreason.students.training.work_folder import Stage, hash_table

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Policy:
    """The knobs of GRPO.

    Attributes:
        num_generations: Completions of a group.
        max_completion_tokens: Limit of a completion.
        temperature: Of the samples; the loss uses the same.
        top_p: Nucleus of the samples.
        beta: Weight of the KL to the SFT student; 0 trains without a reference.
        loss_type: grpo, bnpo, dr_grpo or dapo.
        scale_rewards: group, batch or none.
        epsilon: Clip of the probability ratio.
        epsilon_high: Its upper clip, if another.
        num_iterations: Updates on the same completions.
        mask_truncated_completions: Whether completions that reached the limit are left out of the loss.
        shuffle: Whether prompts come in a random order; without it as they are given.
        vllm: None, or where vLLM writes the completions: "colocate" or "server" (trl's two modes).
        vllm_memory: Share of the GPU for a colocated one.
        vllm_server: Address of a server.
    """

    num_generations: int = 8
    max_completion_tokens: int = 256
    temperature: float = 1.0
    top_p: float = 1.0
    beta: float = 0.0
    loss_type: str = "dapo"
    scale_rewards: str = "batch"
    epsilon: float = 0.2
    epsilon_high: float | None = None
    num_iterations: int = 1
    mask_truncated_completions: bool = True
    shuffle: bool = True
    vllm: str | None = None
    vllm_memory: float = 0.3
    vllm_server: str = "http://localhost:8000"

    def arguments(self) -> dict[str, Any]:
        """Arguments of trl's GRPOConfig."""
        return {
            "num_generations": self.num_generations,
            "max_completion_length": self.max_completion_tokens,
            "temperature": self.temperature,
            "top_p": self.top_p,
            "top_k": 0,
            "beta": self.beta,
            "loss_type": self.loss_type,
            "scale_rewards": self.scale_rewards,
            "epsilon": self.epsilon,
            "epsilon_high": self.epsilon_high,
            "num_iterations": self.num_iterations,
            "mask_truncated_completions": self.mask_truncated_completions,
            "importance_sampling_level": "token",
            "multi_objective_aggregation": "sum_then_normalize",
            "sync_ref_model": False,
            "disable_dropout": True,
            "remove_unused_columns": False,
            "shuffle_dataset": self.shuffle,
            "log_completions": False,
            **vllm_arguments(self.vllm, self.vllm_memory, self.vllm_server),
        }


def train_grpo(
    checkpoint: Checkpoint,
    adapter: Adapter,
    prompts: pd.DataFrame,
    *,
    rewards: Sequence[Callable[..., Any]],
    weights: Sequence[float],
    workdir: Path | str,
    backend: str = "transformers",
    quantization: str | None = None,
    dtype: str = "auto",
    launch: str = "process",
    ranks: int = 1,
    accelerate: str | None = None,
    resume: bool = True,
    dev: pd.DataFrame | None = None,
    dev_steps: int = 25,
    patience: int | None = None,
    **knobs: Any,
) -> tuple[Adapter, pd.DataFrame, pd.DataFrame]:
    """Trains the adapter further on rewards.

    Args:
        checkpoint: The base model.
        adapter: The SFT adapter; it must be of this base model.
        prompts: Columns id and prompt (chat messages as JSON text); all others go to the rewards.
        rewards: Callables by trl's contract, picklable where `launch` is not "process".
        weights: Of the rewards in the total.
        workdir: For checkpoints, rollouts and the finished result.
        backend: Name in `backends.BACKENDS`. unsloth knows no reference but the base model: where `beta` > 0
            transformers is used instead, and said so.
        quantization: None, or "nf4".
        dtype: Precision of the frozen weights, one of `checkpoint.DTYPES`; the adapter is kept in float32.
        launch: "process", "child" or "ranks".
        ranks: Processes of launch "ranks"; each writes and judges its share of the completions of a step.
        accelerate: A configuration file of accelerate for these, such as one that asks for FSDP.
        resume: Whether earlier work on the same inputs and options may be used.
        dev: Columns prompt and task (JSON) of questions that are not trained on; greedy answers to them are scored
            before the first step and every `dev_steps`, and the best adapter is returned. None returns the last, as
            does the backend unsloth.
        dev_steps: Steps between two scores.
        patience: Scores without a better one after which the training ends; None for no limit.
        knobs: Fields of `Policy` and of `training.Schedule`; `batch_size` counts completions.

    Returns:
        The adapter over the original base; the history (one row a step: stage, step, loss, reward,
        rewards/<name>/mean, reward_std, zero_variance_share, dev_accuracy, kl, entropy, clipped_share,
        completion_length, learning_rate, generation_seconds, reward_seconds, dev_seconds, seconds); the rollouts
        (step, id, completion, reward, each component, advantage).

    Raises:
        AdapterError: if the adapter is of another base model.
        ValueError: for options that contradict each other.
        TrainingError: if a guard finds that the training would not do what was asked for.
    """
    adapter.require(checkpoint.identity)
    if backend == "unsloth" and knobs.get("beta", 0) > 0:
        logger.warning("grpo: with beta > 0 unsloth's reference would be the base model; using backend transformers")
        backend = "transformers"
    options = {
        "base": checkpoint.identity,
        "prompt": adapter.fingerprint,
        "start": adapter.digest,
        "prompts": hash_table(prompts),
        "rewards": {reward_name(reward): weight for reward, weight in zip(rewards, weights, strict=True)},
        "backend": backend,
        "quantization": quantization,
        "dtype": dtype,
        "ranks": ranks,
        "dev": None if dev is None else hash_table(dev),
        "dev_steps": dev_steps,
        "patience": patience,
        **knobs,
    }
    policy, plan = _split(knobs, ranks, quantization)
    _require_a_step(len(prompts), ranks, policy, plan)
    place = Launch(launch, ranks, accelerate)
    stage = Stage("grpo", workdir, options, resume)
    finished = stage.result()
    if finished is not None:
        return finished  # type: ignore[return-value]
    exam = DevSet(dev, dev_steps, patience)
    loading = {"backend": backend, "quantization": quantization, "dtype": dtype}
    return call(place, _train, stage, checkpoint, adapter, prompts, rewards, weights, policy, plan, exam, loading)


def _split(knobs: dict[str, Any], ranks: int, quantization: str | None) -> tuple[Policy, Schedule]:
    """The knobs of the policy and those of a rank's schedule, checked against each other."""
    own = {name: value for name, value in knobs.items() if name in Policy.__dataclass_fields__}
    policy = Policy(**own)
    plan = Schedule(**{name: value for name, value in knobs.items() if name not in own}).shared(ranks)
    completions = plan.batch_size * plan.gradient_accumulation
    if completions % policy.num_generations:
        raise BadInput(
            f"batch_size={plan.batch_size} x gradient_accumulation={plan.gradient_accumulation} = {completions} "
            f"completions a step and rank are no whole groups of num_generations={policy.num_generations}"
        )
    if policy.vllm and quantization:
        raise BadInput(
            f"vllm={policy.vllm} with quantization={quantization}: trl would merge the adapter into rounded weights at "
            "each step; set student.quantization: null, or vllm: null"
        )
    if plan.save_steps % policy.num_iterations:
        raise BadInput(
            f"save_steps={plan.save_steps} must be a multiple of num_iterations={policy.num_iterations}: "
            "completions that are used again are not kept in a checkpoint"
        )
    return policy, plan


def _require_a_step(prompts: int, ranks: int, policy: Policy, plan: Schedule) -> None:
    """Refuse fewer prompts than one step asks: trl would end without a single step, and without a word."""
    wanted = ranks * plan.batch_size * plan.gradient_accumulation // policy.num_generations
    if prompts < wanted:
        raise BadInput(
            f"{prompts} prompts are too few for one step of {wanted} groups (batch_size x gradient_accumulation / "
            "num_generations); lower batch_size or gradient_accumulation, or raise preprocessing.grpo_prompts"
        )


def _train(
    stage: Stage,
    checkpoint: Checkpoint,
    adapter: Adapter,
    prompts: pd.DataFrame,
    rewards: Sequence[Callable[..., Any]],
    weights: Sequence[float],
    policy: Policy,
    plan: Schedule,
    exam: DevSet,
    loading: dict[str, Any],
) -> tuple[Adapter, pd.DataFrame, pd.DataFrame]:
    from sqlreason.students.training import early_stopping, memory_dry_run, trainer_arguments
    from sqlreason.students.training.backends import choose_backend

    options = {**loading, "gradient_checkpointing": plan.gradient_checkpointing, "seed": plan.seed}
    model, chat = choose_backend(options.pop("backend"))(checkpoint, adapter, **options)
    recorder = Recorder(rewards, weights, stage.folder / "rollouts", policy.num_generations, chat)
    sampling = Sampling(policy.max_completion_tokens, policy.temperature, policy.num_generations, policy.top_p)
    ours = loading["backend"] == "transformers" and policy.vllm is None
    writer = Writer(sampling, plan.seed, chat) if ours else None
    trainer = make_trainer(stage, model, chat, prompts, recorder, weights, writer, policy.arguments(), plan)
    at_once = plan.batch_size * plan.gradient_accumulation  # as many as a step writes fit into memory
    evaluated = loading["backend"] == "transformers"
    evaluator = exam.evaluator(policy.max_completion_tokens, at_once, stage.folder / "dev") if evaluated else None
    callbacks = [
        memory_dry_run.dry_run_grpo(trainer, chat, writer),
        early_stopping.watch(trainer, stage, recorder, chat, evaluator),
    ]
    log = trainer_arguments.run(trainer, stage, "grpo", callbacks)
    steps = trainer.state.global_step
    history, rollouts = read_log(log, "grpo"), recorder.rollouts(steps)
    if evaluator:
        evaluator.restore_best(trainer.model)
    facts = {
        "stage": "grpo",
        "prompts": len(prompts),
        "steps": steps,
        "completions": len(rollouts),
        "self_repairs": adapter.facts.get("self_repairs", 0),
        "seconds": float(history["seconds"].iloc[-1]),
        "reward": float(history["reward"].iloc[-1]),
        "best_step": evaluator.best_step(steps) if evaluator else steps,
        "chat": chat.facts,
        "options": stage.options,
    }
    trained = trainer_arguments.take_adapter(trainer, checkpoint, adapter.fingerprint, facts)
    logger.info(
        "grpo: %d steps, %d completions in %.0f s, reward %.3f to %.3f",
        *(steps, len(rollouts), facts["seconds"]),
        history["reward"].iloc[0],
        history["reward"].iloc[-1],
    )
    if rank() == 0:
        stage.finish(trained, history, rollouts)
    return trained, history, rollouts
