"""The trained student leaves the house: merged, as GGUF, evaluated again, with a card, published."""

from sqlreason.pipelines.export.pipeline import create_pipeline

__all__ = ["create_pipeline"]
