"""Words for SQL expressions: columns, literals, conditions, aggregates, functions, windows.

Covers what stands inside a clause; clauses themselves are worded by ``clauses`` and ``explanation``. Names
and literals are written exactly as the SQL writes them, since a reader (and ``plan.check_plan``) looks for
them. An expression without a wording of its own is quoted as SQL, so that nothing is ever left out.
"""

import random
from collections.abc import Callable, Sequence

from sqlglot import exp

from sqlreason.reasoning.vocabulary import WORDS

# Comparison -> (wording, wording of its denial).
COMPARISONS: dict[type[exp.Expr], tuple[str, str]] = {
    exp.EQ: ("equal", "unequal"),
    exp.NullSafeEQ: ("equal", "unequal"),
    exp.NEQ: ("unequal", "equal"),
    exp.NullSafeNEQ: ("unequal", "equal"),
    exp.GT: ("above", "at_most"),
    exp.GTE: ("at_least", "below"),
    exp.LT: ("below", "at_least"),
    exp.LTE: ("at_most", "above"),
    exp.Like: ("like", "unlike"),
    exp.ILike: ("like", "unlike"),
}
AGGREGATES: dict[type[exp.Expr], str] = {
    exp.Sum: "sum",
    exp.Avg: "average",
    exp.Min: "smallest",
    exp.Max: "largest",
    exp.Count: "count",
}
ARITHMETIC: dict[type[exp.Expr], str] = {
    exp.Add: "+",
    exp.Sub: "-",
    exp.Mul: "*",
    exp.Div: "/",
    exp.Mod: "%",
    exp.DPipe: "||",
}
FUNCTIONS: dict[type[exp.Expr], str] = {
    exp.Upper: "{} in upper case",
    exp.Lower: "{} in lower case",
    exp.Length: "the length of {}",
    exp.Abs: "the absolute value of {}",
    exp.Trim: "{} without outer spaces",
    exp.RowNumber: "the row number",
    exp.Rank: "the rank",
    exp.DenseRank: "the dense rank",
    exp.Lag: "the previous {}",
    exp.Lead: "the next {}",
    exp.FirstValue: "the first {}",
    exp.LastValue: "the last {}",
}


class Speaker:
    """Puts SQL expressions into words, one drawn phrasing per kind of thing.

    Args:
        rng: Source of the wording.
        tell_query: Words a nested query as a noun phrase.
    """

    def __init__(self, rng: random.Random, tell_query: Callable[["Speaker", exp.Expr], str]) -> None:
        self._rng = rng
        self._tell_query = tell_query
        self._drawn: dict[str, str] = {}

    def word(self, key: str, options: Sequence[str] = ()) -> str:
        """The phrasing of ``key`` in this explanation, drawn at its first use."""
        if key not in self._drawn:
            self._drawn[key] = self._rng.choice(options or WORDS[key])
        return self._drawn[key]

    def say(self, node: exp.Expr | None) -> str:
        """The words for a value or a condition; SQL text where there are none."""
        if node is None:
            return ""
        for kind in type(node).__mro__:
            if kind in SAYINGS:
                return SAYINGS[kind](self, node)
        return quote_sql(node)

    def query(self, node: exp.Expr) -> str:
        """A nested query as a noun phrase in parentheses."""
        return f"({self._tell_query(self, node)})"

    def deny(self, node: exp.Expr) -> str:
        """The words for the denial of a condition."""
        inner = node.unnest()
        if isinstance(inner, exp.Exists):
            return f"{self.word('not_exists')} {self.query(inner.this)}"
        if isinstance(inner, exp.In):
            return _say_in(self, inner, denied=True)
        if isinstance(inner, exp.Is) and isinstance(inner.expression, exp.Null):
            return f"{self.say(inner.this)} {self.word('not_null')}"
        if isinstance(inner, exp.Between):
            return _say_between(self, inner, denied=True)
        if type(inner) in COMPARISONS:
            return _say_comparison(self, inner, denied=True)
        return f"it is not true that {self.say(inner)}"

    def listing(self, nodes: Sequence[exp.Expr]) -> str:
        """Several expressions as an English list."""
        return listing([self.say(node) for node in nodes])


def listing(words: Sequence[str]) -> str:
    """``a, b and c``."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""


def quote_sql(node: exp.Expr) -> str:
    """The expression as one line of SQL, names without their quotes."""
    copy = node.copy()
    for name in copy.find_all(exp.Identifier):
        name.set("quoted", False)
    return " ".join(copy.sql(comments=False).split())


def name_table(node: exp.Expr) -> str:
    """A table's name as the SQL writes it, schema included, alias excluded."""
    return ".".join(part.name for part in node.parts) if isinstance(node, exp.Table) else node.name


