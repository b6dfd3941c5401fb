"""Examples in docstrings run and give what they say."""

import doctest
import importlib
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[1] / "src"
MODULES = [
    ".".join(path.relative_to(SOURCE).with_suffix("").parts)
    for path in sorted(SOURCE.rglob("*.py"))
    if ">>> " in path.read_text(encoding="utf-8") and path.parent.name != "datasets"  # theirs are entries of a catalog
]
# What anybody calls from a script of their own.
SHOWN = {
    "sqlreason.sql.verifier", "sqlreason.students.generation.voting", "sqlreason.rewards.certification",
    "sqlreason.rewards.judging", "sqlreason.rewards.published_rewards", "sqlreason.rewards.format_reward",
    "sqlreason.rewards.length", "sqlreason.rewards.reasoning", "sqlreason.rewards.similarity",
    "sqlreason.rewards.article",
}  # fmt: skip


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_run(name):
    found = doctest.testmod(importlib.import_module(name))
    assert found.attempted and not found.failed


def test_what_a_user_calls_has_an_example():
    assert set(MODULES) >= SHOWN
