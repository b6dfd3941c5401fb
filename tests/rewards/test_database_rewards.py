"""GRPO's rows on databases of another dialect: from the question that names a file to the reward of a completion."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing

import duckdb
import pandas as pd
import pytest
import yaml

from sqlreason.data.preparation_rows import preparation_rows
from sqlreason.data.tables import check_columns, records
from sqlreason.environments.session import SessionFactory
from sqlreason.reasoning.format import render
from sqlreason.reasoning.prompts import Prompt
from sqlreason.rewards.execution import ExecutionReward
from sqlreason.sql.databases.batch_preparation import prepare_all
from sqlreason.students.checkpoints.checkpoint import Checkpoint
from sqlreason.students.prompting import StudentPrompts
from sqlreason.students.training_data.prompt_tables import prompt_table

SHOP = """
CREATE TABLE customers (id INTEGER PRIMARY KEY, name VARCHAR, city VARCHAR, tags VARCHAR[]);
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER, amount DOUBLE, placed DATE);
INSERT INTO customers VALUES (1, 'Ann', 'Bern', ['a']), (2, 'Bob', 'Oslo', NULL), (3, 'Cy', 'Bern', ['b', 'c']);
INSERT INTO orders SELECT i, 1 + i % 3, i * 2.5, DATE '2024-01-01' + i::INT FROM range(30) r(i);
"""
#: Queries that SQLite does not read.
GOLDS = {
    "latest": "SELECT customer_id, amount FROM orders QUALIFY row_number() OVER "
    "(PARTITION BY customer_id ORDER BY placed DESC) = 1",
    "bern": "SELECT * EXCLUDE (tags, city) FROM customers WHERE city ILIKE 'bern'",
}


@pytest.fixture
def shop(tmp_path):
    path = tmp_path / "shop.duckdb"
    with closing(duckdb.connect(str(path))) as connection:
        connection.execute(SHOP)
    return path


@pytest.fixture
def batch(shop, project):
    """Rows of `grpo_prompts`, as GRPO gives them to a reward."""
    questions = pd.DataFrame(
        [
            {"id": id_, "sql_prompt": f"What is {id_}?", "sql": gold, "sql_complexity": "basic", "database": str(shop)}
            for id_, gold in GOLDS.items()
        ]
    )
    questions = check_columns(questions, "questions", "sql_questions")
    rows = preparation_rows(records(questions))
    tasks = {row.id: made.task for row, made in zip(rows, prepare_all(rows), strict=True) if made.task}
    assert set(tasks) == set(GOLDS)
    text = yaml.safe_load((project / "data/01_raw/prompts/student.yaml").read_text())
    chat = Checkpoint(str(project / "data/06_models/tiny_student")).load_chat()
    prompts = StudentPrompts(Prompt.from_mapping(text), chat, max_prompt_tokens=640, sample_rows=0)
    return prompt_table("grpo_prompts", questions.assign(teacher_think=""), tasks, prompts)


@pytest.fixture
def reward():
    made = ExecutionReward()
    yield made
    made.close()


def rewarded(reward, batch, *queries):
    """The rewards of each query, as an answer to the row of its place."""
    completions = [render("So it is.", query) for query in queries]
    return reward(completions, **{column: batch[column].tolist()[: len(queries)] for column in batch.columns})


def test_the_prompt_names_the_dialect_and_the_task_the_database(batch, shop):
    for prompt, task in zip(batch["prompt"], batch["task"], strict=True):
        assert "DuckDB" in json.loads(prompt)[0]["content"] and "SQLite" not in prompt
        fields = json.loads(task)
        assert (fields["engine"], fields["reading"]) == ("duckdb", "duckdb")
        assert fields["databases"][0] == f"duckdb:///{shop}" and len(fields["databases"]) >= 3


def test_completions_are_rewarded_by_what_the_database_runs(batch, reward, shop):
    before = shop.read_bytes()
    assert rewarded(reward, batch, *GOLDS.values()) == [1.0, 1.0]
    other = "SELECT customer_id, arg_max(amount, placed) FROM orders GROUP BY ALL"
    wrong = "SELECT id, name FROM customers"
    (right, near) = rewarded(reward, batch, other, wrong)
    assert right == 1.0 and 0.1 < near < 0.5
    assert rewarded(reward, batch, "SELECT strftime('%Y', placed, 'x') FROM orders", "DROP TABLE customers") == [
        0.02,
        0,
    ]
    assert rewarded(reward, batch, "SELECT * FROM read_text('/etc/hostname')", "SELECT 1") == [0, 0]
    assert shop.read_bytes() == before and [path.name for path in shop.parent.iterdir()] == [shop.name]


def test_a_context_of_the_data_that_names_a_database_is_not_followed(reward, shop):
    gold = "SELECT name FROM customers"
    for url in (f"duckdb:///{shop}", "postgresql://reader@127.0.0.1:1/shop"):
        assert reward([render("So it is.", gold)], sql_context=[url], sql=[gold]) == [None]
        context, engine, _ = SessionFactory().find_database({"sql_context": url})
        assert context == f"-- {url}" and engine == "sqlite"
    assert reward._judge.verifier.stats()["died"] == 0


def test_a_file_that_vanishes_costs_its_rows_alone_and_no_training(batch, reward, shop):
    away = shop.with_name("away")
    shop.rename(away)
    assert rewarded(reward, batch, *GOLDS.values()) == [None, None]
    away.rename(shop)
    assert rewarded(reward, batch, *GOLDS.values()) == [1.0, 1.0]


def test_a_file_that_another_program_writes_costs_its_rows_alone(batch, reward, shop):
    writer = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", writer, str(shop)], **pipes) as process:
        assert process.stdout.readline() == b"open\n"
        assert rewarded(reward, batch, *GOLDS.values()) == [None, None]
        process.communicate()
    assert rewarded(reward, batch, *GOLDS.values()) == [1.0, 1.0]


def test_a_worker_that_is_killed_in_the_middle_is_replaced(batch, reward):
    verifier = reward._judge.verifier
    endless = "SELECT count(*) FROM range(9999999999) a, customers"
    rewarded(reward, batch, *GOLDS.values())  # its worker is there

    def kill():
        while not any(worker.step == 0 for worker in list(verifier._pool._busy)):
            time.sleep(0.002)
        os.kill(next(iter(verifier._pool._busy)).pid, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    found = rewarded(reward, batch, endless, f"{GOLDS['bern']} AND true")
    killer.join()
    assert found == [0.02, 1.0] and verifier.stats()["died"] >= 1
