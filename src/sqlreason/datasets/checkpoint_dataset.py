"""Kedro dataset for base models: a catalog entry becomes a Checkpoint, a trained model becomes a folder."""

import json
from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset, DatasetError
from kedro_datasets._typing import JSONPreview

from sqlreason.data.places import local_path
from sqlreason.students.checkpoints.checkpoint import Checkpoint, CheckpointError, TrainedModel, write_checkpoint
from sqlreason.students.checkpoints.dequantisation import GgufSource, open_gguf


class CheckpointDataset(AbstractDataset[TrainedModel, Checkpoint]):
    """A base model in transformers' layout.

    Loading yields a light `Checkpoint` and reads no weights, but for the first load of an entry with `gguf`. Saving a
    `TrainedModel` writes the folder as a whole.

    Example:
        >>> base_model:
        >>>   type: sqlreason.datasets.checkpoint_dataset.CheckpointDataset
        >>>   hub: meta-llama/Llama-3.2-3B-Instruct
        >>>   revision: 0cb88a4f764b7a12671c53f0838cd831a0843b95
    """

    def __init__(
        self,
        *,
        path: str | None = None,
        hub: str | None = None,
        revision: str | None = None,
        gguf: str | None = None,
        sha256: str | None = None,
        metadata: dict[str, Any] | None = None,
    ):
        """Describe the model.

        Args:
            path: Folder with config.json. Kedro makes it absolute, which is why a name on the hub has a key of its own.
            hub: Name on the hub, `org/model`.
            revision: Commit on the hub; a name without one means the branch main, which moves.
            gguf: A GGUF file, or `package:file` for one that an installed package holds: the folder `path` is made of
                it on the first load, with weights in bfloat16.
            sha256: Of that file, which pins it.
            metadata: Free, for plugins.

        Raises:
            DatasetError: if not exactly one of path and hub is given, a folder has a revision, or a GGUF file has no
                folder to be written into.
            BadInput: if a folder or file lies elsewhere than on a disk of this machine.
        """
        if (path is None) == (hub is None) or (path is not None and revision is not None):
            raise DatasetError(
                f"path={path!r}, hub={hub!r}, revision={revision!r}: give a model either as the path of a folder, "
                "or as hub (org/model) with a revision"
            )
        if (gguf is not None and path is None) or (sha256 is not None and gguf is None):
            raise DatasetError(
                f"gguf={gguf!r}, path={path!r}, sha256={sha256!r}: a GGUF file needs path, the folder into which its "
                "weights are written in 16 bits, and sha256 pins a GGUF file alone"
            )
        for key, given in (("path", path), ("gguf", gguf)):
            if given is not None:
                local_path(given, key)
        self._gguf = None if gguf is None else GgufSource(gguf, sha256)
        self._value = Checkpoint(path or hub or "", revision)
        self._on_hub = hub is not None
        self.metadata = metadata

    def load(self) -> Checkpoint:
        """Return the Checkpoint.

        Raises:
            DatasetError: if it names a folder that is missing or has no config.json, or a GGUF file that cannot be
                used.
        """
        if self._on_hub:
            return self._value
        if self._gguf is not None:
            try:
                open_gguf(self._gguf, Path(self._value.name))
            except CheckpointError as error:
                raise DatasetError(str(error)) from error
        if not Path(self._value.name).is_dir():
            raise DatasetError(
                f"there is no folder {self._value.name}; a model on the hub is given as hub, not as path"
            )
        try:
            self._value.folder  # noqa: B018 - checks the folder
        except CheckpointError as error:
            raise DatasetError(str(error)) from error
        return self._value

    def save(self, data: TrainedModel) -> None:
        """Write a trained model, its tokenizer and its card into the folder.

        Raises:
            DatasetError: if the entry names a model on the hub.
        """
        if self._on_hub:
            raise DatasetError(f"{self._value.name} is on the hub; a trained model needs a folder, given as path")
        if self._gguf is not None:
            raise DatasetError(f"{self._value.name} is made of {self._gguf.name}; a trained model needs another folder")
        write_checkpoint(data, Path(self._value.name))

    def preview(self) -> JSONPreview:
        """The entry, and of a folder config.json, for kedro-viz."""
        config = Path(self._value.name) / "config.json"
        shape = {"config": json.loads(config.read_text(encoding="utf-8"))} if config.exists() else {}
        return JSONPreview(json.dumps({**self._describe(), **shape}))

    def _exists(self) -> bool:
        return not self._on_hub and (Path(self._value.name) / "config.json").exists()

    def _describe(self) -> dict[str, Any]:
        return {
            "hub" if self._on_hub else "path": self._value.name,
            "revision": self._value.revision,
            **({"gguf": self._gguf.name} if self._gguf else {}),
        }
