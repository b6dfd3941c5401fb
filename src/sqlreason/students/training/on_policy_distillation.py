"""On-policy distillation of an adapter, by trl's DistillationTrainer (Agarwal et al. 2023, arXiv:2306.13649).

The student answers, and at each token of its answer learns the teacher's distribution over the next one: a signal for
every token, where a reward is one number for all of them. The teacher is another model with the same vocabulary, or
the student itself as it reads a prompt that tells more, such as the right query (self-distillation: Shenfeld et al.
2026, arXiv:2601.19897). One completion a prompt is enough. A training that was killed goes on from its last checkpoint
when it is asked for again, and one that is finished is returned at once.
"""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from sqlreason.sql.verifier import Task
from sqlreason.students.checkpoints.adapter import Adapter
from sqlreason.students.checkpoints.chat import Chat
from sqlreason.students.checkpoints.checkpoint import Checkpoint
from sqlreason.students.generation.decoding import Sampling
from sqlreason.students.training.dev_evaluator import NO_DEV_SET, DevSet, share_right
from sqlreason.students.training.launch import call
from sqlreason.students.training.rollout_training import finish, require_a_step
from sqlreason.students.training.rollouts import Recorder, Writer, read_log, reward_name
from sqlreason.students.training.setup import PLAIN, Setup
from sqlreason.students.training.trl_arguments import FIXED_OF_ROLLOUTS, complete, rows_of_a_step, share
from sqlreason.students.training.work_folder import Stage, hash_table

if TYPE_CHECKING:
    from sqlreason.students.generation.decoding import Model

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Teacher:
    """Who gives the distributions: a model, bare or with an adapter. Its vocabulary must be the student's."""

    checkpoint: Checkpoint
    adapter: Adapter | None = None

    @property
    def identity(self) -> str:
        """Who it is, independent of the machine."""
        return f"{self.checkpoint.identity}+{self.adapter.digest if self.adapter else 'bare'}"

    def load(self, dtype: str, quantization: str | None) -> "Model":
        """Load the model, in evaluation mode."""
        from sqlreason.students.training.trainer_arguments import use_quick_attention

        bare = self.checkpoint.load_model(dtype, quantization)
        model = self.adapter.apply(bare) if self.adapter else bare
        model.config.use_cache = False
        use_quick_attention(model)
        return model.eval().requires_grad_(False)


def train_distillation(
    checkpoint: Checkpoint,
    adapter: Adapter,
    teacher: Teacher,
    prompts: pd.DataFrame,
    *,
    rewards: Sequence[Callable[..., Any]],
    weights: Sequence[float],
    workdir: Path | str,
    setup: Setup = PLAIN,
    dev_set: DevSet = NO_DEV_SET,
    token_budget: int | None = None,
    trl: Mapping[str, Any] | None = None,
) -> tuple[Adapter, pd.DataFrame, pd.DataFrame]:
    """Train the adapter to write as the teacher would, on its own completions.

    Args:
        checkpoint: The base model.
        adapter: With which the training goes on; it must be of this base model.
        teacher: Whose distributions are learned.
        prompts: Columns id, prompt and teacher_prompt (chat messages as JSON text); all others go to the rewards.
        rewards: Callables by trl's contract, for history and rollouts; nothing is learned from them.
        weights: Of the rewards in the total.
        workdir: For checkpoints, rollouts and the finished result.
        setup: How student and teacher are loaded, and where the training runs.
        dev_set: Questions that are not trained on, with the column teacher_prompt too: the teacher answers them once,
            the student before the first step and then now and then, and its best adapter is returned.
        token_budget: Generated tokens after which the training ends; None for no limit.
        trl: Arguments of trl's DistillationConfig; `gradient_accumulation_steps` are those of all ranks together. Its
            `beta` is of the generalised Jensen-Shannon divergence: 0 is KL(teacher, student), 1 KL(student, teacher).

    Returns:
        The adapter; history and rollouts as of `grpo.train_grpo`, where `loss` and `kl` are the divergence from the
        teacher (nats a token).

    Raises:
        AdapterError: if the adapter is of another base model.
        ValueError: for options that contradict each other, and for another vocabulary.
        TrainingError: if a guard finds that the training would not do what was asked for.
    """
    adapter.require(checkpoint.identity)
    options = {
        "base": checkpoint.identity,
        "prompt": adapter.fingerprint,
        "start": adapter.start,
        "teacher": teacher.identity,
        "prompts": hash_table(prompts),
        "rewards": {reward_name(reward): weight for reward, weight in zip(rewards, weights, strict=True)},
        **{name: fact for name, fact in setup.facts.items() if name != "backend"},
        **dev_set.facts,
        **({"token_budget": token_budget} if token_budget else {}),
        **(trl or {}),
    }
    own = share(trl or {}, setup.launch.ranks)
    require_a_step(len(prompts), setup.launch.ranks * rows_of_a_step(complete("DistillationConfig", own)))
    stage = Stage("distillation", workdir, options, setup.resume)
    finished = stage.result()
    if finished is not None:
        return finished  # type: ignore[return-value]
    given = (checkpoint, adapter, teacher, prompts, (rewards, weights), own, dev_set, token_budget, setup)
    return call(setup.launch, _train, stage, *given)


