"""SQL text as statements: splitting, kinds, parsing and templates.

Everything here works on text and sqlglot's tokens or trees; nothing is executed.
"""

from __future__ import annotations

import logging
import math
from itertools import zip_longest

import sqlglot
from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import SqlglotError, TokenError
from sqlglot.tokenizer_core import Token, TokenType

from sqlreason.sql.sandbox.worker.shelf import remembering

logger = logging.getLogger(__name__)

#: Readings in the order in which a text of unknown dialect is tried: SQLite is the engine, the rest
#: are the dialects in which synthetic questions are written (docs/sql-engine.md, section 3).
DIALECTS: tuple[str, ...] = ("sqlite", "mysql", "postgres", "tsql")

_KINDS = {
    TokenType.SELECT: "select",
    TokenType.VALUES: "select",
    TokenType.INSERT: "insert",
    TokenType.UPDATE: "update",
    TokenType.DELETE: "delete",
    TokenType.CREATE: "create",
    TokenType.DROP: "drop",
    TokenType.ALTER: "alter",
}
#: Digits of an integer that some engine still keeps as one (DuckDB's HUGEINT has 39).
_LONGEST_INTEGER = 40
_LITERALS = {TokenType.STRING, TokenType.NUMBER, TokenType.HEX_STRING, TokenType.BIT_STRING}
_BODIED = {"TRIGGER", "PROCEDURE", "PROC", "FUNCTION"}
_NAMES = {TokenType.VAR, TokenType.IDENTIFIER}
_INTRODUCING = {"INTO", "WITH", "RECURSIVE"}  # a name behind these is no function's, even before a parenthesis


def tokens_of(text: str, dialect: str | None = None) -> list[Token]:
    """Tokenises a text, in the given dialect or in the first one that can.

    Raises:
        SqlglotError: No dialect can tokenise the text (for instance an open string literal).
    """
    tried = (dialect,) if dialect else DIALECTS
    for name in tried[:-1]:
        try:
            return _tokens(text, name)
        except SqlglotError:
            continue
    return _tokens(text, tried[-1])


def _tokens(text: str, dialect: str) -> list[Token]:
    try:
        return sqlglot.tokenize(text, read=dialect)
    except SqlglotError:
        raise
    except Exception as error:  # of code that did not expect such a text, e.g. 0x without digits
        raise TokenError(f"{type(error).__name__}: {error}") from error


@remembering(1_000_000)
def split_tokens(text: str, dialect: str | None = None) -> list[list[Token]]:
    """Split a text into the token lists of its statements; empty statements are left out.

    The lists are shared between callers and must not be changed.

    Raises:
        SqlglotError: No dialect can tokenise the text.
    """
    statements: list[list[Token]] = [[]]
    for token in tokens_of(text, dialect):
        if token.token_type is not TokenType.SEMICOLON or _is_inside_a_body(statements[-1]):
            statements[-1].append(token)
        else:
            statements.append([])
    return [tokens for tokens in statements if tokens]


def _is_inside_a_body(tokens: list[Token]) -> bool:
    """Whether a trigger or procedure has begun and not ended: a semicolon ends one of its own statements."""
    if not tokens or tokens[0].token_type is not TokenType.CREATE:
        return False
    if not _BODIED & {token.text.upper() for token in tokens[1:6]}:
        return False
    words = [token.text.upper() for token in tokens]
    return words.count("BEGIN") + words.count("CASE") > words.count("END")


def text_of(text: str, tokens: list[Token]) -> str:
    """The piece of the text that a statement's tokens span."""
    return text[tokens[0].start : tokens[-1].end + 1]


def split_statements(text: str) -> list[str]:
    """Split a text into its statements, without their semicolons; `;` inside a literal does not split.

    A text that no dialect can tokenise is returned as one statement, so that whoever runs it gets the error.
    """
    try:
        return [text_of(text, tokens) for tokens in split_tokens(text)]
    except SqlglotError:
        return [text.strip()] if text.strip() else []


@remembering(200_000)  # a tree takes some 200 bytes for each character
def parse(sql: str, dialect: str | None = None) -> exp.Expr | None:
    """Parse one statement in the given dialect, or in the first of `DIALECTS` that can; None if none can.

    The tree is shared between callers: copy it before changing it.
    """
    for name in (dialect,) if dialect else DIALECTS:
        trees = parse_all(sql, name)
        if trees is not None and len(trees) == 1 and not isinstance(trees[0], exp.Command):
            return trees[0]
    return None


