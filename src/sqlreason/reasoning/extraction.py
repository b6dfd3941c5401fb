"""Finds the query behind the reasoning: in a code fence, in backticks, or bare with a sentence behind it.

Everything is read in one pass, without backtracking: whatever a model writes costs no more than its length.
"""

import re
from collections.abc import Iterator

_TICKS = re.compile(r"`{3,}|^[ \t]*~{3,}", re.MULTILINE)
_SQL_NAME = re.compile(r"sql|duckdb|postgres", re.IGNORECASE)
_LINE = 200  # characters of a line that are looked at to tell a sentence from SQL

# possessive and atomic, since comments could otherwise be read in several ways
_BEGIN = re.compile(
    r"(?>\s|--[^\n]*|/\*.*?\*/|\()*+"
    r"(?:SELECT|WITH|VALUES|INSERT|REPLACE|UPDATE|DELETE|MERGE|CREATE|DROP|ALTER|TRUNCATE|EXPLAIN)\b",
    re.IGNORECASE | re.DOTALL,
)
_BLOCK_END = re.compile(r"\s*(?:END|COMMIT)\s*(?:;|\Z)", re.IGNORECASE)
_LINE_BEGIN = re.compile(r"^[ \t]*(?=(?:SELECT|WITH|INSERT|UPDATE|DELETE|CREATE|DROP|ALTER)\b)", re.I | re.MULTILINE)
# Strings, quoted names and comments; an apostrophe behind two letters is English.
_QUIET = r"(?<![A-Za-z]{2})'[^']*(?:'|\Z)|\"[^\"]*(?:\"|\Z)|`[^`]*(?:`|\Z)|--[^\n]*|/\*.*?(?:\*/|\Z)"
_MARK = re.compile(rf"{_QUIET}|[();\n]", re.DOTALL)
_SILENCED = re.compile(_QUIET, re.DOTALL)
_WORD = re.compile(r"[^\W\d]\w*(?:['\u2019]\w+)?|\S")
_FULL_STOP = re.compile(r"[^\W\d_][)\"'*_]*[.!?:\u2026\u3002\uff01\uff1f\uff1a]+[)\"'*_]*\Z")
_CLOSING_TAG = re.compile(r"</\w|<\|")
_OPEN_END = tuple(",(=<>+-/%|&.")
_GOES_ON = (*",)=<>|&+/%.;(", "--", "/*")

# After these words a query is not at its end.
_OPEN = """
select distinct from where and or not on by having set values as in like between join union all except intersect then
else when with into limit offset using case is over recursive insert update delete table exists returning
"""
# These may stand beside two names as well; three words in a row that are none of them are a sentence.
_OTHERS = """
add after always alter any array asc at begin bernoulli bigint boolean both cascade cast char character charset check
collate column comment commit conflict constraint create cross cube current current_date current_time current_timestamp
database date datetime day decimal default deferrable desc describe do double drop duplicate each end engine escape
exclude explain extract false fetch filter first float following for foreign full function generated glob group grouping
groups hour identity if ignore ilike immediate index inner int integer interval key language last lateral leading left
locked matched materialized merge minute mode month natural next no nothing null nulls numeric of only option order
ordinality others outer overlaps partition percent pivot position preceding precision primary procedure qualify range
real references regexp rename replace restrict right rlike rollback rollup row rows schema second separator sequence
sets similar skip smallint some start strict symmetric tablesample temp temporary text ties time timestamp to top
trailing trigger true truncate type unbounded unique unnest unpivot unsigned varchar varying view virtual window within
without year zerofill zone
"""
_OPEN_WORDS = frozenset(_OPEN.split())
_SQL_WORDS = _OPEN_WORDS | frozenset(_OTHERS.split())


def fenced_queries(text: str) -> list[str]:
    """The queries in the code fences of a text; fences in other languages, and one that is not closed, hold none."""
    runs = _TICKS.finditer(text)
    return [query for opened in runs for query in _read_fence(text, opened, runs)]


