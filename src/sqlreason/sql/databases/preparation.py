"""Tasks ready for verification: a reading under which the gold runs, and test databases that tell it from its mutants.

One test database accepts about a third of wrong queries on contexts of a few rows; three chosen ones a few percent
(docs/sql-engine.md, section 4). Candidate test databases are drawn, gold and mutants are run on all of them in a
worker, and the few that kill most mutants are kept beside the original.
"""

from __future__ import annotations

import logging
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import TokenType

from sqlreason.errors import BadInput
from sqlreason.sql.database_files import DatabaseError, dialect_of, engine_of, is_database_url
from sqlreason.sql.databases.file_contexts import UNSERVED_DATABASE, context_of, unnested
from sqlreason.sql.databases.plain_scripts import scripts_of, settle
from sqlreason.sql.databases.population import Populator
from sqlreason.sql.databases.preparation_budget import Budget, OverBudget, check_size
from sqlreason.sql.databases.row_edits import Rows
from sqlreason.sql.databases.styles import Style, styles_of
from sqlreason.sql.databases.table_rules import unread_rules
from sqlreason.sql.databases.values import is_nested
from sqlreason.sql.databases.written_values import as_document, written_rows
from sqlreason.sql.mutation.extremes import ties
from sqlreason.sql.mutation.mutants import mutants
from sqlreason.sql.mutation.stability import completions
from sqlreason.sql.parsing.dialects import engine_named, own_dialect, readings, to_engine
from sqlreason.sql.parsing.inserts import written_table
from sqlreason.sql.parsing.queries import read_query
from sqlreason.sql.parsing.query_constraints import constraints_of
from sqlreason.sql.parsing.schema import Schema, SchemaError, as_postgres, find_schema, schema_of
from sqlreason.sql.parsing.statements import split_statements, split_tokens, statement_kind, text_of
from sqlreason.sql.parsing.tables import identifier
from sqlreason.sql.sandbox.named_server import VARIABLE
from sqlreason.sql.sandbox.process import WorkerError
from sqlreason.sql.sandbox.worker.shelf import remembering
from sqlreason.sql.verifier import Task, Trial, Verifier

logger = logging.getLogger(__name__)

#: Test databases that are drawn for one gold, more where more are asked for, and mutants that they must tell from it.
_DRAWN, _MUTANTS = 12, 18
#: Fewer mutants than this may all be equivalent by chance; their survival says nothing.
_TELLING = 3
#: A gold that fails so fails in every reading; on other rows it may not.
_TOO_BIG = "too_big"
#: Why the original database may be left out, and the flag for that.
_LEFT_OUT = {
    _TOO_BIG: "too_big_on_original", "timeout": "too_slow_on_original", "denied": "read_only_original"
}  # fmt: skip
#: Characters of what is told of one attempt, and of a reason in all: an engine's message may quote a whole statement.
_ATTEMPT, _REASON = 300, 2_000
#: A gold that is no query at all: white space, semicolons and comments.
_NO_QUERY = re.compile(r"(?>[\s;]|--[^\n]*|/\*.*?(?:\*/|\Z))*+", re.DOTALL)
#: A context that names a database.
_URL = re.compile(r"\s*[A-Za-z][A-Za-z0-9+]*://\S*\s*")
_HALF_A_CHARACTER = re.compile("[\ud800-\udfff]")
#: Why a gold of PostgreSQL's dialect is not used.
_UNSERVED = f"it is PostgreSQL's and no server is named to run it: set {VARIABLE} (docs/sandbox.md)"
#: Characters of a gold for which drawing takes longer than running it once.
_LONG = 1_500
#: A longer answer is not written out to see whether it is right everywhere.
_WRITTEN_ROWS = 50


