"""What went wrong with a call: worth another try, lost for this question, or lost for all of them.

Read from the error's status code and type name, since every provider's client has its own classes.
"""

import random
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from sqlreason.text.redaction import redact

# Too early or too many requests, time-outs, conflicts: gone by themselves. Any 5xx is transient too.
TRANSIENT_STATUS = frozenset({408, 409, 425, 429})
# No credentials, no credit, no permission, no such model: the same for every question.
FATAL_STATUS = frozenset({401, 402, 403, 404})
_TRANSIENT_NAMES = (
    "connection", "timeout", "transport", "disconnected", "ratelimit", "overloaded", "remoteprotocol", "jsondecode",
    "responsevalidation", "incompleteread", "clientpayload",
)  # fmt: skip
LONGEST_PAUSE = 60.0  # seconds; a provider may ask for more and gets it
LONGEST_WAIT = 3600.0  # seconds; who asks for more, or whose clock is wrong, gets an hour


@dataclass(frozen=True)
class Fault:
    """Why a call failed.

    Attributes:
        reason: For people.
        transient: Whether to try again.
        fatal: Whether every other question would fail in the same way.
        overload: Whether the provider has too much to do: fewer calls at once may help.
        retry_after: Seconds that the provider asks to wait; 0 if it does not say.
    """

    reason: str
    transient: bool
    fatal: bool = False
    overload: bool = False
    retry_after: float = 0.0

    def pause(self, attempt: int, unit: float, rng: random.Random) -> float:
        """Seconds to wait before the next attempt: doubling, jittered, never less than the provider asks.

        Args:
            attempt: How many attempts have failed, from 1 on.
            unit: The pause after the first one.
            rng: Source of the jitter, which keeps callers from coming back all at once.
        """
        longest = min(LONGEST_PAUSE, unit * 2.0 ** (attempt - 1))
        return max(self.retry_after, longest * rng.uniform(0.5, 1.0))


def judge(error: BaseException) -> Fault:
    """The fault behind an exception of a provider's client."""
    status = _status(error)
    text = " ".join(redact(str(error)).split())[:300].encode("utf-8", "replace").decode("utf-8")
    reason = f"{status or type(error).__name__}: {text}".rstrip(": ")
    if status:
        transient = status in TRANSIENT_STATUS or status >= 500
        overload = status == 429 or status >= 500
        return Fault(reason, transient, status in FATAL_STATUS, overload, _retry_after(error))
    if type(error).__name__ == "OfflineModeIsEnabled":  # huggingface_hub's, a ConnectionError that stays
        return Fault(reason, transient=False, fatal=True)
    if isinstance(error, TypeError):  # distilabel's class does not fit the installed client
        return Fault(reason, transient=False, fatal=True)
    names = " ".join(kind.__name__.lower() for kind in type(error).__mro__)
    transient = isinstance(error, ConnectionError | TimeoutError) or any(n in names for n in _TRANSIENT_NAMES)
    return Fault(reason, transient)


def _status(error: BaseException) -> int:
    response = getattr(error, "response", None)
    for holder in (error, response):
        for name in ("status_code", "status", "code"):
            value = getattr(holder, name, None)
            if isinstance(value, int) and 100 <= value < 600:
                return value
    return 0


def _retry_after(error: BaseException) -> float:
    """Seconds by the header Retry-After: a number, or a date (RFC 9110, section 10.2.3)."""
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    text = str(headers.get("retry-after", "") or "")
    try:
        return min(LONGEST_WAIT, max(0.0, float(text or 0)))
    except ValueError:
        return _until(text)


def _until(date: str) -> float:
    try:
        moment = parsedate_to_datetime(date)
    except ValueError:  # neither number nor date: the doubling pause will do
        return 0.0
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(LONGEST_WAIT, max(0.0, (moment - datetime.now(UTC)).total_seconds()))
