"""The comparison of the ways after SFT: its table, its correction, what it runs again; nothing is trained here."""

import argparse
import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project

from sqlreason.options.checks import Chosen, find_contradictions
from sqlreason.options.grpo_options import GRPOOptions
from sqlreason.reporting import statistics


@pytest.fixture(scope="module")
def comparison(load_benchmark):
    return load_benchmark("grpo_comparison")


def row(arm, seed, right, **facts):
    return {"arm": arm, "seed": seed, "setting": "s", "minutes": 1.0, "right": right, **facts}


def marks(right, n=200):
    return "1" * right + "0" * (n - right)


def test_every_arm_is_paired_with_its_seed_and_corrected_for_their_number(comparison):
    rows = [row("sft", seed, marks(80)) for seed in (7, 8)]
    rows += [row("grpo_curriculum", seed, marks(86), generated_tokens=280_400, exploits=0.01) for seed in (7, 8)]
    rows += [row("distillation", seed, marks(80 + 3 * (seed == 7))) for seed in (7, 8)]
    lines = {
        line.split(" | ")[0].strip("| *") + line.split(" | ")[1]: line
        for line in comparison.tabulate(rows).splitlines()
    }
    alone = [statistics.mean_p_value([([c == "1" for c in marks(80)], [c == "1" for c in marks(n)]) for n in pair])
             for pair in ((86, 86), (83, 80))]  # fmt: skip
    curriculum, distillation = statistics.holm(alone)
    name = "GRPO, execution, curriculum"
    assert f"| {curriculum:.3f} (Holm) |" in lines[f"{name}mean of 2"]
    assert f"| {distillation:.3f} (Holm) |" in lines["On-policy distillationmean of 2"]
    assert "+3.0 (" in lines[f"{name}7"] and "| 280 | 1.0 % |" in lines[f"{name}7"]
    assert "range +0.0 … +1.5" in lines["On-policy distillationmean of 2"]
    assert "Holm" not in lines["SFTmean of 2"]


def test_questions_of_people_have_a_table_of_their_own(comparison):
    rows = [row("sft", 7, marks(80)), row("voting", 7, marks(90), right_people=marks(9, 20))]
    rows[0]["right_people"] = marks(5, 20)
    assert "| 7 | 20 | 45.0 %" in comparison.tabulate(rows, "right_people")
    assert "| 7 | 200 | 45.0 %" in comparison.tabulate(rows)


@pytest.mark.parametrize("env", ["demo", "smol"])
def test_every_arm_of_both_students_is_free_of_contradictions_and_ends_by_its_tokens(comparison, project, env):
    bootstrap_project(project)
    with KedroSession.create(project, env=env) as session:
        parameters = session.load_context().params
    chosen, given = Chosen.among(parameters), parameters["grpo"]
    for _, changes in comparison.ARMS.values():
        options = comparison.budgeted(comparison.seeded(given.model_copy(update=changes or {}), 8), 1000)
        GRPOOptions.model_validate(options.model_dump())
        assert not list(find_contradictions(replace(chosen, grpo=options)))
        assert (options.token_budget, options.patience, options.trl.seed) == (1000, None, 8)
        assert options.trl.max_steps == comparison.MOST_STEPS * given.trl.max_steps
        assert options.trl.warmup_steps == 2.0  # 3 % of 40 steps, not of 400
    assert comparison.budgeted(given, None) is given
    assert set(comparison.WAYS) <= {comparison.LADDER_ARM, *comparison.ARMS}


class Arms:
    """Stands for `Comparison`: an arm is a row, and one of them fails once."""

    ran: list = []  # noqa: RUF012
    setting = "s"

    def __init__(self, catalog, terms, seed):
        self.seed = seed

    def run(self, arm, known):
        Arms.ran.append((arm, self.seed))
        if arm == "grpo_clause" and Arms.ran.count((arm, self.seed)) == 1:
            raise MemoryError("too little")
        return row(arm, self.seed, "01")


def test_what_is_done_is_not_run_again_and_what_failed_is(comparison, monkeypatch, tmp_path):
    monkeypatch.setattr(comparison, "Comparison", Arms)
    Arms.ran.clear()
    session = SimpleNamespace(load_context=lambda: SimpleNamespace(catalog=None))
    given = argparse.Namespace(
        arms=["sft", "grpo_clause", "voting"], seeds=[7, 8], results=tmp_path / "r.jsonl", minutes=None
    )
    terms = comparison.Terms(10, start="catalog")
    comparison.run_left(session, given, terms)
    rows = comparison.read_results(given.results)
    assert [each["failed"] for each in rows if "failed" in each] == ["MemoryError: too little"] * 2
    assert Arms.ran == [
        ("sft", 7),
        ("grpo_clause", 7),
        ("voting", 7),
        ("grpo_clause", 8),
    ]  # one start: one SFT and vote
    assert comparison.left_to_run(rows, given.arms, given.seeds) == [("grpo_clause", 7), ("grpo_clause", 8)]
    comparison.run_left(session, given, terms)
    assert Arms.ran[4:] == [("grpo_clause", 7), ("grpo_clause", 8)]
    comparison.run_left(session, given, terms)
    assert len(Arms.ran) == 6 and len(given.results.read_text().splitlines()) == 8
    assert {json.loads(line)["seed"] for line in given.results.read_text().splitlines()} == {7, 8}


def test_no_arm_is_begun_after_its_minutes(comparison, monkeypatch, tmp_path):
    monkeypatch.setattr(comparison, "Comparison", Arms)
    Arms.ran.clear()
    session = SimpleNamespace(load_context=lambda: SimpleNamespace(catalog=None))
    given = argparse.Namespace(arms=["sft"], seeds=[7], results=tmp_path / "r.jsonl", minutes=-1.0)
    comparison.run_left(session, given, comparison.Terms(10))
    assert Arms.ran == []


def test_a_training_that_returns_its_start_is_not_examined_again(comparison):
    own = object.__new__(comparison.Comparison)
    own.terms = comparison.Terms(10)
    start = SimpleNamespace(digest="d")
    known = [row("voting", 7, "11", digest="d"), row("sft", 7, "01", digest="d", executes=1.0)]
    assert own._examined_before("grpo_clause", start, known) == {"right": "01", "executes": 1.0}
    assert own._examined_before("grpo_clause", SimpleNamespace(digest="other"), known) is None
    assert own._examined_before("voting", start, known) is None  # its answers are drawn
    own.terms = comparison.Terms(10, people=Path())
    assert own._examined_before("grpo_clause", start, known) is None  # that row was not asked people's questions
