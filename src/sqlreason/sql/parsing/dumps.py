"""What dump programs and editors write around their statements, taken away; what they write instead of them, rewritten.

Works on text alone, before any tokeniser sees it: byte order marks, `GO` lines, psql's commands, the rows of COPY,
mysqldump's conditional comments, blocks between DELIMITER lines.
"""

from __future__ import annotations

import codecs
import re

from sqlreason.sql.parsing.statements import DIALECTS
from sqlreason.sql.parsing.tables import literal

_QUOTED = r"'(?:[^']|'')*'|\"(?:[^\"])*\"|`[^`]*`|--[^\n]*|/\*(?!!).*?\*/|\$(?P<tag>\w*)\$.*?\$(?P=tag)\$"
_GO = re.compile(rf"(?P<kept>{_QUOTED})|^[ \t]*GO(?:[ \t]+\d+)?[ \t]*;?[ \t]*\r?$", re.I | re.M | re.S)
_HAS_GO = re.compile(r"^[ \t]*GO(?:[ \t]+\d+)?[ \t]*;?[ \t]*\r?$", re.I | re.M)
_COPY = re.compile(
    r"^COPY\s+(?P<table>(?:\"[^\"]*\"|[^\s(\"])+)\s*(?P<columns>\([^)]*\))?\s+FROM\s+stdin[^;\n]*;[^\n]*\n"
    r"(?P<rows>(?:(?!\\\.\s*$)[^\n]*\n)*)\\\.[ \t\r]*$",
    re.I | re.M,
)
_PSQL = re.compile(r"^\\(?:connect|c|restrict|unrestrict|set|echo|encoding|i|ir)\b[^\n]*$", re.M)
_DELIMITER = re.compile(r"^\s*DELIMITER[ \t]+(?!;)(\S+)[^\n]*\n.*?^\s*DELIMITER[ \t]+;[^\n]*$", re.I | re.M | re.S)
_CONDITIONAL = re.compile(r"/\*!\d*\s*(.*?)\*/", re.S)
_ESCAPES = {"t": "\t", "n": "\n", "r": "\r", "b": "\b", "f": "\f", "v": "\v"}
_ESCAPE = re.compile(r"\\(.)")

#: By what a text shows of which dialect it is, the first that fits, and what in capitals it cannot be without: a look
#: at megabytes of rows is cheap. A quote behind a backslash is PostgreSQL's in E'…', and MySQL's anywhere else.
_SIGNS = (
    (
        "tsql",
        ("\nGO", "[DBO]", "NVARCHAR", "IDENTITY", "SP_RENAME"),
        re.compile(r"^[ \t]*GO[ \t]*\r?$|\[dbo\]|\bNVARCHAR\b|\bIDENTITY\s*\(\s*\d|\bsp_rename\b", re.I | re.M),
    ),
    ("mysql", ("`", "ENGINE", "AUTO_INCREMENT"), re.compile(r"`|\bENGINE\s*=|\bAUTO_INCREMENT\b", re.I)),
    (
        "postgres",
        ("$", "::", "]", " E'", ",E'", "(E'", "SERIAL", "TABLE ONLY"),
        re.compile(r"\$\w*\$|::|\w\[\d*\]|[\s(,]E'|\b(?:BIG|SMALL)?SERIAL\b|ALTER TABLE ONLY", re.I | re.M),
    ),
    ("mysql", ("\\'",), re.compile(r"\\'")),
)


def dialect_of(text: str) -> str:
    """The dialect of which a script shows signs; "sqlite" if it shows none."""
    capitals = text.upper()
    traced = ((name, sign) for name, traces, sign in _SIGNS if any(trace in capitals for trace in traces))
    return next((name for name, sign in traced if sign.search(text)), "sqlite")


def dialects_of(text: str) -> tuple[str, ...]:
    """The dialects in which a script is tried: first the one of which it shows signs."""
    first = dialect_of(text)
    return (first, *(name for name in DIALECTS if name != first))


def cleaned(text: str) -> str:
    """The statements of a script, each of which ends with a semicolon where the program that wrote it says so."""
    text = text.replace("\ufeff", "") if "\ufeff" in text else text
    if "/*!" in text:
        text = _CONDITIONAL.sub(r" \1 ", text)
    capitals = text.upper()
    if "DELIMITER" in capitals:
        text = _DELIMITER.sub("", text)
    if "\\" in text:
        text = _PSQL.sub("", _COPY.sub(_inserted, text))
    return _GO.sub(lambda found: found["kept"] or "\n;", text) if "\nGO" in capitals and _HAS_GO.search(text) else text


def _inserted(copied: re.Match[str]) -> str:
    """The rows of a COPY as one INSERT."""
    rows = [_row(line) for line in copied["rows"].split("\n") if line]
    given = f"{copied['table']} {copied['columns'] or ''}"
    return f"INSERT INTO {given} VALUES {', '.join(rows)};" if rows else ""


def _row(line: str) -> str:
    return f"({', '.join(map(_field, line.rstrip(chr(13)).split(chr(9))))})"


def _field(field: str) -> str:
    return "NULL" if field == r"\N" else literal(_ESCAPE.sub(lambda found: _ESCAPES.get(found[1], found[1]), field))


def decoded(content: bytes) -> tuple[str, bool]:
    """A script's text, whatever wrote it, and whether it was read without a loss.

    A byte order mark decides, and NUL bytes tell of UTF-16 without one; what is no UTF-8 is read with replacements.
    """
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _as(content, "utf-16")
    opening = content[:2]
    if len(opening) == 2 and 0 in opening and opening != b"\0\0":
        return _as(content, "utf-16-le" if opening[1] == 0 else "utf-16-be")
    return _as(content, "utf-8-sig")


def _as(content: bytes, name: str) -> tuple[str, bool]:
    try:
        return content.decode(name), True
    except UnicodeDecodeError:
        return content.decode(name, errors="replace"), False
