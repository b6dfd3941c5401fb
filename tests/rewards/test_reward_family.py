"""Every reward on the same good and bad answers; each a total function that survives pickling."""

import pickle

import pytest

from sqlreason.reasoning.format import render
from sqlreason.rewards import EXECUTING, REWARDS, add_up, make_rewards
from sqlreason.rewards.length import LengthReward
from sqlreason.rewards.reasoning import ReasoningReward
from sqlreason.rewards.similarity import TeacherSimilarityReward
from sqlreason.sql.verifier import Task

CONTEXT = """
CREATE TABLE users (id INT PRIMARY KEY, name VARCHAR(40), age INT, city VARCHAR(40));
CREATE TABLE pets (id INT PRIMARY KEY, user_id INT REFERENCES users (id), kind VARCHAR(20));
INSERT INTO users VALUES
    (1, 'Ada', 36, 'Rome'), (2, 'Bob', 25, 'Oslo'), (3, 'Cy', 41, 'Rome'), (4, 'Di', 19, 'Bern'), (5, 'Ed', 52, 'Oslo');
INSERT INTO pets VALUES (1, 1, 'cat'), (2, 3, 'dog');
"""
GOLD = "SELECT name, age FROM users WHERE age > 30 ORDER BY age"
PLAN = "Read the rows of users. Keep rows where age is above 30. Return name and age, sorted by age."
RIGHT = "SELECT name, age FROM users WHERE NOT age <= 30 ORDER BY 2"
COLUMNS = {"sql_context": CONTEXT, "gold_sql": GOLD, "teacher_think": PLAN}
NASTY = [
    "", "\0", "\ud800", "<think>" * 2_000, render(PLAN, "(" * 3_000), render("\ud800", "SELECT '\ud800'"), None, 42, [],
    render("x", "SELECT " + "1," * 5_000 + "1"), "﹤sql﹥SELECT 1", render("`" * 99, "`"), [{"role": "assistant"}],
]  # fmt: skip


@pytest.fixture(scope="module")
def rewards():
    made = {name: make() for name, make in REWARDS.items()}
    yield made
    for name in EXECUTING:
        made[name].close()


def score(reward, sql, think=PLAN, **columns):
    row = {name: [value] for name, value in {**COLUMNS, **columns}.items()}
    return reward([render(think, sql)], **row)[0]


def score_order(reward, gold, way):
    answer = render(PLAN, f"SELECT name, age FROM users ORDER BY age {way}")
    return reward([answer], sql_context=[CONTEXT], sql=[gold])[0]


@pytest.mark.parametrize("name", REWARDS)
def test_every_text_gives_a_number_and_a_reason(rewards, name):
    columns = {column: [value] * len(NASTY) for column, value in COLUMNS.items()}
    scores = rewards[name](NASTY, **columns)
    assert len(scores) == len(NASTY) and all(isinstance(value, float | int) for value in scores)
    reasons = getattr(rewards[name], "last_reasons", None)
    assert reasons is None or (len(reasons) == len(NASTY) and all(reasons))


@pytest.mark.parametrize("name", ["execution", "arctic", "sql_r1", "partial", "reasoning"])
def test_a_broken_row_gives_none_and_ends_nothing(rewards, name):
    assert rewards[name]([render(PLAN, GOLD)], task=["{broken"]) == [None]
    assert rewards[name].last_reasons[0].startswith("unusable:")


@pytest.mark.parametrize("name", REWARDS)
def test_a_reward_is_the_same_after_pickling(rewards, name):
    before = score(rewards[name], RIGHT)
    copy = pickle.loads(pickle.dumps(rewards[name]))
    try:
        assert score(copy, RIGHT) == before
    finally:
        getattr(copy, "close", lambda: None)()


# query, arctic, SQL-R1 without its length part, lowest and highest of partial, why
PUBLISHED = [
    (RIGHT, 1.0, 6.0, 1.0, 1.0, "right in other words"),
    (GOLD.replace("30", "30 AND name <> '<sql>'"), 1.0, 6.0, 1.0, 1.0, "right beside a tag in a string"),
    ("SELECT name, age FROM users WHERE age > 19 ORDER BY age", 0.1, 0.0, 0.5, 0.9, "a row too many"),
    ("SELECT name, age FROM users WHERE age > 30 ORDER BY age DESC", 0.1, 0.0, 0.5, 0.8, "the other way round"),
    ("SELECT city FROM users", 0.1, 0.0, 0.0, 0.4, "another column"),
    ("SELECT 1", 0.1, 0.0, 0.0, 0.0, "reads nothing"),
    ("SELECT nothing FROM users", 0.0, -1.0, 0.0, 0.0, "does not run"),
    ("DROP TABLE users", 0.0, -1.0, 0.0, 0.0, "writes"),
]


@pytest.mark.parametrize(("sql", "arctic", "sql_r1", "low", "high", "why"), PUBLISHED, ids=[c[-1] for c in PUBLISHED])
def test_published_formulas(rewards, sql, arctic, sql_r1, low, high, why):
    assert score(rewards["arctic"], sql) == arctic
    text = render(PLAN, sql)
    length = 0.5 * len(text) / 2048 + len(sql) / len(f"<sql>\n{sql}\n</sql>") if sql_r1 == 6 else 0.0
    assert score(rewards["sql_r1"], sql) == pytest.approx(sql_r1 + length)
    assert low <= score(rewards["partial"], sql) <= high


