"""Kedro dataset for GGUF files: a request is written as a folder of model.gguf and Modelfile, and loads as paths."""

import shutil
from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset, DatasetError

from sqlreason.exports.gguf import GgufModel, GgufRequest, write_gguf


class GgufDataset(AbstractDataset[GgufRequest, GgufModel]):
    """A folder with model.gguf and Modelfile; it appears as a whole.

    Example:
        >>> gguf_model:
        >>>   type: sqlreason.datasets.gguf_dataset.GgufDataset
        >>>   path: data/08_reporting/export/gguf
    """

    def __init__(self, *, path: str, metadata: dict[str, Any] | None = None):
        """Describes the folder.

        Args:
            path: The folder, local: llama.cpp maps the file into memory.
            metadata: Free, for plugins.
        """
        self._folder = Path(path)
        self.metadata = metadata

    def load(self) -> GgufModel:
        """Returns where the file lies, and the Modelfile.

        Raises:
            DatasetError: if there is none.
        """
        if not self._exists():
            raise DatasetError(f"{self._folder} has no model.gguf; run `kedro run --pipelines=export` first")
        text = (self._folder / "Modelfile").read_text(encoding="utf-8")
        return GgufModel(self._folder / "model.gguf", text)

    def save(self, data: GgufRequest) -> None:
        """Writes the file that the request describes."""
        part = self._folder.with_name(f".{self._folder.name}.part")
        shutil.rmtree(part, ignore_errors=True)
        write_gguf(data, part)
        shutil.rmtree(self._folder, ignore_errors=True)
        part.rename(self._folder)

    def _exists(self) -> bool:
        return (self._folder / "model.gguf").exists()

    def _describe(self) -> dict[str, Any]:
        return {"path": str(self._folder)}
