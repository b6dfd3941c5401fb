"""Tasks ready for verification: a reading under which the gold runs, and instances that tell it from its mutants.

One instance accepts about a third of wrong queries on contexts of a few rows; three chosen ones a few percent
(SQL_ENGINE.md, section 4.8). Candidate instances are drawn, gold and mutants are run on all of them in a worker, and
the few that kill most mutants are kept beside the original.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from sqlglot.tokenizer_core import TokenType

from sqlreason.sql.conditions import wishes_of
from sqlreason.sql.dialects import readings, to_engine
from sqlreason.sql.execution import Task, Trial, Verifier
from sqlreason.sql.extremes import ties
from sqlreason.sql.mutants import mutants
from sqlreason.sql.population import Populator
from sqlreason.sql.queries import read_query
from sqlreason.sql.schema import Schema, SchemaError, parse_schema
from sqlreason.sql.stability import completions
from sqlreason.sql.statements import split_tokens, statement_kind, text_of
from sqlreason.sql.styles import Style, styles_of
from sqlreason.sql.tables import literal
from sqlreason.sql.touches import Rows

#: Instances that are drawn for one gold, more where more are asked for, and mutants that they must tell from it.
_DRAWN, _MUTANTS = 12, 18
#: Fewer mutants than this may all be equivalent by chance; their survival says nothing.
_TELLING = 3
#: A gold that fails so fails in every reading; on other rows it may not.
_TOO_BIG = "too_big"
#: A longer answer is not written out to see whether it is right everywhere.
_WRITTEN_ROWS = 50


@dataclass(frozen=True)
class Prepared:
    """What preparing a question came to.

    Attributes:
        task: For verification; None unless the status is "ok".
        status: "ok"; "schema_error" (no table can be read), "gold_error" (the gold fails in every engine and
            reading), "vacuous" (it yields nothing, NULL or zero on every instance), "indistinct" (no instance tells
            it from any of its mutants), "undrawn" (no database beside the original could be had).
        reason: Why it is not "ok", in words.
        mutants: Mutants that were tried and ran.
        killed: Mutants that the chosen instances tell from the gold.
        flags: Of quiet_on_original (the gold tells nothing on the original rows), too_big_on_original (its answer on
            these is too large, and they are left out), gold_ambiguous (LIMIT cuts ties on a chosen instance),
            gold_unstable (ties inside of the gold decide its result on a chosen instance),
            gold_constant (its result is the same on all chosen instances, so that writing it out is judged right),
            few_instances (fewer than asked for could be loaded and tell something).
    """

    task: Task | None
    status: str
    reason: str
    mutants: int
    killed: int
    flags: tuple[str, ...] = ()


def prepare(
    verifier: Verifier, id: str, context: str, gold: str, n: int = 3, seed: int = 0, suite: str = ""
) -> Prepared:
    """Finds the reading of a question and its instances.

    Args:
        verifier: Where gold and mutants run.
        id: The question's, kept in the task.
        context: DDL and INSERTs.
        gold: The gold query.
        n: Instances beside the original.
        seed: Of the draws; the same seed gives the same task.
        suite: What the instances may hold (`styles.SUITES`); "" takes "lenient", and "tied" for a published preset.

    Raises:
        ValueError: There is no such suite.
    """
    styles = styles_of(
        suite or ("lenient" if verifier.preset == "strict" else "tied"), max(_DRAWN, n + n // 2) if n else 0
    )
    try:
        schema = parse_schema(context)
    except SchemaError as error:
        return Prepared(None, "schema_error", str(error), 0, 0)
    reasons = []
    for engine, reading in readings(context, gold):
        script = to_engine(context, engine, reading, script=True)[0]
        found = _distilled(verifier, Task(id, gold, (script,), engine, reading), schema, styles, n, seed)
        if found.status != "gold_error" or found.reason.startswith(_TOO_BIG):
            return found
        reasons.append(f"{engine} {reading or 'as it is'}: {found.reason}")
    return Prepared(None, "gold_error", "; ".join(dict.fromkeys(reasons)), 0, 0)


def _distilled(
    verifier: Verifier, original: Task, schema: Schema, styles: Sequence[Style], n: int, seed: int
) -> Prepared:
    """Draws instances and keeps those that kill most mutants of the gold."""
    if (original.engine, original.reading) != ("sqlite", ""):  # seldom right: look before drawing
        (alone,) = verifier.trial(original, [])
        if alone.failure:
            return Prepared(None, "gold_error", alone.failure, 0, 0)
    gold = to_engine(original.gold, original.engine, original.reading)[0]
    loose = any(style.ties or style.dangling for style in styles)
    wrong = mutants(gold, schema, _MUTANTS, seed, ties=loose, references_hold=not loose)
    scripts = [*original.instances, *draw_instances(original, schema, styles, seed)]
    pool = Task(original.id, original.gold, tuple(scripts), original.engine, original.reading)
    constant = _written_out(verifier, original, gold, schema)
    open_choices, even = completions(gold, schema), [] if loose else ties(gold, schema)
    parts = [[*wrong, *constant], open_choices, even]
    texts = [[to_engine(text, original.engine, "sqlite")[0] for text in part] for part in parts]
    trial, unstable, tied = _told_apart(verifier.trial(pool, texts[0], texts[1] + texts[2]), *map(len, parts[:2]))
    if trial[0].failure and (not trial[0].failure.startswith(_TOO_BIG) or all(tried.failure for tried in trial)):
        return Prepared(None, "gold_error", trial[0].failure, 0, 0)
    drawn = [Style(), *styles][: len(trial)]
    if verifier.preset == "strict":
        chosen = _chosen(trial, n, drawn, unstable | tied)
    else:  # there a tie falls as the engine lets it fall, and that decides
        chosen = _chosen([tried._replace(ambiguous=False) for tried in trial], n, drawn, set())
    killed = {m for i in chosen for m in trial[i].killed}
    open_gold = ("gold_unstable",) if unstable & set(chosen) else ()
    ran = set(range(len(wrong))) - {m for tried in trial for m in tried.broken}
    flags = ["too_big_on_original"] if trial[0].failure else [] if trial[0].informative else ["quiet_on_original"]
    flags += ["gold_ambiguous"] if any(trial[i].ambiguous for i in chosen) else []
    flags += ["gold_constant"] if constant and len(wrong) not in killed else []
    flags += ["few_instances"] if len(set(chosen) - {0}) < n else []
    instances = tuple(scripts[i] for i in chosen)
    task = Task(original.id, original.gold, instances, original.engine, original.reading, open_gold)
    counts = len(ran), len(killed & ran), (*flags, *open_gold)
    if not any(trial[i].informative for i in chosen):
        return Prepared(None, "vacuous", "the gold yields nothing, NULL or zero on every instance", *counts)
    # a published preset may see no difference between the gold and all its mutants: Spider's drops DISTINCT
    if len(ran) >= _TELLING and not killed & ran and verifier.preset == "strict":
        return Prepared(None, "indistinct", f"no instance tells the gold from any of {len(ran)} mutants", *counts)
    if n and chosen == [0] and (len(scripts) > 1 or read_query(gold, schema) is None):
        reason = next((tried.failure for tried in trial[1:] if tried.failure), "the gold cannot be parsed")
        return Prepared(None, "undrawn", f"no database could be drawn beside the original: {reason}", *counts)
    return Prepared(task, "ok", "", *counts)


def _written_out(verifier: Verifier, original: Task, gold: str, schema: Schema) -> list[str]:
    """The gold's result on the original rows as literals, beside a table that is not used; [] if it has none."""
    if statement_kind(gold) != "select":
        return []
    rows = verifier.run(original.instances[0], gold, original.engine).rows
    nested = any(isinstance(value, list | dict) for row in rows for value in row)  # they have no literal
    if nested or not 0 < len(rows) <= _WRITTEN_ROWS:
        return []
    table = _name(schema.tables[0].name)
    return [f"SELECT * FROM (VALUES {_values(rows)}) AS answer WHERE (SELECT COUNT(*) FROM {table}) >= 0"]


