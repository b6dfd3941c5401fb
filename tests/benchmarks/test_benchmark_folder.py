"""Folders of Spider and BIRD are read as they are published; what is missing is said."""

import json
import re
from pathlib import Path

import pytest
from benchmark_layouts import BIRD, SPIDER, write_database

from sqlreason.benchmarks.benchmark_folder import column_descriptions, read_benchmark
from sqlreason.benchmarks.question_table import benchmark_of, question_table
from sqlreason.errors import BadInput


def test_spiders_dev_split_is_found_with_its_databases_and_suites(spider_folder):
    found = read_benchmark(spider_folder)
    assert (found.format, found.split, found.classes) == ("spider", "dev", ["easy", "medium", "hard"])
    assert [(q.id, q.db_id, q.gold, q.difficulty) for q in found.questions] == [
        (str(i), db_id, gold, hardness) for i, (db_id, _, gold, hardness) in enumerate(SPIDER)
    ]
    assert [path.name for path in found.questions[0].suite] == ["harbour_suite0.sqlite"]
    assert (found.questions[2].suite, found.questions[2].suite_urls) == ((), ())
    assert found.questions[0].url == f"sqlite:///{spider_folder}/database/harbour/harbour.sqlite"


def test_spiders_train_split_is_both_of_its_files(spider_folder):
    found = read_benchmark(spider_folder, split="train")
    assert [file.name for file in found.files] == ["train_spider.json", "train_others.json"]
    assert len(found.questions) == 3


def test_a_suite_may_lie_in_another_folder(spider_folder, tmp_path):
    (tmp_path / "suites/bakery").mkdir(parents=True)
    write_database(tmp_path / "suites/bakery/bakery_fuzz.sqlite", "CREATE TABLE bread (a);")
    found = read_benchmark(spider_folder, suite=tmp_path / "suites")
    assert [[path.name for path in q.suite] for q in found.questions[1:3]] == [[], ["bakery_fuzz.sqlite"]]


@pytest.mark.parametrize(
    ("file", "key"),
    [("spider-realistic.json", "question"), ("dev_syn.json", "SpiderSynQuestion"), ("Spider-DK.json", "question")],
)
def test_a_variant_is_another_file_on_the_same_databases(spider_folder, file, key):
    variant = spider_folder.parent / "variant" / file
    variant.parent.mkdir()
    asked = [{"db_id": "bakery", key: "Heaviest?", "SpiderQuestion": "x", "query": SPIDER[2][2]}]
    variant.write_text(json.dumps(asked))
    for given in (variant, variant.parent):
        (question,) = read_benchmark(given).questions
        assert (question.question, question.status, question.database.name) == ("Heaviest?", "ok", "bakery.sqlite")


def test_bird_has_evidence_difficulty_and_ids_of_its_own(bird_folder):
    found = read_benchmark(bird_folder)
    assert (found.format, found.classes) == ("bird", ["simple", "moderate", "challenging"])
    got = [(int(q.id), q.db_id, q.question, q.evidence, q.gold, q.difficulty) for q in found.questions]
    assert got == BIRD and found.statuses() == {"ok": 3}


@pytest.mark.parametrize("where", ["", "mini_dev_data/"])
def test_birds_mini_dev_is_found_under_its_own_name(bird_folder, where):
    (bird_folder / where).mkdir(exist_ok=True)
    (bird_folder / "dev.json").rename(bird_folder / f"{where}mini_dev_sqlite.json")
    found = read_benchmark(bird_folder)
    assert [q.id for q in found.questions] == ["31", "47", "90"] and found.statuses() == {"ok": 3}


def test_databases_may_lie_a_folder_deeper_as_archives_unpack(bird_folder):
    (bird_folder / "dev_databases").rename(bird_folder / "unpacked")
    (bird_folder / "dev_databases").mkdir()
    (bird_folder / "unpacked").rename(bird_folder / "dev_databases/dev_databases")
    assert read_benchmark(bird_folder).statuses() == {"ok": 3}


