"""The core needs no more than `pip install sqlreason` brings: shown by a hook that refuses everything else."""

import json
import os
import sqlite3
import subprocess
import sys
import tomllib
from contextlib import closing
from pathlib import Path

import pytest

from sqlreason.rewards.foreign import TotalReward, find_reward

PROJECT = Path(__file__).resolve().parents[1]
ONLY_THE_CORE = '''
"""Python loads this at its start: what an extra brings cannot be imported."""
import sys
from importlib.metadata import packages_distributions

ALLOWED = {"sqlreason", "sqlglot", "duckdb", "apsw", "click", "tqdm", "_duckdb", "sqlglotc", "mypy_extensions"}


class Refusing:
    def find_spec(self, name, path=None, target=None):
        first = name.partition(".")[0]
        if first not in ALLOWED and first not in sys.stdlib_module_names and first in INSTALLED:
            raise ModuleNotFoundError(f"No module named {name!r}, since the core has none", name=name)


INSTALLED = set(packages_distributions())
sys.meta_path.insert(0, Refusing())
'''
CONTEXT = "CREATE TABLE t (a INT, b TEXT); INSERT INTO t VALUES (1, 'x'), (2, 'y'), (3, 'y')"


@pytest.fixture
def run(tmp_path):
    """Run Python with nothing but the core, in an empty folder."""
    (tmp_path / "hook").mkdir()
    (tmp_path / "hook/sitecustomize.py").write_text(ONLY_THE_CORE)
    (tmp_path / "work").mkdir()

    def running(*arguments: str, code: int = 0) -> str:
        paths = os.pathsep.join([str(tmp_path / "hook"), str(PROJECT / "src")])
        ran = subprocess.run(
            [sys.executable, *arguments], capture_output=True, text=True, cwd=tmp_path / "work",
            env={**os.environ, "PYTHONPATH": paths, "COLUMNS": "200"},
        )  # fmt: skip
        assert ran.returncode == code, ran.stdout + ran.stderr
        return ran.stdout + ran.stderr

    running.folder = tmp_path / "work"
    return running


def test_the_hook_refuses_what_is_no_part_of_the_core(run):
    assert "since the core has none" in run("-c", "import pandas", code=1)


def test_engine_rewards_certification_and_environment_import_with_the_core_alone(run):
    modules = (
        *("sqlreason.rewards.certification", "sqlreason.rewards.foreign", "sqlreason.sql.audit"),
        *("sqlreason.sql.databases.cache", "sqlreason.environments", "sqlreason.environments.trl_environment"),
        *("sqlreason.environments.wording", "sqlreason.environments.tool_calls", "sqlreason.data.sources"),
        *("sqlreason.reasoning.prompts", "sqlreason.commands.sql", "sqlreason.commands.ask", "sqlreason.__main__"),
    )
    run("-c", "; ".join(f"import {module}" for module in modules))


def test_a_session_runs_on_every_engine_of_the_core(run):
    code = (
        "from sqlreason.environments import SessionFactory; from sqlreason.sql.verifier import Task\n"
        "with SessionFactory() as sessions:\n"
        "    for engine in ('sqlite', 'duckdb'):\n"
        f"        session = sessions.open(task=Task('q', 'SELECT SUM(a) FROM t', ({CONTEXT!r},), engine))\n"
        "        print(session.list_tables(), end=' '); session.submit('SELECT SUM(a + 0) FROM t')\n"
        "        print(session.reward())\n"
    )
    assert run("-c", code) == "t (a, b) 1.0\n" * 2


