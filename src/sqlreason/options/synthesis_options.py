"""The parameters of how the project's own question set is made."""

import re
from typing import Annotated, Literal

from pydantic import Field, model_validator

from sqlreason.options.option_types import Options, Positive, Share


class SynthesisOptions(Options):
    """How questions are composed, from the hand-written schemas or from a user's database."""

    database: str | None
    dialect: Literal["sqlite", "duckdb", "postgres"] | None
    rows: Literal["never", "synthetic", "sampled"]
    tables: tuple[str, ...]
    max_tables: int = Positive
    max_columns: int = Field(ge=2)
    timeout_seconds: float = Positive
    difficulty: Literal["mixed", "easy", "medium", "hard"]
    mix: dict[str, Annotated[float, Field(ge=0.0, allow_inf_nan=False)]]
    databases: int = Positive
    paraphrase_share: float = Share
    questions_per_variation: int | None = Field(ge=1)
    wide_share: float = Share
    train_questions: int = Positive
    heldout_questions: int = Positive
    heldout_share: float = Field(gt=0.0, lt=1.0)
    workers: int = Positive
    seed: int

    @model_validator(mode="after")
    def _no_password(self) -> "SynthesisOptions":
        if self.database and re.search(r"://[^/@\s]*:[^/@\s]+@|[?&]\w*password=", self.database):
            raise ValueError(
                "the database's URL holds a password, which the run record would keep; take it out and set PGPASSWORD "
                "or write ~/.pgpass"
            )
        return self

    @model_validator(mode="after")
    def _known_mix(self) -> "SynthesisOptions":
        from sqlreason.synthesis.queries.grammar import weigh

        weigh(self.mix)
        return self
