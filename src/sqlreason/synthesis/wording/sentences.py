"""Questions in English: a frame of the draft's shape, its choices drawn and its slots filled from the meaning."""

import random
import re
from collections.abc import Callable, Mapping
from typing import Any

from sqlreason.synthesis.queries.meaning import Draft
from sqlreason.synthesis.wording.frames import aggregates, joins, relations, selections, steps, writes
from sqlreason.synthesis.wording.slots import SLOTS

FRAMES: dict[str, tuple[str, ...]] = {
    **selections.FRAMES,
    **aggregates.FRAMES,
    **joins.FRAMES,
    **relations.FRAMES,
    **steps.FRAMES,
    **writes.FRAMES,
}
_CHOICE = re.compile(r"\[([^\[\]]*)\]")
# Verbs that open a sentence in most frames and follow a comma in others.
_VERBS = re.compile(
    r"(?<=, )(?:Show|List|Give|Return|Find|Display|Get|Retrieve|Compute|Report|Calculate|Determine|Please|Name|Look)\b"
)
_SLOT = re.compile(r"\{(\w+)\}")

Slot = Callable[[Mapping[str, Any], random.Random], str]


def word(draft: Draft, rng: random.Random) -> str:
    """Return a question that asks for what the draft's query returns or does."""
    frame = _CHOICE.sub(lambda found: rng.choice(found[1].split("|")), rng.choice(FRAMES[draft.shape]))
    text = _SLOT.sub(lambda found: SLOTS[found[1]](draft.parts, rng), frame)
    return tidy(text)


def tidy(text: str) -> str:
    """Repair the seams of a filled frame: blanks, articles, capitals, verbs in the middle of a sentence."""
    text = " ".join(text.split())
    text = _VERBS.sub(lambda found: found[0].lower(), text)
    text = text.replace(" ,", ",").replace(" ?", "?").replace(" .", ".").replace("the the ", "the ")
    return text[0].upper() + text[1:]
