import pytest

from sqlreason.reasoning.format import render
from sqlreason.rewards.format_reward import FormatReward, completion_text

GOOD = render("Count the users.", "SELECT COUNT(*) FROM users")

# completion, expected reward, why
CASES = [
    (GOOD, 1.0, "well formed"),
    ([{"role": "assistant", "content": GOOD}], 1.0, "well formed as a conversation"),
    ("", 0.0, "empty"),
    (
        [{"role": "assistant", "content": [{"type": "text", "text": GOOD[:9]}, {"type": "text", "text": GOOD[9:]}]}],
        1.0,
        "well formed in parts",
    ),
    ([{"role": "assistant", "content": [{"type": "text", "text": None}, "x", {}]}], 0.0, "parts that are no text"),
    (GOOD.replace("users", "\ud800"), 1.0, "half a character"),
    ([], 0.0, "no message"),
    ([{"role": "assistant", "content": None}], 0.0, "a message without content"),
    (None, 0.0, "nothing at all"),
    (42, 0.0, "not even text"),
    ("SELECT 1", 0.0, "bare query"),
    ("<think>x</think><sql>SELECT 1", 0.0, "unclosed"),
    ("<sql>SELECT 1</sql><think>x</think>", 0.0, "wrong order"),
    (GOOD + GOOD, 0.0, "two answers"),
    ("Sure! " + GOOD, 0.0, "words before"),
    ("\0" * 10_000, 0.0, "NUL bytes"),
    ("<think>" * 5_000, 0.0, "tags without end"),
]


@pytest.mark.parametrize(("completion", "expected", "why"), CASES, ids=[case[2] for case in CASES])
def test_the_format_reward_is_one_for_the_grammar_and_zero_for_all_else(completion, expected, why):
    assert FormatReward()([completion]) == [expected]


def test_reasons_stand_beside_the_scores():
    reward = FormatReward()
    reward([GOOD, "SELECT 1"])
    assert reward.last_reasons == ["well_formed", "no_think"]
    assert reward.explain(GOOD + GOOD).startswith("repeated")


def test_a_conversation_is_read_as_its_contents():
    assert completion_text([{"role": "assistant", "content": "a"}, {"role": "tool", "content": "b"}]) == "ab"
