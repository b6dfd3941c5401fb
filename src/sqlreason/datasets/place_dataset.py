"""Kedro dataset for a place on the local disk that a node writes to while it runs: a journal, a cache, checkpoints."""

import json
from pathlib import Path
from typing import Any, NoReturn

from kedro.io.core import AbstractDataset, DatasetError
from kedro_datasets._typing import JSONPreview

from sqlreason.data.places import local_path


class PlaceDataset(AbstractDataset[NoReturn, Path | None]):
    """A file or folder that outlives a run that is killed, which no dataset that is saved at a node's end does.

    Loading gives its path and makes nothing; what is kept there, and how, is the node's affair.

    Args:
        path: Absolute, or relative to the project, and on a local disk; None keeps nothing.
        optional: Whether the node can do without, so that `path` may be None.
        metadata: For plugins; not read here.

    Raises:
        BadInput: There is no such path, and the place is not optional; or it lies elsewhere than on a disk.

    Example:
        ::

            journal:
              type: sqlreason.datasets.place_dataset.PlaceDataset
              path: data/base/01_raw/journal.sqlite
    """

    def __init__(self, *, path: str | None, optional: bool = False, metadata: dict[str, Any] | None = None) -> None:
        self._path = None if path is None and optional else local_path(path, "path")
        self.metadata = metadata

    def load(self) -> Path | None:
        """The path, whether anything is there yet or not."""
        return self._path

    def save(self, data: NoReturn) -> None:
        """Refuses: what is there is written by the node that was given the place."""
        raise DatasetError(f"{self._path} is a place that nodes write to by themselves; nothing is saved there.")

    def preview(self) -> JSONPreview:
        """The path, and whether anything is there, for kedro-viz."""
        return JSONPreview(json.dumps({**self._describe(), "exists": self._exists()}))

    def _exists(self) -> bool:
        return self._path is not None and self._path.exists()

    def _describe(self) -> dict[str, Any]:
        return {"path": str(self._path)}
