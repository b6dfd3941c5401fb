"""The parameters `preprocessing`: how traces are verified and which of them are kept."""

from typing import Any, Literal

from pydantic import Field

from sqlreason.options.option_types import Options, Positive


class PreprocessingOptions(Options):
    """How traces are verified and which of them are kept."""

    workers: int = Positive
    verifier: Literal["local", "ray"]
    databases: int = Field(ge=0)
    suite: Literal["lenient", "strict"]
    evaluation_suite: Literal["lenient", "strict"]
    incorrect_share: float = Field(ge=0.0, lt=1.0)
    self_repairs: float = Field(ge=0.0, lt=1.0)
    examples: int | None = Field(gt=0)
    grpo_prompts: int | None = Field(gt=0)
    evaluation_prompts: int | None = Field(gt=0)
    max_prompt_tokens: int = Positive
    max_tables: int | None = Field(gt=0)
    max_completion_tokens: int = Positive
    max_unknown_names: int | None = Field(ge=0)
    near_duplicates: float | None = Field(gt=0.0, lt=1.0)
    sample_rows: int = Field(ge=0)
    seed: int

    @property
    def prompt_limits(self) -> dict[str, Any]:
        """What limits a student's prompts: arguments of `StudentPrompts`."""
        return self.model_dump(include={"max_prompt_tokens", "sample_rows", "max_tables"})
