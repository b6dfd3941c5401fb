"""Single changes of a syntax tree, made and unmade in place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlglot import exp


@dataclass(frozen=True)
class Edit:
    """One change of the tree: the argument `key` of `node` takes `value`."""

    node: exp.Expr
    key: str
    value: Any


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
