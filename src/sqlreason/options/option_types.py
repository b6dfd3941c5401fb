"""What every class of options is: frozen, strict about names, with the ranges that many fields share."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from sqlreason.environments.session import ToolLimits

Share = Field(ge=0.0, le=1.0)
Positive = Field(gt=0)
#: Within a list or a mapping; NaN is none.
PositiveNumber = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]

#: Of transformers' OptimizerNames those that torch and bitsandbytes have; the others need packages of their own.
Optimizer = Literal[
    "adamw_torch", "adamw_torch_fused", "adamw_8bit", "adamw_bnb_8bit", "paged_adamw_8bit", "paged_adamw_32bit",
    "adafactor", "ademamix", "ademamix_8bit", "paged_ademamix_8bit", "paged_ademamix_32bit",
    "lion_8bit", "lion_32bit", "paged_lion_8bit", "paged_lion_32bit", "rmsprop", "sgd",
]  # fmt: skip


class Options(BaseModel):
    """Frozen, and strict about names: an unknown parameter is an error that names it."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())

    @field_validator("*", mode="before")
    @classmethod
    def _no_truth_value_is_a_number(cls, value: Any, info: ValidationInfo) -> Any:
        """Refuse what Python would take for 1 and 0, such as `distillation.samples=true`."""
        field = cls.model_fields.get(str(info.field_name))
        if field is not None and mistakes_truth_for_number(value, field.annotation):
            raise PydanticCustomError("number_type", "input should be a number, not true or false")
        return value


class ToolOptions(Options):
    """What a teacher or a student with tools may do and see in one episode (`environments.session.ToolLimits`)."""

    calls: int = Positive
    rows: int = Positive
    characters: int = Positive
    sample_rows: int = Field(ge=0)

    @property
    def limits(self) -> ToolLimits:
        """The same for a session."""
        return ToolLimits(**self.model_dump())


def mistakes_truth_for_number(value: Any, annotation: Any) -> bool:
    """Whether a value is, or holds, true or false where an annotation asks for numbers and for no truth value."""
    kinds = _kinds(annotation)
    return _holds_truth(value) and bool(kinds & {int, float}) and bool not in kinds


def _kinds(annotation: Any) -> set[Any]:
    """The types that an annotation is made of."""
    parts = get_args(annotation)
    return set().union(*map(_kinds, parts)) if parts else {annotation}


def _holds_truth(value: Any) -> bool:
    """Whether a value is true or false, or holds one."""
    if isinstance(value, Mapping):
        return _holds_truth(list(value.values()))
    return any(map(_holds_truth, value)) if isinstance(value, list | tuple) else isinstance(value, bool)
