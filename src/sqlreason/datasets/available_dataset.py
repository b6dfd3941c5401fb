"""Kedro dataset for what is there of several entries: a node can do with some, and loads those that it wants."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any, NoReturn

from kedro.io.core import AbstractDataset, DatasetError


class AvailableDataset(AbstractDataset[NoReturn, Mapping[str, Callable[[], Any]]]):
    """Several datasets of earlier runs, of which not all need exist.

    Loading gives a function for each that exists, which loads it. The parts are no inputs of the node in Kedro's eyes:
    a run that makes one of them is refused (`preflight.requirements`).

    Example:
        >>> export_sources:
        >>>   type: sqlreason.datasets.available_dataset.AvailableDataset
        >>>   datasets:
        >>>     costs: {type: pandas.CSVDataset, filepath: data/08_reporting/costs.csv, versioned: true}
    """

    def __init__(self, *, datasets: dict[str, dict[str, Any]], metadata: dict[str, Any] | None = None) -> None:
        """Describe the parts.

        Args:
            datasets: Each as an entry of the catalog, by name.
            metadata: Free, for plugins.
        """
        self._datasets = {
            name: AbstractDataset.from_config(name, deepcopy(config)) for name, config in datasets.items()
        }
        self.metadata = metadata

    def load(self) -> Mapping[str, Callable[[], Any]]:
        """Return a function that loads it for each part that exists."""
        return {name: dataset.load for name, dataset in self._datasets.items() if dataset.exists()}

    def save(self, data: NoReturn) -> None:
        """Refuse: each part is saved by its own entry."""
        raise DatasetError(f"{', '.join(self._datasets)} are saved by their own entries.")

    def _exists(self) -> bool:
        return any(dataset.exists() for dataset in self._datasets.values())

    def _describe(self) -> dict[str, Any]:
        return {name: str(dataset) for name, dataset in self._datasets.items()}
