"""Whose rules decide whether a candidate agrees: ours, or those of a published benchmark.

"strict" is ours: bags of rows, columns by position, order where the gold's outermost query orders, ties free,
numbers within a tolerance, writes by the state they leave. "spider" and "bird" give the verdict that those benchmarks'
own scripts give, so that figures can be compared; what they accept wrongly is accepted here too.
"""

from __future__ import annotations

import re

from sqlreason.errors import BadInput
from sqlreason.sql.parsing.statements import split_statements

#: Every preset; `worker.benchmark_rules` holds the comparison of the latter two.
PRESETS = ("strict", "spider", "bird")

_DISTINCT = re.compile(r"""('(?:[^']|'')*'|"[^"]*"|`[^`]*`|--[^\n]*|/\*.*?\*/)|\bdistinct\b""", re.I | re.S)
_SPLIT_OPERATOR = re.compile(r"([<>!]) =")
_THIS_YEAR = re.compile(r"YEAR\s*\(\s*CURDATE\s*\(\s*\)\s*\)\s*", re.I)


def require_preset(preset: str) -> str:
    """Return the preset.

    Raises:
        ValueError: There is none of that name.
    """
    if preset not in PRESETS:
        raise BadInput(f"no preset is called {preset!r}; known are {', '.join(PRESETS)}")
    return preset


def as_published(sql: str, preset: str) -> str:
    """Rewrite a query as the benchmark's script does before it runs it; for "strict" and "bird" not at all.

    Spider's script (test-suite-sql-eval, `exec_eval.py`, default flags) joins operators that a tokeniser has split,
    drops every DISTINCT and, in doing so, all statements but the first; MySQL's present year is 2020 to it.
    """
    if preset != "spider":
        return sql
    first = next(iter(split_statements(sql)), sql)
    joined = _SPLIT_OPERATOR.sub(r"\1=", _THIS_YEAR.sub("2020", first))
    return _DISTINCT.sub(lambda found: found.group(1) or "", joined)
