"""Several replicas of one teacher behind one line: each question goes to the one with the least to do.

Everything above a line (journal, budget, throttle) stays as it is; the throttle's limit is that of all replicas
together. A replica that fails rests, longer each time, so that a dead one does not draw the questions to itself by
refusing them quickly; where all of them rest, the one whose rest ends first is asked.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlreason.errors import BadInput
from sqlreason.teachers.clients.distilabel_client import Client, DistilabelClient, Messages
from sqlreason.teachers.clients.replies import Reply
from sqlreason.teachers.teacher import Teacher

FIRST_REST, LONGEST_REST = 1.0, 60.0  # seconds; the first doubles with each failure in a row


@dataclass
class _Replica:
    line: Client
    in_flight: int = 0
    failures: int = 0  # in a row
    rests_until: float = float("-inf")


class Replicas:
    """A ``Client`` of several others.

    Args:
        lines: The replicas; at least one.
        clock: Seconds that only go forward.
    """

    def __init__(self, lines: Sequence[Client], clock: Callable[[], float] = time.monotonic) -> None:
        self._replicas = [_Replica(line) for line in lines]
        self._clock = clock
        widths = [line.width for line in lines if line.width is not None]
        self.width = sum(widths) if len(widths) == len(lines) else None

    async def open(self) -> None:
        """Connect all of them."""
        for replica in self._replicas:
            await replica.line.open()

    async def call(self, messages: Messages) -> Reply:
        """Ask one of them once; see ``Client.call``."""
        replica = self._next()
        replica.in_flight += 1
        try:
            reply = await replica.line.call(messages)
        except Exception:
            replica.failures += 1
            replica.rests_until = self._clock() + min(LONGEST_REST, FIRST_REST * 2.0 ** (replica.failures - 1))
            raise
        finally:
            replica.in_flight -= 1
        replica.failures = 0
        return reply

    async def close(self) -> None:
        """End all connections."""
        await asyncio.gather(*(replica.line.close() for replica in self._replicas))

    def _next(self) -> _Replica:
        now = self._clock()
        return min(self._replicas, key=lambda one: (max(0.0, one.rests_until - now), one.in_flight))


def connect(teacher: Teacher, answer_key: Mapping[str, str] | None, timeout_seconds: float) -> Client:
    """The line to a teacher: one connection, or one to each address where its `base_url` is a list of them.

    Raises:
        ValueError: The teacher's arguments or sampling are faulty, or the list of addresses is empty.
    """
    addresses = teacher.arguments.get("base_url")
    if not isinstance(addresses, list | tuple):
        return DistilabelClient(teacher, answer_key, timeout_seconds)
    if not addresses:
        raise BadInput("The list base_url of the teacher is empty; give the address of at least one replica.")
    alike = [replace(teacher, arguments={**teacher.arguments, "base_url": address}) for address in addresses]
    return Replicas([DistilabelClient(one, answer_key, timeout_seconds) for one in alike])
