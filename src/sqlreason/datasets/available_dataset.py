"""Kedro dataset for what is there of several entries: a node can do with some, and loads those that it wants."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NoReturn

from kedro.io import AbstractDataset, DataCatalog, DatasetError


class AvailableDataset(AbstractDataset[NoReturn, Mapping[str, Callable[[], Any]]]):
    """Several entries of the catalog, made by earlier runs, of which not all need exist.

    Loading gives a function for each that exists, which loads it as the catalog does: by its own entry, in the version
    that `--load-versions` names. They are no inputs of the node in Kedro's eyes: a run that makes one of them is
    refused (`preflight.requirements`).

    Args:
        names: Of the entries.
        metadata: For plugins; not read here.

    Example:
        >>> export_sources:
        >>>   type: sqlreason.datasets.available_dataset.AvailableDataset
        >>>   names: [grpo_adapter, costs]
    """

    def __init__(self, *, names: Sequence[str], metadata: dict[str, Any] | None = None) -> None:
        self._names = tuple(names)
        self._catalog: DataCatalog | None = None
        self.metadata = metadata

    def bind(self, catalog: DataCatalog) -> None:
        """Take the entries from this catalog; a hook calls it when the catalog is made."""
        self._catalog = catalog

    def load(self) -> Mapping[str, Callable[[], Any]]:
        """Return a function that loads it for each entry that exists, or whose version was named.

        Raises:
            DatasetError: If no catalog was bound, or one has no such entry.
        """
        if self._catalog is None:
            raise DatasetError(f"{', '.join(self._names)} are entries of a catalog, and none was bound.")
        catalog = self._catalog
        if unknown := [name for name in self._names if name not in catalog]:
            raise DatasetError(f"the catalog has no entry {', '.join(unknown)}.")
        return {name: partial(catalog.load, name) for name in self._names if self._is_wanted(catalog, name)}

    @staticmethod
    def _is_wanted(catalog: DataCatalog, name: str) -> bool:
        """One whose version was named is offered even where it is missing, so that loading says so."""
        version = getattr(catalog[name], "_version", None)
        return bool(version and version.load) or catalog.exists(name)

    def save(self, data: NoReturn) -> None:
        """Refuse: each is saved by its own entry."""
        raise DatasetError(f"{', '.join(self._names)} are saved by their own entries.")

    def _exists(self) -> bool:
        return bool(self._catalog and self.load())

    def _describe(self) -> dict[str, Any]:
        return {"names": self._names}