def conjuncts(node: exp.Expr) -> list[exp.Expr]:
    """The conditions that AND joins, left to right."""
    inner = node.unnest()
    return list(inner.flatten()) if isinstance(inner, exp.And) else [inner]


def _say_column(speaker: Speaker, node: exp.Expr) -> str:
    table = ".".join(part.name for part in node.parts[:-1])  # type: ignore[attr-defined]
    if isinstance(node.this, exp.Star):
        return f"all columns of {table}"
    if not table and node.this.args.get("quoted"):
        return f'"{node.name}"'  # SQLite reads an unknown quoted name as a string: leave it as it stands
    return f"{table}.{node.name}" if table else node.name


def _say_literal(speaker: Speaker, node: exp.Expr) -> str:
    text = str(node.this)
    return "'" + text.replace("'", "''") + "'" if node.is_string else text


def _say_alias(speaker: Speaker, node: exp.Expr) -> str:
    return f"{speaker.say(node.this)} as {node.alias}"


def _say_comparison(speaker: Speaker, node: exp.Expr, denied: bool = False) -> str:
    flipped = denied != bool(node.args.get("negate"))
    left, right = speaker.say(node.this), speaker.say(node.args["expression"])
    if isinstance(node, exp.EQ) and not denied and _is_column(node.this) and _is_column(node.expression):
        return f"{left} = {right}"
    return f"{left} {speaker.word(COMPARISONS[type(node)][flipped])} {right}"


def _say_date_part(speaker: Speaker, node: exp.Expr) -> str:
    """SQLite's STRFTIME: the part of a date that its format names; sqlglot wraps the date in a cast of its own."""
    part = {"%Y": "year", "%m": "month", "%d": "day"}.get(node.text("format"))
    date = node.this.this if isinstance(node.this, exp.Cast | exp.TsOrDsToTimestamp) else node.this
    return f"the {part} of {speaker.say(date)}" if part else quote_sql(node)


def _say_extract(speaker: Speaker, node: exp.Expr) -> str:
    """EXTRACT: the part of a date that it names, be the date cast or not."""
    part = node.name.lower()
    date = node.expression.this if isinstance(node.expression, exp.Cast) else node.expression
    return f"the {part} of {speaker.say(date)}" if part in ("year", "month", "day") else quote_sql(node)


def _is_column(node: exp.Expr) -> bool:
    return isinstance(node, exp.Column)


def _say_in(speaker: Speaker, node: exp.Expr, denied: bool = False) -> str:
    left = speaker.say(node.this)
    nested = node.args.get("query")
    if nested is not None:
        return f"{left} {speaker.word('not_among' if denied else 'among')} {speaker.query(nested)}"
    words = [speaker.say(item) for item in node.expressions] or [quote_sql(node)]
    return f"{left} {speaker.word('none_of' if denied else 'one_of')} {', '.join(words)}"


def _say_between(speaker: Speaker, node: exp.Expr, denied: bool = False) -> str:
    low, high = speaker.say(node.args["low"]), speaker.say(node.args["high"])
    return f"{speaker.say(node.this)} is {'not ' if denied else ''}between {low} and {high}"


def _say_is(speaker: Speaker, node: exp.Expr) -> str:
    if isinstance(node.expression, exp.Null):
        return f"{speaker.say(node.this)} {speaker.word('null')}"
    return f"{speaker.say(node.this)} is {speaker.say(node.expression)}"


def _say_and(speaker: Speaker, node: exp.Expr) -> str:
    return " and ".join(_say_grouped(speaker, part) for part in node.flatten())


def _say_or(speaker: Speaker, node: exp.Expr) -> str:
    return "either " + " or ".join(_say_grouped(speaker, part) for part in node.flatten())


def _say_grouped(speaker: Speaker, node: exp.Expr) -> str:
    """A part of a longer condition, in parentheses where "and" and "or" could be confused."""
    words = speaker.say(node)
    return f"({words})" if isinstance(node.unnest(), exp.And | exp.Or) else words


def _say_paren(speaker: Speaker, node: exp.Expr) -> str:
    words = speaker.say(node.this)
    return f"({words})" if isinstance(node.this, exp.Binary) and not _is_condition(node.this) else words


