"""Answers that outlast a kill: batches of a student's answers in a folder, until the work that asked for them is done.

An hour of answering on a CPU is nothing to lose. And nothing to keep: the folder goes once the work is done, so that a
figure never rests on what an earlier version of the code, or of a package, has written.
"""

import hashlib
import json
import logging
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sqlreason.students.generation.decoding import Generation
from sqlreason.students.generation.episodes import Conversation

logger = logging.getLogger(__name__)


class AnswerStore:
    """Batches of answers, each a file named after all that it depends on.

    Args:
        folder: Of these files; made with the first.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def find(self, facts: Mapping[str, Any]) -> list[list[Generation]] | None:
        """Return the answers of a batch, the samples of each prompt together; None where they are not kept."""
        path = self._path(facts)
        if not path.exists():
            return None
        kinds = {True: Conversation, False: Generation}
        kept = json.loads(path.read_text(encoding="utf-8"))
        return [[kinds["conversation" in told](**told) for told in samples] for samples in kept]

    def keep(self, facts: Mapping[str, Any], answers: Sequence[Sequence[Generation]]) -> None:
        """Keep the answers of a batch, as a whole; a full disk costs the keeping, not the answers."""
        path = self._path(facts)
        part = path.with_suffix(f".{os.getpid()}.part")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            part.write_text(json.dumps([[asdict(one) for one in samples] for samples in answers]), encoding="utf-8")
            part.rename(path)
        except OSError as error:
            logger.warning(
                "answers cannot be kept in %s (%s): a run that is killed would write them again", *(self.folder, error)
            )

    def _path(self, facts: Mapping[str, Any]) -> Path:
        text = json.dumps(facts, sort_keys=True, default=str)
        return self.folder / f"{hashlib.sha256(text.encode()).hexdigest()[:24]}.json"


@contextmanager
def kept_until_done(checkpoints: Path, name: str) -> Iterator[AnswerStore]:
    """Give a store whose folder goes when the block ends, and stays when it is left by an exception or a kill.

    Args:
        checkpoints: Where the trainings are; the answers lie beside them.
        name: Of the work, which no other work at the same time may have.
    """
    folder = checkpoints / "answers" / name
    if any(folder.glob("*.json")):
        logger.info("going on with the answers in %s", folder)
    yield AnswerStore(folder)
    shutil.rmtree(folder, ignore_errors=True)