def bare_query(text: str) -> str:
    """The query that a text consists of, without the sentence behind it; empty if it begins with none.

    Empty as well where another query follows the sentence: which of them is meant is not said.
    """
    text = _without_ticks(text.strip())
    if not _begins_query(text, 0) or _CLOSING_TAG.search(_SILENCED.sub("'", text)):
        return ""
    end = _end_of_query(text)
    rest = text[end:]
    several = any(_begins_query(rest, line.end()) for line in _LINE_BEGIN.finditer(rest))
    return "" if several else text[:end].strip()


def _read_fence(text: str, opened: re.Match[str], runs: Iterator[re.Match[str]]) -> Iterator[str]:
    """The query in the fence that is opened, if there is one; takes from `runs` up to its end."""
    ticks = opened.group().strip()
    for closed in runs:
        if closed.group().strip().startswith(ticks):
            query = _query_in(text[opened.end() : closed.start()])
            if query:
                yield query
            return


def _query_in(fence: str) -> str:
    """The query between the ticks: behind the name of a language and its attributes, or at once."""
    if _begins_query(fence, 0):
        return fence.strip()
    head, newline, body = fence.partition("\n")
    language, *attributes = head.split(None, 1)[:2] or [""]
    beside = "".join(attributes)
    query = f"{beside}{newline}{body}" if _begins_query(beside, 0) or not newline else body
    return query.strip() if _SQL_NAME.search(language) or _begins_query(query, 0) else ""


def _without_ticks(text: str) -> str:
    """A text that is an inline code span, or begins with the only one in it, as that code."""
    if len(text) > 2 and text[0] == text[-1] == "`" and not text.startswith("```"):
        return text[1:-1]
    return text.split("`")[1] if text.startswith("`") and text.count("`") == 2 else text


def _begins_query(text: str, place: int) -> bool:
    found = _BEGIN.match(text, place)
    if found is None:
        return False
    word = found.end() - len(found.group().split()[-1])
    return not _is_sentence(_line_at(text, word).partition(";")[0])


def _line_at(text: str, place: int) -> str:
    return text[place : place + _LINE].partition("\n")[0].strip()


def _end_of_query(text: str) -> int:
    """Where a query ends that the text begins with: at its semicolon, or before the first line that is no SQL."""
    depth = 0
    for mark in _MARK.finditer(text):
        match mark.group():
            case "(":
                depth += 1
            case ")":
                depth -= 1
            case ";" if depth <= 0 and not _goes_on(text, mark.end()):
                return mark.end()
            case "\n" if depth <= 0 and _leaves_sql(text, mark.start()):
                return mark.start()
    return len(text)


def _goes_on(text: str, place: int) -> bool:
    """Whether a script goes on behind a semicolon: by another statement, or the end of a block."""
    return _begins_query(text, place) or _BLOCK_END.match(text, place) is not None


def _leaves_sql(text: str, newline: int) -> bool:
    """Whether the line behind a line break is no part of the query before it."""
    line = _line_at(text, newline + 1)
    if not line or _is_sentence(line):
        return bool(line)
    before = text[max(0, newline - _LINE) : newline]
    if before.rstrip(" \t\r")[-1:] != "\n":
        return False
    # behind an empty line: only what plainly goes on with the query
    last = before.split()[-1:] or [""]
    unfinished = last[0].endswith(_OPEN_END) or last[0].lower() in _OPEN_WORDS
    first = _WORD.match(line)
    return not unfinished and not line.startswith(_GOES_ON) and (first is None or first[0].lower() not in _SQL_WORDS)


def _is_sentence(line: str) -> bool:
    """Whether a line is written for people: it ends as a sentence does, or three words stand in a row in it."""
    if line.startswith(("```", "#", "**")) or (len(line) < _LINE - 1 and _FULL_STOP.search(_SILENCED.sub("'", line))):
        return True
    row = 0
    for word in _WORD.findall(_SILENCED.sub(" ' ", line)):
        row = row + 1 if (word[0].isalpha() or word[0] == "_") and word.lower() not in _SQL_WORDS else 0
        if row == 3:
            return True
    return False
