"""Paths of catalog and settings that must lie on a disk of this machine."""

from pathlib import Path
from typing import Any

from sqlreason.errors import BadInput


def local_path(given: Any, key: str) -> Path:
    """Return a path on a disk of this machine; what is written there is appended to, locked, or mapped into memory.

    Args:
        given: As it stands in the catalog or the settings.
        key: What it is called there, for the message.

    Raises:
        BadInput: If it is none, or an address: as a path, s3://bucket would be a folder of the name `s3:`.
    """
    if not given or not isinstance(given, str | Path) or "://" in str(given):
        raise BadInput(f"{key}: {given!r} is no path on a disk of this machine; give one, such as data/base/…")
    return Path(given)
