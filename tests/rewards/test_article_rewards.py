import pickle

import pytest

from sqlreason.reasoning.format import render
from sqlreason.rewards import REWARDS

CONTEXT = """
CREATE TABLE users (id INT PRIMARY KEY, name VARCHAR(40), age INT);
INSERT INTO users VALUES (1, 'Ada', 36), (2, 'Bob', 25), (3, 'Cy', 41);
"""
GOLD = "SELECT name FROM users WHERE age > 30"
ARTICLE = ("match_format_exactly", "match_format_approximately", "check_sql_reward")


@pytest.fixture(scope="module")
def rewards():
    made = [REWARDS[name]() for name in ARTICLE]
    yield made
    made[-1].close()


def total(rewards, completion, gold=GOLD) -> float:
    return sum(reward([completion], sql_context=[CONTEXT], sql=[gold])[0] for reward in rewards)


def answer(sql: str) -> str:
    return render("The users older than 30.", sql)


# query, the article's total, why; measured on the article's own code
TOTALS = [
    (GOLD, 4.0, "the gold's own text"),
    ("SELECT u.name FROM users AS u WHERE u.age >= 31", 2.8, "right but worded otherwise"),
    ("SELECT 1", 2.8, "reads nothing"),
    ("SELECT id FROM users WHERE age > 30", 2.8, "the wrong column"),
    ("DROP TABLE users", 2.8, "destroys the table"),
    ("SELECT nothing FROM users", 0.1, "does not run"),
    ("SELEC name FROM users", 0.1, "is not SQL"),
]


@pytest.mark.parametrize(("sql", "expected", "why"), TOTALS, ids=[case[2] for case in TOTALS])
def test_the_articles_totals_are_kept_blindness_included(rewards, sql, expected, why):
    assert total(rewards, answer(sql)) == pytest.approx(expected)


def test_a_dropped_table_is_back_for_the_next_completion(rewards):
    check = rewards[-1]
    batch = [answer("DROP TABLE users"), answer(GOLD)]
    assert check(batch, sql_context=[CONTEXT] * 2, sql=[GOLD] * 2) == pytest.approx([1.2, 2.4])


def test_what_wrote_a_host_file_there_fails_here(rewards, tmp_path):
    target = tmp_path / "leak.csv"
    check = rewards[-1]
    for sql in (f"COPY users TO '{target}'", f"VACUUM INTO '{target}'", f"ATTACH '{target}' AS x"):
        assert check([answer(sql)], sql_context=[CONTEXT], sql=[GOLD]) == [-1.5]
    assert not target.exists()


@pytest.mark.parametrize(
    ("completion", "exact", "approximate", "why"),
    [
        (answer(GOLD), 1.1, 0.5, "all four tags"),
        ("Sure:\n" + answer(GOLD) + "\nDone.", 1.1, 0.5, "words around go unnoticed"),
        ("", 0.0, -4.0, "no tag"),
        ("<think>\nx\n</think>", 0.0, 0.125 - 3, "no line break behind the second tag"),
        (answer(GOLD) + "\n<sql>\n", 1.1, 3 * 0.125 - 1, "a fifth tag"),
        ("<think>x</think><sql>SELECT 1</sql>", 0.0, -4.0, "tags not on lines of their own"),
        ("\0" * 10_000, 0.0, -4.0, "NUL bytes"),
    ],
)
def test_the_formats_are_scored_by_the_articles_rules(rewards, completion, exact, approximate, why):
    assert rewards[0]([completion]) == [exact]
    assert rewards[1]([completion]) == pytest.approx([approximate])


def test_an_answer_without_a_query_is_neither_paid_nor_fined(rewards):
    assert rewards[-1](["no tags"], sql_context=[CONTEXT], sql=[GOLD]) == [0.0]


def test_outer_spaces_of_the_gold_cost_half_a_point(rewards):
    check = rewards[-1]
    assert check([answer(GOLD)], sql_context=[CONTEXT], sql=[f" {GOLD}\n"]) == pytest.approx([1.9])


def test_missing_columns_are_named(rewards):
    with pytest.raises(ValueError, match=r"'sql_context' and 'gold_sql' .*; the batch has \['answer'\]"):
        rewards[-1]([answer(GOLD)], answer=[GOLD])


def test_the_check_survives_pickling_with_an_open_verifier(rewards):
    total(rewards, answer(GOLD))
    copy = pickle.loads(pickle.dumps(rewards[-1]))
    try:
        assert copy([answer(GOLD)], sql_context=[CONTEXT], sql=[GOLD]) == pytest.approx([2.4])
    finally:
        copy.close()
