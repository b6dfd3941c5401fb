"""The parameters `split` and `distillation`: which questions the teacher is asked, and how."""

from typing import Literal

from pydantic import Field

from sqlreason.environments.session import ToolLimits
from sqlreason.options.option_types import Options, Positive, Share, ToolOptions


class SplitOptions(Options):
    """Which questions are kept back from the teacher for GRPO, by whole schemas."""

    grpo_share: float = Field(ge=0.0, lt=1.0)
    seed: int


class BudgetOptions(Options):
    """Hard stops for the teacher; checked before every call."""

    max_usd: float = Field(ge=0.0)
    max_hours: float | None = Field(ge=0.0)


class DistillationOptions(Options):
    """How the teacher is asked."""

    questions: int | None = Field(gt=0)
    mode: Literal["blind", "hinted", "blind_then_hinted"]
    style: Literal["plan", "free"]
    samples: int = Positive
    environment: Literal["single", "tools"]
    tools: ToolOptions
    dialect: str
    sample_rows: int = Field(ge=0)
    concurrency: int = Positive
    attempts: int = Positive
    timeout_seconds: float = Positive
    stop_after_failures: int = Positive
    max_failed_share: float = Share
    answer_tokens: int = Positive
    workers: int = Positive
    budget: BudgetOptions
    seed: int

    @property
    def tool_limits(self) -> ToolLimits | None:
        """The limits of the tools with which the teacher is asked; None in single-turn."""
        return self.tools.limits if self.environment == "tools" else None
