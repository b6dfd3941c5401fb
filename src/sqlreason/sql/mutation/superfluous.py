"""What a query has no need of: a filter on a column, and a join with a table, that nobody asked for.

Both change nothing on data in which every row happens to meet the filter, or to have one partner.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from sqlglot import exp

from sqlreason.sql.mutation.equivalents import Equivalents
from sqlreason.sql.mutation.tree_edits import Edit
from sqlreason.sql.parsing.keys import references_of
from sqlreason.sql.parsing.schema import Schema, Table, Value

#: Of each SELECT so many superfluous filters, and joins, are tried.
_EACH = 2
#: And so many columns are looked at for a filter.
_LOOKED_AT = 8


def extra_filters(root: exp.Expr, schema: Schema, rng: random.Random, same: Equivalents) -> Iterator[Edit]:
    """Another condition, on a column that the query does not name; a family of `mutants`."""
    named = {column.name.lower() for column in root.find_all(exp.Column)}
    for select in root.find_all(exp.Select):
        free = [
            (alias, column.name, values)
            for alias, table in _sources(select, schema).items()
            for position, column in enumerate(table.columns)
            if column.name.lower() not in named and (values := _often(table, position))
        ]
        where = select.args.get("where")
        tests: list[exp.Expr] = [
            exp.EQ(this=exp.column(name, table=alias), expression=exp.convert(rng.choice(values)))
            for alias, name, values in rng.sample(free, min(_LOOKED_AT, len(free)))
        ]
        # what any of them lets through is the hardest to tell from everything
        for added in [*tests[:_EACH], *([exp.or_(*(test.copy() for test in tests))] if len(tests) > 1 else [])]:
            yield Edit(select, "where", exp.Where(this=exp.and_(where.this, added) if where is not None else added))


def extra_joins(root: exp.Expr, schema: Schema, rng: random.Random, same: Equivalents) -> Iterator[Edit]:
    """A join with a table that refers to one of the query's; a family of `mutants`.

    Only the reference is joined, under a name of its own: the names of the rest would be ambiguous.
    """
    used = {table.name.lower() for table in root.find_all(exp.Table)}
    references = [r for r in references_of(schema) if len(r.columns) == 1 and r.child not in used]
    for select in root.find_all(exp.Select) if references else ():
        sources = _sources(select, schema)
        found = [(alias, r) for alias, table in sources.items() for r in references if r.parent == table.name.lower()]
        for alias, reference in rng.sample(found, min(_EACH, len(found))):
            key = exp.column(reference.columns[0], quoted=True).as_("extra_key")
            child = exp.select(key).from_(exp.to_identifier(reference.child, quoted=True)).subquery("extra")
            target = exp.column(reference.target[0], table=alias, quoted=True)
            join = exp.Join(this=child, on=exp.EQ(this=exp.column("extra_key", table="extra"), expression=target))
            yield Edit(select, "joins", [*(select.args.get("joins") or []), join])


def _sources(select: exp.Select, schema: Schema) -> dict[str, Table]:
    """The schema's tables that a SELECT reads itself, by the names under which it does."""
    clause = select.args.get("from_")
    uses = [clause.this] if clause is not None else []
    uses += [join.this for join in select.args.get("joins") or ()]
    found = {use.alias_or_name: schema.table(use.name) for use in uses if isinstance(use, exp.Table)}
    return {alias: table for alias, table in found.items() if table is not None}


def _often(table: Table, position: int) -> list[Value]:
    """Values of a column as often as the data has them, at most a few hundred; bytes and NULL left out."""
    return [v for row in table.rows[:300] if (v := row[position]) is not None and not isinstance(v, bytes)]
