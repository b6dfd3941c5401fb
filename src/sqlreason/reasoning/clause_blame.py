"""Which clauses of a query differ from the gold's, and where an answer speaks of them: in its SQL and in its plan.

Clauses are tables, joins, filters, grouping, order, output and combination (UNION and its kin), of the query itself, of
its named parts and of both sides of a combination; a query within a clause belongs to that clause. They are compared as
sets of parts, aliases resolved and letter case aside. A difference is no proof of a fault: it is asked only where the
results differ. Covers SELECT; of anything else, and of what does not parse, nothing is told.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from sqlreason.reasoning.expressions import conjuncts
from sqlreason.reasoning.format import parse
from sqlreason.sql.parsing.statements import parse as parse_sql
from sqlreason.sql.parsing.statements import tokens_of

#: The clauses in the order in which SQL writes them.
CLAUSES = ("output", "tables", "joins", "filters", "grouping", "combination", "order")

_BEGINS = {
    TokenType.SELECT: "output", TokenType.FROM: "tables", TokenType.WHERE: "filters", TokenType.GROUP_BY: "grouping",
    TokenType.HAVING: "grouping", TokenType.ORDER_BY: "order", TokenType.LIMIT: "order", TokenType.OFFSET: "order",
    TokenType.FETCH: "order", TokenType.UNION: "combination", TokenType.INTERSECT: "combination",
    TokenType.EXCEPT: "combination",
    **dict.fromkeys(
        (TokenType.JOIN, TokenType.LEFT, TokenType.RIGHT, TokenType.INNER, TokenType.CROSS, TokenType.NATURAL,
         TokenType.FULL), "joins",
    ),
}  # fmt: skip

#: How a sentence of a plan begins that speaks of a clause, or says that there is none; the first that fits is taken.
_HEADS = {
    "combination": r"add (all|the) rows of|append|unite|intersect|remove|take away|keep only what",
    "joins": r"((left|right|full|cross|inner) )?join|match|combine|add the matching|link"
    r"|no join|one table is|this table has",
    "grouping": r"group|make one group|form groups|keep (only )?groups|for each|per |no grouping|there are no groups",
    "order": r"sort|order|take|limit|skip|keep the first|the order is free|no sorting|all result rows|no limit",
    "filters": r"keep|filter|we want rows|only|restrict|of these|then keep|where"
    r"|no filter|all rows|there is no condition",
    "tables": r"the (rows|data|table)|start|read|we need|use|look|from",
    "output": r"return|show|the output|select|count|answer|report|list",
}
_SENTENCE = re.compile(r"[^\n]*?(?:[.;](?=\s)|\n|\Z)")
_NUMBER = re.compile(r"\s*(?:\d+[.)]\s*|[-*]\s*)?")


@dataclass(frozen=True)
class Segment:
    """A stretch of a query's text that belongs to one clause."""

    clause: str
    start: int
    end: int


def blamed_spans(text: str, gold: str) -> list[tuple[int, int]]:
    """Return where an answer speaks of what differs from the gold, as places in its text; [] where nothing is told.

    A clause that the answer lacks is blamed on what stands in its place: the word that goes on without it.

    Args:
        text: The answer in the grammar.
        gold: The gold query.

    Example:
        >>> from sqlreason.reasoning.format import render
        >>> answer = render("Read the rows of a. Keep rows where x is 1.", "SELECT y FROM a WHERE x = 1")
        >>> [answer[start:end] for start, end in blamed_spans(answer, "SELECT y FROM a WHERE x = 2")]
        ['WHERE x = 1', 'Keep rows where x is 1.']
    """
    answer = parse(text)
    if not answer.well_formed:
        return []
    wrong = differing_clauses(answer.sql, gold)
    if not wrong:
        return []
    asked, thought = text.index(answer.sql, text.index("<sql>")), text.index(answer.think, text.index("<think>"))
    spans = [(asked + start, asked + end) for start, end in _places(answer.sql, wrong)]
    return spans + [(thought + start, thought + end) for start, end in _sentences(answer.think, wrong)]


def differing_clauses(candidate: str, gold: str) -> frozenset[str]:
    """Return the clauses of `CLAUSES` that differ; none where one of the two cannot be read.

    Example:
        >>> sorted(differing_clauses("SELECT a FROM t AS x WHERE x.b = 1", "SELECT a, c FROM t WHERE b = 1"))
        ['output']
    """
    trees = [parse_sql(sql) for sql in (candidate, gold)]
    if not all(isinstance(tree, exp.Query) for tree in trees):
        return frozenset()
    plain = [_resolved(tree) for tree in trees if tree is not None]
    one, other = map(_parts, plain)
    if one["tables"] != other["tables"] or not all(map(_is_qualified, plain)):
        one, other = map(_parts, map(_unqualified, plain))  # a column is not wrong for the name of its table as well
    return frozenset(clause for clause in CLAUSES if one[clause] != other[clause])


def segments(sql: str) -> list[Segment]:
    """Cut a query's text into its clauses; [] where it cannot be cut into words."""
    try:
        tokens = tokens_of(sql)
    except SqlglotError:
        return []
    found: list[Segment] = []
    clause, kept = "", [("", True)]  # of each open parenthesis: the clause around it, and whether it has its own
    for place, token in enumerate(tokens):
        if token.token_type == TokenType.L_PAREN:
            kept.append((clause, _opens_query(tokens, place, clause)))
        elif token.token_type == TokenType.R_PAREN and len(kept) > 1:
            clause = kept.pop()[0]
        elif kept[-1][1] and token.token_type in _BEGINS:
            clause = _BEGINS[token.token_type]
            found.append(Segment(clause, token.start, token.end + 1))
            continue
        if found and clause == found[-1].clause:
            found[-1] = Segment(clause, found[-1].start, token.end + 1)
        elif clause:
            found.append(Segment(clause, token.start, token.end + 1))
    return found


