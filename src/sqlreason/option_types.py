"""What every class of options is: frozen, strict about names, with the ranges that many fields share."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Share = Field(ge=0.0, le=1.0)
Positive = Field(gt=0)

#: Of transformers' OptimizerNames those that torch and bitsandbytes have; the others need packages of their own.
Optimizer = Literal[
    "adamw_torch", "adamw_torch_fused", "adamw_8bit", "adamw_bnb_8bit", "paged_adamw_8bit", "paged_adamw_32bit",
    "adafactor", "ademamix", "ademamix_8bit", "paged_ademamix_8bit", "paged_ademamix_32bit",
    "lion_8bit", "lion_32bit", "paged_lion_8bit", "paged_lion_32bit", "rmsprop", "sgd",
]  # fmt: skip


class Options(BaseModel):
    """Frozen, and strict about names: an unknown parameter is an error that names it."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())
