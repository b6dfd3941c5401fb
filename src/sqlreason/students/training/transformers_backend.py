"""Backend "transformers": students loaded for training by plain transformers and PEFT, with bitsandbytes for 4 bits."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlreason.students.checkpoints.adapter import Adapter
from sqlreason.students.checkpoints.chat import Chat
from sqlreason.students.checkpoints.checkpoint import Checkpoint
from sqlreason.students.training import trainer_arguments

if TYPE_CHECKING:
    from peft import LoraConfig, PeftModel


@dataclass(frozen=True)
class Lora:
    """Shape of a new adapter (Hu et al. 2021, arXiv:2106.09685).

    Attributes:
        rank: Inner dimension.
        alpha: The adapter's output is scaled by alpha / rank.
        dropout: On the adapter's input, in training.
        target_modules: Names of the linear layers that get one, or "all-linear".
    """

    rank: int = 16
    alpha: int = 32
    dropout: float = 0.0
    target_modules: tuple[str, ...] | str = "all-linear"

    def peft_config(self) -> "LoraConfig":
        """Return the same as PEFT's class."""
        from peft import LoraConfig

        modules = self.target_modules
        return LoraConfig(
            r=self.rank,
            lora_alpha=self.alpha,
            lora_dropout=self.dropout,
            target_modules=modules if isinstance(modules, str) else list(modules),
            task_type="CAUSAL_LM",
        )


def load_student(
    checkpoint: Checkpoint,
    start: Lora | Adapter,
    *,
    dtype: str,
    quantization: str | None,
    gradient_checkpointing: bool,
    seed: int,
) -> "tuple[PeftModel, Chat]":
    """Load a base model with a new adapter, or with one that training goes on with.

    Args:
        checkpoint: The base model.
        start: Shape of a new adapter, or the adapter to continue.
        dtype: Precision of the frozen weights; the adapter itself is kept in float32.
        quantization: None or "nf4".
        gradient_checkpointing: Ignored here, the trainer sets it; a backend that patches models needs it.
        seed: Of a new adapter's weights.

    Returns:
        The PeftModel, and the tokenizer with its chat template.
    """
    from peft import get_peft_model
    from transformers import set_seed

    from sqlreason.students.training.quick_lora import use_quick_lora

    model = checkpoint.load_model(dtype, quantization)
    model.config.use_cache = False
    set_seed(seed)
    if isinstance(start, Adapter):
        wrapped = start.apply(model, trainable=True)
    else:
        wrapped = get_peft_model(model, start.peft_config())
        wrapped.peft_config["default"].base_model_name_or_path = checkpoint.name
    trainer_arguments.use_quick_attention(wrapped)
    use_quick_lora(wrapped)
    chat = checkpoint.load_chat()
    chat.bind(wrapped)
    return wrapped, chat
