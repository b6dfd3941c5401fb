"""The blocks `sft.trl` and `grpo.trl`: arguments of trl's SFTConfig and GRPOConfig by their own names.

Any argument of these classes may be given that is free here (see `trl_arguments.py`); names and types are checked
against the installed trl. The classes name those that every environment gives, and narrow a few of them to values that
make sense. None of them has a default here: what is not given is as trl sets it.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from sqlreason.options.option_types import Optimizer, Options, Positive, mistakes_truth_for_number
from sqlreason.students.training.trl_arguments import describe_unknown, read_arguments

#: Two ways to say how long a training is; the one that is null is not passed to trl.
LENGTHS = ("num_train_epochs", "max_steps")

#: Type of the error that tells of unknown names and wrong types, one sentence each.
FAULTS = "arguments_of_trl"


class TrainerArguments(Options):
    """What SFT and GRPO share: optimiser, schedule and bookkeeping."""

    model_config = ConfigDict(extra="allow")
    config: ClassVar[str]

    learning_rate: float = Positive
    lr_scheduler_type: str
    warmup_steps: float = Field(ge=0.0)
    weight_decay: float = Field(ge=0.0)
    adam_beta2: float = Field(gt=0.0, lt=1.0)
    optim: Optimizer
    max_grad_norm: float = Positive
    num_train_epochs: float | None = Field(default=None, gt=0)
    max_steps: int | None = Field(default=None, gt=0)
    per_device_train_batch_size: int = Positive
    gradient_accumulation_steps: int = Positive
    gradient_checkpointing: bool
    save_steps: int = Positive
    seed: int

    @model_validator(mode="before")
    @classmethod
    def _are_of_trl(cls, given: Any) -> Any:
        """Refuse names and types that the installed trl does not have."""
        if not isinstance(given, Mapping):
            return given
        faults = list(filter(None, (cls._find_fault(name, value) for name, value in given.items())))
        if faults:
            raise PydanticCustomError(FAULTS, "{sentence}", {"sentence": "; ".join(faults), "faults": faults})
        return given

    @classmethod
    def _find_fault(cls, name: str, value: Any) -> str | None:
        unknown = describe_unknown(cls.config, name)
        if unknown is not None:
            return f"{name} {unknown}"
        kind = read_arguments(cls.config)[name].kind
        if value is None and name in LENGTHS:
            return None
        if mistakes_truth_for_number(value, kind):
            return f"{name} = {value!r}: input should be a number, not true or false"
        try:
            TypeAdapter(kind).validate_python(value)
        except ValidationError as error:
            message = error.errors()[0]["msg"]
            return f"{name} = {value!r}: {message[0].lower()}{message[1:]}"
        return None

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments as trl takes them."""
        return {name: value for name, value in self if value is not None or name not in LENGTHS}

    @property
    def rows_of_a_step(self) -> int:
        """Rows, or completions, of one step of all ranks together."""
        return self.per_device_train_batch_size * self.gradient_accumulation_steps


class SFTArguments(TrainerArguments):
    """Arguments of trl's SFTConfig."""

    config = "SFTConfig"


class GRPOArguments(TrainerArguments):
    """Arguments of trl's GRPOConfig."""

    config = "GRPOConfig"

    num_generations: int = Field(ge=2)
    max_completion_length: int = Positive
    temperature: float = Positive
    top_p: float = Field(gt=0.0, le=1.0)
    beta: float = Field(ge=0.0)
    loss_type: Literal["grpo", "bnpo", "dr_grpo", "dapo"]
    scale_rewards: Literal["group", "batch", "none"]
    epsilon: float = Positive
    epsilon_high: float | None = Field(gt=0)
    num_iterations: int = Positive
    mask_truncated_completions: bool
    use_vllm: bool
    vllm_mode: Literal["colocate", "server"]
    vllm_gpu_memory_utilization: float = Field(gt=0.0, lt=1.0)
    vllm_server_base_url: str | None

    @property
    def of_distillation(self) -> dict[str, Any]:
        """Those that DistillationConfig has too; its `beta` is another, `grpo.distillation.beta`."""
        known = read_arguments("DistillationConfig")
        return {name: value for name, value in self.arguments.items() if name in known and name != "beta"}
