"""Single changes of a syntax tree, made and unmade in place, and what its names stand for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from sqlreason.sql.parsing.schema import Schema, Table
from sqlreason.sql.parsing.statements import written


@dataclass(frozen=True)
class Spelling:
    """How changed statements are written.

    Attributes:
        dialect: In which a statement is read and written; "" reads any and writes SQLite's.
        cased: Names that PostgreSQL would not find without quotes, since it takes bare ones for lower case.
    """

    dialect: str = ""
    cased: frozenset[str] = frozenset()

    @classmethod
    def of(cls, dialect: str, schema: Schema) -> Spelling:
        """Return the spelling of statements over a schema."""
        if dialect != "postgres":
            return cls(dialect)
        names = [name for table in schema.tables for name in (table.name, *(c.name for c in table.columns))]
        return cls(dialect, frozenset(name for name in names if name != name.lower()))

    def written(self, tree: exp.Expr) -> str | None:
        """Return the statement, or None for one that cannot be written."""
        for name in tree.find_all(exp.Identifier) if self.cased else ():
            if name.name in self.cased:
                name.set("quoted", True)
        return written(tree, self.dialect or "sqlite")


@dataclass(frozen=True)
class Edit:
    """One change of the tree: the argument `key` of `node` takes `value`, or what it returns where it is a function."""

    node: exp.Expr
    key: str
    value: Any

    def written(self, root: exp.Tuple, spelling: Spelling) -> str | None:
        """The one statement in `root` with the change made, which is then unmade; None if it cannot be written so."""
        before = self.node.args.get(self.key)
        self.node.set(self.key, self.value() if callable(self.value) else self.value)
        try:
            return spelling.written(root.expressions[0])
        finally:
            self.node.set(self.key, before)


def instead(old: exp.Expr, new: exp.Expr | Callable[[], exp.Expr]) -> Edit:
    """The edit that puts `new` where `old` is; a function is called when the edit is made, and few are."""
    parent, key = old.parent, old.arg_key
    assert parent is not None and key is not None
    held = parent.args[key]

    def changed() -> Any:
        made = new() if callable(new) else new
        return [made if item is old else item for item in held] if isinstance(held, list) else made

    return Edit(parent, key, changed)


def without(old: exp.Expr) -> Edit:
    """The edit that removes one item of a list, or the argument that `old` is."""
    parent, key = old.parent, old.arg_key
    assert parent is not None and key is not None
    held = parent.args[key]
    rest = [item for item in held if item is not old] if isinstance(held, list) else None
    return Edit(parent, key, rest)


def tables_in(root: exp.Expr, schema: Schema) -> dict[str, Table]:
    """The schema's tables by the names under which the statement uses them."""
    named: dict[str, Table] = {}
    for use in root.find_all(exp.Table):
        table = schema.table(use.name)
        if table is not None:
            named[use.alias_or_name.lower()] = table
    return named


def home_of(column: exp.Column, named: dict[str, Table]) -> Table | None:
    """The table that a column is of: the one that it names, else the first that has such a column."""
    if column.table:
        return named.get(column.table.lower())
    return next((table for table in named.values() if table.column(column.name)), None)
