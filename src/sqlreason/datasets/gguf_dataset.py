"""Kedro dataset for GGUF files: a request is written as a folder of model.gguf and Modelfile, and loads as paths.

Of a model that this program writes no GGUF of, the folder holds the reason, so that the rest of the export goes on.
"""

import logging
import shutil
from typing import Any

from kedro.io import AbstractDataset, DatasetError

from sqlreason.data.places import local_path
from sqlreason.exports.gguf import GgufModel, GgufRequest, NoGgufError, write_gguf

logger = logging.getLogger(__name__)

FILE, MODELFILE, REASON = "model.gguf", "Modelfile", "no-gguf.txt"


class GgufDataset(AbstractDataset[GgufRequest, GgufModel]):
    """A folder with model.gguf and Modelfile; it appears as a whole.

    Example:
        >>> gguf_model:
        >>>   type: sqlreason.datasets.gguf_dataset.GgufDataset
        >>>   path: data/08_reporting/export/gguf
    """

    def __init__(self, *, path: str, metadata: dict[str, Any] | None = None):
        """Describe the folder.

        Args:
            path: The folder, local: llama.cpp maps the file into memory.
            metadata: Free, for plugins.
        """
        self._folder = local_path(path, "path")
        self.metadata = metadata

    def load(self) -> GgufModel:
        """Return where the file lies, and the Modelfile.

        Raises:
            DatasetError: if there is none.
        """
        if not self._exists():
            raise DatasetError(f"{self._folder} has no model.gguf; run `kedro run --pipelines=export` first")
        if (self._folder / REASON).exists():
            return GgufModel(None, "")
        return GgufModel(self._folder / FILE, (self._folder / MODELFILE).read_text(encoding="utf-8"))

    def save(self, data: GgufRequest) -> None:
        """Write the file that the request describes, or why there is none."""
        part = self._folder.with_name(f".{self._folder.name}.part")
        shutil.rmtree(part, ignore_errors=True)
        try:
            write_gguf(data, part)
        except NoGgufError as error:
            logger.warning("export: without a GGUF file: %s", error)
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir(parents=True)
            (part / REASON).write_text(f"{error}\n", encoding="utf-8")
        shutil.rmtree(self._folder, ignore_errors=True)
        part.rename(self._folder)

    def _exists(self) -> bool:
        return any((self._folder / name).exists() for name in (FILE, REASON))

    def _describe(self) -> dict[str, Any]:
        return {"path": str(self._folder)}
