"""Reads what a gold query asks of single columns: comparisons with literals, links between columns, group sizes.

Test databases are built to meet these conditions, or to miss exactly one, so that a query that gets one wrong shows it.
Conditions that are not about one column and literals (subqueries, arithmetic) are left to chance.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from sqlglot import exp

from sqlreason.sql.parsing.constraints import Bound, Choice, Condition, Constraints, Lookup, Place
from sqlreason.sql.parsing.schema import Schema, Value
from sqlreason.sql.parsing.statements import number_of, parse

_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "!=": "!="}
_OPERATORS: dict[type[exp.Expr], str] = {
    exp.EQ: "=",
    exp.NEQ: "!=",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.LT: "<",
    exp.LTE: "<=",
}
_COMPARISONS = tuple(_OPERATORS)
#: Groups are not made larger than this for the sake of a HAVING, nor results for the sake of a LIMIT.
_LARGEST_GROUP, _LARGEST_LIMIT = 60, 12
_DATE_PARTS = {"year": 4, "month": 2, "day": 2}


def constraints_of(tree: exp.Expr, schema: Schema) -> Constraints:
    """Read a query's tree, with double-quoted strings already literals, into what it asks of the data."""
    return _Reader(tree, schema).read()


class _Reader:
    def __init__(self, tree: exp.Expr, schema: Schema) -> None:
        self._tree, self._schema = tree, schema
        self._names: dict[str, str] = {}
        self._uses: dict[int, list[str]] = {}  # by the SELECT, of a tree that stays as it is
        self._wishes = Constraints()
        for use in tree.find_all(exp.Table):
            table = schema.table(use.name)
            if table is not None:
                self._wishes.tables.add(table.name.lower())
                self._names[use.alias_or_name.lower()] = table.name.lower()
            else:
                self._wishes.tables |= _behind(use.name, schema)

    def read(self) -> Constraints:
        found = self._wishes
        for clause in self._tree.find_all(exp.Where, exp.Join, exp.If):
            condition = clause.args.get("on") if isinstance(clause, exp.Join) else clause.this
            choice = self._choice(condition) if condition is not None else Choice(())
            found.choices += [choice] if choice.parts else []
        for equal in self._tree.find_all(exp.EQ, exp.In, exp.Join):
            self._link(equal)
        for group in self._tree.find_all(exp.Group):
            found.grouped |= {p for item in group.expressions for p in self._places(item)}
        found.named = set(self._places(self._tree))
        self._read_outputs()
        self._read_extremes()
        self._read_totals()
        self._read_lookups()
        return found

    def _read_lookups(self) -> None:
        for subquery in self._tree.find_all(exp.Subquery):
            select = subquery.this
            where = select.args.get("where") if isinstance(select, exp.Select) else None
            shown = select.selects[0].unalias() if where is not None else None
            place = self._place(shown) if isinstance(shown, exp.Column) else None
            if isinstance(subquery.parent, _COMPARISONS) and where is not None and place is not None:
                same = [c for c in self._choice(where.this).leaves() if c.operator == "=" and c.place != place]
                self._wishes.lookups += [Lookup(c.place, c.values[0], place) for c in same if c.place[0] == place[0]]

    def _read_totals(self) -> None:
        """What aggregates are compared with, in HAVING or, under an alias, outside of the grouping query."""
        aliased = {a.alias.lower(): a.this for a in self._tree.find_all(exp.Alias) if isinstance(a.this, exp.AggFunc)}
        for node in self._tree.find_all(*_OPERATORS, exp.Between):
            side, bound = node.this, _literal(node.args.get("low", node.args.get("expression")))
            if isinstance(side, exp.Column) and not self._place(side):
                side = aliased.get(side.name.lower(), side)
            if not isinstance(side, exp.AggFunc) or bound is None or not isinstance(bound[0], int | float):
                continue
            if isinstance(side, exp.Count) and bound[0] <= _LARGEST_GROUP:
                self._wishes.group_size = max(self._wishes.group_size, int(bound[0]))
            else:
                self._wishes.totals += [(side.key, place, bound[0]) for place in self._places(side)]
        for equal in self._tree.find_all(exp.EQ):
            self._wishes.whole |= {self._names[name] for name in _counted_whole(equal) if name in self._names}
        for extreme in self._tree.find_all(exp.Max, exp.Min):
            self._bound(extreme)
        for average in self._tree.find_all(exp.Avg):
            if average.find_ancestor(exp.Subquery) is not None:
                self._wishes.averaged |= set(self._places(average))
                total = aliased.get(average.this.name.lower()) if isinstance(average.this, exp.Column) else None
                self._wishes.balanced += [(total.key, p) for p in self._places(total)] if total is not None else []

    def _bound(self, extreme: exp.Expr) -> None:
        """Notes the column with which an extreme from a subquery is compared."""
        subquery = extreme.find_ancestor(exp.Subquery)
        comparison = subquery.parent if subquery is not None else None
        if subquery is None or not isinstance(comparison, _COMPARISONS):
            return
        other = comparison.this if comparison.expression is subquery else comparison.expression
        place = self._place(other) if isinstance(other, exp.Column) else None
        where = subquery.this.args.get("where")
        choice = self._choice(where.this) if where is not None else Choice(())
        found = [(place, extreme.key, there, choice) for there in self._places(extreme)] if place is not None else []
        self._wishes.bounded += [Bound(*each) for each in found]

    def _read_outputs(self) -> None:
        found = self._wishes
        for select in self._tree.find_all(exp.Select):
            bare = (output.unalias() for output in select.selects)
            found.outputs |= {p for o in bare if isinstance(o, exp.Column) and (p := self._place(o)) is not None}
            if select.args.get("distinct") or isinstance(select.parent, exp.SetOperation):
                found.shown |= {place for output in select.selects for place in self._places(output)}
        for count in self._tree.find_all(exp.Count):
            if isinstance(count.this, exp.Distinct):
                found.shown |= set(self._places(count))
        for operation in self._tree.find_all(exp.SetOperation):
            for right in _branches(operation.right):
                for left in _branches(operation.left):
                    self._overlap(left.selects, right.selects)
        for inside in self._tree.find_all(exp.In):
            if _is_not_in(inside):
                self._overlap([inside.this], inside.args["query"].unnest().selects)

    def _overlap(self, ones: list[exp.Expr], others: list[exp.Expr]) -> None:
        for one, other in zip(ones, others, strict=False):
            places = [self._place(o) if isinstance(o := side.unalias(), exp.Column) else None for side in (one, other)]
            if places[0] is not None and places[1] is not None and places[0] != places[1]:
                self._wishes.overlaps.append((places[0], places[1]))

    def _read_extremes(self) -> None:
        for limit in self._tree.find_all(exp.Limit):
            order = limit.parent.args.get("order") if limit.parent is not None else None
            self._wishes.top |= set(self._places(order)) if order is not None else set()
            kept = _literal(limit.expression)
            if kept is not None and isinstance(kept[0], int) and kept[0] <= _LARGEST_LIMIT:
                self._wishes.limit = max(self._wishes.limit, kept[0])
        for window in self._tree.find_all(exp.Window):
            numbered = isinstance(window.this, exp.RowNumber | exp.Lag | exp.Lead | exp.FirstValue | exp.Ntile)
            if numbered and window.args.get("order") is not None:
                self._wishes.top |= set(self._places(window.args["order"]))
        for extreme in self._tree.find_all(exp.Max, exp.Min):
            self._wishes.top |= set(self._places(extreme))

    def _places(self, node: exp.Expr) -> Iterator[Place]:
        return (place for column in node.find_all(exp.Column) if (place := self._place(column)) is not None)

    def _place(self, column: exp.Column) -> Place | None:
        name = column.name.lower()
        if column.table:
            table = self._names.get(column.table.lower())
            known = self._schema.table(table) if table else None
            return (table, name) if table and known is not None and known.column(name) else None
        for table in self._near(column):
            known = self._schema.table(table)
            if known is not None and known.column(name):
                return table, name
        return None

    def _near(self, column: exp.Column) -> list[str]:
        """Tables of the SELECT that the column stands in, then all others."""
        select = column.find_ancestor(exp.Select)
        if id(select) not in self._uses:
            uses = select.find_all(exp.Table) if select is not None else ()
            near = [self._names[name] for use in uses if (name := use.alias_or_name.lower()) in self._names]
            self._uses[id(select)] = [*near, *sorted(self._wishes.tables)]
        return self._uses[id(select)]

    def _link(self, node: exp.Expr) -> None:
        found: list[exp.Expr | None] = []
        if isinstance(node, exp.Join):
            for name in node.args.get("using") or ():
                places = [(t, name.name.lower()) for t in sorted(self._wishes.tables) if self._has(t, name.name)]
                self._wishes.links += list(pairwise(places))
            return
        if isinstance(node, exp.EQ):
            found = [node.this, node.expression]
        elif isinstance(node, exp.In) and node.args.get("query") is not None and not _is_not_in(node):
            query = node.args["query"].unnest()
            found = [node.this, query.selects[0].unalias() if query.selects else None]
        sides = [self._place(item) if isinstance(item, exp.Column) else None for item in found]
        if len(sides) == 2 and sides[0] is not None and sides[1] is not None:
            self._wishes.links.append((sides[0], sides[1]))

    def _has(self, table: str, column: str) -> bool:
        known = self._schema.table(table)
        return known is not None and known.column(column) is not None

    def _choice(self, node: exp.Expr) -> Choice:
        node = node.unnest()
        if isinstance(node, exp.And | exp.Or):
            return Choice((self._choice(node.left), self._choice(node.right)), isinstance(node, exp.And))
        if isinstance(node, exp.Not):
            inner = self._choice(node.this)
            opposite = tuple(part.negated() for part in inner.parts if isinstance(part, Condition))
            return Choice(opposite) if len(opposite) == len(inner.parts) == 1 else Choice(())
        condition = self._condition(node)
        return Choice((condition,)) if condition is not None else Choice(())

    def _condition(self, node: exp.Expr) -> Condition | None:
        if isinstance(node, exp.Between):
            bounds = [_literal(node.args["low"]), _literal(node.args["high"])]
            return self._about(node.this, "between", [b[0] for b in bounds if b]) if all(bounds) else None
        if isinstance(node, exp.In):
            items = [_literal(item) for item in node.expressions]
            return self._about(node.this, "in", [i[0] for i in items if i]) if items and all(items) else None
        if isinstance(node, exp.Like | exp.ILike):
            pattern = _literal(node.expression)
            return self._about(node.this, "like", [pattern[0]]) if pattern else None
        if isinstance(node, exp.Is) and isinstance(node.expression, exp.Null):
            return self._about(node.this, "null", [])
        operator = _OPERATORS.get(type(node))
        return self._comparison(node, operator) if operator else None

    def _comparison(self, node: exp.Expr, operator: str) -> Condition | None:
        left, right = _literal(node.this), _literal(node.expression)
        if right:
            return self._about(node.this, operator, [right[0]])
        if left:
            return self._about(node.expression, _FLIPPED[operator], [left[0]])
        sides = [side for side in (node.this, node.expression) if not side.find(exp.Column)]
        if sides and not any(side.find(exp.Select) for side in sides):
            self._wishes.clocked |= set(self._places(node))
        return None

    def _about(self, node: exp.Expr, operator: str, values: list[Value]) -> Condition | None:
        """The condition on the one column in `node`, seen through functions that keep its value or a date's part."""
        part = _date_part(node)
        columns = list(node.find_all(exp.Column))
        if len(columns) != 1 or not (node is columns[0] or part or isinstance(node, exp.Lower | exp.Upper | exp.Cast)):
            return None
        place = self._place(columns[0])
        return Condition(place, operator, tuple(values), part) if place is not None else None


