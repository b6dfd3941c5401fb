"""English for conditions: relative clauses, where clauses and with phrases, one or two filters at a time."""

import random
from collections.abc import Mapping

from sqlreason.synthesis.drawing.query_context import callings
from sqlreason.synthesis.drawing.query_parts import Condition, Filter
from sqlreason.synthesis.english import article, be, enumerate_words
from sqlreason.synthesis.wording.phrases import flag_of, name_use, say_value, with_unit

Templates = Mapping[str, tuple[str, ...]]

# What may follow `whose` or `where the`: {x} column, {v} literal, {is} the verb's form.
_PREDICATES: Templates = {
    "=": ("{x} {is} {v}", "{x} {is} {v}", "{x} {is} {v}", "{x} equals {v}"),
    "<>": ("{x} {is} not {v}", "{x} {is} anything but {v}", "{x} {is} other than {v}", "{x} differs from {v}"),
    ">": (
        "{x} {is} above {v}", "{x} {is} greater than {v}", "{x} {is} more than {v}", "{x} {is} over {v}",
        "{x} exceeds {v}",
    ),
    "<": ("{x} {is} below {v}", "{x} {is} less than {v}", "{x} {is} under {v}", "{x} {is} lower than {v}"),
    ">=": ("{x} {is} at least {v}", "{x} {is} {v} or more", "{x} {is} no less than {v}", "{x} {is} {v} or higher"),
    "<=": ("{x} {is} at most {v}", "{x} {is} {v} or less", "{x} {is} no more than {v}", "{x} {is} {v} or lower"),
    "between": ("{x} {is} between {v} and {w}", "{x} lies between {v} and {w}", "{x} ranges from {v} to {w}"),
    "in": ("{x} {is} {either}", "{x} {is} one of {all}", "{x} {is} {either}"),
    "not in": ("{x} {is} neither {v} nor {w}", "{x} {is} none of {all}"),
    "prefix": ("{x} starts with {q}", "{x} begins with {q}"),
    "suffix": ("{x} ends with {q}", "{x} ends in {q}"),
    "contains": ("{x} contains {q}", "{x} includes {q}", "{x} has {q} in it"),
    "null": ("{x} {is} missing", "{x} {is} not recorded", "{x} {is} unknown", "{x} {is} not given"),
    "not null": ("{x} {is} recorded", "{x} {is} known", "{x} {is} given", "{x} {is} not missing"),
}  # fmt: skip
_DATE_PREDICATES: Templates = {
    "=": ("{x} {is} {v}", "{x} {is} exactly {v}"),
    ">": ("{x} {is} after {v}", "{x} {is} later than {v}"),
    "<": ("{x} {is} before {v}", "{x} {is} earlier than {v}"),
    ">=": ("{x} {is} on or after {v}", "{x} {is} {v} or later"),
    "<=": ("{x} {is} on or before {v}", "{x} {is} {v} or earlier"),
    "between": ("{x} {is} between {v} and {w}", "{x} falls between {v} and {w}", "{x} lies from {v} to {w}"),
    "year": ("{x} {is} in {year}", "{x} falls in {year}", "{x} lies in the year {year}"),
    "month": ("{x} {is} in {month}", "{x} falls in {month}"),
}
# What may follow the noun with `with`: {a} is an article.
_PHRASES: Templates = {
    "=": ("{x} {v}", "{x} {v}", "the {x} {v}", "{v} as {x}", "{x} equal to {v}"),
    "<>": ("{a} {x} other than {v}", "{x} different from {v}"),
    ">": ("{a} {x} above {v}", "{a} {x} over {v}", "{x} greater than {v}", "{a} {x} of more than {v}"),
    "<": ("{a} {x} below {v}", "{a} {x} under {v}", "{x} less than {v}", "{a} {x} of less than {v}"),
    ">=": ("{a} {x} of at least {v}", "{a} {x} of {v} or more"),
    "<=": ("{a} {x} of at most {v}", "{a} {x} of {v} or less"),
    "between": ("{a} {x} between {v} and {w}", "{a} {x} from {v} to {w}"),
    "in": ("{x} {either}", "{either} as {x}"),
    "not in": ("{a} {x} other than {either}",),
    "prefix": ("{a} {x} starting with {q}", "{a} {x} beginning with {q}", "{a} {x} that starts with {q}"),
    "suffix": ("{a} {x} ending in {q}", "{a} {x} that ends with {q}"),
    "contains": ("{a} {x} containing {q}", "{q} in the {x}", "{a} {x} that contains {q}"),
    "null": ("no {x}", "no recorded {x}", "a missing {x}", "an unknown {x}"),
    "not null": ("a known {x}", "a recorded {x}", "some {x} given"),
}  # fmt: skip
_DATE_PHRASES: Templates = {
    "=": ("{x} {v}", "the {x} {v}"),
    ">": ("{a} {x} after {v}", "{a} {x} later than {v}"),
    "<": ("{a} {x} before {v}", "{a} {x} earlier than {v}"),
    ">=": ("{a} {x} on or after {v}", "{a} {x} of {v} or later"),
    "<=": ("{a} {x} on or before {v}", "{a} {x} of {v} or earlier"),
    "between": ("{a} {x} between {v} and {w}", "{a} {x} from {v} to {w}"),
    "year": ("{a} {x} in {year}", "{a} {x} in the year {year}"),
    "month": ("{a} {x} in {month}",),
}
_NUMBER_EQUALITY: Templates = {"=": ("{a} {x} of {v}", "{x} equal to {v}", "{a} {x} of exactly {v}")}
_KEY_EQUALITY: Templates = {"=": ("{x} {v}", "{x} {v}", "the {x} {v}")}
_FLAG_PREDICATES = {
    True: ("{x} flag is set", "{x} flag is true", "{x} field is true"),
    False: ("{x} flag is not set", "{x} flag is false", "{x} field is false"),
}
_FLAG_PHRASES = {
    True: ("the {x} flag set", "{x} set to true", "{x} true"),
    False: ("the {x} flag not set", "{x} set to false", "{x} false"),
}
_MARKS = {True: ("marked as {x}", "flagged as {x}"), False: ("not marked as {x}", "not flagged as {x}")}
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