def parse_all(text: str, dialect: str) -> list[exp.Expr] | None:
    """Parse all statements of a text in one dialect; None if it cannot be parsed.

    sqlglot raises more than its own errors: what it did not expect ends in an AttributeError, a ValueError, …
    """
    try:
        return [tree for tree in sqlglot.parse(text, read=dialect) if tree is not None]
    except SqlglotError:
        return None
    except Exception:
        logger.debug("sqlglot's reading of %s stumbled over %.200r", dialect, text, exc_info=True)
        return None


def written(tree: exp.Expr, dialect: str | type[Dialect] = "sqlite") -> str | None:
    """Write a tree as SQL; None for one that cannot be written, as a change of a tree may leave it."""
    try:
        return tree.sql(dialect)
    except Exception:
        logger.debug("a %s cannot be written for %s", type(tree).__name__, dialect, exc_info=True)
        return None


def number_of(text: str) -> int | float | None:
    """The number that a literal writes; None for what is none (`1e`), and for one that no engine keeps (1e999)."""
    try:
        if text.isdecimal() and len(text) < _LONGEST_INTEGER:
            return int(text)
        return found if math.isfinite(found := float(text)) else None
    except (ValueError, OverflowError):
        return None


def statement_kind(sql: str) -> str:
    """Names what a statement does.

    Returns:
        One of select, insert, update, delete, create, drop, alter, other, unparsable; a `WITH` is named after
        the statement that it introduces.
    """
    try:
        tokens = tokens_of(sql)
    except SqlglotError:
        return "unparsable"
    kind = _leading_kind(tokens)
    return "unparsable" if kind != "other" and parse(sql) is None else kind


def _leading_kind(tokens: list[Token]) -> str:
    """The kind by the first deciding keyword outside parentheses."""
    depth = 0
    for position, token in enumerate(tokens):
        kind = token.token_type
        depth += (kind is TokenType.L_PAREN) - (kind is TokenType.R_PAREN)
        opened = position and all(before.token_type is TokenType.L_PAREN for before in tokens[:position])
        if kind in _KINDS and (depth == 0 or opened):
            return _KINDS[kind]
        if position == 0 and kind not in (TokenType.WITH, TokenType.L_PAREN):
            return "other"
    return "other"


def template(sql: str) -> str:
    """Reduces a statement to its SQL template: identifiers become `_`, literals `?`, aliases vanish.

    Two queries with one template differ only in what they name; splits that must not share a skeleton are
    made disjoint by it. A text that cannot be tokenised is its own template.
    """
    try:
        tokens = tokens_of(sql)
    except SqlglotError:
        return " ".join(sql.split())
    words = [
        _word(token, after, _is_introduced(tokens, place))
        for place, (token, after) in enumerate(zip_longest(tokens, tokens[1:]))
    ]
    return " ".join(_without_names([word for word in words if word != ";"]))


def _is_introduced(tokens: list[Token], place: int) -> bool:
    """Whether a word that names a table, and no function, stands before a name or what qualifies it."""
    while place > 1 and tokens[place - 1].token_type is TokenType.DOT:
        place -= 2
    return place > 0 and tokens[place - 1].text.upper() in _INTRODUCING


def _word(token: Token, after: Token | None, introduced: bool) -> str:
    """What a token contributes to a template, before names are joined and aliases dropped."""
    if token.token_type in _LITERALS:
        return "?"
    called = after is not None and after.token_type is TokenType.L_PAREN and not introduced
    if token.token_type in _NAMES and not called:
        return "_"
    return token.text.upper()


def _without_names(words: list[str]) -> list[str]:
    """Join qualified names, drop aliases and shorten lists of literals."""
    kept: list[str] = []
    for word in words:
        if word == "." and kept[-1:] == ["_"]:
            continue
        if word == "AS":
            kept.append(word)
        elif word in ("_", "?") and kept[-1:] == ["AS"]:
            kept.pop()  # an alias
        elif word == "_" and kept[-1:] in (["_"], [")"]):
            continue  # the rest of a qualified name, or an alias without AS
        elif word == "?" and kept[-2:] == ["?", ","]:
            kept.pop()
        else:
            kept.append(word)
    return kept
