"""Questions spoiled as the world spoils them: a token lost, doubled or exchanged, another type, another dialect.

Beside each question stand the rules by which it was spoiled, so that a find can be told and made again.
"""

import random
import re
from collections.abc import Callable, Iterator, Sequence

import sqlglot

_TOKEN = re.compile(r"'(?:[^'\\]|''|\\.)*'|\"[^\"]*\"|`[^`]*`|\w+|\s+|[^\w\s]")
_TYPES = (
    "INT", "INTEGER", "BIGINT", "SERIAL", "INT UNSIGNED", "INT IDENTITY(1,1)", "BOOLEAN", "BIT", "TINYINT(1)", "DATE",
    "TIMESTAMPTZ", "DATETIME", "DECIMAL(10,2)", "NUMERIC", "REAL", "DOUBLE PRECISION", "MONEY", "TEXT", "VARCHAR(20)",
    "NVARCHAR(MAX)", "ENUM('a','b')", "BLOB", "BYTEA", "JSON", "JSONB", "UUID", "INT[]", "INTERVAL", "TIME", "",
    "geometry",
)  # fmt: skip
_SPELLINGS = (
    (r"(\w+) = (\w+)", r"\1::text = \2::text"), (r"\bINTEGER PRIMARY KEY\b", "INT AUTO_INCREMENT PRIMARY KEY"),
    (r"\bINTEGER PRIMARY KEY\b", "SERIAL PRIMARY KEY"), (r"\bCREATE TABLE (\w+)", r"CREATE TABLE `\1`"),
    (r"\bCREATE TABLE (\w+)", r"CREATE TABLE [dbo].[\1]"), (r"\bFROM (\w+)", r"FROM public.\1"),
    (r"\bLIMIT (\d+)", r"FETCH FIRST \1 ROWS ONLY"), (r"^SELECT ", "SELECT TOP 3 "),
    (r"\bCOUNT\(\*\)", "COUNT(*) FILTER (WHERE TRUE)"), (r"\b(\w+) LIKE ", r"\1 ILIKE "), (r"\bLIKE\b", "SIMILAR TO"),
    (r"\bSUM\(", "STRING_AGG(DISTINCT "), (r"\bMAX\((.+?)\)", r"GROUP_CONCAT(\1 ORDER BY \1 SEPARATOR ';')"),
    (r"\bAVG\((.+?)\)", r"PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY \1)"), (r"\);", ") ENGINE=InnoDB CHARSET=utf8;"),
    (r"'(\w)", r"'\\'\1"), (r"'(\w)", r"N'\1"), (r"'(\w)", r"E'\1"), (r"(\d+)", r"\1::int"), (r"(\d+)", r"x'\1'"),
    (r"\bWHERE\b", "WHERE CURRENT_DATE - INTERVAL '3 days' < NOW() AND"), (r"\bSELECT (\w+)", r"SELECT \1 + ' ' + \1"),
    (r"\bSELECT (\w+)", r"SELECT \1->>'a'"), (r"\bSELECT (\w+)", r"SELECT JSON_EXTRACT(\1, '$.a') - 1"),
    (r"\bORDER BY\b", "ORDER BY 1 NULLS LAST,"), (r"\bGROUP BY (\w+)", r"GROUP BY ROLLUP(\1)"), (r";", ";\nGO\n"),
    (r"\bINSERT INTO\b", "REPLACE INTO"),
)  # fmt: skip
_ODDITIES = (
    "'", '"', "`", "(", ")", "[", "]", "{", "}", ";", ",", "--", "/*", "*/", "\\", "\x00", "\ufeff", "\u2028", "é", "²",
    "\ud800", "$$", "$1", "?", ":a", "@a", "#", "1e", "0x", "x'zz'", "1e999", "9" * 5_000, "NULL", "->>", "||", "::",
    "~*", "(" * 40, "CASE", "END", "NOT", "UNION", "WITH", "x'", "N''", "''", ".", "..", "1.", ".5", "1_000", "DATE",
    "INTERVAL '1",
)  # fmt: skip
_DIALECTS = ("mysql", "postgres", "tsql", "duckdb", "bigquery", "snowflake", "oracle")


def _tokens(text: str) -> list[str]:
    return _TOKEN.findall(text)


def _at(change: Callable[[list[str], int, random.Random], list[str]]) -> Callable[[str, random.Random], str]:
    """A change of one token, at a place drawn."""

    def changed(text: str, rng: random.Random) -> str:
        tokens = _tokens(text)
        places = [i for i, token in enumerate(tokens) if not token.isspace()]
        if not places:
            return text
        place = rng.choice(places)
        return "".join([*tokens[:place], *change(tokens, place, rng), *tokens[place + 1 :]])

    return changed


def _retyped(text: str, rng: random.Random) -> str:
    found = list(re.finditer(r"\b(?:INTEGER|INT|TEXT|REAL|DATE|VARCHAR\(\d+\)|DECIMAL\(\d+, ?\d+\)|BOOLEAN)\b", text))
    if not found:
        return text
    one = rng.choice(found)
    return text[: one.start()] + rng.choice(_TYPES) + text[one.end() :]


def _respelled(text: str, rng: random.Random) -> str:
    pattern, other = rng.choice(_SPELLINGS)
    return re.sub(pattern, other, text, count=rng.choice((0, 1)), flags=re.IGNORECASE)


def _translated(text: str, rng: random.Random) -> str:
    try:
        return ";\n".join(sqlglot.transpile(text, read="sqlite", write=rng.choice(_DIALECTS)))
    except Exception:  # what sqlglot cannot translate stays as it is
        return text


def _cut(text: str, rng: random.Random) -> str:
    return text[: rng.randrange(len(text) + 1)]


RULES: dict[str, Callable[[str, random.Random], str]] = {
    "dropped": _at(lambda tokens, i, rng: []),
    "doubled": _at(lambda tokens, i, rng: [tokens[i], " ", tokens[i]]),
    "exchanged": _at(lambda tokens, i, rng: [rng.choice(tokens)]),
    "odd": _at(lambda tokens, i, rng: [tokens[i], rng.choice(("", " ")), rng.choice(_ODDITIES)]),
    "replaced": _at(lambda tokens, i, rng: [rng.choice(_ODDITIES)]),
    "retyped": _retyped,
    "respelled": _respelled,
    "translated": _translated,
    "cut": _cut,
}


def mutilated(
    questions: Sequence[tuple[str, str]], count: int, seed: int
) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Yields rules, context and gold of so many spoiled questions.

    Args:
        questions: Contexts and gold queries.
        count: Of what is yielded.
        seed: The same gives the same.
    """
    rng = random.Random(seed)
    for _ in range(count):
        context, gold = rng.choice(questions)
        rules = rng.choices(list(RULES), k=rng.choice((1, 1, 2, 3)))
        told = []
        for rule in rules:
            if rng.random() < 0.5:
                context = RULES[rule](context, rng)
                told.append(f"context {rule}")
            else:
                gold = RULES[rule](gold, rng)
                told.append(f"gold {rule}")
        yield tuple(told), context, gold
