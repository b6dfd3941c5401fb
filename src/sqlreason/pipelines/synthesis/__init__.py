"""The embedded question set, composed from hand-written schemas."""

from sqlreason.pipelines.synthesis.pipeline import create_pipeline

__all__ = ["create_pipeline"]