def _told_apart(trial: list[Trial], mutants: int, completions: int) -> tuple[list[Trial], set[int], set[int]]:
    """The trial of the mutants alone, and the instances on which a completion, or a tie, of the gold answers otherwise.

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
    """The original and up to n instances, greedily by new kills, of those with one right answer if there are any.

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


def draw_instances(task: Task, schema: Schema, styles: Sequence[Style], seed: int = 0) -> list[str]:
    """Draws scripts of perturbed instances for a task's gold; none if the gold cannot be parsed.

    Args:
        task: With the original context as its only instance.
        schema: The context's.
        styles: Of the instances, one each.
        seed: Of the draws.
    """
    tree = read_query(task.gold, schema, task.reading or None)
    if tree is None:
        return []
    populator = Populator(schema, wishes_of(tree, schema))
    frame = _frame(task.instances[0], task.engine)
    rng = random.Random(f"{seed}/{task.gold}")
    return [_script(frame, populator, populator.draw(rng, style)) for style in styles if populator.tables]


@dataclass(frozen=True)
class _Frame:
    """A context taken apart: definitions, INSERTs by table, and what comes after."""

    definitions: tuple[str, ...]
    inserts: tuple[tuple[str, str], ...]
    rest: tuple[str, ...]


@lru_cache(maxsize=512)
def _frame(script: str, engine: str) -> _Frame:
    definitions, inserts, rest = [], [], []
    for tokens in split_tokens(script, engine):
        kinds = [token.token_type for token in tokens]
        text = text_of(script, tokens)
        if kinds[0] is TokenType.CREATE:
            definitions.append(text)
        elif kinds[0] is TokenType.INSERT and TokenType.VALUES in kinds:
            end = min(kinds.index(k) for k in (TokenType.L_PAREN, TokenType.VALUES) if k in kinds)
            inserts.append((tokens[end - 1].text.lower(), text))
        else:
            rest.append(text)
    return _Frame(tuple(definitions), tuple(inserts), tuple(rest))


def _script(frame: _Frame, populator: Populator, rows: Rows) -> str:
    """The context with other rows in the tables that the gold uses."""
    kept = [text for table, text in frame.inserts if table not in rows]
    filled = []
    for table in populator.tables:
        if rows[table.name.lower()]:
            columns = ", ".join(_name(column.name) for column in table.columns)
            values = _values(rows[table.name.lower()])
            filled.append(f"INSERT INTO {_name(table.name)} ({columns}) VALUES {values}")
    return ";\n".join([*frame.definitions, *kept, *filled, *frame.rest]) + ";"


def _values(rows: Sequence[Sequence[object]]) -> str:
    return ", ".join(f"({', '.join(literal(value) for value in row)})" for row in rows)  # type: ignore[arg-type]


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
