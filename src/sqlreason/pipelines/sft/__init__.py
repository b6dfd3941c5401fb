"""Supervised fine-tuning of the student on verified traces."""

from sqlreason.pipelines.sft.pipeline import create_pipeline

__all__ = ["create_pipeline"]
