"""What can be known before a run: is this machine, and what it can reach, enough for an environment."""

from sqlreason.doctor.examine import examine
from sqlreason.doctor.findings import Finding, render

__all__ = ["Finding", "examine", "render"]
