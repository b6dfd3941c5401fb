"""The work folder of a training: what makes it the same training, where to go on, and its result once it is done.

A stage lives in `workdir/<fingerprint of inputs and options>`. Running the same stage again returns the
finished result, or goes on from the last complete checkpoint; another option is another folder, so nothing is
ever mixed.
"""

import hashlib
import json
import logging
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from sqlreason.students.checkpoints.adapter import Adapter

logger = logging.getLogger(__name__)

_COMPLETE = "complete"  # marks a trainer checkpoint whose last file was written
_OPTIONS = "options.json"


class Stage:
    """One training, known by its inputs and options.

    Args:
        name: "sft" or "grpo", for log lines.
        workdir: Folder of all stages of this name.
        options: Everything that the result depends on, as JSON values (inputs as hashes).
        resume: Whether earlier work of the same fingerprint may be used; without it, it is removed.
    """

    def __init__(self, name: str, workdir: Path | str, options: Mapping[str, Any], resume: bool = True):
        text = json.dumps(dict(options), sort_keys=True, default=str)
        self.name, self.options = name, json.loads(text)
        self.fingerprint = hashlib.sha256(text.encode()).hexdigest()[:16]
        self.folder = Path(workdir) / self.fingerprint
        if not resume:
            shutil.rmtree(self.folder, ignore_errors=True)
        elif not self.folder.exists():
            self._explain_fresh_start()
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / _OPTIONS).write_text(json.dumps(self.options, indent=2), encoding="utf-8")

    def result(self) -> tuple[Any, ...] | None:
        """The adapter and tables of the finished stage, or None."""
        folder = self.folder / "result"
        if not folder.exists():
            return None
        from safetensors.torch import load_file

        facts = json.loads((folder / "adapter.json").read_text(encoding="utf-8"))
        adapter = Adapter(tensors=load_file(folder / "adapter.safetensors"), **facts)
        tables = [pd.read_parquet(path) for path in sorted(folder.glob("*.parquet"))]
        logger.info("%s: reused the finished training %s", self.name, self.fingerprint)
        return adapter, *tables

    def finish(self, adapter: Adapter, *tables: pd.DataFrame) -> None:
        """Keep the result; it appears as a whole. The trainer's checkpoints are removed."""
        from safetensors.torch import save_file

        part = self.folder / "result.part"
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir()
        save_file(dict(adapter.tensors), part / "adapter.safetensors")
        facts = {name: getattr(adapter, name) for name in ("config", "base", "fingerprint", "facts")}
        (part / "adapter.json").write_text(json.dumps(facts, default=str), encoding="utf-8")
        for place, table in enumerate(tables):
            table.to_parquet(part / f"{place}.parquet")
        part.rename(self.folder / "result")
        for path in self.folder.glob("checkpoint-*"):
            shutil.rmtree(path)

    def last_checkpoint(self) -> Path | None:
        """The latest trainer checkpoint that was written to its end; torsos of a kill are removed."""
        complete = {}
        for path in self.folder.glob("checkpoint-*"):
            if (path / _COMPLETE).exists():
                complete[int(path.name.split("-")[1])] = path
            else:
                shutil.rmtree(path)
        if not complete:
            return None
        step = max(complete)
        logger.info("%s: going on from step %d of %s", self.name, step, self.fingerprint)
        return complete[step]

    def mark_complete(self, step: int) -> None:
        """Called when the trainer has written its checkpoint of a step."""
        (self.folder / f"checkpoint-{step}" / _COMPLETE).touch()

    def _explain_fresh_start(self) -> None:
        earlier = sorted(self.folder.parent.glob(f"*/{_OPTIONS}"), key=lambda path: path.stat().st_mtime)
        if not earlier:
            return
        before = json.loads(earlier[-1].read_text(encoding="utf-8"))
        changed = [
            f"{name}: {before.get(name)} -> {self.options.get(name)}"
            for name in sorted(before.keys() | self.options.keys())
            if before.get(name) != self.options.get(name)
        ]
        logger.info("%s: starting afresh, changed since the last training: %s", self.name, "; ".join(changed))


def hash_table(table: pd.DataFrame) -> str:
    """Hash of the content of a table, its order included."""
    digest = hashlib.sha256(",".join(map(str, table.columns)).encode())
    digest.update(table.to_json(orient="values").encode())
    return digest.hexdigest()[:16]
