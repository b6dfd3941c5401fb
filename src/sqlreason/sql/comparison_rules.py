"""What a gold query asks of an answer: what it may touch, whether rows are ordered, and by which keys.

Rows with equal sort keys may come in any order, and LIMIT may cut such a group anywhere. Where the sort
keys are not among the outputs they are appended to the query; where LIMIT or OFFSET stands it is taken off
and applied afterwards. Whether the rewritten query still is the gold is checked on its rows, in the worker.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from sqlglot import exp

from sqlreason.sql.parsing.statements import number_of, parse, split_statements, statement_kind, written
from sqlreason.sql.sandbox.worker.outcomes import DEFINE, READ, WRITE
from sqlreason.sql.sandbox.worker.shelf import remembering

_WRITES = {"insert", "update", "delete"}
_DEFINES = {"create", "drop", "alter"}
#: Functions that make texts equal which a collation takes for equal: ASCII letters in any case, blanks at the end.
_SQLITE_COLLATIONS = {"NOCASE": "LOWER", "RTRIM": "RTRIM"}


@dataclass(frozen=True)
class Comparison:
    """The gold as a worker needs it.

    Attributes:
        statements: The gold's statements, in the engine's dialect.
        access: READ, WRITE or DEFINE: what gold and candidates may do.
        ordered: Whether the outermost query orders its rows.
        keyed: The gold with its sort keys appended and without LIMIT; "" if the gold itself will do.
        n_keys: How many keys were appended.
        positions: Output columns that are sort keys; None if nothing is known but the plain order.
        offset: Rows that the gold skips.
        limit: Rows that it keeps; None if all.
        preset: The benchmark by whose rules candidates are judged; "" for our own.
        defines: Whether the gold defines something.
    """

    statements: tuple[str, ...]
    access: str
    ordered: bool = False
    keyed: str = ""
    n_keys: int = 0
    positions: tuple[int, ...] | None = None
    offset: int = 0
    limit: int | None = None
    preset: str = ""
    defines: bool = False

    def to_wire(self) -> dict[str, Any]:
        """Return the fields as a worker reads them."""
        return asdict(self)


@remembering(1_000_000)
def comparison_of(gold: str, dialect: str) -> Comparison:
    """Read a gold query, already in the engine's dialect, into what it demands."""
    statements = tuple(split_statements(gold)) or (gold,)
    kinds = {statement_kind(statement) for statement in statements}
    access = DEFINE if kinds & _DEFINES else WRITE if kinds & _WRITES else READ
    tree = parse(statements[-1], dialect)
    if len(statements) > 1 or access != READ or not isinstance(tree, exp.Query):
        return Comparison(statements, access)
    return _ordered(statements, tree.copy(), dialect)


def published_comparison(gold: str, preset: str) -> Comparison:
    """Return what a gold demands by a benchmark's rules: any statement may run; a text says whether rows are ordered.

    Args:
        gold: Gold query as the benchmark's script runs it (`presets.as_published`).
        preset: "spider" or "bird".
    """
    defines = statement_kind(gold) in _DEFINES
    return Comparison((gold,), DEFINE, "order by" in gold.lower(), preset=preset, defines=defines)


def _ordered(statements: tuple[str, ...], tree: exp.Query, dialect: str) -> Comparison:
    order, limit, offset = tree.args.get("order"), tree.args.get("limit"), tree.args.get("offset")
    plain = Comparison(statements, READ, ordered=order is not None)
    if order is None and limit is None and offset is None:
        return plain
    kept, skipped = _count(limit), _count(offset)
    keys = _keys(tree, order, dialect)
    if keys is None or (limit is not None and kept is None) or (offset is not None and skipped is None):
        return plain
    positions, appended = keys
    if limit is None and offset is None and not appended:
        return Comparison(statements, READ, True, positions=positions)
    tree.set("limit", None)
    tree.set("offset", None)
    for number, key in enumerate(appended):
        tree.select(exp.alias_(key, f"sort_key_{number}", quoted=False), copy=False)
    whole = kept is None or kept < 0
    keyed = written(tree, dialect)
    if keyed is None:
        return plain
    is_ordered, end = order is not None, None if whole else kept
    return Comparison(statements, READ, is_ordered, keyed, len(appended), positions, skipped or 0, end)


def _count(clause: exp.Expr | None) -> int | None:
    """Return the whole number that a LIMIT, FETCH or OFFSET holds; None of a share of the rows, or with its ties."""
    options = clause.args.get("limit_options") if clause is not None else None
    if options is not None and (options.args.get("percent") or options.args.get("with_ties")):
        return None
    if isinstance(clause, exp.Fetch):
        return _whole(clause.args["count"]) if clause.args.get("count") else 1
    number = clause.expression if clause is not None else None
    if isinstance(number, exp.Neg):
        return -1
    return _whole(number)


def _whole(node: exp.Expr | None) -> int | None:
    """Return the whole number that a literal writes; None for anything else, and for more digits than engines keep."""
    number = number_of(node.this) if isinstance(node, exp.Literal) and node.is_int else None
    return number if isinstance(number, int) else None


def _keys(tree: exp.Query, order: exp.Expr | None, dialect: str) -> tuple[tuple[int, ...], list[exp.Expr]] | None:
    """Return sort keys as output positions and as expressions to append; None if they cannot be had."""
    positions: list[int] = []
    appended: list[exp.Expr] = []
    for ordered in order.expressions if order is not None else ():
        key = ordered.this if isinstance(ordered, exp.Ordered) else ordered
        position = _position(tree, key)
        if position is not None:
            positions.append(position)
        elif isinstance(tree, exp.Select) and not tree.args.get("distinct"):
            appended.append(_unaliased(tree, _as_tied(key, dialect)))
        else:
            return None
    return tuple(positions), appended


def _as_tied(key: exp.Expr, dialect: str) -> exp.Expr:
    """Return a key under one of SQLite's collations as a value that is equal where the collation has a tie."""
    if dialect != "sqlite" or not isinstance(key, exp.Collate):
        return key
    called = _SQLITE_COLLATIONS.get(key.expression.name.upper())
    return exp.func(called, key.this.copy(), dialect=dialect) if called else key


def _position(tree: exp.Query, key: exp.Expr) -> int | None:
    """Return the output column that a sort key is: by number, by name, or by being the same expression."""
    if (number := _whole(key)) is not None:
        return number - 1
    outputs = tree.selects
    if any(output.is_star for output in outputs):
        return None
    for position, output in enumerate(outputs):
        alias = output.alias.lower() if isinstance(output, exp.Alias) else ""
        bare = isinstance(key, exp.Column) and not key.table
        if bare and key.name.lower() in (
            alias,
            output.name.lower() if isinstance(output, exp.Column) else "",
        ):
            return position
        if output.unalias() == key:
            return position
    return None


def _unaliased(tree: exp.Select, key: exp.Expr) -> exp.Expr:
    """Return the key with output aliases replaced by what they stand for: a select list cannot use them."""
    named = {output.alias.lower(): output.this for output in tree.selects if isinstance(output, exp.Alias)}

    def resolve(node: exp.Expr) -> exp.Expr:
        bare = isinstance(node, exp.Column) and not node.table and node.name.lower() in named
        return exp.paren(named[node.name.lower()].copy()) if bare else node

    return key.copy().transform(resolve)