def sentence_clause(sentence: str) -> str | None:
    """Return the clause of which a sentence of a plan speaks, by how it begins.

    Example:
        >>> sentence_clause("2. Keep only rows where age is above 30.")
        'filters'
    """
    said = sentence[_NUMBER.match(sentence).end() :].lower()  # type: ignore[union-attr]  # the pattern fits anything
    return next((clause for clause, head in _HEADS.items() if re.match(rf"(?:{head})", said)), None)


def _opens_query(tokens: list[Token], place: int, clause: str) -> bool:
    """Whether a parenthesis holds a query with clauses of its own: a named part, or a side of a combination."""
    inner = tokens[place + 1].token_type if place + 1 < len(tokens) else None
    return inner in (TokenType.SELECT, TokenType.WITH) and clause in ("", "combination")


def _places(sql: str, wrong: frozenset[str]) -> Iterator[tuple[int, int]]:
    """Where a query's text holds the clauses that differ; wrong tables may stand in a join."""
    cut = segments(sql)
    hit = wrong | ({"joins"} if "tables" in wrong else set())
    yield from ((part.start, part.end) for part in cut if part.clause in hit)
    for clause in sorted(wrong - {part.clause for part in cut}, key=CLAUSES.index):
        later = (part.start for part in cut if CLAUSES.index(part.clause) > CLAUSES.index(clause))
        start = next(later, len(sql))
        yield start, start + 1


def _sentences(think: str, wrong: frozenset[str]) -> Iterator[tuple[int, int]]:
    for match in _SENTENCE.finditer(think):
        start = match.start() + len(match.group()) - len(match.group().lstrip())
        if sentence_clause(think[start : match.end()]) in wrong:
            yield start, match.end()


def _resolved(tree: exp.Expr) -> exp.Expr:
    """Return a copy in which names are lower, aliases of tables are the tables, and lone tables name their columns."""
    plain = tree.copy()
    for name in plain.find_all(exp.Identifier):
        name.set("this", name.name.lower())
        name.set("quoted", False)
    for select in plain.find_all(exp.Select):
        tables = [source for source in _sources(select) if isinstance(source, exp.Table)]
        names = {table.alias_or_name: table.name for table in tables}
        lone = tables[0].name if len(tables) == 1 and len(list(_sources(select))) == 1 else None
        for column in select.find_all(exp.Column):
            if column.find_ancestor(exp.Select) is select and not column.table and lone:
                column.set("table", exp.to_identifier(lone))
            elif column.table in names:
                column.set("table", exp.to_identifier(names[column.table]))
        for table in tables:
            table.set("alias", None)
    return plain


def _sources(select: exp.Select) -> Iterator[exp.Expr]:
    start = select.args.get("from_")
    if start:
        yield start.this
    yield from (join.this for join in select.args.get("joins") or ())


def _is_qualified(tree: exp.Expr) -> bool:
    return all(column.table or isinstance(column.this, exp.Star) for column in tree.find_all(exp.Column))


def _unqualified(tree: exp.Expr) -> exp.Expr:
    for column in tree.find_all(exp.Column):
        column.set("table", None)
    return tree


def _parts(tree: exp.Expr) -> dict[str, list[str]]:
    """The parts of each clause; the order counts in output and order alone."""
    parts: dict[str, list[str]] = {clause: [] for clause in CLAUSES}
    for query in _queries(tree):
        if isinstance(query, exp.SetOperation):
            parts["combination"].append(f"{query.key} {query.args.get('distinct')}")
        if isinstance(query, exp.Select):
            _add_select(query, parts)
        for key in ("order", "limit", "offset"):
            if tail := query.args.get(key):
                parts["order"].append(_written(tail))
    return {clause: found if clause in ("output", "order") else sorted(found) for clause, found in parts.items()}


def _queries(tree: exp.Expr) -> Iterator[exp.Expr]:
    """A query, its named parts and the sides of its combinations."""
    holder = tree.args.get("with_")
    for part in holder.expressions if holder else ():
        yield from _queries(part.this)
    yield tree
    if isinstance(tree, exp.SetOperation):
        yield from _queries(tree.this)
        yield from _queries(tree.expression)
    elif isinstance(tree, exp.Subquery):
        yield from _queries(tree.this)


def _add_select(select: exp.Select, parts: dict[str, list[str]]) -> None:
    distinct = ["DISTINCT"] if select.args.get("distinct") else []
    parts["output"] += distinct + [_written(column.unalias()) for column in select.expressions]
    parts["tables"] += map(_written, _sources(select))
    for join in select.args.get("joins") or ():
        on, using = join.args.get("on"), join.args.get("using") or ()
        conditions = [_written(part) for part in (conjuncts(on) if on is not None else using)]
        parts["joins"].append(" ".join([str(join.args.get("side") or ""), *sorted(conditions)]))
    if where := select.args.get("where"):
        parts["filters"] += map(_written, conjuncts(where.this))
    if group := select.args.get("group"):
        parts["grouping"] += map(_written, group.expressions)
    if having := select.args.get("having"):
        parts["grouping"] += map(_written, conjuncts(having.this))


def _written(node: exp.Expr) -> str:
    """A part as text; the sides of an equation in one order."""
    if isinstance(node, exp.EQ):
        return " = ".join(sorted((_written(node.this), _written(node.expression))))
    return node.sql(dialect="sqlite", comments=False)
