"""Kedro dataset for base models: a catalog entry becomes a Checkpoint, a trained model becomes a folder."""

from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset, DatasetError

from sqlreason.students.checkpoint import Checkpoint, CheckpointError, TrainedModel, write_checkpoint


class CheckpointDataset(AbstractDataset[TrainedModel, Checkpoint]):
    """A base model in transformers' layout.

    Loading yields a light `Checkpoint` and reads no weights. Saving a `TrainedModel` writes the folder as a
    whole.

    Example:
        >>> base_model:
        >>>   type: sqlreason.datasets.checkpoint_dataset.CheckpointDataset
        >>>   path: meta-llama/Llama-3.2-3B-Instruct
        >>>   revision: 0cb88a4f764b7a12671c53f0838cd831a0843b95
    """

    def __init__(
        self,
        *,
        path: str,
        revision: str | None = None,
        kind: str = "transformers",
        metadata: dict[str, Any] | None = None,
    ):
        """Describes the model.

        Args:
            path: Folder with config.json, or a name on the hub.
            revision: Commit on the hub; a name without one means the branch main, which moves.
            kind: Layout of the folder.
            metadata: Free, for plugins.
        """
        self._value = Checkpoint(path, revision, kind)
        self.metadata = metadata

    def load(self) -> Checkpoint:
        """Returns the Checkpoint.

        Raises:
            DatasetError: if it names a folder that is missing or has no config.json.
        """
        try:
            self._value.folder  # noqa: B018 - checks the folder
        except CheckpointError as error:
            raise DatasetError(str(error)) from error
        return self._value

    def save(self, data: TrainedModel) -> None:
        """Writes a trained model, its tokenizer and its card into the folder.

        Raises:
            DatasetError: if the entry names a model on the hub.
        """
        if self._value.revision is not None:
            raise DatasetError(
                f"{self._value.name} has a revision, so it is on the hub; a trained model needs a folder"
            )
        write_checkpoint(data, Path(self._value.name))

    def _exists(self) -> bool:
        return (Path(self._value.name) / "config.json").exists()

    def _describe(self) -> dict[str, Any]:
        return {"path": self._value.name, "revision": self._value.revision, "kind": self._value.kind}
