"""Base, SFT and GRPO students answer the same questions; figures, bill and report."""

from sqlreason.pipelines.evaluation.pipeline import create_pipeline

__all__ = ["create_pipeline"]
