"""Reinforcement learning of the student on execution rewards."""

from sqlreason.pipelines.grpo.pipeline import create_pipeline

__all__ = ["create_pipeline"]
