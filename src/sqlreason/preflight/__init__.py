"""What can be known before a run: is this machine, and what it can reach, enough for an environment."""

from sqlreason.preflight.diagnosis import Finding, render
from sqlreason.preflight.environment import check_environment

__all__ = ["Finding", "check_environment", "render"]
