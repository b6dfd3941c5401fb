"""Verification as Ray tasks: a `Verifier` in each of Ray's processes, questions going out, verdicts coming back.

Ray is an extra (`pip install 'sqlreason[ray]'`). Without RAY_ADDRESS a local Ray starts and ends with the verifier;
with it, tasks run on that cluster, whose machines need this package at the same version. What a task carries is what
a local worker gets: gold, test databases and candidates of each question, as Python values.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

from sqlreason.sql.verifier import Limits, Task, Verdict, Verifier

#: Questions in a task: long enough to outweigh sending it (milliseconds), short enough to share the work evenly.
CHUNK = 32

Pairs = Sequence[tuple[Task, Sequence[str]]]
_verifiers: dict[tuple[Limits, str], Verifier] = {}


class RayVerifier:
    """Judges candidates as a `Verifier` does, in Ray's processes; a context manager.

    Args:
        workers: Tasks at once, each with one sandboxed worker process; of a local Ray also its CPUs.
        limits: Bounds of one candidate.
        preset: Whose rules decide, see `Verifier`.

    Raises:
        ModuleNotFoundError: Ray is not installed.
    """

    def __init__(self, workers: int = 1, limits: Limits = Limits(), preset: str = "strict") -> None:  # noqa: B008
        self.workers, self.limits, self.preset = workers, limits, preset
        self._ray = _import_ray()
        self._ours = not self._ray.is_initialized()

    def __enter__(self) -> RayVerifier:
        if self._ours:
            size = {} if os.environ.get("RAY_ADDRESS") else {"num_cpus": self.workers, "include_dashboard": False}
            self._ray.init(log_to_driver=False, **size)
        return self

    def __exit__(self, *_: object) -> None:
        if self._ours:
            self._ray.shutdown()

    def verify_batch(self, pairs: Pairs, progress: Callable[[int], None] | None = None) -> list[list[Verdict]]:
        """Judge many groups; see `Verifier.verify_batch`. A task whose process or machine dies is run again by Ray."""
        judge = self._ray.remote(_judge)
        starts = range(0, len(pairs), CHUNK)
        found: dict[int, list[list[Verdict]]] = {}
        waiting: dict[Any, int] = {}
        for start in starts:
            if len(waiting) >= 2 * self.workers:  # no more lies in the object store than is needed soon
                self._collect(waiting, found, progress)
            waiting[judge.remote(list(pairs[start : start + CHUNK]), self.limits, self.preset)] = start
        while waiting:
            self._collect(waiting, found, progress)
        return [verdicts for start in starts for verdicts in found[start]]

    def _collect(
        self, waiting: dict[Any, int], found: dict[int, list[list[Verdict]]], progress: Callable[[int], None] | None
    ) -> None:
        """Wait for one task and take its verdicts."""
        (ended,), _ = self._ray.wait(list(waiting), num_returns=1)
        found[waiting.pop(ended)] = self._ray.get(ended)
        if progress:
            progress(sum(map(len, found.values())))


def _import_ray() -> Any:
    try:
        import ray
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "Verification on Ray needs the extra of that name: pip install 'sqlreason[ray]', or set "
            "preprocessing.verifier to local."
        ) from error
    return ray


def _judge(pairs: Pairs, limits: Limits, preset: str) -> list[list[Verdict]]:
    """Run in a process of Ray's, which keeps its verifier for the next task."""
    if (limits, preset) not in _verifiers:
        _verifiers[limits, preset] = Verifier(1, limits, preset)
    return _verifiers[limits, preset].verify_batch(pairs)
