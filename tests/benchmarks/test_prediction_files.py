"""Files of predictions in every format, and what can be wrong with them."""

import csv
import json
from dataclasses import replace

import pytest
from benchmark_layouts import BIRD, SPIDER

from sqlreason.benchmarks import prediction_exports
from sqlreason.benchmarks.benchmark_folder import read_benchmark
from sqlreason.benchmarks.prediction_files import read_predictions, read_runs
from sqlreason.errors import BadInput

QUERIES = [gold for _, _, gold, _ in SPIDER]
NAMES = [db_id for db_id, *_ in SPIDER]


def as_csv(rows):
    return lambda file: csv.writer(file.open("w", newline="")).writerows(rows)


def as_text(text):
    return lambda file: file.write_text(text)


RECORDS = [{"id": str(i), "question": "?", "gold_sql": "x", "db_id": n} for i, n in enumerate(NAMES)]
FORMATS = {
    "lines.txt": as_text("\n".join(QUERIES)),
    "named.txt": as_text("".join(f"{sql}\t{name}\n" for sql, name in zip(QUERIES, NAMES, strict=True))),
    "windows.sql": as_text("\ufeff" + "".join(f"{sql}\r\n" for sql in QUERIES)),
    "bird.json": as_text(json.dumps(prediction_exports.bird_predictions(QUERIES, NAMES))),
    "ibm.json": as_text(json.dumps(prediction_exports.ibm_records(RECORDS, {"mine": QUERIES}))),
    "list.json": as_text(json.dumps([{"index": i, "prediction": sql} for i, sql in enumerate(QUERIES)])),
    "rows.jsonl": as_text("\n".join(json.dumps({"id": i, "sql": QUERIES[i]}) for i in (3, 1, 0, 2))),
    "bare.jsonl": as_text("\n\n".join(json.dumps({"predicted_sql": sql}) for sql in QUERIES)),
    "rows.csv": as_csv([("question_id", "pred_sql"), *enumerate(QUERIES)]),
    "blanks.csv": as_csv([("question_id", "pred_sql"), *((f" {i} ", sql) for i, sql in enumerate(QUERIES))]),
    "rows.tsv": as_text(
        "id\tsql\n" + "".join(f"{i}\t{sql}\n" for i, sql in enumerate(QUERIES[:3])) + f"3\t{QUERIES[3]}"
    ),
    "powershell.txt": lambda file: file.write_text("\n".join(QUERIES) + "\n", encoding="utf-16"),
}


@pytest.mark.parametrize("name", FORMATS)
def test_predictions_are_read_in_every_format(spider_folder, tmp_path, name):
    FORMATS[name](tmp_path / name)
    (found,) = read_predictions(tmp_path / name, read_benchmark(spider_folder))
    assert [found.sql[str(i)] for i in range(4)] == QUERIES
    assert (found.name, found.problems) == ("mine" if name == "ibm.json" else name.partition(".")[0], {})


def test_a_prediction_may_be_as_long_as_it_likes(spider_folder, tmp_path):
    csv.field_size_limit(131_072)  # as a new process has it
    endless = f"SELECT '{'x' * 140_000}'"
    as_csv([("id", "sql"), (0, endless)])(tmp_path / "long.csv")
    (found,) = read_predictions(tmp_path / "long.csv", read_benchmark(spider_folder))
    assert found.sql["0"] == endless


def test_what_is_written_in_spiders_format_is_one_line_a_query(spider_folder, tmp_path):
    queries = ["SELECT a -- the first\nFROM t /* all\nof it */ WHERE b = 'x -- y'", "", "SELECT\n\t1;", 'SELECT "a  b"']
    (tmp_path / "pred.txt").write_text(prediction_exports.spider_lines(queries))
    (found,) = read_predictions(tmp_path / "pred.txt", read_benchmark(spider_folder))
    assert list(found.sql.values()) == ["SELECT a FROM t WHERE b = 'x -- y'", "", "SELECT 1;", 'SELECT "a  b"']
    assert found.problems == {"empty": ["1"]}


def test_a_file_may_hold_several_runs(spider_folder, tmp_path):
    rows = [{"run": run, "index": i, "prediction": sql} for run in ("a", "b") for i, sql in enumerate(QUERIES)]
    (tmp_path / "all.jsonl").write_text("\n".join(map(json.dumps, rows)))
    ibm = prediction_exports.ibm_records(RECORDS, {"x": QUERIES, "y": [""] * 4})
    (tmp_path / "ibm.json").write_text(json.dumps(ibm))
    benchmark = read_benchmark(spider_folder)
    runs, first = read_runs([tmp_path / "all.jsonl"], tmp_path / "ibm.json", benchmark)
    assert ([run.name for run in runs], first) == (["x", "y", "a", "b"], "x")
    assert runs[1].problems == {"empty": ["0", "1", "2", "3"]}


def test_runs_of_one_name_stay_apart(spider_folder, tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "pred.txt").write_text("\n".join(QUERIES))
    runs, first = read_runs([tmp_path / "a/pred.txt", tmp_path / "b/pred.txt"], None, read_benchmark(spider_folder))
    assert ([run.name for run in runs], first) == (["pred", "b/pred"], None)


