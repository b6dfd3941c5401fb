"""Catalog entries as a user writes them, completed before Kedro makes datasets of them."""

from collections.abc import Mapping
from typing import Any

from sqlreason.data.tables import TABLE_OF, ColumnsValidator

_VALIDATOR = f"{ColumnsValidator.__module__}.{ColumnsValidator.__name__}"


def complete_entries(entries: Mapping[str, Any]) -> dict[str, Any]:
    """Return the entries of a catalog with the check of columns for all that hold a table of ours.

    What a table holds follows from the entry's name, so that nobody has to write it down; a `validator` of the user's
    own stays. An entry that stands for several (`{stage}_history`) is checked by the name that is made of it.
    """
    return {
        name: {"validator": {"class": _VALIDATOR, "options": {"entry": name}}, **entry}
        if isinstance(entry, Mapping) and (name in TABLE_OF or "{" in name)
        else entry
        for name, entry in entries.items()
    }
