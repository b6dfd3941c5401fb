"""Explains a SQL statement in plain sentences, clause by clause, from its syntax tree.

The scripted teacher's reasoning and the explanations of the synthetic questions are written here. The order
of the sentences is the logical order of the plan (tables, joins, filters, groups, output, order, limit); only
the words vary. It says what a statement does, not why that answers a question.
"""

import itertools
import logging
import random
from collections.abc import Callable, Sequence
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from sqlreason.errors import BadInput
from sqlreason.reasoning.clauses import Clause, read_clauses, tell_query
from sqlreason.reasoning.expressions import Speaker, listing
from sqlreason.reasoning.format import harmless
from sqlreason.reasoning.linking import link_names
from sqlreason.reasoning.vocabulary import ABSENCES, LABELS, PREDICATES, SENTENCES

logger = logging.getLogger(__name__)

# The dialects of the question sets, in the order in which they are tried.
DIALECTS = ("sqlite", "mysql", "postgres", "tsql", "duckdb", "")

SHORT_PLAN = 25  # words; a shorter plan names what it leaves out
# The order in which clauses are worked out, for the place of an absence.
LOGICAL_ORDER = (
    "table",
    "joined",
    "join",
    "filter",
    "group",
    "having",
    "output",
    "distinct",
    "order",
    "limit",
)


# The order of style `links`.
LINKING_ORDER = (
    "output",
    "distinct",
    "filter",
    "group",
    "having",
    "qualify",
    "window",
    "order",
    "offset",
    "limit",
    "table",
    "join",
    "left_join",
    "right_join",
    "full_join",
    "cross_join",
)


def explain_query(sql: str, rng: random.Random, style: str = "plan") -> str:
    """Explains a statement in words; every table and column that it uses is named as the SQL names it.

    Tags of our grammar, in a string perhaps, are mere words: it is to stand within them.

    Args:
        sql: One or several SQL statements of any common dialect.
        rng: Draws the wording; equal states give equal texts.
        style: ``plan`` (sentences, about 25 to 90 words), ``steps`` (numbered lines), ``sentence`` (one
            sentence), ``outline`` (``tables: a | filter: … | output: …``), ``links`` (sentences, tables and joins
            last, each column with its table).

    Returns:
        The explanation.

    Raises:
        ValueError: The SQL does not parse in any dialect, or the style is unknown.
    """
    if style not in STYLES:
        raise BadInput(f"Unknown style {style!r}; accepted are {', '.join(STYLES)}.")
    trees = read_statements(sql)
    if style == "links":
        trees, rng = [link_names(tree) for tree in trees], _FirstWording()
    speaker = Speaker(rng, tell_query)
    try:
        clauses = [clause for tree in trees for clause in read_clauses(tree, speaker)]
        return harmless(STYLES[style](clauses, rng))
    except Exception as error:  # a statement that parses and is built as nobody thought of
        logger.debug("%.200r cannot be explained", sql, exc_info=True)
        raise ValueError(f"A statement cannot be explained ({type(error).__name__}): {sql[:200]!r}.") from error


def read_statements(sql: str) -> list[exp.Expr]:
    """The statements of a SQL text, read in the first dialect that accepts it.

    Raises:
        ValueError: No dialect accepts it, or it holds no statement.
    """
    reason = "it is empty"
    for dialect in DIALECTS:
        try:
            trees = [tree for tree in sqlglot.parse(sql, dialect=dialect) if tree is not None]
        except (SqlglotError, RecursionError) as error:
            reason = str(error).splitlines()[0] if str(error) else "it is nested too deeply"
            continue
        except Exception as error:  # sqlglot raises more than its own errors
            logger.debug("sqlglot stumbled over %.200r", sql, exc_info=True)
            reason = f"its parser stumbled ({type(error).__name__})"
            continue
        if trees and all(_is_statement(tree) for tree in trees):
            return trees
        reason = "it holds no statement" if trees else reason
    known = ", ".join(filter(None, DIALECTS))
    raise BadInput(f"A SQL statement of one of {known} is needed; {reason}: {sql[:200]!r}.")


