"""The parameters of on-policy distillation, which may stand in the place of GRPO."""

from typing import Literal

from pydantic import Field, model_validator

from sqlreason.options.option_types import Options

HINT = "This query is known to be right; reason towards it and never mention it:\n{gold}"


class DistillationTeacherOptions(Options):
    """Who teaches the student on its own answers, and what that teacher is told (method distillation).

    Agarwal et al. 2023 (arXiv:2306.13649); a teacher that is the student with more in its prompt: Shenfeld et al. 2026
    (arXiv:2601.19897).
    """

    teacher: Literal["self", "distillation_teacher"] = "self"
    hint: str | None = HINT
    teacher_epochs: float = Field(default=1.0, ge=0.0)
    beta: float = Field(default=1.0, ge=0.0, le=1.0)

    @model_validator(mode="after")
    def _knows_more(self) -> "DistillationTeacherOptions":
        from sqlreason.reasoning.prompts import check_hint

        if self.hint is not None:
            check_hint(self.hint)
        elif self.teacher == "self":
            raise ValueError(
                "the student that reads what it has read before teaches itself nothing; give a hint with {gold}, or "
                "set teacher: distillation_teacher, another model of the same vocabulary"
            )
        return self
