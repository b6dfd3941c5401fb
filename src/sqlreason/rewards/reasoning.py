"""Does the reasoning plan the query that follows it? Tables, columns and clauses, compared by name.

It says nothing about whether the query is right: it is meant as a small part of a mix whose largest part is
execution. Certification shows what it does alone.
"""

import re
from collections.abc import Sequence
from typing import Any

from sqlglot import exp

from sqlreason.reasoning.format import parse
from sqlreason.reasoning.plan import check_plan
from sqlreason.rewards.format_reward import completion_text
from sqlreason.rewards.tasks import sources
from sqlreason.sql.parsing.schema import Schema, find_definitions
from sqlreason.sql.parsing.statements import parse as parse_sql

#: Shares of the reward: names used and named, clauses used and told.
NAMES, CLAUSES = 0.7, 0.3

#: Words of which a plan must use one for each clause that its query has.
CLAUSE_WORDS: dict[type[exp.Expr], str] = {
    exp.Where: r"where|filter\w*|only|condition|whose|restrict\w*",
    exp.Group: r"group\w*|per|each",
    exp.Having: r"having|groups? where|keep\w* (?:only )?groups?",
    exp.Order: r"order\w*|sort\w*|rank\w*|descending|ascending|largest|smallest|highest|lowest",
    exp.Limit: r"limit\w*|first|top|take|only \d+",
    exp.Join: r"join\w*|match\w*|combin\w*|link\w*|together",
    exp.Distinct: r"distinct|different|unique|duplicates?|once",
    exp.SetOperation: r"union|unite|append|add|intersect\w*|common|both|except|remove|without|take away",
    exp.AggFunc: r"count|number|sum|total|average|mean|min\w*|max\w*|smallest|largest|aggregat\w*",
}


class ReasoningReward:
    """Reward in [0, 1] for a plan that tells the query: F1 of names, and the share of its clauses.

    A plan that names all of the schema has a poor precision; one that names what the schema lacks too. An answer
    outside of the grammar, or whose query does not parse, earns 0. Columns: as of `execution`; the schema is read from
    the original context.

    Attributes:
        last_reasons: Code beside each score: `planned`, `unplanned` (half or less), `invented:<names>`,
            `malformed:<why>`, `unparsable`, `unusable:<why>`.

    Example:
        >>> from sqlreason.reasoning.format import render
        >>> gold, rows = "SELECT COUNT(*) FROM users", "CREATE TABLE users (name TEXT)"
        >>> answers = [render(plan, gold) for plan in ("Count the rows of users.", "Look at orders.")]
        >>> ReasoningReward()(answers, sql_context=[rows] * 2, gold_sql=[gold] * 2)
        [1.0, 0.0]
    """

    __name__ = "reasoning"

    def __init__(self) -> None:
        self.last_reasons: list[str] = []

    def __call__(self, completions: Sequence[Any], **columns: Any) -> list[float | None]:
        """Score the completions of a batch.

        Raises:
            ValueError: If the batch has neither `task` nor `sql_context` and a gold query.
        """
        contexts = [context for context, _ in sources(columns)]
        pairs = zip(completions, contexts, strict=True)
        scored = [self._score(completion_text(completion), context) for completion, context in pairs]
        self.last_reasons = [reason for _, reason in scored]
        return [score for score, _ in scored]

    def _score(self, text: str, context: str) -> tuple[float | None, str]:
        schema = find_definitions(context)
        if schema is None:
            return None, "unusable:schema_error"
        reading = parse(text)
        if reading.reason:
            return 0.0, f"malformed:{reading.reason}"
        tree = parse_sql(reading.sql)
        if tree is None:
            return 0.0, "unparsable"
        names, unknown = _named(reading.think, reading.sql, schema)
        score = NAMES * names + CLAUSES * _told(reading.think, tree)
        if unknown:
            return score, f"invented:{','.join(unknown[:3])}"
        return score, "planned" if score > 0.5 else "unplanned"


def _named(think: str, sql: str, schema: Schema) -> tuple[float, tuple[str, ...]]:
    """Return F1 of the names in the plan against those of the query, and the plan's names that nobody knows."""
    check = check_plan(think, sql, schema)
    used = check.tables_used + check.columns_used
    hits = check.tables_named + check.columns_named
    known = {table.name.lower() for table in schema.tables}
    known |= {column.name.lower() for table in schema.tables for column in table.columns}
    words = set(re.findall(r"\w+", think.lower()))
    named = max(len(known & words), hits) + len(check.unknown)
    return (2 * hits / (used + named) if used and named else 0.0), check.unknown


def _told(think: str, tree: exp.Expr) -> float:
    """Return the share of the query's clauses of which the plan has a word; 1 where it has none of these clauses."""
    told = [
        re.search(rf"\b(?:{words})\b", think, re.IGNORECASE) is not None
        for clause, words in CLAUSE_WORDS.items()
        if tree.find(clause)
    ]
    return sum(told) / len(told) if told else 1.0
