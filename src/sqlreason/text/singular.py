"""The singular of an English noun, as names of tables have them."""

import re

_UNCHANGED = ("ss", "us", "is", "news", "series", "species", "gas", "bus")
_IRREGULAR = {
    "people": "person", "children": "child", "men": "man", "women": "woman", "movies": "movie", "cookies": "cookie",
}  # fmt: skip


def singularise(word: str) -> str:
    """Return the singular of a word in lower case, or the word as it is.

    Example:
        >>> [singularise(word) for word in ("addresses", "companies", "people", "status")]
        ['address', 'company', 'person', 'status']
    """
    if word in _IRREGULAR or len(word) < 4 or word.endswith(_UNCHANGED) or not word.endswith("s"):
        return _IRREGULAR.get(word, word)
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    return word[:-2] if re.search(r"(ss|x|z|ch|sh|us)es$", word) else word[:-1]