def test_an_answer_outside_of_the_grammar_costs_a_point_with_sql_r1_and_nothing_elsewhere(rewards):
    columns = {name: [value] for name, value in COLUMNS.items()}
    given = {name: rewards[name]([GOLD], **columns)[0] for name in ("arctic", "sql_r1", "partial", "execution")}
    assert given == {"arctic": 0.0, "sql_r1": -1.0, "partial": 0.0, "execution": 0.0}


def test_partial_rewards_the_order_of_rows_only_where_the_gold_orders(rewards):
    near, turned = ("SELECT age, name FROM users WHERE age > 30 ORDER BY age", "DESC")
    assert score(rewards["partial"], f"{near} {turned}") == score(rewards["partial"], near)  # no row is shared
    partial, free = rewards["partial"], GOLD.replace(" ORDER BY age", "")
    assert score_order(partial, GOLD, "ASC") > score_order(partial, GOLD, "DESC")
    assert score_order(partial, free, "ASC") == score_order(partial, free, "DESC")


def test_partial_reads_the_gold_in_its_own_dialect(rewards):
    task = Task("", "SELECT TOP 3 name, age FROM users ORDER BY age", (CONTEXT,), reading="tsql").to_json()
    answers = [
        render(PLAN, f"SELECT name, age FROM users WHERE age < 42 ORDER BY age {way}") for way in ("ASC", "DESC")
    ]
    right, turned = rewards["partial"](answers, task=[task, task])
    assert right > turned


PLANS = [
    (PLAN, 0.99, 1.0, "planned", "names and tells all"),
    ("Count on me.", 0.0, 0.2, "unplanned", "names nothing"),
    (PLAN + " Join pets by user_id, kind, id and city.", 0.5, 0.9, "planned", "names all of the schema"),
    (PLAN.replace("age", "user_age"), 0.0, 0.8, "invented:user_age", "names what is not there"),
]


@pytest.mark.parametrize(("think", "low", "high", "reason", "why"), PLANS, ids=[case[-1] for case in PLANS])
def test_a_plan_is_paid_for_what_the_query_uses(rewards, think, low, high, reason, why):
    assert low <= score(rewards["reasoning"], GOLD, think) <= high
    assert rewards["reasoning"].last_reasons == [reason]


def test_reasoning_says_nothing_about_a_schema_that_it_cannot_read():
    reward = ReasoningReward()
    assert reward([render(PLAN, GOLD)], sql_context=["not a schema"], sql=[GOLD]) == [None]
    assert reward.last_reasons == ["unusable:schema_error"]


def test_likeness_to_the_teacher_grows_with_shared_words_and_names_its_embedding():
    reward = TeacherSimilarityReward()
    near = score(reward, GOLD, PLAN.replace("above", "more than"))
    assert score(reward, GOLD) == pytest.approx(1.0)
    assert score(reward, GOLD, "Nothing in common whatsoever") < 0.2 < near < 1.0
    assert reward.last_reasons == ["hashed:similarity"]
    assert reward([render(PLAN, GOLD)], teacher_think=[""]) == [None]
    with pytest.raises(ValueError, match="'teacher_think'"):
        reward([GOLD], sql=[GOLD])


def test_likeness_by_a_sentence_transformer_asks_for_its_package():
    reward = TeacherSimilarityReward(model="no/such-model")
    with pytest.raises((ImportError, OSError, ValueError)):
        score(reward, GOLD)


def test_the_length_penalty_is_dapos():
    reward = LengthReward(max_tokens=100, buffer=0.2)
    lengths = [10, 80, 90, 100, 150]
    scores = reward([""] * 5, completion_ids=[[0] * length for length in lengths])
    assert scores == pytest.approx([0.0, 0.0, -0.5, -1.0, -1.0])
    assert reward.last_reasons == ["short_enough", "short_enough", "long", "overlong", "overlong"]
    assert reward(["x" * 4 * 90]) == pytest.approx([-0.5])
    with pytest.raises(ValueError, match="buffer=0"):
        LengthReward(buffer=0)


def test_the_limit_of_a_completion_reaches_the_length_penalty():
    (reward,) = make_rewards(["length"], max_completion_tokens=17)
    assert reward.max_tokens == 17


def test_totals_leave_out_what_does_not_apply_as_trl_does():
    scores = {"a": [1.0, None, None], "b": [2.0, 3.0, None]}
    assert add_up(scores, {"a": 1.0, "b": 0.5}) == [2.0, 1.5, None]


def test_a_group_of_right_and_wrong_answers_has_variance_in_the_total(rewards):
    columns = {name: [value] * 2 for name, value in COLUMNS.items()}
    for names in (["execution"], ["execution", "reasoning", "length"], ["arctic"], ["sql_r1"], ["partial"]):
        completions = [render(PLAN, RIGHT), render(PLAN, "SELECT city FROM users")]
        totals = add_up({n: rewards[n](completions, **columns) for n in names}, dict.fromkeys(names, 1.0))
        assert totals[0] > totals[1], names
