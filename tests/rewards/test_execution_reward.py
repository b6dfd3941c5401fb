import math
import pickle
import tracemalloc
from collections import defaultdict
from decimal import Decimal

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sqlreason.reasoning.format import render
from sqlreason.rewards import REWARDS
from sqlreason.rewards.execution import ExecutionReward, comparable
from sqlreason.rewards.judging import Judge
from sqlreason.sql.databases.preparation import prepare
from sqlreason.sql.verifier import Limits, Task, Verifier

CONTEXT = """
CREATE TABLE users (id INT PRIMARY KEY, name VARCHAR(40), age INT, city VARCHAR(40));
INSERT INTO users VALUES
    (1, 'Ada', 36, 'Rome'), (2, 'Bob', 25, 'Oslo'), (3, 'Cy', 41, 'Rome'), (4, 'Di', 19, 'Bern');
"""
GOLD = "SELECT name, age FROM users WHERE age > 30"


@pytest.fixture(scope="module")
def reward():
    made = ExecutionReward()
    yield made
    made.close()


def answer(sql: str, think: str = "The users older than 30 in the users table.") -> str:
    return render(think, sql)


def score(reward, completion, gold=GOLD, **columns) -> float | None:
    return reward([completion], sql_context=[CONTEXT], sql=[gold], **columns)[0]


# query, lowest and highest reward allowed, reason
QUERIES = [
    (GOLD, 1.0, 1.0, "agrees"),
    ("select u.name, u.age from users u where not u.age <= 30;", 1.0, 1.0, "agrees"),
    ("SELECT name, age FROM users WHERE age > 18", 0.11, 0.499, "mismatch"),
    ("SELECT name, age FROM users WHERE age > 36", 0.11, 0.499, "mismatch"),
    ("SELECT age, name FROM users WHERE age > 30", 0.11, 0.499, "mismatch"),
    ("SELECT 1 FROM users", 0.10, 0.12, "mismatch"),
    ("SELECT no_such_column FROM users", 0.02, 0.02, "exec_error"),
    ("SELEC name FROM users", 0.0, 0.0, "syntax_error"),
    ("SELECT 1", 0.0, 0.0, "no_table_read"),
    ("SELECT 'Ada', 36 UNION SELECT 'Cy', 41", 0.0, 0.0, "no_table_read"),
    ("DROP TABLE users", 0.0, 0.0, None),
    ("DELETE FROM users", 0.0, 0.0, None),
    ("UPDATE users SET age = 0", 0.0, 0.0, None),
    (f"{GOLD}; DROP TABLE users", 0.0, 0.0, "multi_statement"),
    ("ATTACH 'x.db' AS x", 0.0, 0.0, None),
    ("-- nothing", 0.0, 0.0, None),
]


@pytest.mark.parametrize(("sql", "low", "high", "reason"), QUERIES, ids=[query[0][:40] for query in QUERIES])
def test_queries_earn_what_they_are_worth(reward, sql, low, high, reason):
    given = score(reward, answer(sql))
    assert low <= given <= high, reward.last_reasons
    assert reason is None or reward.last_reasons == [reason]


COMPLETIONS = [
    ("", "empty"),
    ("x" * 10_240, "10 KB of garbage"),
    ("\0", "a NUL"),
    ("<think>reason</think><sql>SELECT 1", "unclosed"),
    (answer(GOLD) + answer(GOLD), "two blocks"),
    (f"<think>{GOLD}</think>", "the query in the reasoning only"),
    (f"<think><sql>{GOLD}</sql></think>", "the block in the reasoning only"),
    (f"<sql>{GOLD}</sql>", "no reasoning"),
    (f"Here you go: {answer(GOLD)}", "words before"),
    (GOLD, "a bare query"),
    (None, "nothing"),
    ([{"role": "assistant"}], "a message without content"),
]


@pytest.mark.parametrize(("completion", "why"), COMPLETIONS, ids=[case[1] for case in COMPLETIONS])
def test_the_grammar_is_a_gate(reward, completion, why):
    assert score(reward, completion) == 0.0
    assert reward.last_reasons[0].startswith("malformed:")


@pytest.mark.parametrize(
    "sql", ["\0SELECT 1", "SELECT '\ud800'", "(" * 3_000, "SELECT " + "1," * 5_000 + "1", "`", "\\"]
)
def test_hostile_queries_earn_next_to_nothing(reward, sql):
    assert score(reward, answer(sql)) <= 0.02


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=200), st.booleans())
def test_every_text_gives_a_number_between_0_and_1(reward, text, wrapped):
    given = score(reward, answer(text) if wrapped else text)
    assert isinstance(given, float) and 0 <= given <= 1