@dataclass(frozen=True)
class Prepared:
    """What preparing a question came to.

    Attributes:
        task: For verification; None unless the status is "ok".
        status: "ok"; "no_gold" (there is none), "schema_error" (no table can be read), "gold_error" (the gold fails in
            every engine and reading), "vacuous" (it yields nothing, NULL or zero on every test database), "indistinct"
            (no test database tells it from any of its mutants), "undrawn" (no database beside the original could be
            had), "too_costly" (`preparation_budget`), "fault" (preparing it failed in a way that nobody thought of; the
            log has where, at debug).
        reason: Why it is not "ok", in words.
        mutants: Mutants that were tried and ran.
        killed: Mutants that the chosen test databases tell from the gold.
        flags: Of quiet_on_original (the gold tells nothing on the original rows), too_big_on_original (its answer on
            these is too large, and they are left out), too_slow_on_original and read_only_original (likewise: a
            database file on which the gold takes longer than a candidate may, or into which it would write),
            gold_ambiguous (LIMIT cuts ties on a chosen test database),
            gold_unstable (ties inside of the gold decide its result on a chosen test database),
            gold_constant (its result is the same on all chosen test databases, so that writing it out is judged right),
            golds_left_out (of several golds not all can be used), few_databases (fewer than asked for could be loaded
            and tell something), rules_unread (a table of the gold
            has a CHECK that is too involved to be obeyed on purpose, so that drawn databases may have been refused).
    """

    task: Task | None
    status: str
    reason: str
    mutants: int
    killed: int
    flags: tuple[str, ...] = ()


def prepare(
    verifier: Verifier,
    id: str,
    context: str,
    gold: str,
    n: int = 3,
    seed: int = 0,
    suite: str = "",
    other_golds: Sequence[str] = (),
    dialect: str = "",
) -> Prepared:
    """Find the reading of a question and its test databases; whatever context and gold are, the outcome is a value.

    Args:
        verifier: Where gold and mutants run.
        id: The question's, kept in the task.
        context: DDL and INSERTs, or the URL of a database (`database_files`), which is then the original; the
            others are drawn by its schema and some of its rows (`file_contexts`).
        gold: The gold query; a null of a table is no gold.
        n: Test databases beside the original.
        seed: Of the draws; the same seed gives the same task.
        suite: What the test databases may hold (`styles.SUITES`); "" takes "lenient", and "tied" for a published
            preset.
        other_golds: Further right queries. Each that can be used, in the first's engine and reading, is one of the
            task's golds, and its test databases are the task's too; where the first cannot be used, another takes its
            place.
        dialect: The engine whose SQL the question is said to be in, as its column `dialect` has it; "" finds out.

    Raises:
        ValueError: There is no such suite.
        WorkerError: No worker can be started, which no question is to blame for.
    """
    if not other_golds:
        return _of_one_gold(verifier, id, context, gold, n, seed, suite, dialect)
    golds = dict.fromkeys([gold, *other_golds])
    found = [_of_one_gold(verifier, id, context, each, n, seed, suite, dialect) for each in golds]
    return _united(found)


def _united(found: Sequence[Prepared]) -> Prepared:
    """What preparing several golds of a question comes to: the first that can be used, with those like it."""
    first = next((each for each in found if each.task is not None), found[0])
    if first.task is None:
        return first
    tasks = [each.task for each in found if each.task is not None]
    alike = [t for t in tasks if (t.engine, t.reading) == (first.task.engine, first.task.reading)]
    databases = dict.fromkeys(database for task in alike for database in task.databases)
    task = replace(first.task, databases=tuple(databases), other_golds=tuple(t.gold for t in alike[1:]))
    flags = first.flags if len(alike) == len(found) else (*first.flags, "golds_left_out")
    return replace(first, task=task, flags=flags)


