"""The tiny student, from scratch."""

from sqlreason.pipelines.pretraining.pipeline import create_pipeline

__all__ = ["create_pipeline"]
