"""The evaluation writes predictions as published scripts read them, and judges a benchmark in its own terms."""

import json

import pandas as pd
import pytest
from benchmark_layouts import SPIDER

from sqlreason.benchmarks.benchmark_folder import read_benchmark
from sqlreason.benchmarks.prediction_files import read_predictions
from sqlreason.benchmarks.question_table import question_table
from sqlreason.options.evaluation_options import EvaluationOptions
from sqlreason.pipelines.evaluation import nodes

OPTIONS = EvaluationOptions(
    votes=1, vote_temperature=0.7, self_repairs=0, batch_size=1, max_completion_tokens=9, examples=0, processes=1,
    workers=1, ves_rounds=0, demo=True,
)  # fmt: skip


def answers(queries):
    """Table `answers` with a query for each question that was asked; None is an answer that was cut off."""
    texts = {id_: f"<think>It asks.</think><sql>{sql}</sql>" for id_, sql in queries.items()}
    finished = [sql is not None for sql in queries.values()]
    return pd.DataFrame({"id": list(texts), "text": list(texts.values()), "finished": finished})


@pytest.fixture
def students():
    golds = {str(i): gold for i, (_, _, gold, _) in enumerate(SPIDER)}
    return answers({"0": None}), answers({"2": golds["2"], "0": "SELECT\n1"}), answers(golds)


def test_predictions_are_written_in_the_order_of_the_questions(spider_folder, students, tmp_path):
    benchmark = read_benchmark(spider_folder)
    lines, numbered = nodes.write_predictions(question_table(benchmark), students[1])
    assert lines.split("\n") == ["SELECT 1", "", SPIDER[2][2], "", ""]
    assert numbered["2"] == f"{SPIDER[2][2]}\t----- bird -----\tbakery"
    (tmp_path / "ibm.json").write_text(json.dumps(nodes.write_ibm_records(question_table(benchmark), *students)))
    runs = {run.name: run for run in read_predictions(tmp_path / "ibm.json", benchmark)}
    assert list(runs) == ["base", "SFT", "GRPO"] and runs["GRPO"].sql["3"] == SPIDER[3][2]
    assert runs["base"].problems == {"empty": ["0", "1", "2", "3"]}


def test_a_benchmark_is_judged_in_its_own_terms(spider_folder, students):
    summary, page = nodes.score_benchmark(question_table(read_benchmark(spider_folder)), *students, OPTIONS)
    assert [(run["name"], run["ex"]["right"], run["n"]) for run in summary["runs"]] == [
        ("base", 0, 4), ("SFT", 1, 4), ("GRPO", 4, 4),
    ]  # fmt: skip
    assert summary["runs"][1]["statuses"] == {"missing": 2, "mismatch": 1, "match": 1}
    assert summary["runs"][2]["against"]["ex"]["gained"] == 4 and "Predictions for spider dev" in page


def test_another_source_is_no_benchmark_and_its_predictions_are_written_all_the_same(students):
    questions = pd.DataFrame({"id": ["0", "2"], "sql_prompt": ["a", "b"], "sql": ["SELECT 1", "SELECT 2"]})
    assert nodes.score_benchmark(questions, *students, OPTIONS)[0] == {}
    lines, numbered = nodes.write_predictions(questions, students[2])
    assert lines == f"{SPIDER[0][2]}\n{SPIDER[2][2]}\n" and list(numbered) == ["0", "1"]