def _train(
    stage: Stage,
    checkpoint: Checkpoint,
    adapter: Adapter,
    teacher: Teacher,
    prompts: pd.DataFrame,
    scores: tuple[Sequence[Callable[..., Any]], Sequence[float]],
    trl: Mapping[str, Any],
    dev_set: DevSet,
    token_budget: int | None,
    setup: Setup,
) -> tuple[Adapter, pd.DataFrame, pd.DataFrame]:
    from sqlreason.students.training import distillation_trainer, early_stopping, memory_dry_run, trainer_arguments
    from sqlreason.students.training.transformers_backend import load_student

    whole = complete("DistillationConfig", trl)
    adapting = {name: whole[name] for name in ("gradient_checkpointing", "seed")}
    model, chat = load_student(checkpoint, adapter, **adapting, **setup.weights)
    model_of_teacher = teacher.load(**setup.weights)
    recorder = Recorder(*scores, stage.folder / "rollouts", group=1, chat=chat)
    limit = whole["max_completion_length"]
    sampling = Sampling(limit, whole["temperature"], top_p=whole["top_p"])
    writer = None if whole["use_vllm"] else Writer(sampling, whole["seed"], chat)
    evaluator = dev_set.evaluator(limit, rows_of_a_step(whole), stage.folder / "dev")
    taught = (
        None
        if dev_set.dev is None
        else _teacher_accuracy(model_of_teacher, chat, dev_set.dev, limit, rows_of_a_step(whole))
    )
    arguments = {**trl, **FIXED_OF_ROLLOUTS, "shuffle_dataset": True}
    trainer = distillation_trainer.make_trainer(
        stage, model, model_of_teacher, chat, prompts, recorder, writer, arguments
    )
    callbacks = [
        memory_dry_run.DistillationDryRun(trainer, chat, writer),
        early_stopping.Watch(trainer, stage, recorder, chat, evaluator, token_budget),
    ]
    log = trainer_arguments.run(trainer, stage, "distillation", callbacks, parameters="grpo")
    steps = trainer.state.global_step
    history, rollouts = read_log(log, stage.name), recorder.rollouts(steps)
    history["kl"] = history["loss"]  # which it is where beta is 1
    loss = history["loss"]
    told = "distillation: %d steps, %d completions in %.0f s, divergence from the teacher %.3f to %.3f"
    logger.info(told, steps, len(rollouts), history["seconds"].iloc[-1], loss.iloc[0], loss.iloc[-1])
    facts = {"prompts": len(prompts), "loss": float(loss.iloc[-1]), "teacher_accuracy": taught}
    return finish(trainer, stage, checkpoint, adapter, chat, (history, rollouts), evaluator, **facts)


def _teacher_accuracy(teacher: "Model", chat: Chat, dev: pd.DataFrame, limit: int, at_once: int) -> float:
    """The teacher's accuracy on the dev questions as it reads them: what the student can come near to."""
    conversations = [json.loads(text) for text in dev["teacher_prompt"]]
    tasks = [Task.from_json(text) for text in dev["task"]]
    score = share_right(teacher, chat, conversations, tasks, limit, at_once)
    logger.info("distillation: the teacher's dev accuracy, with the prompt that it reads, is %.1f %%", 100 * score)
    return score
