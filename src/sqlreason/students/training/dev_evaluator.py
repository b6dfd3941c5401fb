"""A small evaluation during training: greedy answers to questions that are not trained on; the best adapter is kept.

Small models are often best long before the last step. The scores depend on the weights alone, so that a resumed
training finds the ones it found before; nothing here touches the random state of the training.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from sqlreason.environments.session import SessionFactory
from sqlreason.reasoning.format import parse
from sqlreason.sql.verifier import Task, Verifier
from sqlreason.students.checkpoints.chat import Chat, Messages
from sqlreason.students.checkpoints.tool_chat import ToolChat
from sqlreason.students.generation import episodes
from sqlreason.students.generation.decoding import Generation, generate
from sqlreason.students.generation.episodes import databases_of
from sqlreason.students.training.launch import rank
from sqlreason.students.training.work_folder import hash_table

if TYPE_CHECKING:
    from peft import PeftModel

    from sqlreason.students.generation.decoding import Model


@dataclass(frozen=True)
class DevSet:
    """Questions by which a student is evaluated during a training.

    Attributes:
        dev: Columns prompt and task (JSON) of questions that are not trained on; None for none.
        steps: Between two scores.
        patience: Scores without a better one after which the training ends; None for no limit.
    """

    dev: pd.DataFrame | None = None
    steps: int = 25
    patience: int | None = None

    @property
    def facts(self) -> dict[str, Any]:
        """What of it makes another training, for `work_folder.Stage`."""
        dev = None if self.dev is None else hash_table(self.dev)
        return {"dev": dev, "dev_steps": self.steps, "patience": self.patience}

    def evaluator(
        self, max_new_tokens: int, batch_size: int, folder: Path, sessions: SessionFactory | None = None
    ) -> "DevEvaluator | None":
        """The evaluator of a training, if there are questions."""
        if self.dev is None:
            return None
        return DevEvaluator(self.dev, self.steps, self.patience, max_new_tokens, batch_size, folder, sessions)


#: Of a training that evaluates nobody.
NO_DEV_SET = DevSet()


def share_right(
    model: "Model",
    chat: Chat,
    conversations: Sequence[Messages],
    tasks: Sequence[Task],
    max_new_tokens: int,
    batch_size: int,
    sessions: SessionFactory | None = None,
    rows: Sequence[Mapping[str, Any]] = (),
) -> float:
    """Return the share of greedy answers that have the gold's result; an answer without an end is wrong.

    With sessions the student answers with tools, on the databases that the rows name.
    """
    limits = (max_new_tokens, batch_size)
    answers: Sequence[Generation]
    if sessions is not None:
        assert isinstance(chat, ToolChat)
        answers = episodes.answer(model, chat, conversations, rows, sessions, *limits)
    else:
        answers = generate(model, chat, conversations, *limits)
    readings = [parse(answer.text) for answer in answers]
    queries = [
        [reading.sql] if reading.well_formed and answer.finished else []
        for reading, answer in zip(readings, answers, strict=True)
    ]
    with Verifier() as verifier:
        verdicts = verifier.verify_batch(list(zip(tasks, queries, strict=True)))
    return sum(verdict.agrees for group in verdicts for verdict in group) / len(tasks)


class DevEvaluator:
    """Scores the student on dev questions and keeps the best adapter.

    Args:
        prompts: Columns prompt (chat messages as JSON text), task (JSON), and sql_context for a student with tools.
        every: Steps between two evaluations; there is one before the first step.
        patience: Evaluations without a better score after which the training should stop; None for no limit.
        max_new_tokens: Limit of an answer.
        batch_size: Answers that are written at once.
        folder: Where scores and the best adapter lie.
        sessions: Opens the episodes of a student with tools; None without.
    """

    def __init__(
        self,
        prompts: pd.DataFrame,
        every: int,
        patience: int | None,
        max_new_tokens: int,
        batch_size: int,
        folder: Path,
        sessions: SessionFactory | None = None,
    ) -> None:
        self.sessions = sessions
        self.every, self.patience, self.folder = every, patience, folder
        self.max_new_tokens, self.batch_size = max_new_tokens, batch_size
        self.conversations = [json.loads(text) for text in prompts["prompt"]]
        self.tasks = [Task.from_json(text) for text in prompts["task"]]
        self.rows = databases_of(prompts)
        self.scores: dict[int, float] = {}
        if (folder / "scores.json").exists():
            told = json.loads((folder / "scores.json").read_text(encoding="utf-8"))
            self.scores = {int(step): score for step, score in told.items()}

    def evaluate(self, model: "PeftModel", chat: Chat, step: int) -> float:
        """Return the share of right greedy answers at a step; keep the adapter if none before was better."""
        limits = (self.max_new_tokens, self.batch_size)
        score = share_right(model, chat, self.conversations, self.tasks, *limits, self.sessions, self.rows)
        best = score >= max((s for at, s in self.scores.items() if at < step), default=-1.0)
        self.scores[step] = score
        if rank() == 0:
            self._keep(model if best else None)
        return score

    def is_due(self, step: int) -> bool:
        """Whether a step is followed by an evaluation."""
        return step % self.every == 0

    def is_over(self, step: int) -> bool:
        """Whether the best score lies more than the patience back."""
        waited = (step - self.best_step(step)) // self.every
        return self.patience is not None and waited >= self.patience

    def best_step(self, step: int) -> int:
        """The latest step up to this one at which no earlier score was better."""
        return max((at for at in self.scores if at <= step), key=lambda at: (self.scores[at], at))

    def restore_best(self, model: "PeftModel") -> None:
        """Load the best adapter into the model."""
        from peft import set_peft_model_state_dict
        from safetensors.torch import load_file

        set_peft_model_state_dict(model, load_file(self.folder / "best.safetensors"), adapter_name="default")

    def _keep(self, model: "PeftModel | None") -> None:
        from peft import get_peft_model_state_dict
        from safetensors.torch import save_file

        self.folder.mkdir(exist_ok=True)
        if model is not None:
            state = get_peft_model_state_dict(model, adapter_name="default")
            tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}
            save_file(tensors, self.folder / "best.safetensors")
        (self.folder / "scores.json").write_text(json.dumps(self.scores), encoding="utf-8")
