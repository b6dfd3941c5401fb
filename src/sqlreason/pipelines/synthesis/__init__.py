"""Questions with gold SQL, over the hand-written schemas or over a database of one's own."""

from sqlreason.pipelines.synthesis.pipeline import create_pipeline

__all__ = ["create_pipeline"]
