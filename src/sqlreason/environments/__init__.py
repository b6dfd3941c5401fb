"""A question to a database as an environment: tools to look around with, and the verdict as its reward.

`session` is the environment itself; beside it stands one thin adapter for each trainer's library, which is imported in
that module alone.
"""

from sqlreason.environments.session import Session, SessionFactory, ToolLimits

__all__ = ["Session", "SessionFactory", "ToolLimits"]
