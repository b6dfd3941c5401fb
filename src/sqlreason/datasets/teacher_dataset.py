"""The teacher as a catalog entry: loading gives a light value that is connected only when it is asked."""

import json
from collections.abc import Mapping
from typing import Any, NoReturn

from kedro.io.core import AbstractDataset, DatasetError
from kedro_datasets._typing import JSONPreview

from sqlreason.teachers.clients.client_settings import check_settings
from sqlreason.teachers.prices import Prices, describe
from sqlreason.teachers.teacher import TEACHERS, UNPAID, Teacher


class TeacherDataset(AbstractDataset[NoReturn, Teacher]):
    """A teacher, described in the catalog; read only.

    Credentials do not belong into the catalog: distilabel's clients read them from environment variables
    (``OPENAI_API_KEY``, ``HF_TOKEN``, ``ANTHROPIC_API_KEY``, …).

    Args:
        kind: ``scripted``, or the name of one of distilabel's LLM classes; see ``teachers.teacher.TEACHERS``.
        model: Name of the model at its provider; not for the scripted teacher.
        arguments: Keyword arguments of the client, such as ``base_url``.
        generation: Keyword arguments of each generation, such as ``temperature`` and ``max_new_tokens``.
        prices: ``usd_per_million_input``, ``usd_per_million_output``, ``usd_per_hour``, ``answers_per_hour``,
            ``source``, ``date``; those of known teachers stand in ``conf/base/globals.yml``. Without a price nothing
            is estimated and no question asked, unless the kind runs on this machine.
        tokenizer: For the estimate: a folder or file, or a name on the hub; empty approximates.
        metadata: For plugins; not read here.

    Raises:
        DatasetError: The kind or a name is unknown, a price or an address is none, or a credential was given.

    Example:
        ::

            teacher:
              type: sqlreason.datasets.teacher_dataset.TeacherDataset
              kind: OpenAILLM
              model: meta-llama/Llama-3.1-70B-Instruct
              arguments: {base_url: "http://localhost:8000/v1"}
              generation: {temperature: 0.7, max_new_tokens: 1024}
              prices: {usd_per_million_input: 0.88, usd_per_million_output: 0.88, source: "…"}
    """

    def __init__(
        self,
        *,
        kind: str,
        model: str = "",
        arguments: Mapping[str, Any] | None = None,
        generation: Mapping[str, Any] | None = None,
        prices: Mapping[str, Any] | None = None,
        tokenizer: str = "",
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        self.metadata = metadata
        try:
            paid = prices is not None or kind not in UNPAID
            self._teacher = Teacher(
                kind,
                model,
                dict(arguments or {}),
                dict(generation or {}),
                Prices.from_mapping(prices or {}) if paid else Prices(),
                tokenizer,
            )
            check_settings(kind, self._teacher.arguments, self._teacher.sampling)
        except ValueError as error:
            raise DatasetError(f"The catalog entry of the teacher is faulty. {error}") from error

    def load(self) -> Teacher:
        """The teacher as a value; nothing is imported or connected."""
        return self._teacher

    def save(self, data: NoReturn) -> None:
        """Refuses: a teacher is described, not written."""
        raise DatasetError("A teacher cannot be saved: its catalog entry is all there is of it. Edit the entry.")

    def preview(self) -> JSONPreview:
        """The catalog entry, for kedro-viz; it holds no credentials."""
        return JSONPreview(json.dumps(self._describe(), default=str))

    def _exists(self) -> bool:
        return self._teacher.kind in TEACHERS

    def _describe(self) -> dict[str, Any]:
        teacher = self._teacher
        return {
            "kind": teacher.kind,
            "model": teacher.model,
            "arguments": dict(teacher.arguments),
            "generation": dict(teacher.sampling),
            "prices": describe(teacher.prices),
            "tokenizer": teacher.tokenizer,
        }
