"""A statement as a list of clauses in logical order: tables, joins, filters, groups, output, order, limit.

Covers SELECT in all its shapes, INSERT, UPDATE and DELETE; other statements become one clause. The clauses
hold bare phrases; ``explanation`` turns them into sentences.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlglot import exp

from sqlreason.reasoning.expressions import Speaker, conjuncts, listing, name_table, quote_sql, say_order
from sqlreason.reasoning.vocabulary import INLINE


@dataclass(frozen=True)
class Clause:
    """One step of a statement: its kind (a key of ``vocabulary.SENTENCES``) and its phrase."""

    kind: str
    phrase: str


def read_clauses(tree: exp.Expr, speaker: Speaker) -> list[Clause]:
    """The clauses of a statement in logical order, those of its named parts first."""
    return [*_named_parts(tree, speaker), *_statement(tree, speaker)]


def tell_query(speaker: Speaker, tree: exp.Expr) -> str:
    """A nested query as a noun phrase, such as "the average of price from products where city is 'Lyon'"."""
    tree = _bare(tree)
    if isinstance(tree, exp.SetOperation):
        sides = (tell_query(speaker, tree.this), tell_query(speaker, tree.expression))
        return f" {INLINE[_set_kind(tree)]} ".join(sides)
    clauses = read_clauses(tree, speaker)
    output = [clause for clause in clauses if clause.kind in ("output", "distinct")]
    rest = [clause for clause in clauses if clause not in output]
    return " ".join(INLINE.get(clause.kind, "{}").format(clause.phrase) for clause in [*output[:1], *rest])


def _bare(tree: exp.Expr) -> exp.Expr:
    """The query inside parentheses that carry no clause of their own."""
    while isinstance(tree, exp.Subquery) and not _has_tail(tree):
        tree = tree.this
    return tree


def _has_tail(tree: exp.Expr) -> bool:
    return any(tree.args.get(key) for key in ("order", "limit", "offset", "joins", "where"))


def _named_parts(tree: exp.Expr, speaker: Speaker) -> Iterator[Clause]:
    """The CTEs and the queries that stand in FROM, as steps before the main query."""
    holder = tree.args.get("with_")
    for part in holder.expressions if holder else ():
        yield Clause("build", part.alias)
        yield from read_clauses(_bare(part.this), speaker)
        yield Clause("built", part.alias)
    for source in _sources(tree):
        if isinstance(source, exp.Subquery) and source.alias:
            yield Clause("build", source.alias)
            yield from read_clauses(_bare(source.this), speaker)
            yield Clause("built", source.alias)


def _sources(tree: exp.Expr) -> list[exp.Expr]:
    start = tree.args.get("from_")
    return [*([start.this] if start else []), *(join.this for join in tree.args.get("joins") or ())]


def _statement(tree: exp.Expr, speaker: Speaker) -> Iterator[Clause]:
    if isinstance(tree, exp.SetOperation):
        yield from _set_operation(tree, speaker)
    elif isinstance(tree, exp.Subquery):
        yield from read_clauses(_bare(tree.this), speaker)
        yield from _tail(tree, speaker, [])
    elif isinstance(tree, exp.Select):
        yield from _select(tree, speaker)
    elif isinstance(tree, exp.Insert):
        yield from _insert(tree, speaker)
    elif isinstance(tree, exp.Update | exp.Delete):
        yield from _change(tree, speaker)
    else:
        yield from _other(tree)


def _select(tree: exp.Select, speaker: Speaker) -> Iterator[Clause]:
    outputs = tree.expressions
    yield from _tables(tree, speaker)
    yield from _filters(tree, speaker)
    if group := tree.args.get("group"):
        terms = [speaker.say(_projected(term, outputs)) for term in group.expressions]
        yield Clause("group", listing(terms) if terms else quote_sql(group).removeprefix("GROUP BY "))
    for key in ("having", "qualify"):
        if tree.args.get(key):
            yield Clause(key, _all_of(tree.args[key].this, speaker))
    for window in tree.args.get("windows") or ():
        yield Clause("window", quote_sql(window))
    yield Clause("distinct" if tree.args.get("distinct") else "output", speaker.listing(outputs))
    yield from _tail(tree, speaker, outputs)


def _tables(tree: exp.Expr, speaker: Speaker) -> Iterator[Clause]:
    start = tree.args.get("from_")
    if start:
        yield Clause("table", _source(start.this, speaker))
        for join in start.this.args.get("joins") or ():
            yield _join(join, speaker)
    for join in tree.args.get("joins") or ():
        yield _join(join, speaker)
    for lateral in tree.args.get("laterals") or ():
        yield Clause("cross_join", quote_sql(lateral))


def _source(node: exp.Expr, speaker: Speaker) -> str:
    """A table as it is named in the SQL, its alias after it."""
    if isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier):
        return f"{name_table(node)} as {node.alias}" if node.alias else name_table(node)
    if isinstance(node, exp.Subquery):
        return node.alias or speaker.query(node)
    return quote_sql(node)


def _join(join: exp.Expr, speaker: Speaker) -> Clause:
    words = _source(join.this, speaker)
    condition, shared = join.args.get("on"), join.args.get("using")
    if condition is not None:
        words += f" on {_all_of(condition, speaker)}"
    elif shared:
        words += f" on the shared {listing([item.name for item in shared])}"
    elif join.args.get("method") == "NATURAL":
        words += " on all shared columns"
    side = (join.args.get("side") or "").lower()
    bare = condition is None and not shared and not join.args.get("method")
    if side in ("left", "right", "full"):
        return Clause(f"{side}_join", words)
    return Clause("cross_join" if bare else "join", words)


def _all_of(condition: exp.Expr, speaker: Speaker) -> str:
    parts = [speaker.say(part) for part in conjuncts(condition)]
    if len(parts) == 1:
        return parts[0]
    return " and ".join(f"({words})" if words.startswith("either ") else words for words in parts)


def _filters(tree: exp.Expr, speaker: Speaker) -> Iterator[Clause]:
    if where := tree.args.get("where"):
        yield Clause("filter", _all_of(where.this, speaker))


def _projected(term: exp.Expr, outputs: list[exp.Expr]) -> exp.Expr:
    """The output column that a position such as ``GROUP BY 1`` stands for."""
    if isinstance(term, exp.Literal) and not term.is_string and str(term.this).isdigit():
        position = int(str(term.this))
        if 1 <= position <= len(outputs):
            return outputs[position - 1].unalias()
    return term


def _tail(tree: exp.Expr, speaker: Speaker, outputs: list[exp.Expr]) -> Iterator[Clause]:
    if order := tree.args.get("order"):
        terms = order.copy().expressions
        for term in terms:
            if isinstance(term, exp.Ordered):
                term.set("this", _projected(term.this, outputs).copy())
        yield Clause("order", say_order(speaker, terms))
    limit, offset = tree.args.get("limit"), tree.args.get("offset")
    if offset is not None:
        yield Clause("offset", speaker.say(offset.args.get("expression")))
    if limit is not None:
        yield Clause("limit", _amount(limit, speaker))


def _amount(limit: exp.Expr, speaker: Speaker) -> str:
    """How many rows LIMIT, FETCH or TOP takes; FETCH without a count takes one."""
    options = limit.args.get("limit_options")
    words = speaker.say(limit.args.get("expression") or limit.args.get("count")) or "1"
    if options is not None:
        words += " percent" if options.args.get("percent") else ""
        words += " with ties" if options.args.get("with_ties") else ""
    return words


def _set_kind(tree: exp.Expr) -> str:
    if isinstance(tree, exp.Intersect | exp.Except):
        return type(tree).__name__.lower()
    return "union" if tree.args.get("distinct") else "union_all"


def _set_operation(tree: exp.SetOperation, speaker: Speaker) -> Iterator[Clause]:
    yield from read_clauses(_bare(tree.this), speaker)
    yield Clause(_set_kind(tree), "a second query")
    yield from read_clauses(_bare(tree.expression), speaker)
    yield from _tail(tree, speaker, tree.selects)


def _insert(tree: exp.Insert, speaker: Speaker) -> Iterator[Clause]:
    columns = tree.this.expressions if isinstance(tree.this, exp.Schema) else []
    table = name_table(tree.find(exp.Table) or tree.this)
    source = tree.expression
    if isinstance(source, exp.Values):
        rows = [", ".join(speaker.say(value) for value in row.expressions) for row in source.expressions]
        yield Clause("insert", table)
        if columns:
            yield Clause("columns", listing([column.name for column in columns]))
        yield Clause("values", "; ".join(f"({row})" for row in rows))
        return
    if isinstance(source, exp.Query):
        yield from read_clauses(_bare(source), speaker)
    yield Clause("insert", table)
    if columns:
        yield Clause("columns", listing([column.name for column in columns]))


def _change(tree: exp.Expr, speaker: Speaker) -> Iterator[Clause]:
    """UPDATE and DELETE: the table, the rows, then what happens to them."""
    yield Clause("change" if isinstance(tree, exp.Update) else "shrink", _source(tree.this, speaker))
    yield from _tables(tree, speaker)
    yield from _filters(tree, speaker)
    if isinstance(tree, exp.Update):
        yield Clause("set", listing([_assignment(pair, speaker) for pair in tree.expressions]))
    else:
        yield Clause("delete", "these rows" if tree.args.get("where") else "all rows")


def _assignment(pair: exp.Expr, speaker: Speaker) -> str:
    return f"{speaker.say(pair.this)} to {speaker.say(pair.args.get('expression'))}"


def _other(tree: exp.Expr) -> Iterator[Clause]:
    """DDL and commands: what is done to which object, and its definition as SQL."""
    kind = str(tree.args.get("kind") or "object").lower()
    targets = listing([name_table(table) for table in tree.find_all(exp.Table)])
    if isinstance(tree, exp.Drop) and targets:
        yield Clause("drop", f"the {kind} {targets}")
    elif isinstance(tree, exp.Create) and isinstance(tree.this, exp.Schema):
        columns = listing([part.name for part in tree.this.expressions if isinstance(part, exp.ColumnDef)])
        yield Clause("create", f"the {kind} {name_table(tree.this.this)} with {columns or 'no columns'}")
    else:
        yield Clause("run", quote_sql(tree))
