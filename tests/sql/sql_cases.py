"""The loader of `fixtures/*.sql`: named cases of SQL text with the verdicts that they must get."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class SqlCase:
    """A case: its name, the statuses that are right, and its one or two texts."""

    name: str
    statuses: tuple[str, ...]
    texts: tuple[str, ...]


def load_cases(name: str) -> tuple[str, list[SqlCase]]:
    """Reads a fixture file: the context that its cases share, and the cases."""
    head, *parts = (Path(__file__).parent / "fixtures" / f"{name}.sql").read_text().split("\n-- case ")
    context = head.partition("-- context\n")[2]
    cases = []
    for part in parts:
        title, _, body = part.partition("\n")
        label, _, statuses = title.rpartition(": ")
        texts = tuple(text.strip() for text in body.split("\n-- candidate\n"))
        cases.append(SqlCase(label, tuple(statuses.split()), texts))
    return context, cases
