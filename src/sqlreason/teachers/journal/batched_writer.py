"""Writes answers to the journal without holding up the calls: those that arrive together share one commit.

Whoever hands an answer over waits until it is on disk; others go on meanwhile.
"""

import asyncio

from sqlreason.teachers.journal.journal import Charge, Entry, Journal, UnstorableEntry


class BatchedWriter:
    """Hands entries to the journal from within an event loop.

    Args:
        journal: Where they go.
    """

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self._waiting: list[tuple[Entry | Charge, asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def record(self, entry: Entry | Charge) -> None:
        """Return when the entry is on disk; a cancellation of the caller does not stop the writing.

        Raises:
            UnstorableEntry: No file can hold it; others are stored all the same.
            JournalError: The journal cannot be written, for instance because the disk is full.
        """
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((entry, written))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        await asyncio.shield(written)

    async def close(self) -> None:
        """Return when nothing is waiting any more."""
        if self._writing is not None:
            await self._writing

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            errors = await asyncio.to_thread(self._commit, [entry for entry, _ in batch])
            for (_, written), error in zip(batch, errors, strict=True):
                if error is None:
                    written.set_result(None)
                else:
                    written.set_exception(error)
                    written.exception()  # told to the caller, who may be gone

    def _commit(self, entries: list[Entry | Charge]) -> list[Exception | None]:
        """What kept each entry out of the journal; one that cannot be stored takes no other with it."""
        try:
            self.journal.record(*entries)
        except UnstorableEntry as error:
            if len(entries) == 1:
                return [error]
            return [self._commit([entry])[0] for entry in entries]
        except Exception as error:
            return [error] * len(entries)
        return [None] * len(entries)
