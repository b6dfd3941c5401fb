"""Questions over one source, kept only if they can be trusted; what fell out is counted with its reason.

The gold must run, tell something on some test database and differ from its mutants there (`sql.test
databases.prepare`); near-duplicates are dropped. Memory does not grow with the questions but for one number each, so
that near-duplicates are known again.
"""

import hashlib
import random
import re
from collections import Counter
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count, islice

from sqlreason.sql.databases.batch_preparation import Preparer, Row
from sqlreason.synthesis.drawing.native_sql import write_context, write_schema
from sqlreason.synthesis.queries.grammar import NothingFits
from sqlreason.synthesis.questions import Question, as_row, ask_over
from sqlreason.synthesis.schema.from_database import Source
from sqlreason.synthesis.skeletons import Skeletons

_PER_CONTEXT = 20  # questions over the same rows
_BATCH = 128  # questions that are prepared together
_STALE = 4000  # draws without a new question, after which a source has given what it has
_LITERAL = re.compile(r"'(?:[^']|'')*'|\b\d+(?:\.\d+)?\b")


@dataclass
class Tally:
    """What became of the questions that were drawn."""

    drawn: int = 0
    near_duplicates: int = 0
    kept: int = 0
    mutants: int = 0
    killed: int = 0
    fallen: Counter[str] = field(default_factory=Counter)
    skeletons: set[int] = field(default_factory=set)

    @property
    def kill_rate(self) -> float:
        """Return the share of the mutants of kept gold queries that some test database tells apart."""
        return self.killed / self.mutants if self.mutants else 0.0

    def summary(self) -> dict[str, object]:
        """Return the figures as plain values."""
        return {
            "drawn": self.drawn,
            "near_duplicates": self.near_duplicates,
            "fallen_out": dict(self.fallen),
            "kept": self.kept,
            "mutants": self.mutants,
            "mutants_killed_share": round(self.kill_rate, 4),
            "question_skeletons": len(self.skeletons),
        }


def trusted_questions(
    source: Source, mix: Mapping[str, float], seed: int, workers: int, tally: Tally, databases: int = 3
) -> Generator[dict[str, str], None, None]:
    """Yield rows of a question table until the source gives nothing new.

    Args:
        source: What to ask about.
        mix: Factors on the weights of the grammar, see `grammar.weigh`.
        seed: Draws everything: the same seed gives the same rows, whatever the number of workers.
        workers: Processes that run gold queries and mutants.
        tally: Counts what happens.
        databases: Perturbed databases for each question, beside its own.
    """
    rng = random.Random(f"{seed}:explanations")
    drawn = drawn_questions(source, mix, seed, tally)
    with Preparer(databases, seed, workers) as preparer:
        while batch := list(islice(drawn, _BATCH)):
            stem, dialect = source.annotated_schema.name, "" if source.dialect == "sqlite" else source.dialect
            work = [Row(f"{stem}-{number:05d}", q.context, q.sql, dialect=dialect) for number, q, _ in batch]
            for (name, *_), (_, question, skeleton), found in zip(work, batch, preparer.prepare(work), strict=True):
                if found.status != "ok":
                    tally.fallen[found.status] += 1
                    continue
                tally.kept += 1
                tally.mutants += found.mutants
                tally.killed += found.killed
                tally.skeletons.add(skeleton)
                yield as_row(name, question, rng, source.dialect)


def drawn_questions(
    source: Source, mix: Mapping[str, float], seed: int, tally: Tally
) -> Iterator[tuple[int, Question, int]]:
    """Yield (number, question, hash of its skeleton), none alike, until nothing new comes."""
    skeletons = Skeletons(source.annotated_schema)
    seen: set[int] = set()
    last, number = 0, 0
    for turn in count():
        rng = random.Random(f"{seed}:{source.annotated_schema.name}:{turn}")
        if turn * _PER_CONTEXT > last + _STALE:
            return
        for question in _ask_over(source, mix, rng):
            tally.drawn += 1
            skeleton = skeletons.of(question.prompt)
            alike = hash_of(_LITERAL.sub("?", question.sql), skeleton)
            if alike in seen:
                tally.near_duplicates += 1
                continue
            seen.add(alike)
            last, number = turn * _PER_CONTEXT, number + 1
            yield number, question, hash_of(skeleton)


def hash_of(*texts: str) -> int:
    """Return a number for texts that is the same in every run, unlike `hash`."""
    return int.from_bytes(hashlib.blake2b("\x1f".join(texts).encode(), digest_size=8).digest())


def _ask_over(source: Source, mix: Mapping[str, float], rng: random.Random) -> Iterator[Question]:
    """Yield some questions over one set of rows, whose text they share."""
    contents = source.fill(rng)
    schema, dialect = source.annotated_schema, source.dialect
    texts = (write_context(schema, contents, dialect), write_schema(schema, dialect))
    for _ in range(_PER_CONTEXT):
        try:
            yield ask_over(schema, contents, texts, rng, mix, dialect)
        except NothingFits:  # other rows may do
            return
