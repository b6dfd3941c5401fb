"""The parameters `grpo`: rewards, forecast, method, and the arguments of trl's GRPOConfig."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, field_validator

from sqlreason.environments.session import ToolLimits
from sqlreason.options.option_types import Options, Positive, PositiveNumber, Share, ToolOptions
from sqlreason.options.trl_options import GRPOArguments


class CertificationOptions(Options):
    """How the rewards are tried before a training is spent on them."""

    questions: int = Positive
    min_auc: float = Share
    on_failure: Literal["stop", "warn"]


class ForecastOptions(Options):
    """The profile of the student's rollouts that tells whether training on rewards will pay; 0 prompts skip it."""

    prompts: int = Field(ge=0)
    samples: int = Field(ge=2)
    temperatures: tuple[PositiveNumber, ...] = Field(min_length=1)
    processes: int = Positive
    on_no_go: Literal["stop", "warn"]


class DistillationTeacherOptions(Options):
    """Who teaches the student on its own answers, and what that teacher is told (method distillation).

    Agarwal et al. 2023 (arXiv:2306.13649); a teacher that is the student with more in its prompt: Shenfeld et al. 2026
    (arXiv:2601.19897).
    """

    teacher: Literal["self", "distillation_teacher"]
    hint: str | None
    teacher_epochs: float = Field(ge=0.0)
    beta: float = Share

    @field_validator("hint")
    @classmethod
    def _holds_the_gold(cls, hint: str | None) -> str | None:
        from sqlreason.reasoning.prompts import check_hint

        if hint is not None:
            check_hint(hint)
        return hint


class GRPOOptions(Options):
    """Group relative policy optimisation (Shao et al. 2024, DeepSeekMath) on execution rewards."""

    rewards: dict[str, PositiveNumber] = Field(min_length=1)
    certification: CertificationOptions
    forecast: ForecastOptions
    initial_adapter: Literal["full", "format_only", "none"]
    format_examples: int = Positive
    method: Literal["grpo", "distillation"]
    environment: Literal["single", "tools"]
    tools: ToolOptions
    distillation: DistillationTeacherOptions
    curriculum: Literal["off", "mixed", "easiest_first"]
    token_budget: int | None = Field(default=None, gt=0)
    dev_prompts: int = Field(ge=0)
    dev_steps: int = Positive
    patience: int | None = Field(gt=0)
    trl: GRPOArguments

    @field_validator("rewards", mode="before")
    @classmethod
    def _without_those_taken_out(cls, rewards: Any) -> Any:
        """Leave out weights of null: by one an environment, or `--params`, takes out a reward that it inherits."""
        if not isinstance(rewards, Mapping):
            return rewards
        return {name: weight for name, weight in rewards.items() if weight is not None}

    @field_validator("rewards")
    @classmethod
    def _are_known(cls, rewards: dict[str, float]) -> dict[str, float]:
        from sqlreason.rewards import REWARDS

        unknown = sorted(set(rewards) - set(REWARDS))
        if unknown:
            raise ValueError(f"unknown rewards {unknown}; known are {sorted(REWARDS)}")
        return rewards

    @property
    def tool_limits(self) -> ToolLimits | None:
        """The limits of the tools with which the student is trained; None in single-turn."""
        return self.tools.limits if self.environment == "tools" else None
