"""The grammar of an answer, ``<think>…</think><sql>…</sql>``, and the one strict parser for it.

Rewards, filters and the evaluation all read answers here, so that no two of them disagree on what is well
formed. ``normalise`` brings what providers return into the grammar, and leaves alone what could be read in
two ways.
"""

import re
from dataclasses import dataclass

TAGS = ("<think>", "</think>", "<sql>", "</sql>")

_FENCE = re.compile(r"```[ \t]*(?:sql\w*|mysql|postgres\w*)?[ \t]*\n(.*?)```", re.DOTALL | re.IGNORECASE)
_BLOCK = re.compile(r"<think>(.*?)</think>", re.DOTALL)
_SQL_BLOCK = re.compile(r"<sql>(.*?)</sql>", re.DOTALL)
_SQL_START = re.compile(r"\s*(SELECT|WITH|INSERT|UPDATE|DELETE|CREATE|DROP|ALTER)\b[^`<]*\Z", re.IGNORECASE)


@dataclass(frozen=True)
class Reading:
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


def parse(text: str) -> Reading:
    """Reads an answer by the grammar; only white space may stand outside the two tags."""
    reason = _tag_fault(text) or _place_fault(text)
    if reason:
        return Reading("", "", reason)
    think = text[text.index("<think>") + len("<think>") : text.index("</think>")].strip()
    sql = text[text.index("<sql>") + len("<sql>") : text.index("</sql>")].strip()
    if not think or not sql:
        return Reading("", "", "empty_sql" if think else "empty_think")
    return Reading(think, sql, "")


def normalise(text: str, reasoning: str | None = None) -> str:
    """Brings an answer as providers return it into the grammar where that is unambiguous.

    Handles reasoning in a field of its own, reasoning put before the answer as a block of its own, a missing
    opening tag, SQL in a code fence or bare instead of in ``<sql>``, and a fence inside ``<sql>``.

    Args:
        text: The content of the answer.
        reasoning: What the provider returned beside it, such as ``reasoning_content``.

    Returns:
        The answer in the grammar, or ``text`` unchanged where it could be read in more than one way.
    """
    answer = _without_native_trace(text, reasoning)
    thought, separator, rest = answer.rpartition("</think>")
    think = _thought(thought, reasoning) if separator else (reasoning or "")
    if not separator and "<sql>" in rest and rest.split("<sql>")[0].strip():
        return text  # words before the query that no tag calls reasoning
    sql = _query(rest)
    rendered = render(_harmless(think), sql)
    return rendered if parse(rendered).well_formed else text


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


def _without_native_trace(text: str, reasoning: str | None) -> str:
    """The answer without the provider's own reasoning block, where another block follows it."""
    if not reasoning:
        return text
    head = f"<think>\n{reasoning.strip()}\n</think>"
    rest = text.lstrip()[len(head) :] if text.lstrip().startswith(head) else text
    return rest if "</think>" in rest else text


def _thought(text: str, reasoning: str | None) -> str:
    """The reasoning that ends where ``text`` ends; empty where blocks compete."""
    if reasoning and text.strip().removeprefix("<think>").strip() == reasoning.strip():
        return reasoning  # tags that the trace merely quotes do not count
    blocks = [block for block in _BLOCK.findall(text) if block.strip()]
    tail = _BLOCK.sub("", text).strip()
    opened = tail.count("<think>")
    if opened > 1 or (opened == 1 and not tail.startswith("<think>")) or "</think>" in tail:
        return ""
    last = tail.removeprefix("<think>").strip()
    if opened or not blocks:
        return last
    return blocks[-1] if not last else ""


def _query(text: str) -> str:
    """The one query after the reasoning; empty where there is none or more than one."""
    fences = [part.strip() for part in _FENCE.findall(text)]
    if "<sql>" in text or "</sql>" in text:
        blocks = _SQL_BLOCK.findall(text)
        if len(blocks) != 1 or _SQL_BLOCK.sub("", text).strip():
            return ""
        return fences[0] if len(fences) == 1 else blocks[0].strip()
    if len(set(fences)) == 1:
        return fences[0]
    return text.strip() if not fences and _SQL_START.match(text) else ""


def _harmless(text: str) -> str:
    """Reasoning in which quoted tags are mere words."""
    return re.sub(r"</?(think|sql)>", r"\1", text)
