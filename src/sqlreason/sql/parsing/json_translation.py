"""JSON of MySQL, PostgreSQL and T-SQL in terms of the worker's functions.

What a path finds is one of three things: text (`->>`, JSON_UNQUOTE, JSON_VALUE: `json_text`), JSON that is shown or
handed on (`json_shown`: texts in their quotes), or JSON that is compared, computed with, or sorted by (`json_plain`:
the number or the text that it holds). SQLite's own `->` gives JSON as text, which any number is less than, and its
`->>` a number where the others give text.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

_SHOWN, _PLAIN, _TEXT = "json_shown", "json_plain", "json_text"
_COMPARED = ("this", "expression", "low", "high")


def call(name: str, *arguments: exp.Expr | str | None) -> exp.Expr:
    """A call of a function that sqlglot does not know; None is left out."""
    given = [exp.Literal.string(a) if isinstance(a, str) else a for a in arguments if a is not None]
    return exp.Anonymous(this=name, expressions=given)


def is_call(node: exp.Expr, *names: str) -> bool:
    """Whether a node calls one of these functions."""
    return isinstance(node, exp.Anonymous) and node.name.lower() in names


def unnested(node: exp.Expr) -> exp.Expr:
    """The node without the parentheses around it."""
    while isinstance(node, exp.Paren):
        node = node.this
    return node


def as_value(node: exp.Expr) -> exp.Expr:
    """The node with JSON that stands directly in it as the values that it holds."""
    for key in ("this", "expression"):
        inner = node.args.get(key)
        if isinstance(inner, exp.Expr):
            _to_plain(unnested(inner))
    return node


def _to_plain(node: exp.Expr) -> None:
    if is_call(node, _SHOWN):
        node.set("this", _PLAIN)


def beside_json(node: exp.Expr, reading: str) -> exp.Expr:
    """A comparison with JSON in it: values are compared, and a text from JSON is read as what it is compared with.

    In PostgreSQL a literal beside JSON is JSON itself.
    """
    sides = [side for key in _COMPARED if isinstance(side := node.args.get(key), exp.Expr)]
    sides += [item for item in node.expressions if isinstance(item, exp.Expr)] if isinstance(node, exp.In) else []
    if reading == "postgres" and any(is_call(unnested(side), _SHOWN) for side in sides):
        for side in sides:
            if isinstance(side, exp.Literal) and side.is_string:
                side.replace(call(_PLAIN, side.copy(), "$"))
    for side in sides:
        _to_plain(unnested(side))
    for side in sides:
        other = next((unnested(s) for s in sides if s is not side), None)
        if other is not None and is_call(unnested(side), _TEXT) and not _is_text(other):
            side.replace(call("json_like", side.copy(), other.copy()))
    return node


def _is_text(node: exp.Expr) -> bool:
    literal = isinstance(node, exp.Literal) and node.is_string
    return literal or is_call(node, _TEXT, "concat", "concat_all", "substr") or isinstance(node, exp.Null | exp.Query)


def without_lambdas(tree: exp.Expr) -> exp.Expr:
    """The tree with `f(d -> '$.a')` as the path that it is: as an argument sqlglot takes it for a function of `d`."""
    for node in list(tree.find_all(exp.Lambda)):
        path: exp.Expr | None = node.this
        while isinstance(path, exp.Expr) and isinstance(path.args.get("this"), exp.Expr):
            path = path.this
        if len(node.expressions) == 1 and isinstance(path, exp.Literal):
            steps = exp.JSONPath(expressions=[exp.JSONPathRoot(), exp.JSONPathKey(this=path.this)])
            found = exp.JSONExtract(
                this=exp.column(node.expressions[0].copy()),
                expression=path.copy() if path.this.startswith("$") or not path.is_string else steps,
            )
            path.replace(found)
            node.replace(node.this if node.this is not path else found)
    return tree


def _path(node: exp.Expr) -> exp.Expr:
    """A path as SQLite writes it, `$.a[0]`; a key, a number or an array of keys ('{a,b}') stays what it is."""
    if isinstance(node, exp.JSONPath):
        return exp.Literal.string(node.sql("sqlite").strip("'").replace("''", "'"))
    return node


def _found(name: str) -> Callable[[exp.Expr, str], exp.Expr]:
    def rewrite(node: exp.Expr, reading: str) -> exp.Expr:
        if node.expressions:  # several paths at once
            return node
        flag = "null" if name == _TEXT and reading == "mysql" and not isinstance(node, exp.JSONValue) else None
        return call(name, node.this, _path(node.args.get("expression") or node.args["path"]), flag)

    return rewrite


def _value(node: exp.Expr, reading: str) -> exp.Expr:
    returning = node.args.get("returning")
    found = _found(_TEXT)(node, reading)
    return exp.cast(found, returning) if isinstance(returning, exp.DataType) else found


def _contained(node: exp.Expr, reading: str) -> exp.Expr:
    return call("json_contains", node.this, node.expression) if reading == "postgres" else node


def _contains(node: exp.Expr, reading: str) -> exp.Expr:
    return call("json_contains", node.expression, node.this) if reading == "postgres" else node


_RENAMED = {
    **dict.fromkeys(("jsonb_agg", "json_agg", "json_arrayagg"), "json_group_array"),
    **dict.fromkeys(("jsonb_object_agg", "json_object_agg", "json_objectagg"), "json_group_object"),
    **dict.fromkeys(("jsonb_build_object", "json_build_object"), "json_object"),
    **dict.fromkeys(("jsonb_build_array", "json_build_array"), "json_array"),
    "jsonb_array_length": "json_array_length",
    "jsonb_pretty": "json",
}
_BY_STEPS = {
    **dict.fromkeys(("jsonb_extract_path_text", "json_extract_path_text"), _TEXT),
    **dict.fromkeys(("jsonb_extract_path", "json_extract_path"), _SHOWN),
}


def _named(node: exp.Expr, reading: str) -> exp.Expr:
    """Functions that sqlglot does not know."""
    name, given = node.name.lower(), node.expressions
    if name == "json_unquote" and len(given) == 1:
        inner = unnested(given[0])
        return call(_TEXT, *inner.expressions, "null") if is_call(inner, _SHOWN) else call(_TEXT, given[0], "$", "null")
    if name in _BY_STEPS and len(given) > 1:
        found = given[0]
        for position, step in enumerate(given[1:], 2):
            found = call(_BY_STEPS[name] if position == len(given) else _SHOWN, found, step)
        return found
    return call(_RENAMED[name], *given) if name in _RENAMED else node


JSON_REWRITES: dict[type[exp.Expr], Callable[[exp.Expr, str], exp.Expr]] = {
    **dict.fromkeys((exp.JSONExtract, exp.JSONBExtract), _found(_SHOWN)),
    **dict.fromkeys((exp.JSONExtractScalar, exp.JSONBExtractScalar), _found(_TEXT)),
    exp.JSONValue: _value,
    exp.ArrayContainsAll: _contained,
    exp.ArrayContainedBy: _contains,
    exp.JSONBContainsTopKey: lambda node, reading: call("json_has", node.this, node.expression),
    exp.JSONArrayContains: lambda node, reading: call("json_member", node.expression, node.this),
    exp.JSONArrayAgg: lambda node, reading: call("json_group_array", node.this),
    exp.JSONKeys: lambda node, reading: call("json_keys", node.this, node.args.get("expression")),
    exp.ParseJSON: lambda node, reading: exp.paren(node.this),
    exp.Anonymous: _named,
}
