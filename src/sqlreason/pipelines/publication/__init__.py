"""The distilled traces as a dataset for others, with a card that says where they come from and what they cost."""

from sqlreason.pipelines.publication.pipeline import create_pipeline

__all__ = ["create_pipeline"]
