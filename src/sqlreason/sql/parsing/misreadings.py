"""What SQLite runs with another meaning than its author had: a text evidently of another dialect, dates subtracted.

That a statement runs is no proof that it is read rightly: SQLite takes `shipped - ordered` for a difference of years,
`first + ' ' + last` for zero, and `d -> '$.a' > 2` for a text that is more than any number.
"""

from __future__ import annotations

import re

from sqlglot import exp

from sqlreason.sql.parsing.json_translation import without_lambdas
from sqlreason.sql.parsing.schema import Schema
from sqlreason.sql.parsing.statements import number_of, parse

#: Spellings that one dialect alone has, names of functions and types mostly; what SQLite takes too (backticks,
#: brackets, NVARCHAR, IFNULL) tells nothing.
_MARKS = {
    "mysql": (
        r"\bAUTO_INCREMENT\b", r"\bENGINE\s*=", r"\bCHARSET\b", r"\bUNSIGNED\b", r"\bENUM\s*\(", r"\bCURDATE\s*\(",
        r"\bDATE_(?:ADD|SUB|FORMAT)\s*\(", r"\bINTERVAL\s+\d+\s+[A-Z]", r"\bSEPARATOR\s*'", r"\bSTR_TO_DATE\s*\(",
        r"\bJSON_(?:UNQUOTE|CONTAINS|ARRAYAGG|OBJECTAGG|LENGTH|KEYS)\s*\(",
        r"\bDUPLICATE\s+KEY", r"\bTIMESTAMPDIFF\s*\(",
        r"\bUNIX_TIMESTAMP\s*\(", r"\bRLIKE\b",
    ),
    "postgres": (
        r"::", r"\b(?:BIG|SMALL)?SERIAL\b", r"\bILIKE\b", r"\bINTERVAL\s*'", r"\bDATE_TRUNC\s*\(", r"\bTIMESTAMPTZ\b",
        r"\bDISTINCT\s+ON\s*\(", r"\bJSONB?_(?:AGG|BUILD_OBJECT|ARRAY_ELEMENTS)", r"\bJSONB\s*[,)\n]", r"\bARRAY\s*\[",
        r"~\*", r"@>", r"#>>", r"\bTO_CHAR\s*\(", r"\bAGE\s*\(", r"\bEXTRACT\s*\(\s*EPOCH", r"\bBOOL_(?:OR|AND)\s*\(",
        r"\bAS\s+IDENTITY\b", r"\bSIMILAR\s+TO\b", r"\bWITHOUT\s+TIME\s+ZONE\b",
    ),
    "tsql": (
        r"\bSELECT\s+(?:DISTINCT\s+)?TOP\b", r"\bGETDATE\s*\(", r"\bDATE(?:ADD|PART)\s*\(",
        r"\bDATEDIFF\s*\(\s*[A-Z]+\s*,", r"\bIDENTITY\s*\(\s*\d",
        r"\bDATETIME2\b", r"\bUNIQUEIDENTIFIER\b", r"\bCONVERT\s*\(\s*N?VARCHAR",
        r"\bCHARINDEX\s*\(", r"\bISNULL\s*\([^(),]+,", r"\[dbo\]", r"\bTRY_C(?:AST|ONVERT)\s*\(", r"\bSTUFF\s*\(",
        r"\b(?:CROSS|OUTER)\s+APPLY\b", r"\bWITHIN\s+GROUP\b",
    ),
    "sqlite": (
        r"\bAUTOINCREMENT\b", r"\bSTRFTIME\s*\(", r"\bJULIANDAY\s*\(", r"\b(?:DATE|DATETIME|TIME)\s*\(\s*'now'",
        r"\bWITHOUT\s+ROWID\b", r"\bPRAGMA\b", r"\bsqlite_", r"\bGLOB\b", r"\bJSON_EACH\s*\(", r"\bUNIXEPOCH\s*\(",
    ),
}  # fmt: skip
_PATTERNS = {name: re.compile("|".join(marks), re.IGNORECASE) for name, marks in _MARKS.items()}
_NO_CODE = re.compile(r"'(?:[^'\\]|''|\\.)*'|--[^\n]*|/\*.*?\*/", re.DOTALL)
#: Definitions stand at the beginning; a look at megabytes of rows is spared.
_LOOKED_AT = 100_000
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_POSSIBLE = re.compile(r"[+-]")
_COMPUTED = (
    exp.GT, exp.GTE, exp.LT, exp.LTE, exp.EQ, exp.NEQ, exp.Between, exp.In, exp.Ordered, exp.Cast, exp.Sum, exp.Avg,
    exp.Max, exp.Min, exp.Add, exp.Sub, exp.Mul, exp.Div,
)  # fmt: skip
#: What gives one of the values that it is given first.
_PASSED_ON = (
    exp.Paren, exp.Max, exp.Min, exp.Coalesce, exp.Window, exp.Lag, exp.Lead, exp.FirstValue, exp.LastValue,
    exp.NthValue, exp.Nullif, exp.Greatest, exp.Least, exp.Filter, exp.IgnoreNulls, exp.AnyValue,
)  # fmt: skip


