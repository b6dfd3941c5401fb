"""The three rewards of the article this project implements, for comparison (environment `article`).

Andrade (2025), "Structured Reasoning Distillation in SQL via CoT and Reinforcement Learning with GRPO",
section 2.2. Its rules are kept, blindness to correctness included: a query that merely runs earns 2.8 of 4.0
in total, `SELECT 1` and `DROP TABLE` among them. Only the executor is ours: queries run in the sandbox, on a
fresh database each, so that what wrote files or hung the training there fails here.

Example:
    >>> reward = CheckSqlReward()
    >>> answers = ["<sql>SELECT a FROM t</sql>", "<sql>SELECT b FROM t</sql>", "SELECT a FROM t"]
    >>> reward(answers, sql_context=["CREATE TABLE t (a INT)"] * 3, gold_sql=["SELECT a FROM t"] * 3)
    [2.4, -1.5, 0.0]
    >>> reward.close()
"""

from collections.abc import Sequence
from typing import Any

from sqlreason.rewards.format_reward import completion_text
from sqlreason.rewards.tasks import sources
from sqlreason.sql.verifier import Limits, Task, Verifier

EXACT = 1.1
TAG_PRESENT, TAG_WRONG = 0.125, -1.0
RUNS, SAME_TEXT, SAME_BUT_SPACES, FAILS = 1.2, 1.2, 0.7, -1.5

# Of the article's `^<think>\n.*?\n</think>\n<sql>\n.*?\n</sql>$`, which is searched: words before and after go
# unnoticed. The first place of each part is as good as any other, so that no search has to go back.
_SHAPE = ("\n<think>\n", "\n</think>\n<sql>\n", "\n</sql>\n")
#: The tags as the article's code counts them (`rewards/format_reward.py` of its repository): each with its line breaks.
_COUNTED = ("<think>\n", "\n</think>\n", "\n<sql>\n", "\n</sql>")


class MatchFormatExactly:
    """1.1 where the tags stand on lines of their own in the right order, else 0.0.

    Example:
        >>> from sqlreason.reasoning.format import render
        >>> MatchFormatExactly()([render("One row.", "SELECT 1"), "SELECT 1"])
        [1.1, 0.0]
    """

    __name__ = "match_format_exactly"

    def __call__(self, completions: Sequence[Any], **columns: Any) -> list[float | None]:
        """Score each completion in {0.0, 1.1}."""
        return [EXACT if _has_shape(completion_text(completion)) else 0.0 for completion in completions]


class MatchFormatApproximately:
    """0.125 for each of the four tags that occurs exactly once with its line breaks, -1.0 for each that does not.

    Example:
        >>> from sqlreason.reasoning.format import render
        >>> MatchFormatApproximately()([render("One row.", "SELECT 1"), "<think>One row.</think><sql>SELECT 1</sql>"])
        [0.5, -4.0]
    """

    __name__ = "match_format_approximately"

    def __call__(self, completions: Sequence[Any], **columns: Any) -> list[float | None]:
        """Score each completion from -4.0 to 0.5."""
        texts = map(completion_text, completions)
        return [sum(TAG_PRESENT if text.count(tag) == 1 else TAG_WRONG for tag in _COUNTED) for text in texts]


class CheckSqlReward:
    """1.2 for a query that runs, 1.2 more where its text is the gold's, -1.5 where it fails; 0.0 without one.

    Columns of the batch: `sql_context` and `gold_sql` (or `task`, whose original context and gold are taken).
    """

    __name__ = "check_sql_reward"

    def __init__(self, workers: int = 1, limits: Limits | None = None) -> None:
        """Keep the settings; nothing is started before the first call."""
        self._verifier = Verifier(workers, limits or Limits())

    def __call__(self, completions: Sequence[Any], **columns: Any) -> list[float | None]:
        """Score each completion in {-1.5, 0.0, 1.2, 1.9, 2.4}.

        Raises:
            ValueError: If the batch has neither `task` nor `sql_context` and a gold query.
        """
        queries = [_query(completion_text(completion)) for completion in completions]
        rows = list(zip(sources(columns), queries, strict=True))
        running = self._running({(context, sql) for (context, _), sql in rows if sql is not None})
        return [0.0 if sql is None else _paid(sql, gold, (context, sql) in running) for (context, gold), sql in rows]

    def close(self) -> None:
        """Stop the worker processes; the next call starts them again."""
        self._verifier.close()

    def _running(self, queries: set[tuple[str, str]]) -> set[tuple[str, str]]:
        """Return those of the queries that run on their context.

        Each is run as the gold of a task of its own, on a fresh database: only a gold may write and define as it
        likes, which the article allows to every query.
        """
        pairs = sorted(queries)
        tasks = [(Task("query", sql, (context,)), [sql]) for context, sql in pairs]
        verdicts = self._verifier.verify_batch(tasks)
        return {pair for pair, (verdict,) in zip(pairs, verdicts, strict=True) if verdict.status != "gold_error"}


def _has_shape(text: str) -> bool:
    lines, place = f"\n{text}\n", 0
    for part in _SHAPE:
        found = lines.find(part, place)
        if found < 0:
            return False
        place = found + len(part)
    return True


def _query(text: str) -> str | None:
    """Return what stands between the first `<sql>` and the next `</sql>`; None where there is no such pair."""
    sql, closed, _ = text.partition("<sql>")[2].partition("</sql>")
    return sql.strip() if closed else None


def _paid(sql: str, gold: str, runs: bool) -> float:
    if not runs:
        return FAILS
    return RUNS + (SAME_TEXT if sql == gold else SAME_BUT_SPACES if sql == gold.strip() else 0.0)
