"""Takes credentials out of texts that are logged, stored or shown.

Providers quote keys in their error messages. What is taken out: the values of environment variables that sound like
credentials, and what looks like a key whoever issued it. A text that says the key in other words is not recognised.
"""

import os
import re

SECRET_NAME = re.compile(r"key$|(^|_)token$|secret|password|authorization|credential", re.IGNORECASE)
# Prefixes of the keys of OpenAI and Anthropic, Hugging Face, Groq, xAI, Google, Mistral-like bearer tokens; passwords
# in addresses.
_SHAPES = (
    re.compile(r"\b(?:sk|hf|gsk|xai|pk|rk)[-_][A-Za-z0-9_\-]{6,}"),
    re.compile(r"\bAIza[0-9A-Za-z_\-]{20,}"),
    re.compile(r"(?i)(?<=bearer )\S+"),
    re.compile(r"(?<=://)[^/@\s:]+:[^/@\s]+(?=@)"),
)
_SHORTEST = 6  # characters; shorter values would blank out ordinary words
MARK = "[credential]"


def redact(text: str) -> str:
    """The text with every credential replaced by a mark."""
    for value in sorted(_secrets(), key=len, reverse=True):
        text = text.replace(value, MARK)
    for shape in _SHAPES:
        text = shape.sub(MARK, text)
    return text


def _secrets() -> list[str]:
    """Values of environment variables that are named like credentials."""
    return [v for name, v in os.environ.items() if SECRET_NAME.search(name) and len(v) >= _SHORTEST]
