"""Spoiled questions are prepared without an exception, and without a fault that nobody thought of.

A sample small enough for each run; `benchmarks/mutilation.py` takes 2,000 and real questions too.
"""

import pandas as pd
import pytest
from mutilation import RULES, mutilated
from world_cases import load_world

from sqlreason.reasoning.plan import check_plan
from sqlreason.sql.databases.preparation import prepare
from sqlreason.sql.parsing.features import features
from sqlreason.sql.parsing.schema import Schema, find_definitions
from sqlreason.sql.verifier import Verifier

COUNT, SEED = 100, 0


@pytest.fixture(scope="module")
def spoiled(project):
    frame = pd.read_parquet(project / "data/01_raw/questions/train.parquet").sample(60, random_state=SEED)
    questions = list(zip(frame["sql_context"], frame["sql"], strict=True))
    questions += [(case.context, case.gold) for case in load_world() if len(case.context) + len(case.gold) < 3_000]
    return list(mutilated(questions, COUNT, SEED))


def test_preparing_spoiled_questions_raises_nothing_and_meets_nothing_unforeseen(spoiled):
    with Verifier() as verifier:
        found = [(rules, prepare(verifier, "", context, gold)) for rules, context, gold in spoiled]
    assert [(rules, prepared) for rules, prepared in found if prepared.status == "fault"] == []
    assert {"ok", "gold_error", "schema_error"} <= {prepared.status for _, prepared in found}


def test_spoiled_questions_are_described_and_compared_with_their_plans(spoiled):
    for _, context, gold in spoiled:
        schema = find_definitions(context)
        assert features(gold, schema or Schema(()))["kind"]
        assert 0 <= check_plan("Read `users` and the name.", gold, schema).consistency <= 1


@pytest.mark.parametrize("rule", RULES)
def test_each_rule_spoils_something(rule, spoiled):
    assert any(rule in told for rules, _, _ in spoiled for told in rules)
