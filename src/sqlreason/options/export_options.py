"""The parameters `export` and `publication`: what leaves the house, and what is said about it."""

from typing import Literal

from pydantic import Field

from sqlreason.options.option_types import Options, Positive, Share


class ExportOptions(Options):
    """What leaves the house, under what name, and how much worse than the adapter it may be."""

    adapter: Literal["grpo", "sft"]
    name: str = Field(pattern=r"^[A-Za-z0-9._-]+$")
    precision: Literal["f32", "f16", "bf16", "q8_0", "q4_k_m"]
    questions: int = Positive
    max_drop: float = Share
    target: str | None
    private: bool


class PublicationOptions(Options):
    """What the card of the published traces says about them."""

    title: str
    license: str
    source: str
