"""Takes credentials out of texts that are logged, stored or shown, and tells whether a setting holds one.

Providers quote keys in their error messages. What is taken out: the values of environment variables that sound like
credentials, what looks like a key whoever issued it, and what is named as one; percent-encoded or split by line ends as
well. A text that says the key in other words is not recognised.
"""

import html
import os
import re
from urllib.parse import unquote

SECRET_NAME = re.compile(r"key$|(^|_)token$|secret|password|authorization|credential", re.IGNORECASE)
MARK = "[credential]"
_SHORTEST = 6  # characters; shorter values would blank out ordinary words
_TELLING = 16  # characters, from which on a value of the environment in a setting is no coincidence

# Line ends, as they are or as escapes, may stand within a key.
_BREAK = r"(?:\\[rn]|\s)*"
_GOES_ON = r"(?:[ \t]*(?:\\[rn]|[\r\n])+[ \t]*[A-Za-z0-9_\-+/=.]+)?"
# The keys of OpenAI and Anthropic, Hugging Face, Groq, xAI, Stripe.
_PREFIXED = r"\b(?:sk|hf|gsk|xai|pk|rk)[-_]{}[A-Za-z0-9_\-*]{{6,}}"
# Between a name and its value.
_SET = r"[\"'\\]{0,2}\s?[:=]\s?[\"'\\]{0,2}"
_SHAPES = (
    r"\bgithub_pat_\w{6,}",
    r"\bgh[opsur]_[A-Za-z0-9]{6,}",
    r"\bglpat-[\w\-]{6,}",
    r"\bxox[abeprs]-[A-Za-z0-9\-]{6,}",
    r"\bAIza[\w\-]{20,}",
    r"\b(?:AKIA|ASIA)[A-Z0-9]{10,}",
    r"\beyJ[\w\-]{8,}(?:\.[\w\-]+)+",  # a JSON web token
    # NVIDIA, Perplexity, Fireworks, Replicate, Cerebras, Together, npm, DigitalOcean, SendGrid; Google's for an hour
    r"\b(?:nvapi|pplx|fw|r8|csk|tgp_v1|npm|dop_v1|SG)[-_.][\w\-.]{16,}",
    r"\bya29\.[\w\-]{10,}",
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?s:.)*?(?:-----END [A-Z ]*-----|\Z)",
    r"(?P<kept>(?i:\bbearer[\s:]+))\S+",
    r"(?P<kept>(?i:\bbasic[\s:]+))(?=[a-z+/]*[A-Z0-9=])[A-Za-z0-9+/_\-]{4,}={0,2}",
    r"(?P<kept>://)[^/?#@\s]+(?=@)",
    rf"(?P<kept>(?i:\bcookie{_SET}))[^\r\n\"')]{{4,}}",
    rf"(?P<kept>(?i:\bauthorization{_SET}(?!bearer|basic)[a-z\-]{{1,20}}\s))(?=\S{{0,99}}\d)[^\s\"'\\]{{4,}}",
    # in a sentence: only what has digits and letters, as no word has
    r"(?P<kept>(?i:\b(?:key|token|password|secret)(?:[ ](?:provided|given|supplied|used|is|was|value|of)){0,3})"
    r"[ ]?:?[ ]?[\"'`(]?)(?=[^\s\"'`]{0,99}\d)(?=[^\s\"'`]{0,99}[A-Za-z])[A-Za-z0-9+/_\-=*]{8,}",
    # behind its name, in an address, a header, JSON or Python
    r"(?P<kept>(?i:(?<![a-z])(?:(?:api|access|secret|private|auth|client|session|subscription)[-_ ]?)?(?:key|token"
    r"|secret|sig|signature|passw(?:or)?d|pwd|authorization)(?:[-_ ]?(?:id|key))?)"
    r"[\"'\\]{0,8}\s*(?:=|:|=>)\s*[\"'\\]{0,8})"
    r"(?!(?i:bearer|basic)\b)[^\s\"'\\&,;<>(){}]{4,}",
    # … where it is the end of a longer word
    rf"(?P<kept>(?:(?i:passw(?:or)?d|passphrase|secret|credentials?)|[a-z]Key){_SET})"
    r"[^\s\"'\\&,;<>(){}]{4,}",
)
_ESCAPED = re.compile(r"\\u(00[0-9A-Fa-f]{2})")
_CLEANING = tuple(re.compile(shape + _GOES_ON) for shape in (_PREFIXED.format(""), *_SHAPES))
_TELLTALE = tuple(re.compile(shape) for shape in (_PREFIXED.format(r"(?=[\w\-]{0,99}\d)"), *_SHAPES))


def redact(text: str) -> str:
    """The text with every credential replaced by a mark; escapes that hide one are resolved."""
    cleaned = _clean(text)
    plain = _resolved(cleaned)
    return again if (again := _clean(plain)) != plain else cleaned


def holds_credential(text: str) -> bool:
    """Whether a setting holds a credential, as far as that can be told from a value alone."""
    plain = _resolved(text)
    shaped = any(shape.search(plain) for shape in _TELLTALE)
    return shaped or any(re.search(_broken(value), plain) for value in _secrets() if len(value) >= _TELLING)


def _clean(text: str) -> str:
    for value in sorted(_secrets(), key=len, reverse=True):
        text = re.sub(_broken(value), MARK, text)
    for shape in _CLEANING:
        text = shape.sub(lambda found: (found.groupdict().get("kept") or "") + MARK, text)
    return text


def _resolved(text: str) -> str:
    """The text without the escapes of addresses, HTML and JSON, also where it was escaped more than once."""
    for _ in range(4):
        text = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), html.unescape(unquote(text)))
    return text


def _broken(value: str) -> str:
    """An expression for a value that line ends may split; addresses spell blanks by signs of addition."""
    return _BREAK.join("[ +]" if letter == " " else re.escape(letter) for letter in value)


def _secrets() -> list[str]:
    """Values of environment variables that are named like credentials."""
    return [v for name, v in os.environ.items() if SECRET_NAME.search(name) and len(v) >= _SHORTEST]
