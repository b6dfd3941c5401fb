"""What asking will cost, said before the first call.

Prompts are counted by the teacher's own tokenizer where the catalog names one, else by the stated approximation of
four characters a token. Answers are taken to be as long, and as quick, as those that the journal already holds for
this teacher; before there are any, as long as assumed.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlreason.teachers.asking import Request
from sqlreason.teachers.clients.scripted import CHARACTERS_PER_TOKEN, count_tokens
from sqlreason.teachers.journal.journal import Entry, Journal
from sqlreason.teachers.teacher import Teacher

ENOUGH = 20  # answers, from which on a mean of the journal is trusted


@dataclass(frozen=True)
class Episodes:
    """The longest conversations of a teacher with tools.

    Attributes:
        turns: At most.
        told: Characters that a tool says at most.
    """

    turns: int
    told: int

    def read(self, prompt: int, written: float) -> int:
        """Return the tokens that are read in all turns, each of which reads what was said before it.

        Args:
            prompt: Tokens of the prompt, with what it says of tools.
            written: Tokens of a turn.
        """
        said = written + count_tokens("x" * self.told)
        return round(self.turns * prompt + self.turns * (self.turns - 1) / 2 * said)


@dataclass(frozen=True)
class Estimate:
    """What asking the missing questions is going to take.

    Attributes:
        requests: All requests of the run.
        missing: Those that the journal does not hold yet.
        prompt_tokens: To be read for the missing ones.
        completion_tokens: To be written for them.
        hours: Wall hours that they take; 0 where nothing is known about the speed.
        usd: What they cost, US dollars.
        spent_usd: What the others have cost already, and replies to any of which no answer came.
        basis: How this was reckoned, in words.
    """

    requests: int
    missing: int
    prompt_tokens: int
    completion_tokens: int
    hours: float
    usd: float
    spent_usd: float
    basis: str

    @property
    def total_usd(self) -> float:
        """Dollars for all requests, those already paid for included."""
        return self.spent_usd + self.usd


def estimate(
    teacher: Teacher,
    prompts: Sequence[Request],
    keys: Sequence[str],
    journal: Journal,
    *,
    answer_tokens: int,
    concurrency: int,
    episodes: Episodes | None = None,
) -> Estimate:
    """Reckons what the missing requests cost; nothing is asked.

    Args:
        teacher: Whom to ask.
        prompts: What to ask.
        keys: Their names in the journal, see ``asking.keys_of``.
        journal: What is known already.
        answer_tokens: The length of an answer that is assumed until the journal knows better.
        concurrency: Calls in flight, for the time that they take.
        episodes: Where the teacher looks before it answers; each request then is a conversation, and one whose first
            turn is known counts as known.
    """
    known = journal.find_all(set(keys))
    missing = {key: prompt for key, prompt in zip(keys, prompts, strict=True) if key not in known}
    count, how = _counter(teacher)
    prompt_tokens = [count(prompt.messages) for prompt in missing.values()]
    seen = [entry for entry in journal if entry.model == teacher.name]
    each, length = _length(seen, answer_tokens)
    hours, speed = _hours(len(missing), seen, teacher, concurrency)
    read, turns = sum(prompt_tokens), 1
    if episodes is not None:
        offered, turns = count(json.dumps(list(teacher.tools))), episodes.turns
        read = sum(episodes.read(tokens + offered, each) for tokens in prompt_tokens)
        hours, how = hours * turns, f"{how}, {turns} turns of each at most"
    written = round(each * len(missing)) * turns
    usd = teacher.prices.of_tokens(read, written) + teacher.prices.of_seconds(hours * 3600)
    return Estimate(
        requests=len(prompts),
        missing=len(missing),
        prompt_tokens=read,
        completion_tokens=written,
        hours=hours,
        usd=usd,
        spent_usd=sum(entry.usd for entry in known.values()) + sum(journal.charged(set(keys)).values()),
        basis=f"prompts {how}; answers {length}; {speed}",
    )


def _counter(teacher: Teacher) -> tuple[Callable[[str], int], str]:
    if not teacher.tokenizer:
        return count_tokens, f"by {CHARACTERS_PER_TOKEN} characters a token (an approximation)"
    tokenizer = load_tokenizer(teacher.tokenizer)
    return lambda text: len(tokenizer.encode(text).ids), f"by the tokenizer {teacher.tokenizer}"


def load_tokenizer(name: str) -> Any:
    """A fast tokenizer from a folder with ``tokenizer.json``, such a file, or the hub."""
    from tokenizers import Tokenizer

    path = Path(name)
    if path.is_dir():
        path = path / "tokenizer.json"
    return Tokenizer.from_file(str(path)) if path.is_file() else Tokenizer.from_pretrained(name)


def _length(seen: Sequence[Entry], assumed: int) -> tuple[float, str]:
    seen = [entry for entry in seen if entry.completion_tokens]  # where the provider tells them
    if len(seen) < ENOUGH:
        return float(assumed), f"assumed at {assumed} tokens"
    mean = sum(entry.completion_tokens for entry in seen) / len(seen)
    return mean, f"{mean:.0f} tokens as measured over {len(seen)}"


def _hours(missing: int, seen: Sequence[Entry], teacher: Teacher, concurrency: int) -> tuple[float, str]:
    if len(seen) >= ENOUGH:
        latency = sum(entry.seconds for entry in seen) / len(seen)
        hours = missing * latency / min(concurrency, max(missing, 1)) / 3600
        return hours, f"{latency:.1f} s an answer as measured, {concurrency} at once"
    if rate := teacher.prices.answers_per_hour:
        return missing / rate, f"{rate:.0f} answers an hour by the price table"
    return 0.0, "speed unknown" + (", so that the hours are not in the estimate" if teacher.prices.usd_per_hour else "")
