"""Changes of a query that provably change nothing: their mutants cannot be told from the gold and must not count.

Each rule is sound where keys are unique and never NULL, and references that the schema declares hold. What no rule
covers stays a mutant, so a kill rate can only be understated.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from sqlreason.sql.parsing.schema import Schema, Table

_COMPARES = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Like, exp.Between)


class Equivalents:
    """The rules, for queries over one schema.

    Args:
        schema: With its rows.
        references_hold: Whether every reference may be taken to lead somewhere, declared or not, and columns without a
            NULL in the data to hold none; so it is on "lenient" test databases.
    """

    def __init__(self, schema: Schema, references_hold: bool = False) -> None:
        self._schema, self._references_hold = schema, references_hold

    def keeps_distinct(self, select: exp.Select) -> bool:
        """Whether DISTINCT, added to or taken from a SELECT, changes nothing."""
        return _duplicates_are_lost(select) or self._rows_differ(select)

    def _rows_differ(self, select: exp.Select) -> bool:
        group = select.args.get("group")
        outputs = [output.unalias() for output in select.expressions]
        if group is not None:
            return bool(group.expressions) and all(_stands_in(item, select) for item in group.expressions)
        if outputs and all(output.find(exp.AggFunc) and not output.find(exp.Window) for output in outputs):
            return True
        limit = select.args.get("limit")
        if limit is not None and limit.expression is not None and limit.expression.name == "1":
            return not select.args.get("distinct")
        named = self._sources(select)
        return any(self._is_base(alias, select, named) for alias in named)

    def _is_base(self, alias: str, select: exp.Select, named: dict[str, Table]) -> bool:
        """Whether there is at most one row per row of a table, and the outputs tell these apart."""
        joins = select.args.get("joins") or []
        first = select.args["from_"].this.alias_or_name.lower()
        if any(join.side in ("RIGHT", "FULL") for join in joins) or (
            alias != first and any(join.side == "LEFT" for join in joins)
        ):
            return False
        equal = [pair for condition in _conditions(select) for pair in _equalities(condition)]
        attached = {alias}
        while grown := {
            this.table.lower()
            for this, that in equal
            if this.table.lower() not in attached and that.table.lower() in attached and self._is_unique(this, named)
        }:
            attached |= grown
        return attached == set(named) and (
            self._tells_apart(alias, select, named[alias]) or self._is_pinned(alias, select, named)
        )

    def _tells_apart(self, alias: str, select: exp.Select, table: Table) -> bool:
        outputs = [output.unalias() for output in select.expressions]
        if any(isinstance(o, exp.Star) or (o.is_star and o.args.get("table") in (None, alias)) for o in outputs):
            return bool(table.primary_key)
        shown = {
            o.name.lower()
            for o in outputs
            if isinstance(o, exp.Column) and (o.table.lower() or alias) == alias and table.column(o.name)
        }
        return any({name.lower() for name in key} <= shown for key in _keys(table))

    def _is_pinned(self, alias: str, select: exp.Select, named: dict[str, Table]) -> bool:
        """Whether a WHERE fixes a key of the table."""
        where = select.args.get("where")
        for part in _parts(where.this) if where is not None else ():
            if isinstance(part, exp.EQ) and isinstance(part.expression, exp.Literal):
                column = part.this
                own = isinstance(column, exp.Column) and (column.table.lower() or alias) == alias
                if own and any({n.lower() for n in key} == {column.name.lower()} for key in _keys(named[alias])):
                    return True
        return False

    def _is_unique(self, column: exp.Column, named: dict[str, Table]) -> bool:
        table = named.get(column.table.lower())
        return table is not None and any([n.lower() for n in key] == [column.name.lower()] for key in _keys(table))

    def _sources(self, select: exp.Select) -> dict[str, Table]:
        """The tables of FROM and JOIN by name; empty if one of them is something else."""
        clause = select.args.get("from_")
        uses = [clause.this] if clause is not None else []
        uses += [join.this for join in select.args.get("joins") or ()]
        found = {use.alias_or_name.lower(): self._schema.table(use.name) for use in uses if isinstance(use, exp.Table)}
        tables = {alias: table for alias, table in found.items() if table is not None}
        return tables if uses and len(tables) == len(uses) else {}

    def keeps_side(self, join: exp.Join) -> bool:
        """Whether INNER and LEFT are the same for a join."""
        select = join.parent
        if not isinstance(select, exp.Select) or join.args.get("on") is None:
            return False
        named = self._sources(select)
        alias = join.this.alias_or_name.lower()
        others = [c for c in _conditions(select) if c.find_ancestor(exp.Join) is not join]
        refused = any(
            isinstance(part, _COMPARES) and _is_column_of(part.this, alias)
            for condition in others
            for part in _parts(condition)
            if not _is_of_left_join(condition)
        )
        return refused or self._always_matches(join, named)

    def _always_matches(self, join: exp.Join, named: dict[str, Table]) -> bool:
        """Whether every row before the join has a partner: a reference that holds and is never NULL."""
        parts = list(_parts(join.args["on"]))
        pairs = list(_equalities(join.args["on"]))
        if len(parts) != 1 or not pairs:
            return False
        alias = join.this.alias_or_name.lower()
        there, here = next(((a, b) for a, b in pairs if a.table.lower() == alias), (None, None))
        if there is None or here is None or not self._is_unique(there, named):
            return False
        table, target = named.get(here.table.lower()), named.get(alias)
        column = table.column(here.name) if table else None
        if table is None or target is None or column is None:
            return False
        declared = any(
            key.table.lower() == target.name.lower() and [c.lower() for c in key.columns] == [here.name.lower()]
            for key in table.foreign_keys
        )
        position = table.columns.index(column)
        filled = self._is_filled(table, position)
        earlier = _is_inner(join, here.table.lower())
        return earlier and filled and (declared or self._references_hold)

    def _is_filled(self, table: Table, position: int) -> bool:
        """Whether a column holds no NULL."""
        seen = self._references_hold and table.rows
        return not table.columns[position].nullable or bool(seen and all(r[position] is not None for r in table.rows))

    def implies(self, item: exp.Expr, group: exp.Group) -> bool:
        """Whether a grouping follows from a key among the others, so that leaving it out changes nothing."""
        select = group.parent
        if not isinstance(select, exp.Select) or not isinstance(item, exp.Column):
            return False
        named = self._sources(select)
        others = [o for o in group.expressions if o is not item and isinstance(o, exp.Column)]
        others = [other for other in others if other.table.lower() == item.table.lower()]
        return any(self._is_unique(_qualified(other, named), named) for other in others)

    def keeps_null_test(self, old: exp.Column, new: str) -> bool:
        """Whether another column of an outer-joined table is NULL in the same rows: neither ever is in the table."""
        select = old.find_ancestor(exp.Select)
        if not isinstance(old.parent, exp.Is) or select is None:
            return False
        table = self._sources(select).get(old.table.lower())
        joined = [j for j in select.args.get("joins") or () if j.this.alias_or_name.lower() == old.table.lower()]
        if table is None or not joined or joined[0].side != "LEFT" or joined[0].args.get("on") is None:
            return False
        sure = {name.lower() for key in _keys(table) for name in key}
        sure |= {a.name.lower() for a, _ in _equalities(joined[0].args["on"]) if a.table.lower() == old.table.lower()}
        sure |= {c.name.lower() for i, c in enumerate(table.columns) if self._is_filled(table, i)}
        return {old.name.lower(), new.lower()} <= sure


def _duplicates_are_lost(select: exp.Select) -> bool:
    """Whether a SELECT stands where duplicates do not count: in IN, EXISTS, or a set operation that drops them."""
    if select.args.get("limit") is not None:
        return False
    node: exp.Expr = select
    while isinstance(node.parent, exp.Subquery):
        node = node.parent
    parent = node.parent
    if isinstance(parent, exp.SetOperation):
        return bool(parent.args.get("distinct", True))
    return isinstance(parent, exp.In | exp.Exists)


def _stands_in(item: exp.Expr, select: exp.Select) -> bool:
    """Whether a grouping is among the outputs, by itself, by its alias or by its number."""
    if isinstance(item, exp.Literal):
        return True
    names = {output.alias.lower() for output in select.expressions if isinstance(output, exp.Alias)}
    return any(output.unalias() == item for output in select.expressions) or item.name.lower() in names - {""}


def _conditions(select: exp.Select) -> list[exp.Expr]:
    where = select.args.get("where")
    found = [join.args["on"] for join in select.args.get("joins") or () if join.args.get("on") is not None]
    return [*found, *([where.this] if where is not None else [])]


def _is_of_left_join(condition: exp.Expr) -> bool:
    join = condition.parent
    return isinstance(join, exp.Join) and bool(join.side)


def _parts(condition: exp.Expr) -> Iterator[exp.Expr]:
    """What is joined by AND."""
    condition = condition.unnest()
    if isinstance(condition, exp.And):
        yield from _parts(condition.left)
        yield from _parts(condition.right)
    else:
        yield condition


def _equalities(condition: exp.Expr) -> Iterator[tuple[exp.Column, exp.Column]]:
    """Pairs of qualified columns that must be equal, both ways round."""
    for part in _parts(condition):
        if isinstance(part, exp.EQ) and isinstance(part.this, exp.Column) and isinstance(part.expression, exp.Column):
            yield part.this, part.expression
            yield part.expression, part.this


def _keys(table: Table) -> list[tuple[str, ...]]:
    return [key for key in (table.primary_key,) if key]


def _is_column_of(node: exp.Expr, alias: str) -> bool:
    return isinstance(node, exp.Column) and node.table.lower() == alias


def _qualified(column: exp.Column, named: dict[str, Table]) -> exp.Column:
    """The column with its table's name, where only one table can be meant."""
    homes = [alias for alias, table in named.items() if table.column(column.name)]
    return column if column.table or len(homes) != 1 else exp.column(column.name, table=homes[0])


def _is_inner(join: exp.Join, alias: str) -> bool:
    """Whether the table of that name is not itself joined from outside, so that its columns are not NULL for that."""
    select = join.parent
    joins = select.args.get("joins") or () if select is not None else ()
    return all(not other.side for other in joins if other.this.alias_or_name.lower() == alias)
