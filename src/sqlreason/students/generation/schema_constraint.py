"""Answers whose query can name nothing but what the prompt's schema has: a token that leads elsewhere is not chosen.

Half of a small student's wrong queries name a column that is not there (docs/results.md). While a query is written, a
token is rejected if the word that it makes or begins is no word of SQL, no table, column or view of the schema, no
column of the table before its dot and no name that the answer itself has given; the next likeliest takes its place. It
is the lexing of PICARD (Scholak et al. 2021, arXiv:2109.05093) with its check of names; nothing is parsed, and nothing
is known of which tables a query reads. The reasoning before the query is free.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlreason.sql.parsing.schema import parse_schema
from sqlreason.sql.parsing.tables import SchemaError

_WORDS = frozenset(
    """ALL AND AS ASC BETWEEN BY CASE CAST COLLATE CROSS CURRENT CURRENT_DATE DATE DELETE DESC DISTINCT ELSE END ESCAPE
    EXCEPT EXISTS FALSE FILTER FIRST FOLLOWING FROM FULL GLOB GROUP HAVING ILIKE IN INNER INSERT INTERSECT INTERVAL INTO
    IS JOIN LAST LEFT LIKE LIMIT NATURAL NOT NULL NULLS OFFSET ON OR ORDER OUTER OVER PARTITION PRECEDING RANGE
    RECURSIVE REPLACE RETURNING RIGHT ROW ROWS SELECT SET THEN TRUE UNBOUNDED UNION UPDATE USING VALUES WHEN WHERE
    WINDOW WITH""".lower().split()
)
_FUNCTIONS = frozenset(
    """ABS AVG CEIL COALESCE CONCAT COUNT CUME_DIST DATE DATEDIFF DATETIME DATE_PART DATE_TRUNC DAY DENSE_RANK EXTRACT
    FIRST_VALUE FLOOR GREATEST GROUP_CONCAT IFNULL IIF INSTR JULIANDAY LAG LAST_VALUE LEAD LEAST LENGTH LOWER LTRIM MAX
    MIN MONTH NTH_VALUE NTILE NULLIF PERCENT_RANK POWER PRINTF RANK REPLACE ROUND ROW_NUMBER RTRIM SQRT STRFTIME
    STRING_AGG SUBSTR SUBSTRING SUM TIME TO_CHAR TOTAL TRIM TYPEOF UPPER YEAR""".lower().split()
)
_BEFORE_TABLES = ("from", "join", "into", "update")
_NOT_OF_A_TABLE = (
    "distinct",
    "year",
    "month",
    "day",
    "hour",
    "minute",
    "second",
)  # IS DISTINCT FROM, EXTRACT(YEAR FROM
_SCHEMA = re.compile(r"CREATE\s+(?:TABLE|VIEW).*;", re.S | re.I)
_TOKEN = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|`[^`]*`|\[[^\]]*\]|\d[\w.]*|[^\W\d]\w*|[^\s\w]")
_UNFINISHED = re.compile(r"['\"`][^'\"`]*$")
_GIVEN = re.compile(r"\b(?:as|is|compute|computes|called|named)\s+([^\W\d]\w*)", re.I)
_ALIAS = re.compile(r"[a-z]{1,2}\d*|\w*_\d", re.I)  # a, t1, riders_2: may be used before the query says whose they are
_OPENING, _CLOSING = "<sql>", re.compile(r"</?\w*>?$")
_TAIL = 8  # tokens among which the opening tag is looked for
TRIES = 48  # tokens that are rejected in a row before an answer is let go


@dataclass(frozen=True)
class Names:
    """What a query may name, in small letters: tables with their columns."""

    columns: Mapping[str, frozenset[str]]
    all: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "all", frozenset(self.columns).union(*self.columns.values()))

    @classmethod
    def of_prompt(cls, messages: Sequence[Mapping[str, str]]) -> "Names | None":
        """Return the names of the schema that chat messages show; None where they show none that can be read."""
        shown = _SCHEMA.search("\n".join(message["content"] for message in messages if message["role"] == "user"))
        if shown is None:
            return None
        try:
            tables = parse_schema(shown[0]).tables
        except SchemaError:
            return None
        return cls({t.name.lower(): frozenset(c.name.lower() for c in t.columns) for t in tables})

    def allow(self, sql: str, given: Iterable[str] = ()) -> bool:
        """Return whether a query that begins so can go on to name nothing unknown.

        Args:
            sql: The beginning; its last word may be unfinished.
            given: Names that the reasoning has given to steps and results.
        """
        known = {name.lower() for name in given}
        text = _CLOSING.sub("", sql)
        unfinished = _UNFINISHED.search(re.sub(r"'(?:[^']|'')*'|\"[^\"]*\"|`[^`]*`", lambda m: " " * len(m[0]), text))
        words = list(_TOKEN.finditer(text, 0, unfinished.start() if unfinished else len(text)))
        before = ["", ""]
        for place, found in enumerate(words):
            word = found[0].lower()
            following = words[place + 1][0] if place + 1 < len(words) else ""
            if (word[0].isalpha() or word[0] == "_") and not self._fits(
                word, before, following, found.end() == len(text), known
            ):
                return False
            before = [before[1], word]
        return True

    def _fits(self, word: str, before: list[str], following: str, unfinished: bool, known: set[str]) -> bool:
        """Return whether a word may stand where it does; what it gives a name to becomes known."""
        if before[1] == ".":
            return _among(word, self.columns.get(before[0].strip('"`[]'), self.all | known), unfinished)
        if before[1] in ("as", "with", "recursive"):
            if not unfinished:
                known.add(word)
            return True
        if before[1] in _BEFORE_TABLES and before[0] not in _NOT_OF_A_TABLE:
            return _among(word, known.union(self.columns), unfinished)
        if unfinished:
            return _among(word, self.all | known | _WORDS | _FUNCTIONS, True) or bool(_ALIAS.fullmatch(word))
        if following == ".":
            return word in self.columns or word in known or bool(_ALIAS.fullmatch(word))
        if following == "(":
            return word in _FUNCTIONS or word in _WORDS or word in self.columns or word in known
        if before[1] in self.columns or before[1] == ")":  # FROM student s
            if word not in _WORDS:
                known.add(word)
            return True
        return word in self.all or word in known or word in _WORDS


def _among(word: str, names: Iterable[str], unfinished: bool) -> bool:
    return any(name.startswith(word) for name in names) if unfinished else word in names


class ConstrainedAnswer:
    """One answer as it is written, and which tokens may come next.

    Args:
        names: What its query may name.
        read: Token ids as text.
    """

    def __init__(self, names: Names, read: Callable[[Sequence[int]], str]) -> None:
        self._names, self._read = names, read
        self._tokens: list[int] = []
        self._query: int | None = None  # where its tokens begin
        self._begun = ""  # what of the query stands in the token that ended the opening tag
        self._given: list[str] = []
        self.ended = False

    def allows(self, token: int) -> bool:
        """Return whether a token may come next."""
        if self._query is None or self.ended:
            return True
        return self._names.allow(self._sql([*self._tokens, token]), self._given)

    def take(self, token: int) -> None:
        """Go on with a token."""
        self._tokens.append(token)
        if self._query is None:
            tail = self._read(self._tokens[-_TAIL:])
            if _OPENING in tail:
                self._query, self._begun = len(self._tokens), tail.rpartition(_OPENING)[2]
                self._given = _GIVEN.findall(self._read(self._tokens))
        elif "</" in self._sql(self._tokens):
            self.ended = True

    def _sql(self, tokens: Sequence[int]) -> str:
        return self._begun + self._read(tokens[self._query :])
