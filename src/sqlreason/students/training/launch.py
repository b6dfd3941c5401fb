"""Where a training runs: in this process, in one child whose GPU memory and patches end with it, or in several ranks.

Children are fresh interpreters, not forks: a fork of a process that has used torch's threads may hang. They get the
function by name and the arguments by pickle, and the first rank hands its result back the same way. Ranks are started
from within the node that trains, by torchrun or by accelerate with a configuration file (DDP, FSDP, DeepSpeed), on one
machine; none of them knows of Kedro, so nothing of the pipeline runs twice.
"""

import ctypes
import importlib
import logging
import os
import pickle
import runpy
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlreason.errors import BadInput, SqlReasonError, failures

logger = logging.getLogger(__name__)

LAUNCHES = ("process", "child", "ranks")
_PATIENCE = 15.0  # seconds that children have for their own clean-up before they are killed
_PR_SET_PDEATHSIG = 1  # Linux, <sys/prctl.h>


class ChildError(SqlReasonError, RuntimeError):
    """A training failed in its child process or in one of its ranks."""


@dataclass(frozen=True)
class Launch:
    """Where a function is called.

    Attributes:
        kind: One of `LAUNCHES`.
        ranks: Processes of kind "ranks"; 1 for the other kinds.
        accelerate: A configuration file of accelerate, which says DDP, FSDP or DeepSpeed; None is DDP by torchrun.
    """

    kind: str = "process"
    ranks: int = 1
    accelerate: str | None = None

    def __post_init__(self) -> None:
        if self.kind not in LAUNCHES:
            raise BadInput(f"launch={self.kind!r} is unknown; accepted: {', '.join(LAUNCHES)}")
        if self.kind == "ranks" and self.ranks < 2:
            raise BadInput(f"launch=ranks with ranks={self.ranks}; give at least 2, or launch=child")
        if self.kind != "ranks" and (self.ranks != 1 or self.accelerate):
            raise BadInput(
                f"launch={self.kind} runs one process; ranks={self.ranks} and accelerate={self.accelerate} "
                "need launch=ranks"
            )
        if self.accelerate and not Path(self.accelerate).is_file():
            raise BadInput(f"accelerate={self.accelerate!r} is no file; make one with `accelerate config`")


#: In this process.
HERE = Launch()


def call(launch: Launch, function: Callable[..., Any], *arguments: Any, **keywords: Any) -> Any:
    """Call a module-level function in this process, in a child, or in several ranks.

    Args:
        launch: Where.
        function: Function of an importable module.
        arguments: Picklable values.
        keywords: Picklable values.

    Returns:
        What the function returns; of several ranks, what the first one does.

    Raises:
        SqlReasonError: if a process raised one, itself.
        ChildError: if a process raised something else, or died; the message says what, or holds a short traceback or
            the exit status. In either case no other process of the call is left.
    """
    if launch.kind == "process":
        return function(*arguments, **keywords)
    return _call_elsewhere(launch, f"{function.__module__}:{function.__qualname__}", arguments, keywords)


def rank() -> int:
    """The number of this process among its ranks; 0 where there are none."""
    return int(os.environ.get("RANK", 0))


