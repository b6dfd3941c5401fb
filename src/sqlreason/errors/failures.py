"""How a command that fails ends: with what is wrong and how to go on, and not with the inside of the program.

A domain error (`errors`), and what this machine, a service or a configuration file is to blame for, is its message
alone. Anything else is a fault of the program: a short traceback, of this package's own calls and the innermost ones.
Neither shows a local variable, for these hold whole tables and vocabularies. `SQLREASON_TRACEBACK=1` shows the whole
traceback before the message.

What is raised is never replaced: this is only how the interpreter of a command writes down what nobody caught, so that
`KedroSession.run` in a notebook raises what it always did.
"""

import errno
import os
import sqlite3
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from sqlreason.errors import SqlReasonError
from sqlreason.text.printable import printable
from sqlreason.text.redaction import redact

SWITCH = "SQLREASON_TRACEBACK"
#: At most so many are written of an error, the notes and the hint to the switch included.
LINES = 15
_CHARACTERS = 1000  # of a line; some libraries put a whole table into one
_OWN_CALLS, _INNERMOST_CALLS = 2, 2  # of a short traceback
_WORDS = frozenset({"click", "kedro", "omegaconf", "yaml"})
#: Packages whose exceptions are words to a user, about a command, a configuration or a service.
_SERVICES = frozenset({"aiohttp", "httpx", "huggingface_hub", "openai", "psycopg", "requests", "sqlalchemy", "urllib3"})
_FULL = ("no space left on device", "disk is full", "disk quota exceeded", "file too large", "(os error 28)")
_FREE_SPACE = "Free some space, or set `root` in conf/<environment>/globals.yml to a folder that has more."
_FULL_NUMBERS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def install() -> None:
    """Make this interpreter end with `render` where an exception is not caught; for processes of the command line."""
    sys.excepthook = _write


@contextmanager
def keeping_excepthook() -> Iterator[None]:
    """Undo what a library does to `sys.excepthook` while it is imported (distilabel: a traceback with all locals)."""
    hook = sys.excepthook
    try:
        yield
    finally:
        sys.excepthook = hook


def is_switched_on() -> bool:
    """Whether whole tracebacks are asked for."""
    return os.environ.get(SWITCH, "").strip().lower() not in ("", "0", "false", "no", "off")


def render(error: BaseException) -> str:
    """Return what is written of an exception that ended a command, of at most `LINES` lines without the switch.

    Credentials that a provider quotes in its message are taken out.
    """
    return redact(_render(error))


def _render(error: BaseException) -> str:
    notes = [line for note in getattr(error, "__notes__", ()) for line in str(note).splitlines()]
    if is_switched_on():
        told = explain(error)
        whole = "".join(traceback.format_exception(error))
        return whole if told is None else f"{whole}\nError: {told}\n"
    notes = notes[-3:]
    lines = _fit(f"Error: {describe(error)}".splitlines(), LINES - len(notes)) + notes
    return "\n".join(map(_cut, lines)) + f" ({SWITCH}=1 shows the whole traceback.)\n"


def describe(error: BaseException) -> str:
    """Return what an exception says to a user, or of a fault of the program a short traceback."""
    return explain(error) or "\n".join(["this is a fault of the program; please report it.", *shorten(error)])


def find_domain_error(error: BaseException) -> SqlReasonError | None:
    """Return the outermost domain error of what an exception was raised from, itself included."""
    return next((link for link in _chain(error) if isinstance(link, SqlReasonError)), None)


def explain(error: BaseException) -> str | None:
    """Return what an exception says to a user; None if it is a fault of the program.

    Of a chain (``raise … from …``) the outermost domain error speaks, else the innermost cause.
    """
    own = find_domain_error(error)
    if own is not None:
        return str(own)
    links = list(_chain(error))
    if any(map(_is_full, links)):
        return f"the disk is full, or a file may not become that large: {_sentence(links)}. {_FREE_SPACE}"
    if isinstance(links[-1], sqlite3.Error):  # it names no file
        return (
            "the journal or the cache cannot be used, SQLite files (distillation.journal, preprocessing.cache): "
            f"{_sentence(links)}. End what else holds it, or move away what is no such file. {_FREE_SPACE}"
        )
    if any(map(_is_outer_world, links)) or _comes_from_kedro(error):
        return _sentence(links)
    return None


