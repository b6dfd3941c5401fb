"""The grammar of an answer, ``<think>…</think><sql>…</sql>``, and the one strict parser for it.

Rewards, filters and the evaluation all read answers here, so that no two of them disagree on what is well
formed. ``normalise`` brings what providers return into the grammar, and leaves alone what could be read in
two ways.
"""

import re
from dataclasses import dataclass

from sqlreason.reasoning.extraction import bare_query, fenced_queries

TAGS = ("<think>", "</think>", "<sql>", "</sql>")

# A comment of a query; or, in the group, a string or a quoted name.
_QUOTED = re.compile(r"""--[^\n]*|/\*.*?(?:\*/|\Z)|('[^']*'|"[^"]*")""", re.DOTALL)
# A text that is one code fence.
_FENCE = re.compile(r"\s*(```|~~~)(?:(?!\1).)*\1\s*", re.DOTALL)


@dataclass(frozen=True)
class ParsedAnswer:
    """What the strict parser found in an answer.

    Attributes:
        think: The reasoning without its tags; empty unless the answer is well formed.
        sql: The query without its tags; empty unless the answer is well formed.
        reason: Why the answer is not well formed, one of ``no_think no_sql repeated_think repeated_sql
            unclosed junk_before junk_between junk_after wrong_order empty_think empty_sql``; empty if it is.
    """

    think: str
    sql: str
    reason: str

    @property
    def well_formed(self) -> bool:
        """Whether the answer follows the grammar to the letter."""
        return not self.reason


def render(think: str, sql: str) -> str:
    """An answer in the grammar."""
    return f"<think>\n{think.strip()}\n</think>\n<sql>\n{sql.strip()}\n</sql>"


def parse(text: str) -> ParsedAnswer:
    """Read an answer by the grammar; only white space may stand outside the two tags.

    What a string or a quoted name of the query holds is no tag, since no other query could ask for such a value. A tag
    anywhere else, comments and reasoning among it, is one.
    """
    shape = _without_quoted_tags(text)
    reason = _tag_fault(shape) or _place_fault(shape)
    if reason:
        return ParsedAnswer("", "", reason)
    think = text[shape.index("<think>") + len("<think>") : shape.index("</think>")].strip()
    sql = text[shape.index("<sql>") + len("<sql>") : shape.index("</sql>")].strip()
    if not think or not sql:
        return ParsedAnswer("", "", "empty_sql" if think else "empty_think")
    return ParsedAnswer(think, sql, "")


def plain_query(text: str) -> str:
    """A query that came by itself, as `render` takes it: out of its fence, and tags in its comments mere words."""
    fenced = fenced_queries(text) if _FENCE.fullmatch(text) else []
    return _QUOTED.sub(lambda part: part[1] or harmless(part[0]), fenced[0] if fenced else text)


def normalise(text: str, reasoning: str | None = None) -> str:
    """Brings an answer as providers return it into the grammar where that is unambiguous.

    Handles reasoning in a field of its own, reasoning put before the answer as a block of its own, a missing
    opening tag, SQL in a code fence or bare instead of in ``<sql>``, a fence inside ``<sql>``, a sentence behind the
    query, and the line ends of Windows.

    Args:
        text: The content of the answer.
        reasoning: What the provider returned beside it, such as ``reasoning_content``.

    Returns:
        The answer in the grammar, or ``text`` unchanged where it could be read in more than one way.
    """
    reasoning = _with_plain_ends(reasoning or "")
    answer = _without_native_trace(_with_plain_ends(text), reasoning)
    thought, separator, rest = answer.rpartition("</think>")
    think = _thought(thought, reasoning) if separator else reasoning
    if not separator and "<sql>" in rest and rest.split("<sql>")[0].strip():
        return text  # words before the query that no tag calls reasoning
    sql = _query(rest)
    rendered = render(harmless(think), sql)
    return rendered if parse(rendered).well_formed else text


