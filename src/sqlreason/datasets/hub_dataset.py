"""A published dataset as a folder that ``datasets.load_dataset`` reads, and on the hub where the catalog says so."""

import shutil
from typing import Any

from kedro.io.core import AbstractDataset, DatasetError

from sqlreason.data.places import local_path
from sqlreason.exports.dataset_card import Publication

ROWS, CARD = "data/train.parquet", "README.md"


class HubDataset(AbstractDataset[Publication, list[dict[str, Any]]]):
    """Rows in parquet with a dataset card; pushed to the Hugging Face hub if it has a name there.

    The token comes from the environment (``HF_TOKEN``), never from the catalog.

    Args:
        filepath: The folder; it is replaced as a whole.
        push_to_hub: Name on the hub, such as ``org/name``; None keeps the dataset here.
        private: Whether a new repository on the hub is private.
        endpoint: Address of another hub than the public one.
        metadata: For plugins; not read here.

    Example:
        ::

            published_traces:
              type: sqlreason.datasets.hub_dataset.HubDataset
              filepath: data/base/08_reporting/published_traces
              push_to_hub: my-org/sql-traces
    """

    def __init__(
        self,
        *,
        filepath: str,
        push_to_hub: str | None = None,
        private: bool = True,
        endpoint: str | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        self._folder = local_path(filepath, "filepath")
        self._name, self._private, self._endpoint = push_to_hub, private, endpoint
        self.metadata = metadata

    def save(self, data: Publication) -> None:
        """Write the folder, then push it in one commit.

        Raises:
            DatasetError: The hub refuses; the folder is there all the same.
        """
        import datasets

        fresh = self._folder.with_name(self._folder.name + ".new")
        shutil.rmtree(fresh, ignore_errors=True)
        (fresh / "data").mkdir(parents=True)
        datasets.Dataset.from_list([dict(row) for row in data.rows]).to_parquet(fresh / ROWS)
        (fresh / CARD).write_text(data.card, encoding="utf-8")
        shutil.rmtree(self._folder, ignore_errors=True)
        fresh.rename(self._folder)
        if self._name:
            self._push(self._name)

    def load(self) -> list[dict[str, Any]]:
        """The rows."""
        import datasets

        rows: list[dict[str, Any]] = datasets.Dataset.from_parquet(str(self._folder / ROWS)).to_list()
        return rows

    def _push(self, name: str) -> None:
        from huggingface_hub import HfApi

        from sqlreason.text.redaction import redact

        api = HfApi(endpoint=self._endpoint)
        try:
            api.create_repo(name, repo_type="dataset", private=self._private, exist_ok=True)
            api.upload_folder(
                repo_id=name, repo_type="dataset", folder_path=self._folder, commit_message="Traces by sqlreason"
            )
        except Exception as error:
            raise DatasetError(
                f"The dataset lies in {self._folder}, but the hub did not take it as {name}: {redact(str(error))} "
                "Set HF_TOKEN to a token that may write there, and save again."
            ) from None

    def _exists(self) -> bool:
        return (self._folder / ROWS).exists()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._folder), "push_to_hub": self._name, "private": self._private}
