"""What a check found: a level, a sentence, and how to mend it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Level = Literal["OK", "WARN", "FAIL"]


@dataclass(frozen=True)
class Finding:
    """One line of the doctor.

    Attributes:
        level: OK; WARN: the run can start and may disappoint; FAIL: it cannot go well.
        subject: What was looked at.
        message: What was found.
        fix: What to do about it; empty where all is well.
    """

    level: Level
    subject: str
    message: str
    fix: str = ""


def render(findings: Sequence[Finding]) -> str:
    """Return the findings as lines of text, and a last one that counts them."""
    lines = []
    for found in findings:
        lines.append(f"{found.level:<5}{found.subject:<12}{found.message}")
        if found.fix:
            lines.append(f"{'':17}-> {found.fix}")
    counts = {level: sum(found.level == level for found in findings) for level in ("OK", "WARN", "FAIL")}
    return "\n".join([*lines, ", ".join(f"{count} {level}" for level, count in counts.items())])
