"""Values of the database that stand in a question, with their columns: "Herkku Gifts" is a customer's name.

A question names values and not the columns that hold them, and no schema tells. Lin et al. 2020, BRIDGE
(arXiv:2012.12627), and Li et al. 2024, CodeS (arXiv:2402.16347), show a model those that are found.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import partial

from sqlreason.sql.parsing.schema import Schema, Table, spelled
from sqlreason.sql.parsing.tables import literal
from sqlreason.text.words import ASKING

_MOST_A_COLUMN = 2
_MOST = 6
_LETTER = re.compile(r"[^\W\d_]")


@dataclass(frozen=True)
class MatchedValue:
    """A text of the database that a question holds, as it is stored."""

    table: str
    column: str
    value: str

    def condition(self, dialect: str = "") -> str:
        """The value and where it is, as SQL has it.

        Example:
            >>> MatchedValue("customers", "name", "Herkku Gifts").condition()
            "customers.name = 'Herkku Gifts'"
        """
        return f"{spelled(self.table, dialect)}.{spelled(self.column, dialect)} = {literal(self.value)}"


def matched_values(question: str, schema: Schema) -> list[MatchedValue]:
    """Return the texts among a schema's rows that a question holds as whole words, whatever their letter case.

    A text within a longer one is told if it stands by itself too. Of a column the longest two, of all the longest six.
    Texts without a letter, of one character or that are words of asking say nothing, and one of several lines does not
    fit in a comment.

    Example:
        >>> from sqlreason.sql.parsing.schema import parse_schema
        >>> shop = parse_schema("CREATE TABLE c (name TEXT, city TEXT); INSERT INTO c VALUES ('Ann Lee', 'Oslo')")
        >>> [found.value for found in matched_values("How old is ann lee?", shop)]
        ['Ann Lee']
    """
    found = [MatchedValue(*named) for table in schema.tables for named in _matched(table, question.lower())]
    return sorted(found, key=lambda match: -len(match.value))[:_MOST]


def _matched(table: Table, asked: str) -> Iterator[tuple[str, str, str]]:
    for place, column in enumerate(table.columns):
        texts = {cell for row in table.rows if isinstance(cell := row[place], str)}
        for text in _longest(asked, sorted(filter(partial(_stands_in, asked), texts)))[:_MOST_A_COLUMN]:
            yield table.name, column.name, text


def _stands_in(asked: str, text: str) -> bool:
    """Whether a question, in lower case, holds a text as whole words."""
    word = text.lower()
    if len(word) < 2 or word in ASKING or word not in asked or not _LETTER.search(word) or word.splitlines() != [word]:
        return False
    return re.search(_as_words(word), asked) is not None


def _as_words(word: str) -> str:
    return rf"(?<!\w){re.escape(word)}(?!\w)"


def _longest(asked: str, texts: Collection[str]) -> list[str]:
    """The texts that a question, in lower case, holds elsewhere than within another of them, the longest first."""
    ordered = sorted(texts, key=lambda text: -len(text))
    kept = []
    for place, text in enumerate(ordered):
        rest = asked
        for longer in (other for other in ordered[:place] if text in other):
            rest = re.sub(_as_words(longer.lower()), "\n", rest)  # which no text holds
        if rest is asked or _stands_in(rest, text):
            kept.append(text)
    return kept
