"""A script as statements, also where no semicolon parts them: SQL Server's tools write each on lines of its own."""

from __future__ import annotations

from sqlglot.tokenizer_core import Token, TokenType

from sqlreason.sql.parsing.ddl import word_of
from sqlreason.sql.parsing.statements import split_tokens

#: Words that begin a statement of SQL Server's on a line of its own, where no semicolon ends the one before.
_STARTS = frozenset(
    ("INSERT", "CREATE", "ALTER", "DROP", "SET", "USE", "PRINT", "EXEC", "EXECUTE", "UPDATE", "DELETE", "IF", "GRANT")
)
_BODIED = frozenset(("VIEW", "PROCEDURE", "PROC", "FUNCTION", "TRIGGER"))
_THINGS = frozenset(("TABLE", "VIEW", "INDEX", "DATABASE", "SCHEMA", "PROCEDURE", "PROC", "FUNCTION", "TRIGGER"))


def statements_of(text: str, dialect: str) -> list[list[Token]]:
    """The token lists of a script's statements."""
    found = split_tokens(text, dialect)
    return [part for tokens in found for part in _lines(text, tokens)] if dialect == "tsql" else found


def _lines(text: str, tokens: list[Token]) -> list[list[Token]]:
    """The statements among tokens that no semicolon parts, as SQL Server's tools write them: each on its own line."""
    found, depth = [[tokens[0]]], 0
    for before, token, after in zip(tokens, tokens[1:], [*tokens[2:], tokens[-1]], strict=False):
        word, current = word_of(token), [word_of(one) for one in found[-1][:4]]
        depth += (before.token_type is TokenType.L_PAREN) - (before.token_type is TokenType.R_PAREN)
        begins = depth == 0 and word in _STARTS and "\n" in text[before.end + 1 : token.start]
        inside = current[0] in ("CREATE", "ALTER") and _BODIED & set(current)
        if word in ("DROP", "ALTER", "CREATE"):
            begins = begins and bool(_THINGS & {word_of(after), "INDEX" if word_of(after) == "UNIQUE" else ""})
        if begins and not inside and not (word == "SET" and current[0] in ("UPDATE", "MERGE")):
            found.append([])
        found[-1].append(token)
    return found
