"""The loader of `fixtures/*.sql`: named cases of SQL text with the verdicts that they must get."""

import re
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


@dataclass(frozen=True)
class SuiteCase:
    """A gold over a context, and candidates with whether they are right; `suites` are those that must see it."""

    name: str
    suites: tuple[str, ...]
    context: str
    gold: str
    candidates: tuple[tuple[str, bool], ...]


def load_suite_cases() -> list[SuiteCase]:
    """Reads `fixtures/suites.sql`; its head tells how it is written."""
    _, *parts = (Path(__file__).parent / "fixtures" / "suites.sql").read_text().split("\n-- case ")
    cases = []
    for part in parts:
        title, _, body = part.partition("\n")
        name, _, suites = title.rpartition(": ")
        context, *queries = re.split(r"\n-- (?=(?:gold|wrong|right)\n)", body.strip())
        context = re.sub(r"-- repeat (\d+): (.*)", lambda m: _repeated(int(m[1]), m[2]), context)
        gold, *candidates = (query.partition("\n")[::2] for query in queries)
        labelled = tuple((text.strip(), label == "right") for label, text in candidates)
        cases.append(SuiteCase(name, tuple(suites.split()), context, gold[1].strip(), labelled))
    return cases


def _repeated(times: int, text: str) -> str:
    return "\n".join(text.replace("{i}", str(number)) for number in range(1, times + 1))
