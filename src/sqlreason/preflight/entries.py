"""Catalog entries as a user writes them, completed before Kedro makes datasets of them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlreason.data.tables import TABLE_OF, ColumnsValidator

_VALIDATOR = f"{ColumnsValidator.__module__}.{ColumnsValidator.__name__}"
_PATHS = ("folder", "suite", "gguf")  # of our own datasets; `path` and `filepath` are Kedro's affair


def complete_entries(entries: Mapping[str, Any], project: Path) -> dict[str, Any]:
    """Return the entries of a catalog with absolute paths, and with the check of columns where they hold our tables.

    What a table holds follows from the entry's name, so that nobody has to write it down; a `validator` of the user's
    own stays. An entry that stands for several (`{stage}_history`) is checked by the name that is made of it.

    Args:
        entries: As the settings have them.
        project: Where relative paths begin, wherever a command is started.
    """
    return {
        name: {**_check(name, project), **entry, **_absolute(entry, project)} if isinstance(entry, Mapping) else entry
        for name, entry in entries.items()
    }


def _check(name: str, project: Path) -> dict[str, Any]:
    if name not in TABLE_OF and "{" not in name:
        return {}
    return {"validator": {"class": _VALIDATOR, "options": {"entry": name, "folder": str(project)}}}


def _absolute(entry: Mapping[str, Any], project: Path) -> dict[str, str]:
    """A `package:file` is no path; neither is an address, which the dataset refuses."""
    if not str(entry.get("type")).startswith("sqlreason.datasets."):
        return {}
    paths = {key: entry[key] for key in _PATHS if isinstance(entry.get(key), str)}
    return {key: str(project / path) for key, path in paths.items() if ":" not in path}
