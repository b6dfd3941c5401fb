"""Correct answers in other words: what a sound reward must pay in full, whatever the text.

Each rewrite keeps the meaning of the query by a rule that holds for NULLs and duplicates too; where a rule does not
apply to a query, the rewrite is left out.
"""

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass

from sqlglot import exp

from sqlreason.reasoning.explanation import explain_query
from sqlreason.reasoning.format import render
from sqlreason.sql.parsing.queries import read_query
from sqlreason.sql.parsing.schema import Schema
from sqlreason.sql.verifier import Task

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Question:
    """What completions are written for.

    Attributes:
        task: Gold and databases.
        schema: Of the original database.
        think: A sound plan of the gold.
        rows: The gold's rows on the original database.
    """

    task: Task
    schema: Schema
    think: str
    rows: tuple[tuple[object, ...], ...]

    @property
    def gold(self) -> str:
        """Return the gold query, without a semicolon at its end."""
        return self.task.gold.strip().rstrip(";").strip()

    @property
    def table(self) -> str:
        """Return a table of the schema that the gold reads, else its first."""
        names = [table.name for table in self.schema.tables]
        return next((name for name in names if name.lower() in self.gold.lower()), names[0])


def explain_plainly(sql: str, style: str = "plan") -> str:
    """Explain a query; a stock phrase where it cannot be parsed."""
    try:
        return explain_query(sql, random.Random(0), style)
    except ValueError:
        return "Read the tables and return what is asked for."


def write_correct(question: Question) -> dict[str, str]:
    """Return name -> correct completion, the gold's own text first."""
    gold, think = question.gold, question.think
    answers = {
        "the gold": render(think, gold),
        "a semicolon at its end": render(think, f"{gold};"),
        "a comment before it": render(think, f"-- the answer\n{gold}"),
        "a comment behind it": render(think, f"{gold} /* done */"),
        "more blank lines": f"<think>\n\n{think}\n\n</think>\n\n<sql>\n\n{gold}\n\n</sql>\n",
        "the reasoning as steps": render(explain_plainly(gold, "steps"), gold),
        "the reasoning in one sentence": render(explain_plainly(gold, "sentence"), gold),
    }
    for name, rewrite in _REWRITES.items():
        tree = read_query(gold, question.schema)
        text = _rewritten(rewrite, tree) if tree is not None else None
        if text is not None:
            answers[name] = render(think, text)
    return answers


def _rewritten(rewrite: Callable[[exp.Expr], str | None], tree: exp.Expr) -> str | None:
    """Return the tree rewritten; None for one that cannot be, or not be written."""
    try:
        return rewrite(tree)
    except Exception:
        logger.debug("a %s cannot be rewritten", type(tree).__name__, exc_info=True)
        return None


def _laid_out(tree: exp.Expr) -> str | None:
    return tree.sql("sqlite", pretty=True)


def _as_cte(tree: exp.Expr) -> str | None:
    """Only for plain queries without an order, which a wrapping query need not keep."""
    if not isinstance(tree, exp.Select) or tree.args.get("with_") or tree.args.get("order") or tree.args.get("limit"):
        return None
    return f"WITH answer AS ({tree.sql('sqlite')}) SELECT * FROM answer"


def _columns_renamed(tree: exp.Expr) -> str | None:
    """Only where nothing can refer to an output's name."""
    if not isinstance(tree, exp.Select) or tree.find(exp.Star, exp.Order, exp.Group, exp.Having, exp.Distinct):
        return None
    for number, output in enumerate(list(tree.expressions), start=1):
        bare = output.this if isinstance(output, exp.Alias) else output
        output.replace(exp.alias_(bare.copy(), f"answer_{number}"))
    return tree.sql("sqlite")


_FLIPPED: dict[type[exp.Expr], type[exp.Expr]] = {
    exp.GT: exp.LT, exp.LT: exp.GT, exp.GTE: exp.LTE, exp.LTE: exp.GTE, exp.EQ: exp.EQ,
}  # fmt: skip


def _comparisons_flipped(tree: exp.Expr) -> str | None:
    def flipped(node: exp.Expr) -> exp.Expr:
        return _FLIPPED[type(node)](this=node.expression, expression=node.this)

    return _changed(tree, tuple(_FLIPPED), flipped)


def _conditions_swapped(tree: exp.Expr) -> str | None:
    return _changed(tree, (exp.And, exp.Or), lambda node: type(node)(this=node.expression, expression=node.this))


def _between_written_out(tree: exp.Expr) -> str | None:
    def written_out(node: exp.Expr) -> exp.Expr:
        low = exp.GTE(this=node.this.copy(), expression=node.args["low"])
        return exp.Paren(this=exp.And(this=low, expression=exp.LTE(this=node.this, expression=node.args["high"])))

    return _changed(tree, (exp.Between,), written_out)


def _equality_as_list(tree: exp.Expr) -> str | None:
    def listed(node: exp.Expr) -> exp.Expr:
        if not isinstance(node.expression, exp.Literal):
            return node
        return exp.In(this=node.this, expressions=[node.expression])

    return _changed(tree, (exp.EQ,), listed)


def _changed(tree: exp.Expr, kinds: tuple[type[exp.Expr], ...], change: Callable[[exp.Expr], exp.Expr]) -> str | None:
    """Return the query with the nodes of its conditions changed; None where it has none of them."""
    before = tree.sql("sqlite")
    conditions = list(tree.find_all(exp.Where, exp.Having))
    for condition in conditions:
        condition.transform(lambda node: change(node.copy()) if isinstance(node, kinds) else node, copy=False)
    after = tree.sql("sqlite")
    return after if after != before else None


_REWRITES: dict[str, Callable[[exp.Expr], str | None]] = {
    "laid out anew": _laid_out,
    "wrapped in a WITH": _as_cte,
    "outputs renamed": _columns_renamed,
    "comparisons flipped": _comparisons_flipped,
    "conditions swapped": _conditions_swapped,
    "BETWEEN written out": _between_written_out,
    "equality as a list of one": _equality_as_list,
}
