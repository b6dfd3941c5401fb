"""The actions of an ALTER TABLE, applied to a table and the rows it has; indices and comments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from sqlglot.tokenizer_core import Token, TokenType

from sqlreason.sql.parsing.ddl import Definition, bracketed, qualified, word_of
from sqlreason.sql.parsing.filled_tables import Filled
from sqlreason.sql.parsing.inserts import DEFAULT, value_of
from sqlreason.sql.parsing.statements import text_of
from sqlreason.sql.parsing.tables import Column, Table, identifier

_VERBS = frozenset(
    ("ADD", "DROP", "RENAME", "ALTER", "MODIFY", "CHANGE", "OWNER", "ENABLE", "DISABLE", "SET", "CONVERT", "ATTACH")
)
_CONSTRAINTS = frozenset(
    ("CONSTRAINT", "PRIMARY", "FOREIGN", "UNIQUE", "CHECK", "INDEX", "KEY", "FULLTEXT", "SPATIAL", "EXCLUDE")
)


def split_actions(tokens: list[Token]) -> list[list[Token]]:
    """Split a list at its commas, those in parentheses aside; SQL Server's WITH CHECK before an action is left out."""
    found: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        depth += (token.token_type is TokenType.L_PAREN) - (token.token_type is TokenType.R_PAREN)
        if token.token_type is TokenType.COMMA and depth == 0:
            found.append([])
        else:
            found[-1].append(token)
    if found[0] and word_of(found[0][0]) == "WITH":
        found[0] = found[0][2:]
    return [action for action in found if action]


def alter(filled: Filled, text: str, action: list[Token], dialect: str) -> None:
    """Apply one action; one that changes nothing that a schema tells (an owner, an index) is left aside.

    Args:
        filled: The table, changed in place.
        text: Which holds the tokens.
        action: The action's tokens, its verb first; without a verb it is one more column of an ADD.
        dialect: Of the text.
    """
    words = [word_of(token) for token in action]
    verb = words[0] if words[0] in _VERBS else "ADD"
    rest = action[1:] if words[0] in _VERBS else action
    if len(rest) > 1 and word_of(rest[0]) == "COLUMN":
        rest = rest[1:]
    while len(rest) > 1 and word_of(rest[0]) in ("IF", "NOT", "EXISTS"):
        rest = rest[1:]
    change = {"ADD": _add, "DROP": _drop, "RENAME": _rename, "ALTER": _change_column, "MODIFY": _modify}.get(verb)
    if words[0] == "AUTO_INCREMENT" and words[-1].isdecimal() and len(words[-1]) < 16:
        _count_from(filled, int(words[-1]))
    elif verb == "CHANGE" and len(rest) > 1:
        rename_column(filled, rest[0].text, rest[1].text)
        _modify(filled, text, rest[1:], dialect)
    elif change is not None and rest:
        change(filled, text, rest, dialect)


def _count_from(filled: Filled, number: int) -> None:
    for column in filled.table.columns:
        if column.counted:
            filled.numbers[column.name.lower()] = number


def _add(filled: Filled, text: str, rest: list[Token], dialect: str) -> None:
    words = [word_of(token) for token in rest]
    if "FOR" in words and "DEFAULT" in words:  # SQL Server's ADD CONSTRAINT … DEFAULT (…) FOR column
        given = text_of(text, rest[words.index("DEFAULT") + 1 : words.index("FOR")])
        _replace(filled, rest[words.index("FOR") + 1].text, lambda column: replace(column, default=given))
        return
    known = {column.name.lower() for column in filled.table.columns}
    definition = Definition(filled.table)
    for item in split_actions(rest[1:-1]) if words[0] == "(" else [rest]:
        if rest[0].token_type is not TokenType.IDENTIFIER and words[0] in _CONSTRAINTS:
            definition.take(text, item)
        elif item[0].text.lower() not in known:
            plain, after = _placed(item)
            definition.take(text, plain)
            if after is not None:
                _place(definition, after)
    _settle(filled, definition.table(filled.table.name), dialect)


def _placed(item: list[Token]) -> tuple[list[Token], str | None]:
    """A column's item without MySQL's FIRST or AFTER, and behind which column it is to stand: "" for none."""
    words = [word_of(token) for token in item]
    if words[-1] == "FIRST" and len(item) > 2:
        return item[:-1], ""
    if len(item) > 3 and words[-2] == "AFTER":
        return item[:-2], item[-1].text.lower()
    return item, None


def _place(definition: Definition, after: str) -> None:
    """Move the last column to its place."""
    *others, added = definition.columns
    names = [column.name.lower() for column in others]
    place = names.index(after) + 1 if after in names else 0 if not after else len(names)
    definition.columns = [*others[:place], added, *others[place:]]


def _settle(filled: Filled, table: Table, dialect: str) -> None:
    """Give a table other columns; its rows keep what they have and take defaults for the rest."""
    before = {column.name.lower(): place for place, column in enumerate(filled.table.columns)}
    places = [before.get(column.name.lower()) for column in table.columns]
    filled.table = table
    for row in filled.rows:
        row[:] = [
            filled.cell(column, DEFAULT, dialect) if place is None else row[place]
            for column, place in zip(table.columns, places, strict=True)
        ]


def _drop(filled: Filled, text: str, rest: list[Token], dialect: str) -> None:
    word = word_of(rest[0])
    if word == "PRIMARY":
        filled.table = replace(filled.table, primary_key=())
    elif word not in _CONSTRAINTS:
        name, table = rest[0].text.lower(), filled.table
        columns = tuple(column for column in table.columns if column.name.lower() != name)
        keys = tuple(key for key in table.foreign_keys if name not in map(str.lower, key.columns))
        unique = tuple(names for names in table.unique if name not in map(str.lower, names))
        primary = () if name in map(str.lower, table.primary_key) else table.primary_key
        dropped = replace(table, columns=columns, foreign_keys=keys, unique=unique, primary_key=primary)
        _settle(filled, dropped, dialect)


