"""The parameters `student` and `sft`: how the student is loaded and spoken to, and its supervised fine-tuning."""

from typing import Any, Literal

from pydantic import Field

from sqlreason.options.option_types import Options, Positive
from sqlreason.options.trl_options import SFTArguments
from sqlreason.students.training.launch import Launch
from sqlreason.students.training.setup import Setup


class StudentOptions(Options):
    """How the student is loaded and spoken to, for training and for answering."""

    backend: Literal["transformers", "unsloth"]
    quantization: Literal["nf4"] | None
    dtype: Literal["auto", "bfloat16", "float32"]
    launch: Literal["process", "child", "ranks"]
    ranks: int = Positive
    accelerate: str | None
    resume: bool
    chat_template: dict[str, Any]
    plain_template: bool

    @property
    def template(self) -> dict[str, Any]:
        """How the chat template is used: arguments of `Checkpoint.spoken_to`."""
        return {"template_arguments": self.chat_template, "plain_template": self.plain_template}

    @property
    def setup(self) -> Setup:
        """How a training loads the student, and where it runs."""
        launch = Launch(self.launch, self.ranks, self.accelerate)
        return Setup(self.backend, self.quantization, self.dtype, launch, self.resume)


class LoraOptions(Options):
    """The shape of the adapter (Hu et al. 2021, LoRA)."""

    rank: int = Positive
    alpha: int = Positive
    dropout: float = Field(ge=0.0, lt=1.0)
    target_modules: tuple[str, ...] | Literal["all-linear"]


class SFTOptions(Options):
    """Supervised fine-tuning on verified traces."""

    lora: LoraOptions
    share_prefixes: bool
    trl: SFTArguments
