"""Questions in English: a template of the query's wording, its choices drawn and its placeholders filled."""

import random
import re

from sqlreason.synthesis.drawing.query_parts import DrawnQuery
from sqlreason.synthesis.queries.grammar import TEMPLATES
from sqlreason.synthesis.wording.placeholders import PLACEHOLDERS

_CHOICE = re.compile(r"\[([^\[\]]*)\]")
# Verbs that open a sentence in most templates and follow a comma in others.
_VERBS = re.compile(
    r"(?<=, )(?:Show|List|Give|Return|Find|Display|Get|Retrieve|Compute|Report|Calculate|Determine|Please|Name|Look)\b"
)
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


def word(query: DrawnQuery, rng: random.Random) -> str:
    """Return a question that asks for what the query returns or does."""
    chosen = _CHOICE.sub(lambda found: rng.choice(found[1].split("|")), rng.choice(TEMPLATES[query.wording]))
    text = _PLACEHOLDER.sub(lambda found: PLACEHOLDERS[found[1]](query.parts, rng), chosen)
    return tidy(text)


def tidy(text: str) -> str:
    """Repair the seams of a filled template: blanks, articles, capitals, verbs in the middle of a sentence."""
    text = " ".join(text.split())
    text = _VERBS.sub(lambda found: found[0].lower(), text)
    text = text.replace(" ,", ",").replace(" ?", "?").replace(" .", ".").replace("the the ", "the ")
    return text[0].upper() + text[1:]
