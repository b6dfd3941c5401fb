"""The adapters of libraries that the project's lock does not hold: tried where they are installed.

`python benchmarks/environments.py --adapter …` makes an environment for each and tries more.
"""

import asyncio
import sqlite3
from contextlib import closing
from types import SimpleNamespace

import pytest

from sqlreason.environments import SessionFactory
from sqlreason.environments.tool_calls import write_call
from sqlreason.errors import BadInput
from sqlreason.reasoning.format import render

CONTEXT = "CREATE TABLE users (name TEXT, age INT); INSERT INTO users VALUES ('Ada', 36), ('Bob', 20)"
GOLD = "SELECT name FROM users WHERE age > 30"
ROW = {"sql_context": CONTEXT, "gold_sql": GOLD}
ANSWERS = [render("…", sql) for sql in (GOLD, "SELECT name FROM users", "DROP TABLE users")] + ["no answer"]


@pytest.fixture(scope="module")
def wanted():
    with SessionFactory() as sessions:
        return [sessions.score(answer, ROW)[0] for answer in ANSWERS]


def test_skyrl_is_paid_the_same_and_looks_before_it_answers(wanted):
    skyrl_gym = pytest.importorskip("skyrl_gym", reason="pip install 'sqlreason[skyrl]'")
    from sqlreason.environments.skyrl_environment import NAME, register

    register()
    register()
    assert [skyrl_gym.make(NAME, extras=ROW).step(answer)["reward"] for answer in ANSWERS] == wanted
    extras = {"sql_context": CONTEXT, "reward_spec": {"ground_truth": GOLD}, "max_turns": 3}
    environment = skyrl_gym.make(NAME, extras=extras)
    looked = environment.step(
        '<tool_call>{"name": "run_sql", "arguments": {"query": "SELECT * FROM users"}}</tool_call>'
    )
    assert not looked["done"] and "Ada | 36" in looked["observations"][0]["content"]
    assert environment.step(ANSWERS[0])["reward"] == 1.0 and environment.get_metrics()["tool_calls"] == 1


def test_skyrl_takes_a_submission_in_the_last_turn_and_else_what_is_said_there():
    skyrl_gym = pytest.importorskip("skyrl_gym", reason="pip install 'sqlreason[skyrl]'")
    from sqlreason.environments.skyrl_environment import NAME, register

    register()
    look, submission = write_call("list_tables", {}), write_call("submit", {"query": GOLD})
    for last, reward, reason in (
        (f"Sure. {submission}", 1.0, "agrees"),
        (ANSWERS[0], 1.0, "agrees"),
        (look, 0.0, "malformed:no_think"),
        (f"{look}{submission}", 1.0, "agrees"),
    ):
        environment = skyrl_gym.make(NAME, extras={**ROW, "max_turns": 2})
        assert not environment.step(look)["done"]
        ended = environment.step(last)
        assert (ended["reward"], ended["metadata"]["reason"], ended["done"]) == (reward, reason, True)
    alone = skyrl_gym.make(NAME, extras=ROW)  # single-turn knows no tools: the reward judges the text as it is
    assert alone.step(submission)["metadata"]["reason"] == "malformed:no_think"


def test_skyrls_configuration_names_the_reward_by_key_or_attribute():
    skyrl_gym = pytest.importorskip("skyrl_gym", reason="pip install 'sqlreason[skyrl]'")
    from sqlreason.environments.skyrl_environment import NAME, register

    register()
    near = ANSWERS[1]  # 0.1 by `arctic`, more by `execution`
    arctic: tuple[object, ...] = ({"reward": "arctic"}, SimpleNamespace(reward="arctic"))
    earned = [skyrl_gym.make(NAME, env_config=given, extras=ROW).step(near)["reward"] for given in arctic]
    assert earned == [0.1, 0.1]
    silent: tuple[object, ...] = (None, {}, {"workers": 3}, SimpleNamespace(workers=3), {"reward": None})
    earned = [skyrl_gym.make(NAME, env_config=given, extras=ROW).step(near)["reward"] for given in silent]
    assert len(set(earned)) == 1 and earned[0] > 0.1
    for wrong, told in (
        ("arctic", "env_config is a mapping or an object"),
        (["reward", "arctic"], "env_config is a mapping or an object"),
        ({"reward": {"name": "arctic"}}, "is the name of a reward, not"),
        ({"reward": "arctik"}, "no reward is called 'arctik'"),
    ):
        with pytest.raises(BadInput, match=told):
            skyrl_gym.make(NAME, env_config=wrong, extras=ROW)


