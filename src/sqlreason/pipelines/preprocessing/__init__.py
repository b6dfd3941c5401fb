"""Traces are executed, judged, filtered and turned into what the trainers read."""

from sqlreason.pipelines.preprocessing.pipeline import create_pipeline

__all__ = ["create_pipeline"]
