"""Teach a small language model to reason about SQL, as a Kedro project."""

__version__ = "0.1.0"