def _behind(view: str, schema: Schema) -> set[str]:
    """The tables of the schema that a view of that name reads."""
    definitions = [tree for text in schema.views if isinstance(tree := parse(text), exp.Create)]
    named = [tree for tree in definitions if tree.this is not None and tree.this.name.lower() == view.lower()]
    uses = [use.name for tree in named for use in tree.expression.find_all(exp.Table)]
    return {table.name.lower() for name in uses if (table := schema.table(name)) is not None}


def _branches(query: exp.Expr) -> Iterator[exp.Select]:
    """The SELECTs that a set operation, or a query in its place, is made of."""
    query = query.unnest()
    if isinstance(query, exp.SetOperation):
        yield from _branches(query.left)
        yield from _branches(query.right)
    elif isinstance(query, exp.Select):
        yield query


def _counted_whole(equal: exp.EQ) -> set[str]:
    """The tables whose rows a subquery counts that a COUNT must equal."""
    inner = equal.expression.unnest()
    counts = isinstance(inner, exp.Select) and inner.selects and isinstance(inner.selects[0].unalias(), exp.Count)
    if not counts or not isinstance(equal.this, exp.Count):
        return set()
    return {use.alias_or_name.lower() for use in inner.find_all(exp.Table)}


def _is_not_in(node: exp.In) -> bool:
    parent = node.parent
    while isinstance(parent, exp.Paren):
        parent = parent.parent
    return node.args.get("query") is not None and isinstance(parent, exp.Not)


