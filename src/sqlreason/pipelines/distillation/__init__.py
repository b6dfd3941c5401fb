"""A large teacher writes reasoning traces for the questions."""

from sqlreason.pipelines.distillation.pipeline import create_pipeline

__all__ = ["create_pipeline"]
