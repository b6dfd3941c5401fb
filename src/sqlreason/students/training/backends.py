"""The libraries that can load a student for training, by name."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from sqlreason.errors import BadInput
from sqlreason.students.checkpoints.chat import Chat
from sqlreason.students.training import transformers_backend, unsloth_backend

if TYPE_CHECKING:
    from peft import PeftModel

#: Each takes (checkpoint, start, *, dtype, quantization, gradient_checkpointing, seed): model and chat.
BACKENDS: dict[str, "Callable[..., tuple[PeftModel, Chat]]"] = {
    "transformers": transformers_backend.load_student,
    "unsloth": unsloth_backend.load_student,
}


def choose_backend(name: str) -> "Callable[..., tuple[PeftModel, Chat]]":
    """The loading function of a backend.

    Raises:
        ValueError: for an unknown name.
    """
    if name not in BACKENDS:
        raise BadInput(f"backend={name!r} is unknown; accepted: {', '.join(BACKENDS)}")
    return BACKENDS[name]
