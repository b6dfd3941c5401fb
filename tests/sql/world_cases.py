"""The loader of `fixtures/world*.sql`: questions as the world writes them, with the rows or the reason that is right.

The format is told at the head of `fixtures/world.sql`.
"""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_SECTION = re.compile(r"^-- (context|gold|rows|reason|reading|agrees|differs)\b[ ]?(.*)$")


@dataclass
class WorldCase:
    """One question; see the head of `fixtures/world.sql` for what its parts say."""

    name: str
    context: str = ""
    gold: str = ""
    rows: list[list[Any]] | None = None
    status: str = "ok"
    reason: str = ""
    reading: str | None = None
    agrees: list[str] = field(default_factory=list)
    differs: list[str] = field(default_factory=list)


def load_world(pattern: str = "world*.sql") -> list[WorldCase]:
    """Reads the cases of all fixture files whose name matches, in the order of their names."""
    cases: list[WorldCase] = []
    for path in sorted((Path(__file__).parent / "fixtures").glob(pattern)):
        context = ""
        for part in re.split(r"^-- case ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
            name, _, body = part.partition("\n")
            cases.append(_read(name.strip(), body, context))
            context = cases[-1].context
    return cases


def _read(name: str, body: str, context: str) -> WorldCase:
    case, section, lines = WorldCase(name, context), "", []
    for line in [*body.splitlines(), "-- gold"]:
        found = _SECTION.match(line)
        if found is None:
            lines.append(line)
            continue
        _take(case, section, "\n".join(lines).strip())
        section, lines = found[1], [found[2]]
    if not case.gold and case.status == "ok":
        raise ValueError(f"the case {name!r} has no `-- gold`")
    return case


def _take(case: WorldCase, section: str, text: str) -> None:
    if section in ("context", "gold"):
        setattr(case, section, _repeated(text))
    elif section == "rows":
        case.rows = [json.loads(line) for line in text.splitlines() if line.strip()]
    elif section == "reason":
        case.status, _, case.reason = (part.strip() for part in text.partition(":"))
    elif section == "reading":
        case.reading = text
    elif section:
        getattr(case, section).append(text)


def _repeated(text: str) -> str:
    r"""`{{9*5000}}` stands for 5,000 nines, `{{age > 1 AND *200}}` for that text 200 times, `\ud800` in it for that."""
    return re.sub(r"\{\{(.+?)\*(\d+)\}\}", lambda m: m[1].replace(r"\ud800", "\ud800") * int(m[2]), text)
