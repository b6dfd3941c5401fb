"""Single changes of a syntax tree, made and unmade in place, and what its names stand for."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from sqlreason.sql.schema import Schema, Table

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Edit:
    """One change of the tree: the argument `key` of `node` takes `value`."""

    node: exp.Expr
    key: str
    value: Any

    def written(self, root: exp.Tuple) -> str:
        """The statement in `root` with this change made, which is then unmade; as of `written`."""
        before = self.node.args.get(self.key)
        self.node.set(self.key, self.value)
        text = written(root.expressions[0])
        self.node.set(self.key, before)
        return text


def written(tree: exp.Expr) -> str:
    """A tree in SQLite's spelling; "" where that cannot be written, as of an odd tree that an edit left."""
    try:
        return tree.sql("sqlite")
    except Exception as error:  # a generator stumbles over what no parser made, in any way
        logger.debug("a changed query cannot be written: %s", type(error).__name__)
        return ""


def instead(old: exp.Expr, new: exp.Expr) -> Edit:
    """The edit that puts `new` where `old` is."""
    parent, key = old.parent, old.arg_key
    assert parent is not None and key is not None
    held = parent.args[key]
    changed = [new if item is old else item for item in held] if isinstance(held, list) else new
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