def _is_statement(tree: exp.Expr) -> bool:
    """Whether a tree is more than an expression, which sqlglot accepts where a statement is due."""
    bare = isinstance(tree, exp.Condition | exp.Alias | exp.Tuple)
    return not bare or isinstance(tree, exp.Query | exp.DML)


def _plan(clauses: Sequence[Clause], rng: random.Random) -> str:
    return " ".join(_sentences(clauses, rng))


def _steps(clauses: Sequence[Clause], rng: random.Random) -> str:
    return "\n".join(f"{number}. {text}" for number, text in enumerate(_sentences(clauses, rng), start=1))


def _sentence(clauses: Sequence[Clause], rng: random.Random) -> str:
    words, lead = [], ""
    for clause in clauses:
        if clause.kind == "built":
            lead = "then "
            continue
        words.append(lead + rng.choice(PREDICATES[clause.kind]).format(clause.phrase))
        lead = ""
    subject = rng.choice(("This query", "The query", "The SQL query"))
    return f"{subject} {listing(words)}.".replace(", which, ", ", which ")


def _outline(clauses: Sequence[Clause], rng: random.Random) -> str:
    return " | ".join(f"{LABELS.get(clause.kind, clause.kind)}: {clause.phrase}" for clause in clauses)


def _links(clauses: Sequence[Clause], rng: random.Random) -> str:
    """What is asked for first, each name with its table; then the tables are known, and the joins between them."""
    parts = itertools.groupby(clauses, key=lambda clause: clause.kind in LINKING_ORDER)
    ordered = [clause for linked, part in parts for clause in (sorted(part, key=_linking_place) if linked else part)]
    return " ".join(rng.choice(SENTENCES[clause.kind]).format(clause.phrase) for clause in ordered)


def _linking_place(clause: Clause) -> int:
    return LINKING_ORDER.index(clause.kind)


class _FirstWording(random.Random):
    """Draws nothing: what is learned from few examples is best said in one way."""

    def choice(self, seq: Sequence[Any]) -> Any:  # type: ignore[override]
        """Return the first."""
        return seq[0]


STYLES: dict[str, Callable[[Sequence[Clause], random.Random], str]] = {
    "plan": _plan,
    "steps": _steps,
    "sentence": _sentence,
    "outline": _outline,
    "links": _links,
}


def _sentences(clauses: Sequence[Clause], rng: random.Random) -> list[str]:
    merged = _merge_join(clauses, rng)
    kinds = [clause.kind for clause in merged]
    texts = [rng.choice(SENTENCES[clause.kind]).format(clause.phrase) for clause in merged]
    for kind, options in _absences(clauses):
        if sum(len(text.split()) for text in texts) >= SHORT_PLAN:
            break
        place = sum(LOGICAL_ORDER.index(known) < LOGICAL_ORDER.index(kind) for known in kinds)
        kinds.insert(place, kind)
        texts.insert(place, rng.choice(options))
    return texts


def _absences(clauses: Sequence[Clause]) -> list[tuple[str, tuple[str, ...]]]:
    """The steps that a plain SELECT leaves out; nothing for other or nested statements."""
    kinds = {clause.kind for clause in clauses}
    if "table" not in kinds or not kinds <= set(LOGICAL_ORDER):
        return []
    return [(kind, options) for kind, options in ABSENCES if kind not in kinds]


def _merge_join(clauses: Sequence[Clause], rng: random.Random) -> list[Clause]:
    """Sometimes tells a table and its only join in one sentence."""
    kinds = [clause.kind for clause in clauses]
    if kinds[:2] == ["table", "join"] and kinds.count("join") == 1 and rng.random() < 0.5:
        return [Clause("joined", f"{clauses[0].phrase} joined with {clauses[1].phrase}"), *clauses[2:]]
    return list(clauses)