def test_the_folder_around_is_looked_at_only_where_it_must_be_and_may(bird_folder, monkeypatch):
    listed, around = Path.iterdir, bird_folder.resolve().parent

    def refusing(folder):
        if folder == around:
            raise PermissionError(13, "Permission denied", str(folder))
        return listed(folder)

    monkeypatch.setattr(Path, "iterdir", refusing)
    assert read_benchmark(bird_folder).statuses() == {"ok": 3}
    (bird_folder / "dev_databases").rename(bird_folder / "elsewhere")
    assert read_benchmark(bird_folder).statuses() == {"no_database": 3}


def test_a_folder_that_may_not_be_entered_is_not_there(bird_folder, monkeypatch):
    looked, closed = Path.is_dir, bird_folder / "dev_databases/dev_databases"

    def refusing(folder):
        if folder == closed:
            raise PermissionError(13, "Permission denied", str(folder))
        return looked(folder)

    monkeypatch.setattr(Path, "is_dir", refusing)
    assert read_benchmark(bird_folder).statuses() == {"ok": 3}


def test_descriptions_of_columns_are_read_whatever_their_encoding(bird_folder):
    database = bird_folder / "dev_databases/bakery/bakery.sqlite"
    assert column_descriptions(database) == {
        ("bread", "grams"): "weight of a loaf; in grams; ± 5",
        ("bread", "flour"): "kind of flour",
        ("oven", "heat"): "temperature °C",
    }
    assert column_descriptions(bird_folder / "dev_databases/harbour/harbour.sqlite") == {}


def test_a_missing_database_and_a_missing_gold_are_statuses_of_their_rows(spider_folder):
    (spider_folder / "database/bakery/bakery.sqlite").unlink()
    asked = json.loads((spider_folder / "dev.json").read_text())
    asked[0]["query"] = " "
    (spider_folder / "dev.json").write_text(json.dumps(asked))
    found = read_benchmark(spider_folder)
    assert found.statuses() == {"no_database": 2, "no_gold": 1, "ok": 1}
    assert found.questions[2].reason == f"there is no database {spider_folder}/database/bakery/bakery.sqlite"


REPEATED = {"question_id": 1, "db_id": "", "question": "x"}


@pytest.mark.parametrize(
    ("change", "given", "told"),
    [
        (lambda folder: None, {"split": "test"}, "holds none of test.json, test_data/dev.json"),
        (lambda folder: None, {"format": "x"}, "no format of a benchmark is called 'x'; known are spider, bird"),
        (lambda folder: None, {"suite": "none"}, "there is no folder 'none' of test suites"),
        (lambda folder: (folder / "dev.json").write_text("{"), {}, "dev.json' cannot be read"),
        (lambda folder: (folder / "dev.json").write_text("[]"), {}, "dev.json' holds no list of questions"),
        (lambda folder: (folder / "dev.json").write_text('[{"q": 1}]'), {}, "a question of Spider or BIRD has"),
        (
            lambda folder: (folder / "dev.json").write_text(json.dumps([REPEATED] * 2)),
            {},
            "repeats the question_id '1'",
        ),
    ],
)
def test_a_folder_that_is_no_benchmark_is_refused_with_what_was_looked_for(spider_folder, change, given, told):
    change(spider_folder)
    with pytest.raises(BadInput, match=re.escape(told)):
        read_benchmark(spider_folder, **given)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(BadInput, match=r"there is no folder '.*none'; give the folder of a benchmark"):
        read_benchmark(tmp_path / "none")


def test_a_benchmark_becomes_a_table_of_questions_and_is_read_from_it_again(bird_folder):
    found = read_benchmark(bird_folder)
    table = question_table(found)
    assert table["sql_prompt"][0] == "How many old boats are there?\nEvidence: old means years > 1"
    assert question_table(found, evidence=False)["sql_prompt"][0] == "How many old boats are there?"
    assert list(table["sql_complexity"]) == ["simple", "moderate", "challenging"]
    assert json.loads(table["column_descriptions"][1])["bread"]["flour"] == "kind of flour"
    again = benchmark_of(table)
    assert (again.format, again.split, again.questions) == ("bird", "dev", found.questions)
    assert benchmark_of(table.drop(columns="benchmark")) is None