def test_a_subset_is_numbered_from_zero_or_by_its_ids(bird_folder, tmp_path):
    benchmark, golds = read_benchmark(bird_folder), [row[4] for row in BIRD]
    by_place = prediction_exports.bird_predictions(golds, [row[1] for row in BIRD])
    (tmp_path / "place.json").write_text(json.dumps(by_place))
    (tmp_path / "id.json").write_text(json.dumps({str(row[0]): sql for row, sql in zip(BIRD, golds, strict=True)}))
    for name in ("place", "id"):
        (found,) = read_predictions(tmp_path / f"{name}.json", benchmark)
        assert found.sql == {"31": golds[0], "47": golds[1], "90": golds[2]}


def test_a_subset_with_a_gap_is_still_numbered_from_zero(bird_folder, tmp_path):
    asked = read_benchmark(bird_folder)
    asked = replace(
        asked, questions=tuple(q._replace(id=str(i)) for q, i in zip(asked.questions, (1, 2, 9, 40), strict=False))
    )
    last = str(len(asked.questions) - 1)
    (tmp_path / "p.json").write_text(json.dumps({"0": "SELECT 0", last: "SELECT 1"}))
    (found,) = read_predictions(tmp_path / "p.json", asked)
    assert found.sql == {"1": "SELECT 0", asked.questions[-1].id: "SELECT 1"} and "unknown_id" not in found.problems
    (tmp_path / "p.json").write_text(json.dumps({"1": "SELECT 1", "2": "SELECT 2"}))
    with pytest.raises(BadInput, match="may be ids of questions or their places from 0 on; give an entry for each"):
        read_predictions(tmp_path / "p.json", asked)


def test_an_empty_last_line_is_an_empty_prediction_where_the_number_of_lines_says_so(spider_folder, tmp_path):
    (tmp_path / "pred.txt").write_text("\n".join([*QUERIES[:3], ""]))
    (found,) = read_predictions(tmp_path / "pred.txt", read_benchmark(spider_folder))
    assert list(found.sql.values()) == [*QUERIES[:3], ""]


def test_the_golds_of_the_benchmarks_own_records_are_no_predictions(spider_folder, tmp_path):
    """Whoever adds answers under another name to the records would be told that all are right."""
    records = [
        {"db_id": name, "question": "?", "query": sql, "response": "SELECT 1"}
        for name, sql in zip(NAMES, QUERIES, strict=True)
    ]
    (tmp_path / "answers.json").write_text(json.dumps(records))
    with pytest.raises(
        BadInput, match="own gold queries in 'query'; give the predictions, which may be response, in a"
    ):
        read_predictions(tmp_path / "answers.json", read_benchmark(spider_folder))
    alone = [{"question": record["question"], "query": record["query"]} for record in records]
    (tmp_path / "answers.json").write_text(json.dumps(alone))
    assert read_predictions(tmp_path / "answers.json", read_benchmark(spider_folder))[0].sql["0"] == QUERIES[0]


def test_what_is_wrong_with_single_predictions_is_counted(spider_folder, tmp_path):
    rows = [("0", "SELECT 1"), ("0", "SELECT 2"), ("2", None), ("7", "SELECT 3"), ("x", "SELECT 4")]
    (tmp_path / "odd.jsonl").write_text("\n".join(json.dumps({"id": i, "sql": sql}) for i, sql in rows))
    (found,) = read_predictions(tmp_path / "odd.jsonl", read_benchmark(spider_folder))
    assert found.sql == {"0": "SELECT 1", "2": ""}
    assert found.problems == {"duplicate": ["0"], "unknown_id": ["7", "x"], "empty": ["2"], "missing": ["1", "3"]}


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("none.txt", None, "there is no file of predictions"),
        ("empty.txt", " \n", "is empty; give one prediction for each question"),
        ("short.txt", "SELECT 1\nSELECT 2\n", "has 2 lines, spider dev has 4 questions; give one line for each"),
        ("moved.txt", "".join(f"SELECT 1\t{name}\n" for name in reversed(NAMES)), "in another order"),
        ("short.jsonl", '{"sql": "SELECT 1"}\n', "has 1 prediction without an id"),
        ("broken.jsonl", '{"sql": "x"}\n{"sql"\n', "line 2 is not JSON"),
        ("odd.json", "[1, 2]", "row 1 is a int; each must be an object"),
        ("nameless.json", '[{"id": 1, "text": "x"}]', "its query is looked for in prediction, predicted_sql"),
        ("nested.json", '{"0": ["SELECT 1"]}', "'0' holds a list; a prediction of BIRD is a text"),
        ("other.json", '{"a": "SELECT 1"}', "none of the ids in"),
        ("ibm.json", '[{"id": 0, "predictions": {}}]', "holds records without any prediction"),
        ("ibm.json", '[{"id": 0, "predictions": [1]}]', "holds predictions that are a list"),
        ("none.csv", "id,sql\n", "holds no predictions"),
    ],
)
def test_a_file_that_cannot_belong_to_the_benchmark_is_refused(spider_folder, tmp_path, name, content, told):
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(BadInput) as raised:
        read_predictions(tmp_path / name, read_benchmark(spider_folder))
    assert told in str(raised.value) and "\n" not in str(raised.value)