def _literal(node: exp.Expr | None) -> tuple[Value] | None:
    """The literal that a node is, in a tuple since it may be NULL; None for anything else."""
    if isinstance(node, exp.Paren | exp.Cast | exp.Date | exp.TsOrDsToDate):
        return _literal(node.this)
    if isinstance(node, exp.Neg):
        inner = _literal(node.this)
        return (-inner[0],) if inner and isinstance(inner[0], int | float) else None
    if isinstance(node, exp.Boolean):
        return (bool(node.this),)
    if not isinstance(node, exp.Literal):
        return None
    if node.is_string:
        return (node.this,)
    number = number_of(node.this)
    return None if number is None else (number,)


def _date_part(node: exp.Expr) -> str:
    """The part of a date ("year", "month" or "day") that the node takes; "" if none."""
    node = node.this if isinstance(node, exp.Cast) else node
    if isinstance(node, exp.Year | exp.Month | exp.Day | exp.DayOfMonth):
        return "day" if isinstance(node, exp.DayOfMonth) else type(node).__name__.lower()
    if isinstance(node, exp.Extract):
        return node.name.lower() if node.name.lower() in _DATE_PARTS else ""
    if isinstance(node, exp.TimeToStr | exp.Anonymous):
        written = next((n.this for n in node.find_all(exp.Literal) if n.this.startswith("%")), "")
        return {"%Y": "year", "%m": "month", "%d": "day"}.get(written, "")
    return ""