def _call_elsewhere(launch: Launch, name: str, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
    with tempfile.TemporaryDirectory(prefix="sqlreason-") as scratch:
        level = logging.getLogger("sqlreason").getEffectiveLevel()
        (Path(scratch) / "request").write_bytes(pickle.dumps((name, arguments, keywords, level, launch.ranks)))
        paths = os.pathsep.join(path for path in sys.path if path)
        child = subprocess.Popen(
            [sys.executable, "-m", __name__, *_starter(launch), scratch],
            env={**os.environ, "PYTHONPATH": paths, "SQLREASON_SCRATCH": scratch},
        )
        try:
            status = child.wait()
        except BaseException:  # Ctrl-C too: no child may go on alone
            _end(child)
            raise
        return _read_answers(Path(scratch), name, status, launch.ranks)


def _starter(launch: Launch) -> list[str]:
    """What stands between this module's two calls of itself: nothing for a child, the starter of ranks for those."""
    if launch.kind == "child":
        return []
    count = str(launch.ranks)
    if launch.accelerate:
        starter = ["accelerate.commands.launch", "--config_file", launch.accelerate, "--num_processes", count]
    else:
        starter = ["torch.distributed.run", "--standalone", "--nproc-per-node", count]
    return [*starter, "-m", __name__]


def _end(child: subprocess.Popen[bytes]) -> None:
    """Ask first: the starter of ranks ends these when it is asked, and cannot when it is killed."""
    child.terminate()
    try:
        child.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _read_answers(folder: Path, name: str, status: int, ranks: int) -> Any:
    paths = sorted(folder.glob("answer.[0-9]*"), key=lambda path: path.stat().st_mtime_ns)
    answers = {int(path.suffix[1:]): pickle.loads(path.read_bytes()) for path in paths}
    _raise_failure(name, answers, ranks)
    lost = sorted(set(range(ranks)) - set(answers))
    if lost or status:
        what = "the child process" if ranks == 1 else f"rank {', '.join(map(str, lost))} of {ranks}"
        starter = folder / "starter"
        why = f"; {starter.read_text(encoding='utf-8')}" if starter.exists() else ""
        raise ChildError(
            f"{what} of {name} ended without a result (status {status}{why}); "
            "a negative status is the signal that killed it (-9: often too little memory)"
        )
    return answers[0][1]


def _raise_failure(name: str, answers: dict[int, tuple[str, Any]], ranks: int) -> None:
    """What one rank refuses, others may meet as a lost connection: domain errors come first, then who failed first."""
    for outcome, value in answers.values():
        if outcome == "domain":
            raise value
    for number, (outcome, value) in answers.items():
        if outcome == "error":
            where = "its child process" if ranks == 1 else f"rank {number} of {ranks}"
            raise ChildError(f"{name} failed in {where}: {value}")


def _serve(folder: Path) -> int:
    """What a child or a rank does."""
    try:
        name, arguments, keywords, level, ranks = pickle.loads((folder / "request").read_bytes())
        logging.basicConfig(level=level, format="%(message)s")
        logging.getLogger().setLevel(logging.WARNING)
        logging.getLogger("sqlreason").setLevel(level if rank() == 0 else logging.WARNING)
        logging.getLogger("bitsandbytes").setLevel(logging.ERROR)  # as conf/logging.yml does
        module, _, function = name.partition(":")
        _require_ranks(ranks)
        value = getattr(importlib.import_module(module), function)(*arguments, **keywords)
        outcome = pickle.dumps(("value", value if rank() == 0 else None))
        failed = False
    except Exception as error:
        outcome, failed = _pack(error), True
    part = folder / f"part.{rank()}"
    part.write_bytes(outcome)
    part.rename(folder / f"answer.{rank()}")
    return int(failed)


def _pack(error: Exception) -> bytes:
    """A domain error as itself, anything else as text; tracebacks do not travel, so the switch makes one part of it."""
    whole = "".join(traceback.format_exception(error)) if failures.is_switched_on() else ""
    own = failures.find_domain_error(error)
    if own is not None and _travels(own):
        if whole:
            own.add_note(whole)
        return pickle.dumps(("domain", own))
    return pickle.dumps(("error", whole or failures.describe(error)))


def _travels(error: Exception) -> bool:
    """Whether pickle makes the same exception again; it calls the class with `args`, which not every class takes."""
    try:
        return str(pickle.loads(pickle.dumps(error))) == str(error)
    except Exception:
        logger.debug("%s cannot be handed over as itself", type(error).__name__, exc_info=True)
        return False


def _require_ranks(ranks: int) -> None:
    started = int(os.environ.get("WORLD_SIZE", 1))
    if started != ranks:  # accelerate starts one process, and says nothing, where its file does not ask for several
        raise ChildError(
            f"{ranks} ranks were asked for and {started} started; set distributed_type in the configuration file of "
            "accelerate (MULTI_GPU, FSDP, DEEPSPEED)"
        )


def _die_with_parent() -> None:
    """On Linux: where the process above is killed, nothing trains on unseen."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM if len(sys.argv) > 2 else signal.SIGKILL)


def main() -> None:
    """Be a child or a rank, or the starter of ranks that the arguments name."""
    _die_with_parent()
    failures.install()
    sys.exit(_serve(Path(sys.argv[1])) if len(sys.argv) == 2 else _start_ranks(Path(sys.argv[-1])))


def _start_ranks(folder: Path) -> int:
    """Run the starter and keep what went wrong with it; that a rank failed it says at length, and the rank does too."""
    if not failures.is_switched_on():
        logging.disable(logging.ERROR)
    sys.argv = sys.argv[1:]
    try:
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    except Exception as error:
        (folder / "starter").write_text(_first_end(error) or failures.describe(error), encoding="utf-8")
        return 1
    return 0


def _first_end(error: Exception) -> str:
    """Which rank ended first, and how, of the two exceptions that starters raise for that."""
    if hasattr(error, "get_first_failure"):
        number, failure = error.get_first_failure()
        return f"rank {number} was the first, with status {failure.exitcode}"
    return f"with status {error.returncode}" if isinstance(error, subprocess.CalledProcessError) else ""


if __name__ == "__main__":
    # by its own name, for what a child raises is pickled and `__main__` is another module in the parent
    importlib.import_module("sqlreason.students.training.launch").main()
