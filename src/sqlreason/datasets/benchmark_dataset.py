"""Kedro dataset for a split of a published benchmark, as a table of questions."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any, NoReturn

import pandas as pd
from kedro.io.core import AbstractDataset, DatasetError

from sqlreason.benchmarks.benchmark_folder import Benchmark, read_benchmark
from sqlreason.benchmarks.question_table import question_table
from sqlreason.data.places import local_path

logger = logging.getLogger(__name__)
_NAMED = 5


class BenchmarkDataset(AbstractDataset[NoReturn, pd.DataFrame]):
    """The questions of Spider, of a variant of it, or of BIRD, from the folder that its archive unpacks into.

    Each question names its database instead of carrying it (column `database`). One whose database or gold is missing
    stays a row; what became of it is told where the golds are run, and here in a warning.

    Args:
        folder: The folder, or one of its files of questions (`spider/spider-realistic.json`).
        format: "spider" or "bird"; found out where it is not given.
        split: "dev", "train" or "test"; the first of these that is there where it is not given.
        evidence: Whether BIRD's hint becomes part of the question.
        suite: Folder of the test suites, where they do not lie beside the databases.
        metadata: For plugins; not read here.

    Example:
        ::

            heldout_questions:
              type: sqlreason.datasets.benchmark_dataset.BenchmarkDataset
              format: bird
              folder: data/01_raw/bird
              split: dev
              evidence: true
    """

    def __init__(
        self,
        *,
        folder: str,
        format: str = "",
        split: str = "",
        evidence: bool = True,
        suite: str | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        self._folder, self._format, self._split = local_path(folder, "folder"), format, split
        self._evidence, self._suite = evidence, suite
        self.metadata = metadata

    def load(self) -> pd.DataFrame:
        """Return the table of questions.

        Raises:
            BadInput: There is no such folder, or it holds no such questions; the message says what was looked for.
        """
        benchmark = read_benchmark(self._folder, self._format, self._split, self._suite)
        _warn(benchmark)
        return question_table(benchmark, self._evidence)

    def save(self, data: NoReturn) -> None:
        """Refuse: a published benchmark is read."""
        raise DatasetError(f"{self._folder} is a published benchmark, which is read and never written.")

    def _exists(self) -> bool:
        return self._folder.exists()

    def _describe(self) -> dict[str, Any]:
        return {"folder": str(self._folder), "format": self._format, "split": self._split}


def _warn(benchmark: Benchmark) -> None:
    for status, count in benchmark.statuses().items():
        if status != "ok":
            reasons = dict.fromkeys(q.reason for q in benchmark.questions if q.status == status)
            logger.warning("%d of %d questions: %s: %s", count, len(benchmark.questions), status, _some(reasons))


def _some(reasons: Iterable[str]) -> str:
    told = list(reasons)
    return "; ".join(told[:_NAMED]) + (f" … ({len(told)})" if len(told) > _NAMED else "")
