"""The league table of rewards counts what candidates earned, and runs code of others as it stands in their source."""

import importlib

import pytest

CORRECT = {"kind": "correct", "row": 0, "think": "", "sql": "", "family": ""}


@pytest.fixture
def benchmarks(project, monkeypatch):
    monkeypatch.syspath_prepend(project / "benchmarks")
    return importlib.import_module


def test_a_candidate_is_accepted_where_it_earns_what_most_right_answers_do(benchmarks):
    league = benchmarks("reward_league")
    trials = [{**CORRECT, "name": name} for name in ("the gold", "in lower case", "laid out anew")]
    trials += [{**CORRECT, "kind": "exploit", "name": "select one", "row": row} for row in (0, 0, 1)]
    trials += [{**CORRECT, "kind": "mutant", "name": "mutants of the gold", "sql": sql} for sql in ("a", "b")]
    trials += [{**CORRECT, "row": 1, "name": "the gold"}]
    earned = [4.0, 2.8, 0.0, 2.8, 2.7, 1.0, 3.0, None, 1.0]
    told = [
        {"earned": score, "ms": 2.0, "altered": number == 3, "raised": "" if score is not None else "ValueError: x"}
        for number, score in enumerate(earned)
    ]
    line = league._summary("article", "1.0", {"questions": [{"id": "q0"}, {"id": "q1"}], "trials": trials}, told)
    assert [one["name"] for one in line["refused"]] == ["laid out anew"] and line["right"] == 4
    assert [(one["name"], one["question"], one["questions"]) for one in line["paid"]] == [("select one", "q0", 2)]
    assert [one["sql"] for one in line["accepted"]] == ["a"] and line["mutants"] == 2
    assert (line["exploits"], line["altered"], line["raised"]) == (1, ["select one"], 1)
    assert "| 1 of 1 | 1 of 2 | 1 of 4 | by 1 exploits | 2.0 |" in league._row(line)


def test_functions_of_a_module_that_cannot_be_imported_run_as_they_stand(benchmarks, tmp_path, monkeypatch):
    (tmp_path / "served").mkdir()
    (tmp_path / "served/app.py").write_text(
        "import a_server_that_is_not_here\nLIMIT = 2\n\ndef double(x: int) -> int:\n    return LIMIT * x\n\n"
        "@a_server_that_is_not_here.route\ndef serve():\n    pass\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    assert benchmarks("league_entrants").functions_of("served", "app.py", "double")["double"](3) == 6