def test_a_wrong_query_stays_below_half_and_nearer_ones_earn_more(reward):
    near = score(reward, answer("SELECT name, age FROM users WHERE age >= 25"))
    far = score(reward, answer("SELECT city FROM users WHERE age < 20"))
    assert 0.1 <= far < near < 0.5


def test_a_clipped_completion_earns_nothing(reward):
    assert score(reward, answer(GOLD), finished=[False]) == 0.0
    assert reward.last_reasons == ["clipped"]
    with_ids = ExecutionReward(end_ids=[2])
    ids = [[5, 6, 2], [5, 6, 7], []]
    columns = {"sql_context": [CONTEXT] * 3, "sql": [GOLD] * 3}
    try:
        assert with_ids([answer(GOLD)] * 3, completion_ids=ids, **columns) == [1.0, 0.0, 0.0]
    finally:
        with_ids.close()


def test_a_task_column_gives_the_same_rewards_as_context_and_gold(reward):
    with Verifier() as verifier:
        prepared = prepare(verifier, "users", CONTEXT, GOLD, n=3, seed=0)
    completions = [answer(query[0]) for query in QUERIES]
    from_task = reward(completions, task=[prepared.task.to_json()] * len(completions))
    columns = {"sql_context": [CONTEXT] * len(completions), "sql": [GOLD] * len(completions)}
    assert from_task == reward(completions, **columns)


def test_the_gold_is_gold_sql_and_where_there_is_none_gretels_sql(reward):
    columns = {"sql_context": [CONTEXT], "gold_sql": [GOLD], "sql": ["SELECT city FROM users"]}
    assert reward([answer(GOLD)], **columns) == [1.0]
    assert reward([answer(GOLD)], sql_context=[CONTEXT], sql=[GOLD]) == [1.0]


def test_a_row_whose_gold_cannot_be_verified_gets_none(reward):
    assert score(reward, answer(GOLD), gold="SELECT nothing FROM nowhere") is None
    assert reward.last_reasons[0].startswith("unusable:")
    assert reward([answer(GOLD)], task=["{broken"]) == [None]
    assert reward([""], task=[None]) == [None]


@pytest.mark.parametrize(
    "gold", [f"{start} FROM users WHERE 1 = 0" for start in ("SELECT name", "SELECT NULL", "DELETE")]
)
def test_a_gold_that_every_empty_answer_would_equal_is_no_question(reward, gold):
    assert score(reward, answer("SELECT name FROM users WHERE age < 0"), gold=gold) is None
    assert reward.last_reasons == ["unusable:vacuous"]


def test_missing_columns_are_misuse_and_named(reward):
    with pytest.raises(ValueError, match="needs the column 'task'"):
        reward([answer(GOLD)], question=["?"])


def test_a_batch_of_several_rows_keeps_its_order(reward):
    golds = [GOLD, "SELECT COUNT(*) FROM users", GOLD]
    completions = [answer(golds[1]), answer(golds[1]), answer(GOLD)]
    rewards = reward(completions, sql_context=[CONTEXT] * 3, sql=golds)
    assert rewards[1:] == [1.0, 1.0] and rewards[0] < 0.5


def test_columns_of_the_trainer_are_ignored_or_served(reward):
    logged = defaultdict(list)
    score(
        reward,
        [{"role": "assistant", "content": answer(GOLD)}],
        prompts=["p"],
        completion_ids=[[1]],
        trainer_state=object(),
        log_extra=lambda column, values: logged[column].extend(values),
        log_metric=lambda name, value: logged[name].append(value),
    )
    assert logged == {"execution_reason": ["agrees"], "execution/agrees": [1.0]}


def test_explain_names_the_reason_and_shows_the_rows(reward):
    row = {"sql_context": CONTEXT, "sql": GOLD}
    assert reward.explain(answer(GOLD), **row) == "agrees: 1.00"
    assert reward.explain("", **row).startswith("malformed:no_think: 0.00")
    text = reward.explain(answer("SELECT name, age FROM users WHERE age > 18"), **row)
    assert text.startswith("mismatch: 0.") and "Ada" in text


def test_the_reward_survives_pickling_with_an_open_verifier(reward):
    before = score(reward, answer(GOLD))
    copy = pickle.loads(pickle.dumps(reward))
    try:
        assert score(copy, answer(GOLD)) == before == 1.0
    finally:
        copy.close()


def test_a_closed_reward_opens_again():
    reward = ExecutionReward()
    assert score(reward, answer(GOLD)) == 1.0
    reward.close()
    assert score(reward, answer(GOLD)) == 1.0
    reward.close()