def _rename(filled: Filled, text: str, rest: list[Token], dialect: str) -> None:
    """RENAME [COLUMN] a TO b; of a key or an index there is nothing to rename."""
    if len(rest) == 3 and word_of(rest[1]) == "TO":
        rename_column(filled, rest[0].text, rest[2].text)


def rename_column(filled: Filled, old: str, new: str) -> None:
    """Give a column another name, which the table's keys follow."""

    def named(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(new if name.lower() == old.lower() else name for name in names)

    table = filled.table
    keys = tuple(replace(key, columns=named(key.columns)) for key in table.foreign_keys)
    filled.table = replace(table, primary_key=named(table.primary_key), foreign_keys=keys,
                           unique=tuple(map(named, table.unique)))  # fmt: skip
    _replace(filled, old, lambda column: replace(column, name=new))


def _modify(filled: Filled, text: str, rest: list[Token], dialect: str) -> None:
    """MySQL's MODIFY: the column defined anew where it stands."""
    definition = Definition()
    definition.take(text, _placed(rest)[0])
    (column,) = definition.columns
    _replace(filled, column.name, lambda _: column)
    if definition.primary:
        filled.table = replace(filled.table, primary_key=filled.table.primary_key or (column.name,))


def _change_column(filled: Filled, text: str, rest: list[Token], dialect: str) -> None:
    """ALTER [COLUMN] x followed by TYPE, SET or DROP something, ADD GENERATED …; or by a type, as SQL Server has it."""
    name, words = rest[0].text, [word_of(token) for token in rest[1:]]
    tail = rest[1:]
    if words[:1] == ["TYPE"] or words[:3] == ["SET", "DATA", "TYPE"]:
        start = 1 if words[0] == "TYPE" else 3
        end = words.index("USING") if "USING" in words else len(words)
        kind = " ".join(text_of(text, tail[start:end]).split())
        _replace(filled, name, lambda column: replace(column, type=kind))
    elif words[:2] in (["SET", "NOT"], ["DROP", "NOT"]):
        _replace(filled, name, lambda column: replace(column, nullable=words[0] == "DROP"))
    elif words[:2] == ["SET", "DEFAULT"] and len(tail) > 2:
        given = text_of(text, tail[2:])
        counted = (1, 1) if "nextval" in given.lower() else None
        _replace(filled, name, lambda c: replace(c, default=None if counted else given, counted=c.counted or counted))
    elif words[:2] == ["DROP", "DEFAULT"]:
        _replace(filled, name, lambda column: replace(column, default=None))
    elif words[:1] == ["ADD"]:
        definition = Definition()
        definition.take(text, [rest[0], *tail[1:]])
        _replace(filled, name, lambda column: replace(column, counted=definition.columns[0].counted))
    elif tail and words[0] not in ("SET", "DROP", "RESET"):
        definition = Definition()
        definition.take(text, rest)
        read = definition.columns[0]
        _replace(filled, name, lambda column: replace(column, type=read.type, nullable=read.nullable))


def _replace(filled: Filled, name: str, change: Callable[[Column], Column]) -> None:
    columns = (change(column) if column.name.lower() == name.lower() else column for column in filled.table.columns)
    filled.table = Definition(replace(filled.table, columns=tuple(columns))).table(filled.table.name)


def index(tables: Mapping[str, Filled], tokens: list[Token]) -> str:
    """Notes what a CREATE INDEX says of its table, and writes it plainly; "" for one over expressions."""
    words = [word_of(token) for token in tokens]
    if "ON" not in words:
        return ""
    place = words.index("ON") + 1
    place += words[place] == "ONLY"
    place += qualified(tokens[place:])
    filled, names = tables.get(tokens[place].text.lower()), bracketed(tokens[place:])
    known = {column.name.lower() for column in filled.table.columns} if filled is not None else set()
    if filled is None or words.count("(") != 1 or not set(map(str.lower, names)) <= known:
        return ""
    unique = "UNIQUE" in words[:3]
    if unique and "WHERE" not in words:
        filled.table = replace(filled.table, unique=tuple(dict.fromkeys((*filled.table.unique, names))))
    named = identifier(tokens[words.index("ON") - 1].text)
    listed = ", ".join(map(identifier, names))
    return f"CREATE {'UNIQUE ' if unique else ''}INDEX {named} ON {identifier(filled.table.name)} ({listed})"


def comment_on(tables: Mapping[str, Filled], text: str, tokens: list[Token]) -> None:
    """Notes PostgreSQL's COMMENT ON TABLE … IS '…', or on a column."""
    words = [word_of(token) for token in tokens]
    if "IS" not in words[:-1] or words[2] not in ("TABLE", "COLUMN"):
        return
    parts = [token.text for token in tokens[3 : words.index("IS")] if token.token_type is not TokenType.DOT]
    value = value_of(text, tokens[words.index("IS") + 1 :])
    comment = value if isinstance(value, str) else None
    filled = tables.get(parts[-1].lower() if words[2] == "TABLE" else parts[-2].lower() if parts[1:] else "")
    if filled is not None and words[2] == "TABLE":
        filled.table = replace(filled.table, comment=comment)
    elif filled is not None:
        _replace(filled, parts[-1], lambda column: replace(column, comment=comment))
