"""The parameters `evaluation` and `prices`: how every student is asked, and what the machines cost."""

from pydantic import Field

from sqlreason.options.option_types import Options, Positive


class EvaluationOptions(Options):
    """The evaluation: the same questions, answered in the same way, for every student."""

    votes: int = Positive
    vote_temperature: float = Positive
    self_repairs: int = Field(ge=0)
    batch_size: int = Positive
    max_completion_tokens: int = Positive
    examples: int = Field(ge=0)
    processes: int = Positive
    workers: int = Positive
    ves_rounds: int = Field(ge=0)
    demo: bool


class PriceOptions(Options):
    """What an hour of the machines costs; a stage that ran on one's own machine costs 0."""

    training_usd_per_hour: float = Field(ge=0.0)
    hardware: str
