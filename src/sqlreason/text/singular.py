"""The singular of an English noun, as names of tables have them."""

import re

_UNCHANGED = ("ss", "us", "is", "news", "series", "species", "gas", "bus")
#: Plurals that no rule leads back.
IRREGULAR = {
    "people": "person", "children": "child", "men": "man", "women": "woman", "movies": "movie", "cookies": "cookie",
    "aliases": "alias", "canvases": "canvas", "atlases": "atlas", "biases": "bias", "gases": "gas", "mice": "mouse",
    "feet": "foot", "teeth": "tooth", "geese": "goose", "criteria": "criterion", "phenomena": "phenomenon",
    "indices": "index", "matrices": "matrix", "vertices": "vertex", "analyses": "analysis", "diagnoses": "diagnosis",
    "theses": "thesis", "hypotheses": "hypothesis", "crises": "crisis", "wives": "wife", "knives": "knife",
    "leaves": "leaf", "shelves": "shelf", "halves": "half", "wolves": "wolf", "heroes": "hero", "potatoes": "potato",
    "tomatoes": "tomato", "ties": "tie", "pies": "pie", "clothes": "clothes", "quizzes": "quiz", "caches": "cache",
}  # fmt: skip


def singularise(word: str) -> str:
    """Return the singular of a word in lower case, or the word as it is.

    Example:
        >>> [singularise(word) for word in ("addresses", "companies", "people", "status")]
        ['address', 'company', 'person', 'status']
    """
    if word in IRREGULAR or len(word) < 4 or word.endswith(_UNCHANGED) or not word.endswith("s"):
        return IRREGULAR.get(word, word)
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    return word[:-2] if re.search(r"(ss|x|ch|sh|(?<![aeo])us)es$", word) else word[:-1]