def dialect_of(context: str, gold: str) -> str:
    """The dialect that a question is evidently of, by its gold or else by its context; "" where nothing tells."""
    for text in (gold, context[:_LOOKED_AT]):
        code = _NO_CODE.sub(_blanked, text)
        marks = {name: len(pattern.findall(code)) for name, pattern in _PATTERNS.items()}
        most = max(marks.values())
        if most:
            found = [name for name, count in marks.items() if count == most]
            return found[0] if len(found) == 1 else ""
    return ""


def _blanked(found: re.Match[str]) -> str:
    """A text without what it says, but for the one word that is a mark; a comment as a blank."""
    return found[0] if found[0].lower() == "'now'" else "''" if found[0].startswith("'") else " "


def misread(gold: str, schema: Schema) -> str:
    """The dialect in which a gold says what SQLite would take otherwise, without a sign that it does; "" if in none."""
    parsed = parse(gold) if _POSSIBLE.search(gold) else None
    if parsed is None:
        return ""
    tree = without_lambdas(parsed.copy())
    kinds = _Kinds(tree, schema)
    for node in tree.find_all(exp.Add, exp.Sub, exp.JSONExtract):
        if isinstance(node, exp.JSONExtract):
            if isinstance(_outside(node), _COMPUTED) and not isinstance(node, exp.JSONExtractScalar):
                return "mysql" if re.search(r"->\s*'\$", gold) else "postgres"
            continue
        sides = {kinds.of(node.this), kinds.of(node.expression)}
        if "date" in sides and "" not in sides and (isinstance(node, exp.Sub) or "number" in sides):
            return "postgres"
        if isinstance(node, exp.Add) and "text" in sides and "number" not in sides:
            return "tsql"
    return ""


def _outside(node: exp.Expr) -> exp.Expr | None:
    parent = node.parent
    while isinstance(parent, exp.Paren):
        parent = parent.parent
    return parent


class _Kinds:
    """What the expressions of a query are: "date", "number", "text", or "" where that is not known."""

    def __init__(self, tree: exp.Expr, schema: Schema) -> None:
        used = {use.alias_or_name.lower(): schema.table(use.name) for use in tree.find_all(exp.Table)}
        self._tables = {alias: table for alias, table in used.items() if table is not None}
        self._named = {alias.alias.lower(): alias.this for alias in tree.find_all(exp.Alias)}
        self._known: dict[int, str] = {}

    def of(self, node: exp.Expr) -> str:
        """The kind of one expression."""
        if id(node) not in self._known:
            self._known[id(node)] = ""  # while it is found out: a column may be named after itself
            self._known[id(node)] = self._found(node)
        return self._known[id(node)]

    def _found(self, node: exp.Expr) -> str:
        if isinstance(node, exp.Column):
            return self._declared(node)
        if isinstance(node, _PASSED_ON):
            return self.of(node.this)
        if isinstance(node, exp.Case):
            return self.of(node.args["ifs"][0].args["true"])
        if isinstance(node, exp.Subquery | exp.Select) and node.selects:
            return self.of(node.selects[0].unalias())
        if isinstance(node, exp.Literal):
            return self._literal(node)
        if isinstance(node, exp.CurrentDate | exp.CurrentTimestamp | exp.TsOrDsToDate | exp.Date):
            return "date"
        if isinstance(node, exp.Cast):
            return _kind_of_type(node.to.sql())
        if isinstance(node, exp.Concat | exp.DPipe | exp.Upper | exp.Lower | exp.Trim):
            return "text"
        if isinstance(node, exp.Add | exp.Sub):
            sides = {self.of(node.this), self.of(node.expression)}
            return "date" if sides == {"date", "number"} else "text" if "text" in sides else "number"
        return "number" if isinstance(node, exp.Mul | exp.Div | exp.Neg | exp.Count | exp.Sum | exp.Avg) else ""

    def _literal(self, node: exp.Expr) -> str:
        if not node.is_string:
            return "number"
        return "date" if _DATE.match(node.this) else "" if number_of(node.this.strip() or "x") is not None else "text"

    def _declared(self, column: exp.Expr) -> str:
        near = self._tables.get(column.args["table"].name.lower()) if column.args.get("table") else None
        for table in [near] if near is not None else self._tables.values():
            if (found := table.column(column.name)) is not None:
                return _kind_of_type(found.type)
        meant = self._named.get(column.name.lower())  # of a subquery
        return self.of(meant) if meant is not None else ""


def _kind_of_type(written: str) -> str:
    name = written.upper()
    if name.startswith(("DATE", "TIMESTAMP", "SMALLDATETIME")):
        return "date"
    if any(word in name for word in ("CHAR", "TEXT", "CLOB", "STRING")):
        return "text"
    return "number" if any(word in name for word in ("INT", "SERIAL", "DEC", "NUM", "REAL", "FLOA", "DOUB")) else ""
