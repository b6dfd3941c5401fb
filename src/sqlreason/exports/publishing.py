"""Passing an export on: to a repository of the Hugging Face hub, or into a folder."""

import logging
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

logger = logging.getLogger(__name__)


def publish(
    folders: Sequence[Path], texts: Mapping[str, str], target: str, private: bool, endpoint: str | None = None
) -> dict[str, Any]:
    """Pass the files of several folders on as one.

    Args:
        folders: Their files are laid side by side; the first wins where names are equal.
        texts: Further files by name; they win over all.
        target: `org/name` on the hub, or a folder given as an absolute path or with ./ before it.
        private: Whether a new repository of the hub is private.
        endpoint: Address of the hub, if not the public one (HF_ENDPOINT).

    Returns:
        target, files (names and bytes), and for the hub url.
    """
    with _collected(folders, texts) as whole:
        files = {path.name: path.stat().st_size for path in sorted(whole.iterdir())}
        record: dict[str, Any] = {"target": target, "files": files}
        if target.startswith(("/", "./", "../")):
            shutil.copytree(whole, target, dirs_exist_ok=True)
        else:
            record["url"] = _push(whole, target, private, endpoint)
    logger.info("export: %d files passed on to %s", len(files), target)
    return record


def _push(folder: Path, target: str, private: bool, endpoint: str | None) -> str:
    from huggingface_hub import HfApi

    api = HfApi(endpoint=endpoint)
    api.create_repo(target, private=private, exist_ok=True)
    return str(api.upload_folder(repo_id=target, folder_path=folder, commit_message="Export of sqlreason"))


@contextmanager
def _collected(folders: Sequence[Path], texts: Mapping[str, str]) -> Iterator[Path]:
    """A folder of links to the files, so that nothing large is copied."""
    with tempfile.TemporaryDirectory(prefix="sqlreason-") as scratch:
        whole = Path(scratch)
        for folder in reversed(folders):
            for path in folder.iterdir():
                if path.is_file() and path.name not in texts:
                    (whole / path.name).unlink(missing_ok=True)
                    (whole / path.name).symlink_to(path.resolve())
        for name, text in texts.items():
            (whole / name).write_text(text, encoding="utf-8")
        yield whole
