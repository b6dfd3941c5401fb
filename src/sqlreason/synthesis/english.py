"""The little English that questions need: plurals, copulas, articles, phrases out of column names."""

import re

_ABBREVIATIONS = {
    "qty": "quantity",
    "amt": "amount",
    "num": "number",
    "pct": "percent",
    "dept": "department",
    "addr": "address",
    "cust": "customer",
    "emp": "employee",
    "desc": "description",
    "avg": "average",
    "no": "number",
    "dob": "birth date",
}
# Endings of column names that only say "this is a key".
_KEY_ENDINGS = ("id", "no", "code", "number", "ref", "key", "num", "nr", "tag", "pk", "fk")
_PREPOSITIONS = frozenset(["to", "by", "at", "from", "in", "on", "of", "for", "with"])
_UNCOUNTABLE = frozenset([
    "weight", "height", "staff", "equipment", "stock", "data", "information", "species", "series",
])  # fmt: skip


def split_words(name: str) -> list[str]:
    """Split a snake_case or camelCase name into lower-case words."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).replace("_", " ")
    return spaced.lower().split()


def phrase_of(name: str) -> str:
    """Return the English phrase behind a column name, with common abbreviations spelled out."""
    return " ".join(_ABBREVIATIONS.get(word, word) for word in split_words(name))


def role_of(phrase: str, noun: str, to_itself: bool) -> str:
    """Return the noun of the row that a foreign key points to: manager, home team, or the table's own noun.

    The column's own words are used where they say more than the noun; prepositions (sold by) and bare keys do not.
    """
    words = phrase.lower().split()
    if len(words) > 1 and words[-1] in _KEY_ENDINGS:
        words = words[:-1]
    stem = " ".join(words)
    if not words or words[-1] in _KEY_ENDINGS or words[-1] in _PREPOSITIONS:
        return f"related {noun}" if to_itself else noun
    if to_itself:
        return f"parent {noun}" if stem in ("parent", noun) else stem
    return noun if stem in noun.lower() or (noun.lower() in stem and len(words) == 1) else stem


def is_plural(phrase: str) -> bool:
    """Return whether the phrase's last word reads as a plural."""
    last = _head(phrase).split()[-1].lower()
    if last in _UNCOUNTABLE:
        return False
    return last.endswith("s") and not last.endswith(("ss", "us", "is", "gas")) and len(last) > 3


def _head(phrase: str) -> str:
    """Return a phrase up to its first preposition: the part whose last word carries the number."""
    return re.split(r" (?:of|in|per|on|at|for|to|with|from) ", phrase)[0]


def be(phrase: str) -> str:
    """Return the form of *to be* that agrees with the phrase."""
    return "are" if is_plural(phrase) else "is"


def pluralise(phrase: str) -> str:
    """Return the plural of a phrase by its head word, or the phrase as it is where it is plural already."""
    start = _head(phrase)
    head, _, last = start.rpartition(" ")
    if is_plural(phrase) or last in _UNCOUNTABLE or not last.isalpha():
        return phrase
    if re.search(r"[^aeiou]y$", last):
        last = last[:-1] + "ies"
    elif last.endswith("sis"):
        last = last[:-2] + "es"
    elif re.search(r"(s|x|z|ch|sh)$", last):
        last += "es"
    else:
        last += "s"
    return f"{head} {last}".strip() + phrase[len(start) :]


def article(phrase: str) -> str:
    """Return `a` or `an`, or nothing before a plural."""
    if is_plural(phrase):
        return ""
    vowel = re.match(r"(?i)(?!uni|use|usa|eu|one)[aeiou]|hour|honou?r", phrase)
    return "an" if vowel else "a"


def enumerate_words(items: list[str], word: str = "and") -> str:
    """Join words as English does: `a`, `a and b`, `a, b and c`."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {word} {items[-1]}"
