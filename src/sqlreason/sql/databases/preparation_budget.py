"""What preparing one question may cost: its gold is measured before it is read, computing time while it is prepared.

A gold of a thousand conditions is legal and means minutes and gigabytes for what is drawn around it. Past a bound the
question is left out with its reason; nothing is half prepared.
"""

from __future__ import annotations

import time

from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import TokenType

from sqlreason.sql.parsing.statements import tokens_of

#: What an engine accepts at most (`Limits.sql_chars`).
MAX_CHARACTERS = 50_000
#: The largest gold queries of published benchmarks have a few hundred; parsing and drawing grow with the square.
MAX_TOKENS = 2_000
#: A parser in Python takes about twenty frames for each pair of parentheses, of a thousand that there are.
MAX_DEPTH = 32
#: Computing time of this thread, for one question; a usual one takes 30 ms.
SECONDS = 30.0
#: Allowed on top for each million characters of the context, which are parsed and written again for each database.
SECONDS_PER_MILLION = 10.0

_OPENING = {TokenType.L_PAREN, TokenType.CASE}
_CLOSING = {TokenType.R_PAREN, TokenType.END}
_PREFIXES = {TokenType.NOT, TokenType.DASH, TokenType.PLUS, TokenType.TILDE}


class OverBudget(Exception):
    """A question that costs more than is allowed; the message says what was measured and what is allowed."""


class Budget:
    """The computing time that is left for one question, by the clock of this thread: a busy machine takes none of it.

    Args:
        context: The question's; a large one is allowed more.
        seconds: Allowed without it.
    """

    def __init__(self, context: str = "", seconds: float = SECONDS) -> None:
        self._seconds = seconds + SECONDS_PER_MILLION * len(context) / 1_000_000
        self._start = time.thread_time()

    def check(self) -> None:
        """End the preparation of the question where its time is over.

        Raises:
            OverBudget: It is.
        """
        if time.thread_time() - self._start > self._seconds:
            raise OverBudget(f"preparing it takes more than {self._seconds:.0f} s of computing")


def check_size(sql: str) -> None:
    """Measure a gold before it is parsed.

    Raises:
        OverBudget: It is too long, or nested too deeply.
    """
    if len(sql) > MAX_CHARACTERS:
        raise OverBudget(f"the gold has {len(sql)} characters; at most {MAX_CHARACTERS} are prepared")
    try:
        kinds = [token.token_type for token in tokens_of(sql)]
    except SqlglotError:
        return  # whoever runs it says what is wrong with it
    if len(kinds) > MAX_TOKENS:
        raise OverBudget(f"the gold has {len(kinds)} words and signs; at most {MAX_TOKENS} are prepared")
    deepest = _depth(kinds)
    if deepest > MAX_DEPTH:
        raise OverBudget(f"the gold is nested {deepest} deep; at most {MAX_DEPTH} are prepared")


def _depth(kinds: list[TokenType]) -> int:
    """How deep parentheses and CASE are nested at most; signs before an operand count while they follow each other."""
    depth = deepest = prefixes = 0
    for kind in kinds:
        prefixes = prefixes + 1 if kind in _PREFIXES else 0
        depth += (kind in _OPENING) - (kind in _CLOSING)
        deepest = max(deepest, depth + prefixes)
    return deepest
