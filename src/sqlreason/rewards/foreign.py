"""Rewards that this package did not make, found by `module:name` and made total so that they can be certified.

Any callable by TRL's contract: it takes `completions` and the columns of the batch, `prompts` among them, and returns a
number or None per completion. One that raises is asked for each completion by itself, so that one bad answer does not
hide what it pays for the others.
"""

import importlib
import inspect
import math
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlreason.errors import BadInput
from sqlreason.rewards import REWARDS, Reward
from sqlreason.sql.verifier import Limits

#: First part of the reason code of a completion at which a reward raised or returned no number.
RAISED = "raised"


class TotalReward:
    """A reward of others that never raises: what it cannot score is None, with the reason `raised:<error>`.

    Attributes:
        last_reasons: Code beside each score of the last call: `raised:<error>`, or the reward's own if it gives some.
        raised: Completions so far at which it raised, by error; a training would have ended there.

    Example:
        >>> def length(completions, **columns):
        ...     return [1 / len(text) for text in completions]
        >>> reward = TotalReward("length", length)
        >>> reward(["ab", ""]), reward.last_reasons
        ([0.5, None], ['', 'raised:ZeroDivisionError'])
    """

    def __init__(self, name: str, function: Callable[..., Any], messages: bool = False) -> None:
        """Keep the reward.

        Args:
            name: Under which it is reported.
            function: The reward.
            messages: Whether it reads completions as lists of chat messages, as TRL hands them over where prompts are
                conversations, and not as texts.
        """
        self.__name__ = name
        self.last_reasons: list[str] = []
        self.raised: Counter[str] = Counter()
        self._function = function
        self._messages = messages

    def __call__(self, completions: Sequence[Any], **columns: Any) -> list[float | None]:
        """Score the completions of a batch, all at once if the reward bears it, else one by one."""
        batch = {"prompts": [self._spoken("user", "")] * len(completions), **columns}
        texts = [self._spoken("assistant", text) for text in completions]
        try:
            scores = self._scored(texts, batch)
            told = list(getattr(self._function, "last_reasons", ()))
            self.last_reasons = told if len(told) == len(texts) else [""] * len(texts)
            return scores
        except Exception:
            return self._one_by_one(texts, batch)

    def close(self) -> None:
        """Let the reward end what it has started, if it knows how to."""
        close = getattr(self._function, "close", None)
        if callable(close):
            close()

    def _one_by_one(self, texts: Sequence[Any], batch: Mapping[str, Sequence[Any]]) -> list[float | None]:
        scores: list[float | None] = []
        self.last_reasons = []
        for number, text in enumerate(texts):
            try:
                scores += self._scored([text], {name: [column[number]] for name, column in batch.items()})
                self.last_reasons.append("")
            except Exception as error:
                scores.append(None)
                self.raised[f"{type(error).__name__}: {error}"[:120]] += 1
                self.last_reasons.append(f"{RAISED}:{type(error).__name__}")
        return scores

    def _scored(self, texts: Sequence[Any], batch: Mapping[str, Any]) -> list[float | None]:
        found = list(self._function(completions=texts, **batch))
        if len(found) != len(texts):
            raise ValueError(f"{len(found)} rewards for {len(texts)} completions")
        return [_number(score) for score in found]

    def _spoken(self, role: str, text: Any) -> Any:
        return [{"role": role, "content": text}] if self._messages else text


def find_reward(name: str, messages: bool = False, limits: Limits | None = None) -> Reward:
    """Return the reward of a name.

    Args:
        name: A key of `REWARDS`, or `module:name` of a function, of an object that can be called, or of a class of such
            objects that is made without arguments; modules of the working folder are found too.
        messages: As of `TotalReward`; for rewards of others.
        limits: Of the sandbox, for our own.

    Raises:
        ValueError: If there is no such reward.
    """
    if name in REWARDS:
        takes = "limits" in inspect.signature(REWARDS[name]).parameters
        return REWARDS[name](limits=limits) if takes else REWARDS[name]()
    module, separator, attribute = name.partition(":")
    if not separator or not attribute:
        raise BadInput(f"{name!r} is no reward; give module:name, or one of {', '.join(REWARDS)}")
    return TotalReward(name, _loaded(module, attribute), messages)


def _loaded(module: str, attribute: str) -> Callable[..., Any]:
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        found: Any = importlib.import_module(module)
    except Exception as error:  # whatever a module of others does when it is imported
        raise BadInput(f"the module {module!r} cannot be imported: {type(error).__name__}: {error}") from error
    for part in attribute.split("."):
        if not hasattr(found, part):
            raise BadInput(f"{module} has no {attribute!r}; it has {', '.join(_public(found)) or 'nothing public'}")
        found = getattr(found, part)
    if not callable(found):
        raise BadInput(f"{module}:{attribute} is a {type(found).__name__} and cannot be called as a reward")
    if not isinstance(found, type):
        return found
    try:
        made: Callable[..., Any] = found()
    except Exception as error:
        raise BadInput(f"{module}:{attribute} cannot be made without arguments: {error}") from error
    return made


def _public(found: Any) -> list[str]:
    return sorted(name for name, value in vars(found).items() if callable(value) and not name.startswith("_"))[:20]


def _number(score: Any) -> float | None:
    """Return a score as a number; TRL reads NaN as None."""
    number = None if score is None else float(score)
    return None if number is None or math.isnan(number) else number