def _is_condition(node: exp.Expr) -> bool:
    return isinstance(node, exp.Predicate | exp.Connector | exp.Not)


def _say_arithmetic(speaker: Speaker, node: exp.Expr) -> str:
    sign = ARITHMETIC[type(node)]
    return f"{speaker.say(node.this)} {sign} {speaker.say(node.args['expression'])}"


def _say_aggregate(speaker: Speaker, node: exp.Expr) -> str:
    key, value = AGGREGATES[type(node)], node.this
    if key == "count" and (value is None or isinstance(value, exp.Star)):
        return speaker.word("count_rows")
    if key == "count" and isinstance(value, exp.Column) and isinstance(value.this, exp.Star):
        return f"{speaker.word('count_rows')} of {value.table}"
    if not isinstance(value, exp.Distinct):
        return speaker.word(key).format(speaker.say(value))
    inner = ", ".join(speaker.say(item) for item in value.expressions)
    if key == "count":
        return speaker.word("count_distinct").format(inner)
    return speaker.word(key).format(inner if key in ("smallest", "largest") else f"the different {inner}")


def _say_function(speaker: Speaker, node: exp.Expr) -> str:
    if any(value for key, value in node.args.items() if key != "this"):
        return quote_sql(node)  # more arguments than the phrase has room for
    return FUNCTIONS[type(node)].format(speaker.say(node.this))


def _say_coalesce(speaker: Speaker, node: exp.Expr) -> str:
    others = ", then ".join(speaker.say(item) for item in node.expressions)
    return f"{speaker.say(node.this)} (or {others} if NULL)"


def _say_round(speaker: Speaker, node: exp.Expr) -> str:
    decimals = node.args.get("decimals")
    return f"{speaker.say(node.this)} rounded" + (f" to {speaker.say(decimals)} decimals" if decimals else "")


def _say_case(speaker: Speaker, node: exp.Expr) -> str:
    subject = f"{speaker.say(node.this)} is " if node.this else ""
    cases = [f"{speaker.say(c.args['true'])} if {subject}{speaker.say(c.this)}" for c in node.args["ifs"]]
    default = node.args.get("default")
    return "; ".join([*cases, *([f"otherwise {speaker.say(default)}"] if default else [])])


def _say_window(speaker: Speaker, node: exp.Expr) -> str:
    words = speaker.say(node.this)
    if node.args.get("partition_by"):
        words += f" within each {speaker.listing(node.args['partition_by'])}"
    if node.args.get("order"):
        words += f" (ordered by {say_order(speaker, node.args['order'].expressions)})"
    if node.args.get("spec"):
        words += f" over {quote_sql(node.args['spec'])}"
    return words + (f" over the window {node.alias}" if node.alias else "")


def say_order(speaker: Speaker, terms: Sequence[exp.Expr]) -> str:
    """Sort terms, each with its direction."""
    words = []
    for term in terms:
        direction = "descending" if term.args.get("desc") else "ascending"
        words.append(f"{speaker.say(term.this)}, {speaker.word(direction)}")
    return ", then ".join(words)


SAYINGS: dict[type, Callable[[Speaker, exp.Expr], str]] = {
    exp.Column: _say_column,
    exp.Identifier: lambda speaker, node: node.name,
    exp.Literal: _say_literal,
    exp.Star: lambda speaker, node: "all columns",
    exp.Alias: _say_alias,
    exp.Paren: _say_paren,
    exp.In: _say_in,
    exp.Between: _say_between,
    exp.Is: _say_is,
    exp.And: _say_and,
    exp.Or: _say_or,
    exp.Not: lambda speaker, node: speaker.deny(node.this),
    exp.Exists: lambda speaker, node: f"{speaker.word('exists')} {speaker.query(node.this)}",
    exp.Subquery: lambda speaker, node: speaker.query(node),
    exp.Query: lambda speaker, node: speaker.query(node),
    exp.Coalesce: _say_coalesce,
    exp.Round: _say_round,
    exp.Case: _say_case,
    exp.TimeToStr: _say_date_part,
    exp.Extract: _say_extract,
    exp.Cast: lambda speaker, node: f"{speaker.say(node.this)} cast to {node.args['to'].sql()}",
    exp.Window: _say_window,
    **{kind: _say_comparison for kind in COMPARISONS},
    **{kind: _say_aggregate for kind in AGGREGATES},
    **{kind: _say_function for kind in FUNCTIONS},
    **{kind: _say_arithmetic for kind in ARITHMETIC},
}