def _of_one_gold(
    verifier: Verifier, id: str, context: str, gold: str, n: int, seed: int, suite: str, dialect: str
) -> Prepared:
    styles = styles_of(
        suite or ("lenient" if verifier.preset == "strict" else "tied"), max(_DRAWN, n + n // 2) if n else 0
    )
    try:
        return _prepared(verifier, id, context, gold, styles, n, seed, dialect)
    except WorkerError:
        raise
    except DatabaseError as error:
        return _left_out("database_error", str(error))
    except OverBudget as error:
        return _left_out("too_costly", str(error))
    except RecursionError:
        return _left_out("too_costly", "it is nested too deeply to be read")
    except Exception as error:
        logger.debug("question %r could not be prepared", id, exc_info=True)
        return _left_out("fault", f"{type(error).__name__}: {error}")


def _left_out(status: str, reason: str) -> Prepared:
    """A question that is not used; its reason can be stored and shown whatever the texts hold from which it comes."""
    stored = reason.encode("utf-8", "backslashreplace").decode("utf-8")
    return Prepared(None, status, stored if len(stored) <= _REASON else f"{stored[:_REASON]} …", 0, 0)


def _prepared(
    verifier: Verifier, id: str, context: str, gold: str, styles: Sequence[Style], n: int, seed: int, dialect: str
) -> Prepared:
    if not isinstance(gold, str) or _NO_QUERY.fullmatch(gold) or not split_statements(gold):
        return _left_out("no_gold", "the question has no gold query")
    if not isinstance(context, str):
        return _left_out("schema_error", f"the question's context is a {type(context).__name__}; give a text")
    for text, status, name in ((context, "schema_error", "context"), (gold, "gold_error", "gold")):
        if half := _HALF_A_CHARACTER.search(text):
            return _left_out(status, f"the {name} holds {half[0]!a}, half of a character, which no database stores")
    try:
        named = engine_named(dialect)
    except BadInput as error:
        return _left_out("schema_error", str(error))
    if named == "postgres" and not verifier.server and not is_database_url(context):
        return _left_out("gold_error", _UNSERVED)
    check_size(gold)
    if _URL.fullmatch(context) and not is_database_url(context):
        return _left_out("database_error", f"the database {context.partition('://')[0]}://… is of no known kind")
    if is_database_url(context):
        return _in_place(verifier, id, context, gold, styles, n, seed)
    budget = Budget(context)
    reasons = []
    known, published = partial(find_schema, context), verifier.preset != "strict"
    for engine, reading in readings(context, gold, known, published, named, bool(verifier.server)):
        budget.check()
        try:
            schema = schema_of(context, reading)
            schema = as_postgres(schema, context) if engine == "postgres" else schema
        except SchemaError as error:
            return _left_out("schema_error", str(error))
        attempts = []
        for script in scripts_of(context, engine, reading):  # one that is settled may need its own order after all
            original = _Original(Task(id, gold, (script,), engine, reading), script, schema)
            found = _distilled(verifier, original, styles, n, seed, budget)
            if found.status != "gold_error":
                return found
            attempts.append(found.reason)
        reasons.append(f"{engine} {reading or 'as it is'}: {attempts[0][:_ATTEMPT]}")
        if attempts[-1].startswith(_TOO_BIG):
            break
    if not verifier.server and own_dialect(context, gold, "", served=True) == "postgres":
        reasons = [_UNSERVED, *reasons]
    return _left_out("gold_error", "; ".join(dict.fromkeys(reasons)))


class _Original(NamedTuple):
    """A gold on its original database, what stands for that database as a script, and its schema."""

    task: Task
    script: str
    schema: Schema

    @property
    def may_be_left_out(self) -> dict[str, str]:
        """With what status a gold fails on it that may be judged on drawn databases alone, and the flag for that."""
        return _LEFT_OUT if self.task.files else {_TOO_BIG: _LEFT_OUT[_TOO_BIG]}


def _in_place(
    verifier: Verifier, id: str, database: str, gold: str, styles: Sequence[Style], n: int, seed: int
) -> Prepared:
    """A question on a database that stands where it is, and has one engine and one dialect."""
    if engine_of(database) == "postgres" and not verifier.server:
        return _left_out("database_error", UNSERVED_DATABASE)
    found = context_of(verifier, database)
    task = Task(id, gold, (database,), engine_of(database), dialect_of(database))
    original = _Original(task, found.script, found.schema)
    return _distilled(verifier, original, styles, n, seed, Budget(found.script))


def _distilled(
    verifier: Verifier, given: _Original, styles: Sequence[Style], n: int, seed: int, budget: Budget
) -> Prepared:
    """Draw test databases and keep those that kill most mutants of the gold."""
    original, schema = given.task, given.schema
    # seldom right, or dear to draw for: look before drawing
    if (original.engine, original.reading) != ("sqlite", "") or len(original.gold) > _LONG:
        (alone,) = verifier.trial(original, [])
        if alone.failure and _status(alone) not in given.may_be_left_out:
            return Prepared(None, "gold_error", alone.failure, 0, 0)
    gold = to_engine(original.gold, original.engine, original.reading)[0]
    schema = _as_run(verifier, original, schema) if schema.partial else schema
    loose = any(style.ties or style.dangling for style in styles)
    own, settings = original.dialect, {"ties": loose, "references_hold": not loose}
    wrong = mutants(gold, schema, _MUTANTS, seed, **settings, check=budget.check, dialect=own)
    drawing = replace(original, databases=(given.script,))
    scripts = [*original.databases, *draw_databases(drawing, schema, styles, seed, budget.check, bool(original.files))]
    pool = Task(original.id, original.gold, tuple(scripts), original.engine, original.reading)
    constant = _written_out(verifier, original, gold, schema)
    open_choices, even = completions(gold, schema, own), [] if loose else ties(gold, schema, own)
    parts = [[*wrong, *constant], open_choices, even]
    spelled = "sqlite" if original.engine == "duckdb" and not own else ""
    texts = [[to_engine(text, original.engine, spelled)[0] for text in part] for part in parts]
    trial, unstable, tied = _told_apart(verifier.trial(pool, texts[0], texts[1] + texts[2]), *map(len, parts[:2]))
    if trial[0].failure and (_status(trial[0]) not in given.may_be_left_out or all(tried.failure for tried in trial)):
        return Prepared(None, "gold_error", trial[0].failure, 0, 0)
    drawn = [Style(), *styles][: len(trial)]
    if verifier.preset == "strict":
        chosen = _chosen(trial, n, drawn, unstable | tied)
    else:  # there a tie falls as the engine lets it fall, and that decides
        chosen = _chosen([tried._replace(ambiguous=False) for tried in trial], n, drawn, set())
    killed = {m for i in chosen for m in trial[i].killed}
    open_gold = ("gold_unstable",) if unstable & set(chosen) else ()
    ran = set(range(len(wrong))) - {m for tried in trial for m in tried.broken}
    left_out = given.may_be_left_out.get(_status(trial[0]), "")
    flags = [left_out] if left_out else [] if trial[0].informative else ["quiet_on_original"]
    flags += ["gold_ambiguous"] if any(trial[i].ambiguous for i in chosen) else []
    constant_ran = constant and not any(len(wrong) in trial[i].broken for i in chosen)
    flags += ["gold_constant"] if constant_ran and len(wrong) not in killed else []
    flags += ["few_databases"] if len(set(chosen) - {0}) < n else []
    flags += ["rules_unread"] if unread_rules(schema, gold) else []
    databases = tuple(scripts[i] for i in chosen)
    task = Task(original.id, original.gold, databases, original.engine, original.reading, open_gold)
    counts = len(ran), len(killed & ran), (*flags, *open_gold)
    if not any(trial[i].informative for i in chosen):
        return Prepared(None, "vacuous", "the gold yields nothing, NULL or zero on every test database", *counts)
    # a published preset may see no difference between the gold and all its mutants: Spider's drops DISTINCT
    if len(ran) >= _TELLING and not killed & ran and verifier.preset == "strict":
        return Prepared(None, "indistinct", f"no test database tells the gold from any of {len(ran)} mutants", *counts)
    if n and chosen == [0] and (len(scripts) > 1 or read_query(gold, schema) is None):
        reason = next((tried.failure for tried in trial[1:] if tried.failure), "the gold cannot be parsed")
        return Prepared(None, "undrawn", f"no database could be drawn beside the original: {reason}", *counts)
    return Prepared(task, "ok", "", *counts)


def _status(tried: Trial) -> str:
    """With what status the gold failed; "" where it ran."""
    return tried.failure.partition(":")[0]


def _as_run(verifier: Verifier, original: Task, schema: Schema) -> Schema:
    """The schema with the rows that the engine finds once it has run the script."""
    names = [table.name for table in schema.tables]
    queries = [f"SELECT * FROM {identifier(name)}" for name in names]
    (found,) = verifier.run_batch([(original.databases[0], queries, original.engine)])
    same = {
        name: unnested(table, result.rows) if original.engine == "duckdb" else result.rows
        for name, table, result in zip(names, schema.tables, found, strict=True)
        if result.status == "ok" and [c.lower() for c in result.columns] == [c.name.lower() for c in table.columns]
    }
    return replace(schema, tables=tuple(replace(t, rows=same.get(t.name, t.rows)) for t in schema.tables))


def _written_out(verifier: Verifier, original: Task, gold: str, schema: Schema) -> list[str]:
    """The gold's result on the original rows as literals, beside a table that is not used; [] if it has none."""
    if statement_kind(gold) != "select":
        return []
    rows = verifier.run(original.databases[0], gold, original.engine).rows
    nested = any(isinstance(value, list | dict) for row in rows for value in row)  # they have no literal
    if nested or not 0 < len(rows) <= _WRITTEN_ROWS:
        return []
    table = identifier(schema.tables[0].name)
    written = written_rows(rows, original.engine)
    return [f"SELECT * FROM (VALUES {written}) AS answer WHERE (SELECT COUNT(*) FROM {table}) >= 0"]


def _told_apart(trial: list[Trial], mutants: int, completions: int) -> tuple[list[Trial], set[int], set[int]]:
    """The trial of the mutants, and the databases on which a completion, or a tie, of the gold answers otherwise.

    Args:
        trial: Of the mutants, then the completions, then the gold's ways with a tie.
        mutants: How many of the first there are.
        completions: How many of the second.
    """
    behind = mutants + completions
    unstable = {i for i, tried in enumerate(trial) if any(mutants <= m < behind for m in tried.killed)}
    tied = {i for i, tried in enumerate(trial) if any(m >= behind for m in tried.killed)}
    own = [
        tried._replace(killed=[m for m in tried.killed if m < mutants], broken=[m for m in tried.broken if m < mutants])
        for tried in trial
    ]
    return own, unstable, tied


def _chosen(trial: list[Trial], n: int, styles: Sequence[Style], avoided: set[int]) -> list[int]:
    """The original and up to n test databases, greedily by new kills, of those with one right answer if there are any.

    Where the suite has them, one with ties and one on which the gold finds nothing come on top. Where the gold finds
    something on none, they are taken all the same: a wrong query may. An original on which the gold's answer is too
    large is left out.
    """
    chosen, covered = [0] * (not trial[0].failure), set(trial[0].killed)
    loaded = [i for i, tried in enumerate(trial) if i and not tried.failure]
    told = [i for i in loaded if trial[i].informative]
    rest = [i for i in told if not trial[i].ambiguous and i not in avoided] or told or loaded

    def take(among: list[int]) -> None:
        best = max(among, key=lambda i: (len(set(trial[i].killed) - covered), len(trial[i].killed), -i))
        chosen.append(best)
        covered.update(trial[best].killed)
        rest.remove(best)

    while rest and len(set(chosen) - {0}) < n:
        take(rest)
    tied = [i for i in rest if styles[i].ties] if n and not any(styles[i].ties for i in chosen) else []
    if tied:
        take(tied)
    empty = [i for i in loaded if n and styles[i].barren and i not in (*told, *chosen)]
    return [*chosen, *empty[:1]]


def draw_databases(
    task: Task,
    schema: Schema,
    styles: Sequence[Style],
    seed: int = 0,
    check: Callable[[], None] = lambda: None,
    is_file: bool = False,
) -> list[str]:
    """Draw scripts of perturbed test databases for a task's gold; none if it or its context cannot be read.

    Args:
        task: With the original context as its only test database.
        schema: The context's.
        styles: Of the test databases, one each.
        seed: Of the draws.
        check: Called before each of them; what it raises ends the work (`preparation_budget.Budget.check`).
        is_file: Whether the script stands for a database file: it needs no settling, and the tables that are not drawn
            keep a few rows.
    """
    tree = read_query(task.gold, schema, task.reading or None)
    if tree is None:
        return []
    try:
        as_it_is = is_file or bool(task.dialect)
        frame = _frame(task.databases[0] if as_it_is else settle(task.databases[0]), task.engine)
    except SqlglotError:  # the engine reads it, or has refused it already; we cannot take it apart
        return []
    # what fills a table that the script drops in the end finds it no longer
    kept = tuple((name, text) for name, text in frame.inserts if schema.table(name) is not None)
    frame = replace(frame, inserts=_few(kept, schema, task.engine) if is_file else kept)
    populator = Populator(schema, constraints_of(tree, schema))
    rng = random.Random(f"{seed}/{task.gold}")
    scripts = []
    for style in styles if populator.tables else ():
        check()
        scripts.append(_script(frame, populator, populator.draw(rng, style), task.engine))
    return scripts


def _few(inserts: Sequence[tuple[str, str]], schema: Schema, engine: str) -> tuple[tuple[str, str], ...]:
    """The first rows of each table, in DuckDB of those that refer to no other, whose rows may be drawn anew."""
    first = dict(reversed(inserts))
    return tuple(
        (name, text)
        for name, text in inserts
        if first[name] is text and (engine != "duckdb" or not schema.table(name).foreign_keys)  # type: ignore[union-attr]
    )


@dataclass(frozen=True)
class _Frame:
    """A context taken apart: definitions, what fills tables by table, and what comes after."""

    definitions: tuple[str, ...]
    inserts: tuple[tuple[str, str], ...]
    rest: tuple[str, ...]


@remembering(8_000_000)
def _frame(script: str, engine: str) -> _Frame:
    definitions, inserts, rest = [], [], []
    for tokens in split_tokens(script, engine):
        kinds = [token.token_type for token in tokens]
        text = text_of(script, tokens)
        if kinds[0] is TokenType.CREATE:
            definitions.append(text)
        elif target := written_table(tokens):
            inserts.append((target, text))
        else:
            rest.append(text)
    return _Frame(tuple(definitions), tuple(inserts), tuple(rest))


def _script(frame: _Frame, populator: Populator, rows: Rows, engine: str) -> str:
    """The context with other rows in the tables that the gold uses."""
    kept = [text for table, text in frame.inserts if table not in rows]
    filled = []
    for table in populator.tables:
        if rows[table.name.lower()]:
            kept_places = [place for place, column in enumerate(table.columns) if not column.computed]
            columns = ", ".join(identifier(table.columns[place].name) for place in kept_places)
            nested = [engine != "sqlite" and is_nested(column) for column in table.columns]
            fitted = [as_document if engine == "postgres" and "JSON" in c.type.upper() else None for c in table.columns]
            drawn = [
                [None if nested[i] else make(row[i]) if (make := fitted[i]) else row[i] for i in kept_places]
                for row in rows[table.name.lower()]
            ]
            values = written_rows(drawn, engine)
            filled.append(f"INSERT INTO {identifier(table.name)} ({columns}) VALUES {values}")
    return ";\n".join([*frame.definitions, *kept, *filled, *frame.rest]) + ";"
