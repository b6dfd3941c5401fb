"""TRL's environment: what the trainer reads of it, what it is paid, and two steps of GRPO with real calls of tools."""

import inspect

import pytest
from trl_steps import train_two_steps

from sqlreason.environments import SessionFactory
from sqlreason.environments.trl_environment import SqlEnvironment, SqlTools, SubmissionReward
from sqlreason.errors import BadInput
from sqlreason.reasoning.format import render

CONTEXT = "CREATE TABLE users (name TEXT, age INT); INSERT INTO users VALUES ('Ada', 36), ('Bob', 20)"
GOLD = "SELECT name FROM users WHERE age > 30"
ROW = {"prompt": [{"role": "user", "content": "Who?"}], "question": "Who?", "sql_context": CONTEXT, "gold_sql": GOLD}


@pytest.fixture(scope="module")
def sessions():
    with SessionFactory() as factory:
        yield factory


def test_trl_finds_the_four_tools_and_can_describe_them():
    from transformers.utils import get_json_schema

    methods = dict(inspect.getmembers(SqlEnvironment(), predicate=inspect.ismethod))
    public = {name for name in methods if not name.startswith("_")}
    assert public == {"reset", "get_reward", "list_tables", "describe_table", "run_sql", "submit"}
    schema = get_json_schema(methods["run_sql"])["function"]
    assert schema["parameters"]["required"] == ["query"] and "SELECT" in str(schema["parameters"]["properties"])
    assert get_json_schema(methods["list_tables"])["function"]["parameters"]["properties"] == {}


def test_an_environment_is_reset_from_rollout_to_rollout(sessions):
    environment = SqlEnvironment(sessions)
    earned = []
    for query in (GOLD, "SELECT name FROM users", GOLD):
        assert environment.reset(**ROW) is None
        assert "users" in environment.list_tables() and "Ada" in environment.run_sql("SELECT * FROM users")
        environment.submit(query)
        earned.append(environment.get_reward())
    environment.reset(**ROW)
    assert earned[0] == earned[2] == 1.0 and earned[1] < 1.0 and environment.get_reward() == 0.0


def test_a_call_before_the_reset_says_so():
    with pytest.raises(BadInput, match="call reset with the columns of a row first"):
        SqlEnvironment().list_tables()


def test_a_reward_function_takes_what_was_submitted_or_said_last(sessions):
    reward, row = SubmissionReward(sessions.reward), {"sql_context": CONTEXT, "gold_sql": GOLD}
    submitted, spoke, silent = environments = [SqlTools(sessions) for _ in range(3)]
    [environment.reset(**row) for environment in environments]
    submitted.submit(GOLD)
    looked = [
        {"role": "assistant", "content": "", "tool_calls": []}, {"role": "tool", "content": render("…", "SELECT 1")}
    ]  # fmt: skip
    told = [looked, [*looked, {"role": "assistant", "content": render("…", GOLD)}], looked]
    columns = {name: [value] * 3 for name, value in row.items()}
    assert reward(told, environments=environments, **columns) == [1.0, 1.0, 0.0]
    assert reward.__name__ == "execution" and spoke is not silent


@pytest.mark.slow
def test_grpo_takes_two_steps_with_a_student_that_looks_before_it_writes(project):
    told = train_two_steps(project / "data/06_models/tiny_student")
    assert told["steps"] == 2 and told["environments"] == 4
    assert len(told["rewards"]) == 2 and all(0.0 <= reward <= 1.0 for reward in told["rewards"])
    assert max(told["calls of tools"]) > 0