def find_cause(error: BaseException) -> str:
    """Return what an exception was raised from in the end, or its outermost domain error, in words."""
    *_, cause = _chain(error)
    return str(find_domain_error(error) or _named(cause))


def shorten(error: BaseException) -> list[str]:
    """Return a traceback of few lines: the last calls within this package and the innermost, without locals."""
    *_, cause = _chain(error)
    calls = traceback.extract_tb(cause.__traceback__)
    package = str(Path(__file__).parents[1]) + os.sep
    own = [number for number, call in enumerate(calls) if call.filename.startswith(package)]
    shown = [calls[number] for number in sorted({*own[-_OWN_CALLS:], *range(len(calls))[-_INNERMOST_CALLS:]})]
    head = f"Traceback (most recent call last; {len(shown)} of {len(calls)} calls):"
    lines = [f'  File "{call.filename}", line {call.lineno}, in {call.name}\n    {call.line}' for call in shown]
    outer = [] if cause is error else [f"and so {_named(error)}"]
    said = [line for text in (_named(cause), *outer) for line in _fit(text.splitlines(), 3)]
    return "\n".join([head, *lines, *said]).splitlines()


def _write(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if not isinstance(error, Exception):
        sys.__excepthook__(kind, error, trace)
        return
    try:
        text = render(error)
    except Exception:  # of an exception whose text cannot be made
        sys.__excepthook__(kind, error, trace)
        return
    sys.stderr.write(text)
    sys.stderr.flush()


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The exception, what it was raised from, what that was raised from; of a group its first."""
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        link = link.exceptions[0] if isinstance(link, BaseExceptionGroup) else link.__cause__


def _is_full(error: BaseException) -> bool:
    number = error.errno if isinstance(error, OSError) else None
    return number in _FULL_NUMBERS or any(words in str(error).lower() for words in _FULL)


def _is_outer_world(error: BaseException) -> bool:
    root = type(error).__module__.partition(".")[0]
    too_large = isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"
    return too_large or isinstance(error, OSError) or root in _WORDS | _SERVICES


def _comes_from_kedro(error: BaseException) -> bool:
    """Kedro tells with plain ValueErrors of nodes and versions that do not exist."""
    calls = traceback.extract_tb(error.__traceback__)
    kedro = Path(getattr(sys.modules.get("kedro"), "__file__", None) or os.devnull).parent
    return isinstance(error, ValueError) and bool(calls) and kedro in Path(calls[-1].filename).parents


def _sentence(links: list[BaseException]) -> str:
    """What the innermost cause says, after the first words of what was raised from it."""
    error, cause = links[0], links[-1]
    if cause is error:
        return _named(error)
    first, *more = str(error).strip().splitlines() or [type(error).__name__]
    if str(cause) and str(cause) in first:
        return " ".join([first, *more])
    return f"{first.partition('(')[0].rstrip(' .:')}: {_named(cause)}"  # Kedro goes on with all arguments of a dataset


def _named(error: BaseException) -> str:
    """The text with its type, unless that is only the name of a package's words to its user."""
    text = str(error).strip()
    if text and (type(error).__module__.partition(".")[0] in _WORDS or _comes_from_kedro(error)):
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _fit(lines: list[str], room: int) -> list[str]:
    """So many lines: of more, what comes first and the last two, where a message says what to do."""
    if len(lines) <= room:
        return lines
    hidden = len(lines) - room + 1
    return [*lines[: room - 3], f"  … {hidden} more lines", *lines[-2:]]


def _cut(line: str) -> str:
    line = printable(line)
    if len(line) <= _CHARACTERS:
        return line
    return f"{line[: _CHARACTERS * 3 // 4]} … {line[-_CHARACTERS // 5 :]}"