def after_noun(condition: Condition | None, rng: random.Random) -> str:
    """Return a condition to stand after the noun it restricts, with a leading blank; nothing for None."""
    if condition is None:
        return ""
    short = _short_form(condition, rng)
    if short:
        return f" {short}"
    style = rng.choice(("whose", "with", "where", "whose", "with", "for which"))
    link = f" {condition.connective} "
    if style == "with":
        again = "with " if rng.random() < 0.5 or condition.connective == "or" else ""
        return f" with {f'{link}{again}'.join(_phrase(item, rng) for item in condition.filters)}"
    opening = style if style == "whose" else f"{style} the"
    again = f"{opening} " if style == "whose" else "the "
    return f" {opening} {f'{link}{again}'.join(_predicate(item, rng) for item in condition.filters)}"


def _short_form(condition: Condition, rng: random.Random) -> str:
    """Return `named Ada` or `marked as organic` for a single filter that has such a form."""
    item = condition.filters[0]
    column = item.use.column
    if len(condition.filters) > 1 or item.use.owner or item.operator != "=" or rng.random() < 0.4:
        return ""
    if callings(item.use.table) == [column] and column.phrase.split()[-1] in ("name", "title"):
        verb = ("titled",) if column.phrase.endswith("title") else ("named", "called", "with the name")
        return f"{rng.choice(verb)} {say_value(item.values[0], rng)}"
    if column.kind == "bool" and column.name.startswith("is_"):
        return rng.choice(_MARKS[bool(item.values[0])]).format(x=flag_of(item.use))
    return ""


def _predicate(item: Filter, rng: random.Random) -> str:
    """Return a filter as a subject and a verb, without an article."""
    return _realise(item, rng, _PREDICATES, _DATE_PREDICATES, _FLAG_PREDICATES)


def _phrase(item: Filter, rng: random.Random) -> str:
    """Return a filter as what may follow `with`."""
    return _realise(item, rng, _PHRASES, _DATE_PHRASES, _FLAG_PHRASES)


def _realise(
    item: Filter, rng: random.Random, templates: Templates, dated: Templates, flags: Mapping[bool, tuple[str, ...]]
) -> str:
    """Fill one of the templates for the filter's operator."""
    column = item.use.column
    if column.kind == "bool" and item.values:
        return rng.choice(flags[bool(item.values[0])]).format(x=flag_of(item.use))
    options = dated if (column.kind == "date" or column.is_year) and item.operator in dated else templates
    if templates is _PHRASES and item.operator == "=" and not column.is_text:
        options = _KEY_EQUALITY if column.kind == "key" else _NUMBER_EQUALITY if column.is_measure else options
    name, choices = name_use(item.use), options[item.operator]
    if item.operator == "null" and templates is _PHRASES and name.startswith("number "):
        choices = tuple(choice for choice in choices if not choice.startswith("no "))
    words_by_name = {"x": name, "is": be(name), "a": article(name)} | _say_values(item, rng)
    return " ".join(rng.choice(choices).format(**words_by_name).split())


def _say_values(item: Filter, rng: random.Random) -> dict[str, str]:
    """Return the literals of a filter in the forms that templates ask for."""
    if not item.values:
        return {}
    quoted = 0.35 if rng.random() < 0.5 else 0.0
    share = float(rng.random() < quoted)
    words = [say_value(value, rng, share) for value in item.values]
    first, last = words[0], words[-1]
    if item.operator in ("year", "month"):
        number = int(str(item.values[0])[5:7])
        return {"year": first.strip("'")[:4], "month": f"{_MONTHS[number - 1]} {str(item.values[0])[:4]}"}
    if item.use.column.is_measure:
        first, last = (with_unit(first, item.use, rng) if len(words) == 1 else first), with_unit(last, item.use, rng)
    return {
        "v": first, "w": last, "q": f"'{item.values[0]}'",
        "either": enumerate_words(words, "or"), "all": ", ".join(words),
    }  # fmt: skip