def test_the_verifier_sees_one_batch_per_call_with_each_query_once(reward, monkeypatch):
    seen = []
    original = Verifier.verify_batch

    def counted(self, pairs, progress=None):
        seen.append([len(candidates) for _, candidates in pairs])
        return original(self, pairs, progress)

    score(reward, answer(GOLD))  # prepares the task, whose own batches do not count
    monkeypatch.setattr(Verifier, "verify_batch", counted)
    columns = {"sql_context": [CONTEXT] * 4, "sql": [GOLD] * 4}
    reward([answer(GOLD), answer(GOLD, "Other words."), answer("SELECT name FROM users"), ""], **columns)
    assert seen == [[2]]


def test_a_writing_gold_is_judged_by_the_state_it_leaves(reward):
    gold = "UPDATE users SET city = 'Paris' WHERE age > 30"
    assert score(reward, answer("UPDATE users SET city = 'Paris' WHERE NOT age <= 30"), gold=gold) == 1.0
    assert score(reward, answer("UPDATE users SET city = 'Paris'"), gold=gold) < 0.5


def test_tasks_come_back_from_their_json():
    task = Task("t", GOLD, (CONTEXT,))
    assert Task.from_json(task.to_json()) == task


def test_every_reward_is_named_as_it_is_registered():
    assert {name: make().__name__ for name, make in REWARDS.items()} == {name: name for name in REWARDS}


def test_every_real_gold_earns_the_full_reward_or_its_row_is_unusable(reward, real_folder):
    questions = pd.read_csv(real_folder / "gretel_25.csv")
    answers = [answer(sql) for sql in questions["sql"]]
    rewards = reward(answers, sql_context=list(questions["sql_context"]), sql=list(questions["sql"]))
    assert set(rewards) <= {1.0, None}
    assert rewards.count(1.0) >= 15


FLOODED = "CREATE TABLE t (n INT);" + f"INSERT INTO t VALUES {', '.join(f'({i})' for i in range(300))};"
FLOODS = [
    *(f"SELECT '{'x' * 4_000}' || {i} || a.n FROM t a, t b WHERE b.n < 160" for i in range(6)),
    f"SELECT {', '.join(f'a.n + {i}' for i in range(100))} FROM t a, t b WHERE b.n < 160",
]


def test_wrong_answers_do_not_flood_the_trainer() -> None:
    """Some 50,000 rows each, of 4,000 characters or 100 columns: in the trainer they would be more than 2 GB."""
    reward = ExecutionReward(databases=0)
    answers = [f"<think>All.</think><sql>{sql}</sql>" for sql in [*FLOODS, "SELECT n FROM t WHERE n < 9"]]
    columns = {"sql_context": [FLOODED] * len(answers), "sql": ["SELECT n FROM t WHERE n < 10"] * len(answers)}
    tracemalloc.start()
    scores = reward(answers, **columns)
    peak = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    assert scores[:-1] == [0.1] * len(FLOODS) and scores[-1] > 0.2
    assert peak < 40
    reward.close()


def test_the_rows_of_a_gold_that_failed_are_asked_for_again() -> None:
    context = "CREATE TABLE t (n INT); INSERT INTO t VALUES (1), (2);"
    count = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 200000) SELECT COUNT(*) FROM c"
    slow = f"SELECT n FROM t WHERE ({count}) > 0"
    task = Task("", slow, (context,))
    judge = Judge(limits=Limits(soft_seconds=0.001, hard_seconds=5.0))
    assert judge.gold_rows(task) == judge.rows(task, slow) == ()
    judge.verifier.close()
    judge.verifier = Verifier(limits=Limits(soft_seconds=20.0, hard_seconds=30.0))
    assert judge.gold_rows(task) == ((1,), (2,))
    judge.verifier.close()


def test_cells_are_counted_whatever_they_hold() -> None:
    numbers = [2, 2.0, Decimal("2.00"), 10**400, Decimal(10) ** 400 * 3, math.inf, math.nan, Decimal("NaN")]
    forms = [comparable(cell) for cell in [*numbers, "2", b"2", [2, None], {"a": [1]}, None]]
    assert forms[0] == forms[1] == forms[2] and forms[6] == forms[7]
    assert len(set(forms)) == len(forms) - 3


VALUES = ["{'blob': 'zz'}", "{'blob': 1}", "MAP {DATE '2020-01-01': 1}", "MAP {[1]: [2]}", "9e999", "'nan'::DOUBLE"]


@pytest.mark.parametrize("value", VALUES)
def test_no_value_of_a_candidate_raises(value) -> None:
    task = Task("", "SELECT name FROM users WHERE age > 30", (CONTEXT,), "duckdb")
    reward = ExecutionReward()
    texts = [answer(f"SELECT {value} AS name FROM users WHERE age > 30"), answer(task.gold)]
    wrong, right = reward(texts, task=[task.to_json()] * 2)
    assert 0 < wrong < 0.5 and right == 1.0
    reward.close()
