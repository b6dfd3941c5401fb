"""Texts that PostgreSQL reads as the present moment: 'now', 'today', 'tomorrow', 'yesterday' where a date is wanted.

The server reads them wherever a text becomes a date: in a literal beside a date column, in an array or a range, in a
cast of a text that the query has built. What a query builds is not followed: one that casts to a date what is no
literal, and whose texts hold the letters of such a word beside what joins or cuts texts, is taken to build it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .postgres_words import Word

_WORDS = ("now", "today", "tomorrow", "yesterday")
_LETTERS = re.compile(r"[^\W\d_]+")
_TYPES = frozenset(
    re.findall(
        r"\w+",
        "date time timestamp timestamptz timetz daterange tsrange tstzrange datemultirange tsmultirange tstzmultirange",
    )
)
#: Functions that make texts from texts, and such as need no letters for it.
_MAKERS = frozenset(
    re.findall(
        r"\w+",
        "concat concat_ws format reverse lower upper initcap replace overlay left right substr substring repeat lpad "
        "rpad trim btrim ltrim rtrim string_agg split_part array_to_string regexp_replace regexp_substr normalize "
        "quote_literal quote_ident",
    )
)
_FREE_MAKERS = frozenset(["chr", "unistr", "convert_from", "decode", "encode", "to_hex", "translate"])
#: Functions whose texts are formats and names of fields.
_FORMATS = frozenset(["to_char", "to_date", "to_timestamp", "date_trunc", "date_part", "extract", "make_interval"])
_COMPARING = frozenset(["=", "<", ">", "like", "ilike", "similar", "interval"])
_ESCAPE = re.compile(r"\\(?:([0-7]{1,3})|x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.DOTALL)


def reads_the_clock(words: list[Word], dated: Collection[str]) -> bool:
    """Whether a statement reads a text as the present moment, as far as its words tell.

    Args:
        words: The statement's.
        dated: Names of the columns that hold dates or times, in lower case.
    """
    texts = {i: _content(word.text) for i, word in enumerate(words) if word.kind == "text"}
    named = {word.text for word in words if word.names}
    if any(map(_is_moment, texts.values())) and named & {*_TYPES, *dated}:
        return True
    called = {word.text for word, after in pairwise(words) if word.names and after.text == "("}
    joins = any(one.text == other.text == "|" for one, other in pairwise(words))
    if not (joins or called & (_MAKERS | _FREE_MAKERS)) or not any(_casts(words, i) for i in range(len(words))):
        return False
    letters = {letter for i in _building(words, texts) for letter in texts[i].lower()}
    return bool(called & _FREE_MAKERS) or any(set(word) <= letters for word in _WORDS)


def _is_moment(text: str) -> bool:
    """Whether a text may stand for the present: such a word, at most with a time or a zone, or one in a list."""
    said = _LETTERS.findall(text.lower())
    return any(word in _WORDS for word in said) and (len(said) < 3 or text.lstrip()[:1] in tuple("[{("))


def _content(literal: str) -> str:
    """What a text between quotes is."""
    start = literal.index("'")
    inner = literal[start + 1 : -1].replace("''", "'")
    return _ESCAPE.sub(_unescaped, inner) if literal[:start].lower() == "e" else inner


def _unescaped(found: re.Match[str]) -> str:
    octal, *hexadecimal, plain = found.groups()
    code = int(octal, 8) if octal else next((int(digits, 16) for digits in hexadecimal if digits), None)
    return plain or "" if code is None else chr(code) if code < 0x110000 else ""


def _casts(words: list[Word], i: int) -> bool:
    """Whether a type of dates stands there to which something other than a literal is cast."""
    if not words[i].names or words[i].text not in _TYPES:
        return False
    before = words[i - 1] if i else None
    if before is None or (i + 1 < len(words) and words[i + 1].kind == "text"):
        return False
    if before.text in (":", "as"):
        operand = words[i - (3 if before.text == ":" else 2)] if i > 2 else None
        return operand is None or operand.kind != "text"
    called = i + 1 < len(words) and words[i + 1].text == "("
    return called or before.names  # `date(x)`, and `AS rows (day date)`


def _building(words: list[Word], texts: Collection[int]) -> Iterator[int]:
    """The places of the texts of which another may be made: neither compared as they are nor formats."""
    for i in texts:
        start = i
        while start >= 2 and words[start - 1].text == "," and words[start - 2].kind == "text":
            start -= 2
        before = words[start - 1].text if start else ""
        listed = before == "(" and start >= 2 and words[start - 2].text in _FORMATS | {"in"}
        follows = words[i + 1].text if i + 1 < len(words) else ""
        joined = "|" in (before, follows)
        if joined or not (before in _COMPARING or listed or _is_format(words, i)):
            yield i


def _is_format(words: list[Word], i: int) -> bool:
    """Whether the call in which a text stands takes formats."""
    depth = 0
    for at in range(i - 1, 0, -1):
        depth += (words[at].text == ")") - (words[at].text == "(")
        if depth < 0:
            return words[at - 1].text in _FORMATS
    return False