def harmless(text: str) -> str:
    """Reasoning, or a comment, in which the tags that it quotes are mere words."""
    return re.sub(r"(?<!<)<++/?(think|sql)>+", r"\1", text)  # each run of brackets is looked at once


def _without_quoted_tags(text: str) -> str:
    """A text as long as this one, without the tags in strings and quoted names between its first and last SQL tag."""
    thought, closed, answer = text.partition("</think>")
    start, end = answer.find("<sql>"), answer.rfind("</sql>")
    if not 0 <= start < end:
        return text
    return f"{thought}{closed}{answer[:start]}{_blank(answer[start:end])}{answer[end:]}"


def _blank(sql: str) -> str:
    """A query in which strings and quoted names hold no bracket of a tag, as long as it was."""
    return _QUOTED.sub(lambda part: part[1].replace("<", " ") if part[1] else part[0], sql)


def _tag_fault(text: str) -> str:
    """What is wrong with the number of tags, if anything."""
    counts = {tag: text.count(tag) for tag in TAGS}
    for name in ("think", "sql"):
        opened, closed = counts[f"<{name}>"], counts[f"</{name}>"]
        if not opened and not closed:
            return f"no_{name}"
        if not opened or not closed:
            return "unclosed"
        if opened > 1 or closed > 1:
            return f"repeated_{name}"
    return ""


def _place_fault(text: str) -> str:
    """What is wrong with the place of the four tags, if anything."""
    places = [text.index(tag) for tag in TAGS]
    if places != sorted(places):
        return "wrong_order"
    if text[: places[0]].strip():
        return "junk_before"
    if text[places[1] + len("</think>") : places[2]].strip():
        return "junk_between"
    return "junk_after" if text[places[3] + len("</sql>") :].strip() else ""


def _with_plain_ends(text: str) -> str:
    return text.lstrip("\ufeff").replace("\r\n", "\n")


def _without_native_trace(text: str, reasoning: str) -> str:
    """The answer without the provider's own reasoning block, where another block follows it."""
    if not reasoning:
        return text
    head = f"<think>\n{reasoning.strip()}\n</think>"
    rest = text.lstrip()[len(head) :] if text.lstrip().startswith(head) else text
    return rest if "</think>" in rest else text


def _thought(text: str, reasoning: str) -> str:
    """The reasoning that ends where ``text`` ends; empty where blocks compete."""
    if reasoning and text.strip().removeprefix("<think>").strip() == reasoning.strip():
        return reasoning  # tags that the trace merely quotes do not count
    blocks, outside = _think_blocks(text)
    tail = outside.strip()
    opened = tail.count("<think>")
    if opened > 1 or (opened == 1 and not tail.startswith("<think>")) or "</think>" in tail:
        return ""
    last = tail.removeprefix("<think>").strip()
    if opened or not blocks:
        return last
    return blocks[-1] if not last else ""


def _think_blocks(text: str) -> tuple[list[str], str]:
    """What the closed blocks of reasoning hold, empty ones left out, and the text outside of them."""
    blocks, outside, place = [], [], 0
    while (start := text.find("<think>", place)) >= 0 and (end := text.find("</think>", start)) >= 0:
        outside.append(text[place:start])
        blocks.append(text[start + len("<think>") : end])
        place = end + len("</think>")
    return [block for block in blocks if block.strip()], "".join([*outside, text[place:]])


def _query(text: str) -> str:
    """The one query after the reasoning; empty where there is none or more than one."""
    if "<sql>" in text or "</sql>" in text:
        block = text.strip().removeprefix("<sql>").removesuffix("</sql>")
        bare = _blank(block)
        if len(block) + len("<sql></sql>") != len(text.strip()) or "<sql>" in bare or "</sql>" in bare:
            return ""
        fences = fenced_queries(block) or fenced_queries(f"{block}\n```")  # the tag closes what the fence leaves open
        return fences[0] if len(fences) == 1 else block.strip()
    fences = fenced_queries(text)
    if fences:
        return fences[0] if len(set(fences)) == 1 else ""
    return bare_query(text)
