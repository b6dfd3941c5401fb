"""Where a training runs: in this process, or in one child process whose GPU memory and patches end with it.

The child is a fresh interpreter, not a fork: a fork of a process that has used torch's threads may hang. It gets the
function by name and the arguments by pickle, and hands its result back the same way. Several ranks are not covered.
"""

import importlib
import logging
import os
import pickle
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

logger = logging.getLogger(__name__)

LAUNCHES = ("process", "child")


class ChildError(RuntimeError):
    """A training failed in its child process."""


def call(launch: str, function: Callable[..., Any], *arguments: Any, **keywords: Any) -> Any:
    """Calls a module-level function in this process or in a child.

    Args:
        launch: "process" or "child".
        function: Function of an importable module.
        arguments: Picklable values.
        keywords: Picklable values.

    Returns:
        What the function returns.

    Raises:
        ChildError: if the child raised or died; the message holds its traceback or exit status.
        ValueError: for another `launch`.
    """
    if launch not in LAUNCHES:
        raise ValueError(f"launch={launch!r} is unknown; accepted: {', '.join(LAUNCHES)}")
    if launch == "process":
        return function(*arguments, **keywords)
    return _in_child(f"{function.__module__}:{function.__qualname__}", arguments, keywords)


def _in_child(name: str, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
    with tempfile.TemporaryDirectory(prefix="sqlreason-") as scratch:
        request, answer = Path(scratch) / "request.pickle", Path(scratch) / "answer.pickle"
        level = logging.getLogger("sqlreason").getEffectiveLevel()
        request.write_bytes(pickle.dumps((name, arguments, keywords, level)))
        paths = os.pathsep.join(path for path in sys.path if path)
        command = [sys.executable, "-m", "sqlreason.students.launch", str(request), str(answer)]
        child = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": paths, "SQLREASON_SCRATCH": scratch})
        try:
            status = child.wait()
        except BaseException:  # Ctrl-C too: no child may go on alone
            child.kill()
            child.wait()
            raise
        if not answer.exists():
            raise ChildError(
                f"the child process of {name} ended with status {status} and without a result; "
                "a negative status is the signal that killed it (-9: often too little memory)"
            )
        outcome, value = pickle.loads(answer.read_bytes())
        if outcome == "error":
            raise ChildError(f"{name} failed in its child process:\n{value}")
        return value


def _serve(request: Path, answer: Path) -> int:
    """What the child does."""
    name, arguments, keywords, level = pickle.loads(request.read_bytes())
    logging.basicConfig(level=level, format="%(message)s")
    logging.getLogger().setLevel(logging.WARNING)
    logging.getLogger("sqlreason").setLevel(level)
    module, _, function = name.partition(":")
    try:
        called = getattr(importlib.import_module(module), function)
        outcome = ("value", called(*arguments, **keywords))
    except Exception:
        outcome = ("error", traceback.format_exc())
    part = answer.with_suffix(".part")
    part.write_bytes(pickle.dumps(outcome))
    part.rename(answer)
    return int(outcome[0] == "error")


if __name__ == "__main__":
    sys.exit(_serve(Path(sys.argv[1]), Path(sys.argv[2])))
