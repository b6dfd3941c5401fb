"""A key for what it shows, and the other way round: the same but for rows that share a name."""

from __future__ import annotations

import random
from collections.abc import Iterable

from sqlglot import exp

from sqlreason.sql.mutation.equivalents import Equivalents
from sqlreason.sql.mutation.tree_edits import Edit, home_of, instead, tables_in
from sqlreason.sql.parsing.schema import Schema


def groupings(root: exp.Expr, schema: Schema, rng: random.Random, same: Equivalents) -> Iterable[Edit]:
    """Grouped by what is put out instead of by a key, or by the key of what is put out; a family of `mutants`."""
    named = tables_in(root, schema)
    for group in root.find_all(exp.Group):
        select = group.parent
        if not isinstance(select, exp.Select) or not all(isinstance(item, exp.Column) for item in group.expressions):
            continue
        bare = [output.unalias() for output in select.expressions]
        shown = [output for output in bare if isinstance(output, exp.Column) and not output.is_star]
        others = [column for column in shown if column not in group.expressions]
        if others:
            yield Edit(group, "expressions", [column.copy() for column in shown])
        for column in group.expressions:
            table = home_of(column, named)
            keys = table.primary_key if table is not None else ()
            if len(keys) == 1 and keys[0].lower() != column.name.lower() and column.table:
                yield Edit(group, "expressions", [exp.column(keys[0], table=column.table)])


def keyed(root: exp.Expr, schema: Schema, rng: random.Random, same: Equivalents) -> Iterable[Edit]:
    """A set operation over the keys behind what is put out; a family of `mutants`."""
    for operation in root.find_all(exp.Intersect, exp.Except):
        left, right = operation.left.unnest(), operation.right.unnest()
        keys = [_key_behind(side, schema) for side in (left, right)]
        if keys[0] is None or keys[1] is None or keys[0].name.lower() != keys[1].name.lower():
            continue
        assert isinstance(left, exp.Select) and isinstance(right, exp.Select)
        inner = right.copy()
        inner.set("expressions", [keys[1]])
        inside = exp.In(this=keys[0], query=inner.subquery())
        condition = inside if isinstance(operation, exp.Intersect) else exp.Not(this=inside)
        yield instead(operation, left.copy().where(condition).distinct())


def _key_behind(query: exp.Expr, schema: Schema) -> exp.Column | None:
    """The key of the one table whose columns a SELECT puts out, other than the key itself."""
    if not isinstance(query, exp.Select) or query.args.get("group"):
        return None
    outputs = [output.unalias() for output in query.expressions]
    columns = [output for output in outputs if isinstance(output, exp.Column) and not output.is_star]
    homes = {
        alias: table
        for alias, table in tables_in(query, schema).items()
        if all(c.table.lower() in ("", alias) and table.column(c.name) for c in columns)
    }
    if len(columns) != len(outputs) or len(homes) != 1:
        return None
    ((alias, table),) = homes.items()
    if len(table.primary_key) != 1 or table.primary_key[0].lower() in {c.name.lower() for c in columns}:
        return None
    return exp.column(table.primary_key[0], table=alias)
