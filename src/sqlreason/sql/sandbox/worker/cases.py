"""A gold query with its test databases, loaded and ready to judge candidates."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from .equivalence import Answer, Row, canonical_rows, same_bag
from .outcomes import DEFINE, READ, EngineError, Outcome, as_error
from .quotes import quoted_strings
from .statement_text import is_something, split

#: The contents of a view that cannot be read; no row of values is equal to it.
_UNREADABLE: list[Row] = [(("unreadable",),)]
#: Verdicts travel as lists in the order of `Verdict`'s fields.
Verdict = list[Any]


@dataclass
class Database:
    """A loaded database, the gold's rows on it (raw, and as an answer), for writes what was before and after.

    Contents of tables, and where definitions may change the objects.
    """

    database: Any
    rows: list[Row]
    answer: Answer
    reads: set[str]
    writes: set[str] = field(default_factory=set)
    before: dict[str, list[Row]] = field(default_factory=dict)
    after: dict[str, list[Row]] = field(default_factory=dict)
    objects: dict[str, Any] = field(default_factory=dict)
    objects_before: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class _Attempt:
    """What has become of one candidate text so far."""

    text: str
    passed: int = 0
    seconds: float = 0.0
    flags: set[str] = field(default_factory=set)
    verdict: Verdict | None = None


class Case:
    """The gold's side of a comparison.

    Args:
        engine: Where it runs.
        gold: The task as the parent sends it: `databases`, `statements`, `access`, `ordered`, `keyed`, `n_keys`,
            `positions`, `offset`, `limit`.
        limits: `soft_seconds`, `max_rows`.
        beat: Called before each step with the index of the candidate at work, -1 for the gold.

    Raises:
        EngineError: A test database cannot be built or the gold fails on it.
    """

    #: Whether what a statement leaves behind is compared, beside what it returns.
    _compares_state = True

    def __init__(self, engine: Any, gold: dict[str, Any], limits: dict[str, Any], beat: Callable[[int], None]) -> None:
        self._engine, self._gold, self._limits, self._beat = engine, gold, limits, beat
        self._seconds: Callable[[], float] = engine.seconds
        self._now = 0.0  # the clock is looked at once between two candidates: the end of one is the start of the next
        self.access: str = gold["access"]
        self._granted = self.access  # on the current database
        self._lenient = False
        self.databases: list[Database] = []
        for script in gold["databases"]:
            beat(-1)
            self.databases.append(self._load(script))
        #: Whether the gold says nothing on any test database: no row and no change.
        self.vacuous = not any(map(self._tells, self.databases))

    def _load(self, script: str) -> Database:
        database = self._engine.load(script, self._deadline())
        self._open(database)
        if self._granted != self.access and self._compares_state:
            raise EngineError("denied", "a gold that writes cannot be run on a database that is only read")
        if not self.databases:
            self._names = self._engine.names()
            quoted = any(quoted_strings(text, self._names) for text in self._gold["statements"])
            self._lenient = quoted or not self._engine.quotes_strings
        writes = self.access != READ and self._compares_state
        before, objects = self._state() if writes else ({}, {})
        with self._undone():
            outcome = self._run(self._gold["statements"], self._limits["max_rows"])
            if outcome.more:
                raise EngineError("too_big", f"the gold has more than {self._limits['max_rows']} rows")
            reads = outcome.reads & self._names
            database = Database(database, outcome.rows, self._answer(outcome), reads, outcome.writes, before)
            database.objects_before = objects
            if writes:
                database.after, database.objects = self._state()
        if self._gold["keyed"] or self._gold["positions"] is not None:
            self._tie(database)
        return database

    def _open(self, database: Any) -> None:
        """Make a database the current one; a file may only be read."""
        self._engine.open(database)
        self._granted = READ if self._engine.read_only else self.access

    def _deadline(self) -> float:
        return float(self._seconds() + self._limits["soft_seconds"])

    def _run(self, statements: list[str], max_rows: int, deadline: float | None = None) -> Outcome:
        return self._engine.run(statements, self._granted, deadline or self._deadline(), max_rows)

    def _undone(self) -> Any:
        return _Undone(self._engine)

    def _contents(self, table: str) -> list[Row]:
        """The rows of a table or view; of a view over what is gone, or that fails, a mark."""
        try:
            return canonical_rows(self._engine.contents(table, self._deadline()))
        except EngineError as error:
            if error.status in ("timeout", "oom"):
                raise
            return _UNREADABLE

    def _state(self) -> tuple[dict[str, list[Row]], dict[str, Any]]:
        """What stands in the database; its objects first, since a view that fails may end the transaction."""
        objects = self._engine.objects() if self.access == DEFINE else {}
        return self._all_contents(), objects

    def _all_contents(self) -> dict[str, list[Row]]:
        """The rows of all tables, and where definitions may change of all views."""
        tables = self._engine.tables() if self.access == DEFINE else self._engine.base_tables()
        return {table.lower(): self._contents(table) for table in tables}

    def _answer(self, outcome: Outcome) -> Answer:
        return Answer(len(outcome.columns), canonical_rows(outcome.rows), self._gold["ordered"])

    def _tie(self, database: Database) -> None:
        """Give the gold's answer its sort keys; where they cannot be had, the plain order stays.

        Of more rows than the limit the first are known: they suffice where the gold's LIMIT ends before the last group.
        """
        gold, answer = self._gold, database.answer
        if not gold["keyed"]:
            keyed = [(_picked(row, gold["positions"]), row) for row in answer.rows]
            answer.set_ties(keyed, 0, None)
            return
        try:
            with self._undone():
                outcome = self._run([gold["keyed"]], self._limits["max_rows"])
        except EngineError:
            return
        width = answer.columns
        if len(outcome.columns) == width + gold["n_keys"]:
            rows = canonical_rows(outcome.rows)
            keyed = [(_picked(row, gold["positions"]) + row[width:], row[:width]) for row in rows]
            answer.set_ties(keyed, gold["offset"], gold["limit"], outcome.more)

    def _tells(self, database: Database) -> bool:
        if self.access == READ or not self._compares_state:
            return bool(database.rows)
        redefined = database.objects != database.objects_before
        return redefined or any(database.after.get(t) != database.before.get(t) for t in database.writes)

    def informative(self) -> list[bool]:
        """Per test database, whether the gold yields more than nothing, NULL and zero there."""
        if self.access != READ and self._compares_state:
            return [self._tells(database) for database in self.databases]
        return [any(v not in (None, 0) for row in i.answer.rows for v in row) for i in self.databases]

    def judge(self, candidates: list[list[str]], skip: set[int]) -> Iterator[tuple[int, Verdict]]:
        """Judge candidates, test database by test database, and yield each verdict as soon as it is sure.

        Args:
            candidates: Per candidate its texts: readings of one answer, the first that runs counts.
            skip: Indices that are already decided.
        """
        alive = {i: _Attempt(texts[0]) for i, texts in enumerate(candidates) if i not in skip}
        for number, database in enumerate(self.databases):
            self._open(database.database)
            self._now = self._seconds()
            for index, attempt in list(alive.items()):
                self._beat(index)
                self._try(attempt, candidates[index] if number == 0 else [attempt.text], database)
                if attempt.verdict is not None:
                    yield index, alive.pop(index).verdict or []
        yield from ((index, self._passed(attempt)) for index, attempt in alive.items())

    def _try(self, attempt: _Attempt, texts: list[str], database: Database) -> None:
        for text in texts:
            attempt.text, attempt.verdict = text, None
            self._judge_one(attempt, database)
            if attempt.verdict is None or attempt.verdict[0] not in ("syntax_error", "exec_error"):
                return

    def _judge_one(self, attempt: _Attempt, database: Database) -> None:
        started = self._now
        deadline = started + self._limits["soft_seconds"] - attempt.seconds
        try:
            statements = self._statements(attempt.text)
            try:
                outcome = self._engine.run(statements, self._granted, deadline, self._wanted(database))
                reason = self._difference(outcome, database, attempt.flags)
            finally:
                self._engine.undo()
        except Exception as raised:
            error = as_error(raised)
            if error.status == "denied" and self._granted == READ:
                attempt.flags |= _named_write([attempt.text])
            self._now = self._seconds()
            parses = error.status not in ("syntax_error", "multi_statement", "empty")
            attempt.verdict = self._verdict(attempt, error.status, parses, False, error.reason)
            return
        self._now = ended = self._seconds()
        attempt.seconds += ended - started
        if reason:
            attempt.verdict = self._verdict(attempt, "mismatch", True, True, reason)
        attempt.passed += not reason

    def _wanted(self, database: Database) -> int:
        """How many of a candidate's rows are looked at; one more than the gold has is too many."""
        return len(database.rows)

    def _statements(self, text: str) -> list[str]:
        """The candidate's statements: several only where the gold has several."""
        if not self._lenient and (strings := quoted_strings(text, self._names)):
            raise EngineError("exec_error", f"no such column: {strings[0]} (strings take single quotes)")
        statements = split(text) if len(self._gold["statements"]) > 1 else [text]
        if text[:1] not in _LETTERS and not any(map(is_something, statements)):
            raise EngineError("empty", "there is no statement")
        return statements

    def _difference(self, outcome: Outcome, database: Database, flags: set[str]) -> str:
        """Why the outcome is not the gold's; empty if it is."""
        answer = database.answer
        if answer.ambiguous:
            flags.add("gold_ambiguous")
        blind = bool(database.reads) and not outcome.reads & self._names
        if blind:
            flags.add("no_table_read")
        if outcome.more:
            flags.add("more_rows_than_gold")
            return f"more rows than the gold's {len(answer.rows)}"
        if len(outcome.columns) != answer.columns:
            return f"{len(outcome.columns)} columns, the gold has {answer.columns}"
        if outcome.rows != database.rows and not self._answers(outcome, answer):
            unsure = "; they may be tied with the gold's, among more than are looked at" if answer.partial else ""
            return f"other rows ({len(outcome.rows)}, the gold has {len(answer.rows)}){unsure}"
        if blind:
            return "it reads no table, the gold does"
        return self._state_difference(outcome, database) if self.access != READ else ""

    def _answers(self, outcome: Outcome, answer: Answer) -> bool:
        return len(outcome.rows) == len(answer.rows) and answer.matches(canonical_rows(outcome.rows))

    def _state_difference(self, outcome: Outcome, database: Database) -> str:
        if self.access == DEFINE:
            after, objects = self._state()
            same = objects == database.objects and all(same_bag(after[t], rows) for t, rows in database.after.items())
            return "" if same else "other tables, columns or contents afterwards"
        for table in (database.writes | outcome.writes) & set(database.before):
            if not same_bag(self._contents(table), database.after[table]):
                return f"other rows in {table} afterwards"
        return ""

    def _passed(self, attempt: _Attempt) -> Verdict:
        if self.vacuous:
            attempt.flags.add("vacuous")
            if len(self.databases) > 1:
                return self._verdict(attempt, "mismatch", True, True, "the gold tells nothing on any test database")
        return self._verdict(attempt, "match", True, True, "")

    def _verdict(self, attempt: _Attempt, status: str, parses: bool, runs: bool, reason: str) -> Verdict:
        agrees = status == "match"
        flags = sorted(attempt.flags)
        return [status, parses, runs, agrees, flags, reason[:500], attempt.passed, len(self.databases)]


#: How a candidate starts that is sure to hold a statement; the others are looked at.
_LETTERS = frozenset("SsWwIiUuDdCcVv")


class _Undone:
    """Takes back what a statement wrote, however it ends."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        self._engine.undo()


def _picked(row: Row, positions: list[int] | None) -> Row:
    return tuple(row[position] for position in positions or () if position < len(row))


def _named_write(statements: list[str]) -> set[str]:
    words = {statement.split(None, 1)[0].lower() for statement in statements if statement.split()}
    writing = {"insert", "update", "delete", "replace", "create", "drop", "alter"}
    return {"write_for_read"} if words & writing else set()
