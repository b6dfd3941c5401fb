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

logger = logging.getLogger(__name__)

LAUNCHES = ("process", "child", "ranks")
_PATIENCE = 15.0  # seconds that children have for their own clean-up before they are killed
_PR_SET_PDEATHSIG = 1  # Linux, <sys/prctl.h>


class ChildError(RuntimeError):
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
            raise ValueError(f"launch={self.kind!r} is unknown; accepted: {', '.join(LAUNCHES)}")
        if self.kind == "ranks" and self.ranks < 2:
            raise ValueError(f"launch=ranks with ranks={self.ranks}; give at least 2, or launch=child")
        if self.kind != "ranks" and (self.ranks != 1 or self.accelerate):
            raise ValueError(
                f"launch={self.kind} runs one process; ranks={self.ranks} and accelerate={self.accelerate} "
                "need launch=ranks"
            )
        if self.accelerate and not Path(self.accelerate).is_file():
            raise ValueError(f"accelerate={self.accelerate!r} is no file; make one with `accelerate config`")


def call(launch: Launch, function: Callable[..., Any], *arguments: Any, **keywords: Any) -> Any:
    """Calls a module-level function in this process, in a child, or in several ranks.

    Args:
        launch: Where.
        function: Function of an importable module.
        arguments: Picklable values.
        keywords: Picklable values.

    Returns:
        What the function returns; of several ranks, what the first one does.

    Raises:
        ChildError: if a process raised or died; the message holds its traceback or exit status. No other
            process of the call is left then.
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
    """Asks first: the starter of ranks ends these when it is asked, and cannot when it is killed."""
    child.terminate()
    try:
        child.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _read_answers(folder: Path, name: str, status: int, ranks: int) -> Any:
    answers = {int(path.suffix[1:]): pickle.loads(path.read_bytes()) for path in folder.glob("answer.[0-9]*")}
    where = "its child process" if ranks == 1 else "rank {rank} of " + str(ranks)
    for number, (outcome, value) in sorted(answers.items()):
        if outcome == "error":
            raise ChildError(f"{name} failed in {where.format(rank=number)}:\n{value}")
    lost = sorted(set(range(ranks)) - set(answers))
    if lost or status:
        what = "the child process" if ranks == 1 else f"rank {', '.join(map(str, lost))} of {ranks}"
        raise ChildError(
            f"{what} of {name} ended without a result (status {status}); "
            "a negative status is the signal that killed it (-9: often too little memory)"
        )
    return answers[0][1]


def _serve(folder: Path) -> int:
    """What a child or a rank does."""
    name, arguments, keywords, level, ranks = pickle.loads((folder / "request").read_bytes())
    logging.basicConfig(level=level, format="%(message)s")
    logging.getLogger().setLevel(logging.WARNING)
    logging.getLogger("sqlreason").setLevel(level if rank() == 0 else logging.WARNING)
    module, _, function = name.partition(":")
    try:
        _require_ranks(ranks)
        value = getattr(importlib.import_module(module), function)(*arguments, **keywords)
        outcome = ("value", value if rank() == 0 else None)
    except Exception:
        outcome = ("error", traceback.format_exc())
    part = folder / f"part.{rank()}"
    part.write_bytes(pickle.dumps(outcome))
    part.rename(folder / f"answer.{rank()}")
    return int(outcome[0] == "error")


def _require_ranks(ranks: int) -> None:
    started = int(os.environ.get("WORLD_SIZE", 1))
    if started != ranks:  # accelerate starts one process, and says nothing, where its file does not ask for several
        raise ValueError(
            f"{ranks} ranks were asked for and {started} started; set distributed_type in the configuration file of "
            "accelerate (MULTI_GPU, FSDP, DEEPSPEED)"
        )


def _die_with_parent() -> None:
    """On Linux: where the process above is killed, nothing trains on unseen."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM if len(sys.argv) > 2 else signal.SIGKILL)


if __name__ == "__main__":
    _die_with_parent()
    if len(sys.argv) == 2:
        sys.exit(_serve(Path(sys.argv[1])))
    sys.argv = sys.argv[1:]  # the starter of ranks
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