def test_verifiers_is_paid_the_same(wanted):
    vf = pytest.importorskip("verifiers.v1", reason="pip install 'sqlreason[verifiers]'")
    from verifiers.v1.trace import TraceTask
    from verifiers.v1.types import AssistantMessage

    from sqlreason.environments.verifiers_taskset import SqlState, SqlTask, make_data

    earned = []
    for answer in ANSWERS:
        task = SqlTask(make_data({"question": "Who?", **ROW}))
        about = TraceTask(type="SqlTask", data=task.data)
        trace = vf.Trace(task=about, agent=vf.AgentInfo(config=vf.AgentConfig()), state=SqlState())
        trace.nodes.append(vf.MessageNode(message=AssistantMessage(content=answer), sampled=True))
        asyncio.run(task.score(trace))
        earned.append(trace.reward)
    assert earned == wanted


def test_openenv_is_paid_the_same(wanted):
    pytest.importorskip("openenv.core", reason="pip install 'sqlreason[openenv]'")
    from sqlreason.environments.openenv.openenv_environment import SqlOpenEnv
    from sqlreason.environments.openenv.openenv_models import SqlAction

    environment, earned = SqlOpenEnv(), []
    for answer in ANSWERS:
        assert environment.reset(question="Who?", **ROW).text == "Who?"
        assert "Ada" in environment.step(SqlAction(tool="run_sql", arguments={"query": "SELECT * FROM users"})).text
        earned.append(environment.step(SqlAction(tool="answer", arguments={"completion": answer})).reward)
    assert earned == wanted and environment.state.step_count == 1


def test_openenv_pays_in_the_step_that_ends_the_episode_alone():
    pytest.importorskip("openenv.core", reason="pip install 'sqlreason[openenv]'")
    from sqlreason.environments.openenv.openenv_environment import SqlOpenEnv
    from sqlreason.environments.openenv.openenv_models import SqlAction

    environment = SqlOpenEnv()
    environment.reset(question="Who?", **ROW)
    submission = SqlAction(tool="submit", arguments={"query": GOLD})
    steps = [environment.step(action) for action in (SqlAction(tool="list_tables"), submission, submission, submission)]
    assert [step.reward for step in steps] == [None, 1.0, None, None]
    assert [step.done for step in steps] == [False, True, True, True] and steps[3].reason == "agrees"


def test_a_client_of_openenv_names_no_file_of_the_server_unless_it_may(tmp_path):
    pytest.importorskip("openenv.core", reason="pip install 'sqlreason[openenv]'")
    from sqlreason.environments.openenv.openenv_environment import SqlOpenEnv
    from sqlreason.environments.openenv.openenv_models import SqlAction

    path = tmp_path / "own.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(CONTEXT)
    row = {"question": "Who?", "database": str(path), "gold_sql": GOLD}
    with pytest.raises(BadInput, match="opens files for its own questions alone"):
        SqlOpenEnv().reset(**row)
    looking = SqlAction(tool="list_tables")
    for environment, given in ((SqlOpenEnv([row]), {"seed": 0}), (SqlOpenEnv(files=True), row)):
        environment.reset(**given)
        assert environment.step(looking).text == "users (name, age)"
        assert environment.step(SqlAction(tool="submit", arguments={"query": GOLD})).reward == 1.0
