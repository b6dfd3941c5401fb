"""How a run goes and what it was: where it stands, seconds per stage, and the record that tells it from another."""

import os
import platform
import subprocess
import time
from collections import defaultdict
from collections.abc import Mapping
from importlib.metadata import distributions
from typing import Any

#: What of Kedro's parameters of a run stands in its record.
RECORDED = (
    "session_id",
    "env",
    "pipeline_names",
    "runtime_params",
    "load_versions",
    "from_nodes",
    "to_nodes",
)


class Progress:
    """What a run is at, and the seconds of each stage so far.

    Attributes:
        seconds: By stage, of the nodes that ended.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._started: dict[str, float] = {}
        self._touched = ""

    def start(self, node: str) -> None:
        """Start the clock of a node."""
        self._started[node], self._touched = time.monotonic(), ""

    def finish(self, node: str, stage: str) -> None:
        """Add a node's seconds to its stage."""
        self.seconds[stage] += time.monotonic() - self._started.pop(node)

    def touch(self, what: str) -> None:
        """Note which entry of the catalog is loaded or saved, for the message of an error; nothing if `what` is empty.

        Args:
            what: Such as `while 'costs' was loaded`.
        """
        self._touched = what

    def how_to_go_on(self) -> str:
        """Return where a run stopped that failed now, and that the same command goes on."""
        where = self._touched or " and ".join(f"at {name}" for name in self._started) or "between its nodes"
        return (
            f"The run stopped {where}. What the teacher answered and the last checkpoints are kept: mend the cause, "
            "and the same command goes on."
        )


def describe_run(run_params: Mapping[str, Any], seconds: Mapping[str, float]) -> dict[str, Any]:
    """Return what is needed to tell this run from another: code, versions, machine, parameters, times.

    Args:
        run_params: As Kedro hands them to its hooks.
        seconds: By stage.
    """
    return {
        **{key: run_params.get(key) for key in RECORDED},
        "commit": _commit(run_params["project_path"]),
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "packages": {dist.name: dist.version for dist in distributions()},
        "seconds_per_stage": {stage: round(value, 1) for stage, value in seconds.items()},
    }


def _commit(project: str) -> str:
    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=12"],
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
            cwd=project,
        )
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return done.stdout.strip()
