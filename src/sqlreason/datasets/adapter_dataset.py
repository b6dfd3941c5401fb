"""Kedro dataset for adapters, in PEFT's own folder layout, with a manifest that is written last.

A folder without its manifest is a torso of a broken save: it does not exist, is no version and cannot be
loaded. `peft.PeftModel.from_pretrained` reads the folders as they are.
"""

import hashlib
import json
from copy import deepcopy
from pathlib import PurePosixPath
from typing import Any

import fsspec
from kedro.io import AbstractVersionedDataset, DatasetError, Version
from kedro.io.core import get_filepath_str, get_protocol_and_path
from kedro_datasets._typing import JSONPreview

from sqlreason.students.checkpoints.adapter import Adapter

CONFIG = "adapter_config.json"
WEIGHTS = "adapter_model.safetensors"
MANIFEST = "manifest.json"


class AdapterDataset(AbstractVersionedDataset[Adapter, Adapter]):
    """An adapter as a folder of adapter_config.json, adapter_model.safetensors and manifest.json.

    Example:
        >>> sft_adapter:
        >>>   type: sqlreason.datasets.adapter_dataset.AdapterDataset
        >>>   filepath: data/06_models/sft_adapter
        >>>   versioned: true
    """

    def __init__(
        self,
        *,
        filepath: str,
        version: Version | None = None,
        fs_args: dict[str, Any] | None = None,
        credentials: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
    ):
        """Describe the folder.

        Args:
            filepath: Folder, local or of any fsspec protocol.
            version: Which version; None for an unversioned folder.
            fs_args: Options of the file system.
            credentials: Secrets of the file system.
            metadata: Free, for plugins.
        """
        protocol, path = get_protocol_and_path(filepath, version)
        options = {**deepcopy(fs_args or {}), **deepcopy(credentials or {})}
        if protocol == "file":
            options.setdefault("auto_mkdir", True)
        self._protocol = protocol
        self._fs = fsspec.filesystem(protocol, **options)
        self.metadata = metadata
        super().__init__(
            filepath=PurePosixPath(path),
            version=version,
            exists_function=self._is_complete,
            glob_function=self._fs.glob,
        )

    def load(self) -> Adapter:
        """Read the adapter.

        Raises:
            DatasetError: if there is no complete adapter, or a file is not the one that was saved.
        """
        from safetensors.torch import load

        folder = self._folder(self._get_load_path())
        if not self._is_complete(folder):
            raise DatasetError(f"{folder} has no {MANIFEST}: no adapter was saved there, or the save was cut off")
        manifest = json.loads(self._fs.cat_file(f"{folder}/{MANIFEST}"))
        files = {name: self._fs.cat_file(f"{folder}/{name}") for name in (CONFIG, WEIGHTS)}
        for name, content in files.items():
            if _hash(content) != manifest["files"][name]:
                raise DatasetError(f"{folder}/{name} is not the file that its manifest names; restore or retrain it")
        return Adapter(
            config=json.loads(files[CONFIG]),
            tensors=load(files[WEIGHTS]),
            base=manifest["base"],
            fingerprint=manifest["fingerprint"],
            facts=manifest["facts"],
        )

    def save(self, data: Adapter) -> None:
        """Write configuration, weights and, last, the manifest."""
        from safetensors.torch import save

        folder = self._folder(self._get_save_path())
        files = {
            CONFIG: json.dumps(dict(data.config), indent=2, sort_keys=True).encode(),
            WEIGHTS: save(dict(data.tensors), metadata={"format": "pt"}),
        }
        if self._is_complete(folder):  # an unversioned entry: no moment may show the old manifest with new weights
            self._fs.rm_file(f"{folder}/{MANIFEST}")
        self._fs.makedirs(folder, exist_ok=True)
        for name, content in files.items():
            self._fs.pipe_file(f"{folder}/{name}", content)
        manifest = {
            "base": data.base,
            "fingerprint": data.fingerprint,
            "facts": dict(data.facts),
            "files": {name: _hash(content) for name, content in files.items()},
        }
        text = json.dumps(manifest, indent=2, sort_keys=True, default=str)
        self._write_whole(f"{folder}/{MANIFEST}", text.encode())

    def preview(self) -> JSONPreview:
        """The manifest's facts, for kedro-viz."""
        folder = self._folder(self._get_load_path())
        manifest = json.loads(self._fs.cat_file(f"{folder}/{MANIFEST}"))
        return JSONPreview(json.dumps({name: manifest[name] for name in ("base", "fingerprint", "facts")}))

    def _write_whole(self, path: str, content: bytes) -> None:
        """Under its own name only when it is complete; other stores than local ones write whole objects anyway."""
        part = f"{path}.part"
        self._fs.pipe_file(part, content)
        self._fs.mv(part, path)

    def _is_complete(self, folder: str) -> bool:
        return bool(self._fs.exists(f"{folder}/{MANIFEST}"))

    def _folder(self, path: PurePosixPath) -> str:
        return get_filepath_str(path, self._protocol)

    def _exists(self) -> bool:
        try:
            return self._is_complete(self._folder(self._get_load_path()))
        except DatasetError:  # no version yet
            return False

    def _release(self) -> None:
        super()._release()
        self._fs.invalidate_cache(self._folder(self._filepath))

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath), "protocol": self._protocol, "version": self._version}


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
