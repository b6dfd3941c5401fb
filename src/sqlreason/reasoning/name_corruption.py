"""Damages a right answer as small models err: names copied imperfectly, or looked for in the wrong table.

Of 436 answers of the demo's student that were in the format and did not run, 329 named a column that the table does
not have and 48 a table that is not there (1,000 held-out questions, seed 7). Missing joins and syntax errors are not
imitated.
"""

import random
import re
from collections.abc import Callable, Iterator

from sqlreason.reasoning.format import ParsedAnswer
from sqlreason.sql.parsing.schema import Schema

_TRIES = 20


def corrupt_names(right: ParsedAnswer, schema: Schema, rng: random.Random) -> Iterator[ParsedAnswer]:
    """Yield damaged versions of an answer, each with one name exchanged throughout; whether it still runs is not known.

    Args:
        right: The answer; well formed.
        schema: Of the question.
        rng: Draws the names.
    """
    tables = [table.name for table in schema.tables]
    columns = list({column.name for table in schema.tables for column in table.columns})
    used = sorted(name for name in {*tables, *columns} if _word(name).search(right.sql))
    for _ in range(_TRIES if used else 0):
        name = rng.choice(used)
        others = sorted({*(tables if name in tables else columns)} - {name})
        wrong = rng.choice(_WAYS)(name, others, rng)
        if wrong and wrong.lower() not in {known.lower() for known in used}:
            think, sql = (wrong.join(_word(name).split(text)) for text in (right.think, right.sql))
            yield ParsedAnswer(think, sql, "")


def _word(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(name)}(?!\w)")


def _another(name: str, others: list[str], rng: random.Random) -> str:
    """A name of the schema that belongs elsewhere."""
    return rng.choice(others) if others else ""


def _crossed(name: str, others: list[str], rng: random.Random) -> str:
    """The beginning of the name and the end of another: `prue_on` of `principal` and `due_on`."""
    other = _another(name, others, rng)
    return name[: rng.randint(1, len(name))] + other[rng.randint(0, len(other)) :]


def _repeated(name: str, others: list[str], rng: random.Random) -> str:
    """A piece of the name twice: `specialtyciality`, `issueuedOn`."""
    end = rng.randint(2, max(2, len(name)))
    return name[:end] + name[rng.randint(max(0, end - 4), end - 1) :]


def _shortened(name: str, others: list[str], rng: random.Random) -> str:
    """The beginning of the name: `purch`."""
    return name[: rng.randint(2, max(2, len(name) - 1))]


# The student looks in the wrong place about as often as it invents a name.
_WAYS: tuple[Callable[[str, list[str], random.Random], str], ...] = (
    _another, _another, _crossed, _repeated, _shortened,
)  # fmt: skip