def test_audit_explain_and_certify_work_without_kedro_and_pandas(run):
    rows = [{"id": n, "sql_context": CONTEXT, "sql": sql} for n, sql in enumerate(("SELECT MAX(a) FROM t", "SELECT c"))]
    (run.folder / "q.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert "1 of 2 gold queries can be trusted" in run("-m", "sqlreason", "audit", "q.jsonl")
    asked = ("explain", "--source", "q.jsonl", "--id", "0", "--candidate", "SELECT MIN(a) FROM t")
    assert "mismatch" in run("-m", "sqlreason", *asked, code=1)
    certified = run("-m", "sqlreason", "certify", "execution", "--source", "q.jsonl", "--questions", "2")
    assert "passed" in certified


def test_questions_about_a_database_file_certify_a_reward(run):
    with closing(sqlite3.connect(run.folder / "t.sqlite")) as database:
        database.executescript(CONTEXT)
    row = {"id": 0, "database": "t.sqlite", "sql": "SELECT MAX(a) FROM t"}
    (run.folder / "files.jsonl").write_text(json.dumps(row) + "\n")
    assert "passed" in run("-m", "sqlreason", "certify", "execution", "--source", "files.jsonl")


def test_a_reward_of_others_may_read_the_right_query_in_its_own_wording(run):
    (run.folder / "lenient.py").write_text(LENIENT)
    asked = ("-m", "sqlreason", "certify", "lenient:last_block", "--questions", "1")
    assert "76 exploits" in (told := run(*asked)) and "passed" in told
    assert "words before" in run(*asked, "--our-grammar", code=1)


def test_a_command_that_needs_an_extra_names_it(run):
    (run.folder / "q.parquet").write_bytes(b"PAR1")
    assert "pip install 'sqlreason[parquet]'" in run("-m", "sqlreason", "audit", "q.parquet", code=1)
    assert "pip install 'sqlreason[kedro]'" in run("-m", "sqlreason", "audit", "sql_questions", code=1)


def test_the_core_asks_for_what_it_imports_and_no_more():
    asked = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    names = {text.split(">")[0].split("=")[0] for text in asked["dependencies"]}
    assert names == {"sqlglot", "duckdb", "apsw", "click", "tqdm"}
    assert (PROJECT / "src/sqlreason/py.typed").exists()


#: Reads the last block of SQL wherever it stands, and is sound.
LENIENT = """
from sqlreason.rewards import REWARDS

def last_block(completions, **columns):
    execution = REWARDS["execution"]()
    queries = [text.rpartition("<sql>")[2].partition("</sql>")[0].strip() for text in completions]
    try:
        return execution([f"<think>\\nx\\n</think>\\n<sql>\\n{sql}\\n</sql>" for sql in queries], **columns)
    finally:
        execution.close()
"""
FOREIGN = """
def by_length(completions, prompts, gold_sql, **columns):
    return [float(len(text)) for text in completions]

def by_message(completions, **columns):
    return [float("DROP" in messages[0]["content"]) for messages in completions]

def falling_over(completions, **columns):
    return [1.0 if "DROP" not in text else 1 / 0 for text in completions]

class Made:
    def __call__(self, completions, **columns):
        return [None for _ in completions]

number = 3
"""


def test_a_reward_of_others_is_certified_and_its_faults_are_told(run):
    (run.folder / "theirs.py").write_text(FOREIGN)
    told = run("-m", "sqlreason", "certify", "theirs:by_length", "--questions", "2", code=1)
    assert "exploits earn as much as the worst correct answer" in told and "<- paid" in told
    found = json.loads(run("-m", "sqlreason", "certify", "theirs:falling_over", "--questions", "1", "--json", code=1))
    assert any("it raised" in fault and "ZeroDivisionError" in fault for fault in found["faults"])
    assert "apply to none of the questions" in run("-m", "sqlreason", "certify", "theirs:Made", code=1)
    for name, said in (
        ("theirs:number", "theirs:number is a int and cannot be called"),
        ("theirs:none", "theirs has no 'none'; it has Made, by_length"),
        ("nowhere:f", "the module 'nowhere' cannot be imported: ModuleNotFoundError"),
        ("nowhere", "'nowhere' is no reward; give module:name, or one of execution"),
    ):
        assert said in run("-m", "sqlreason", "certify", name, code=1)


def test_a_reward_that_raises_is_asked_one_by_one():
    def half(completions, **columns):
        return [1 / len(text) for text in completions]

    reward = TotalReward("half", half)
    assert reward(["ab", "", "a"], gold_sql=["x", "y", "z"]) == [0.5, None, 1.0]
    assert reward.last_reasons == ["", "raised:ZeroDivisionError", ""]
    assert list(reward.raised.values()) == [1]
    spoken = TotalReward(
        "m", lambda completions, **_: [float(c[0]["content"] == "ab") for c in completions], messages=True
    )
    assert spoken(["ab", "c"]) == [1.0, 0.0]
    short = TotalReward("short", lambda completions, **_: [0.0] * (len(completions) - 1))
    assert short(["a", "b"]) == [None, None] and "0 rewards for 1 completions" in next(iter(short.raised))


def test_a_reward_of_this_package_is_found_by_its_name():
    assert find_reward("execution").__name__ == "execution" and find_reward("length").__name__ == "length"
