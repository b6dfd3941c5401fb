"""What is used of trl's private names is there, and is all that is used."""

import ast
import inspect
import re
from pathlib import Path

import pytest
from trl import DistillationTrainer, GRPOTrainer, SFTTrainer

from sqlreason.students.training import trl_private
from sqlreason.students.training.distillation_trainer import HintedTrainer
from sqlreason.students.training.grpo_trainer import GroupTrainer
from sqlreason.students.training.shared_prefixes import PrefixSharingTrainer
from sqlreason.students.training.tool_trainer import ToolTrainer

OURS = {
    SFTTrainer: (PrefixSharingTrainer,),
    GRPOTrainer: (GroupTrainer, ToolTrainer),
    DistillationTrainer: (HintedTrainer,),
}


@pytest.mark.parametrize("trainer", OURS, ids=lambda trainer: trainer.__name__)
def test_every_private_name_of_trl_that_is_used_exists_and_is_listed(trainer):
    """Methods take what ours take, attributes are set by trl, and nothing is used that no list and docstring names."""
    replaced = {
        name: ours
        for ours in OURS[trainer]
        for name in vars(ours)
        if re.match("_[^_]", name) and hasattr(trainer, name)
    }
    assert set(replaced) == set(trl_private.OVERRIDDEN[trainer])
    for name, ours in replaced.items():
        assert name in ours.__doc__
        theirs = list(inspect.signature(getattr(trainer, name)).parameters.values())
        for position, own in enumerate(inspect.signature(getattr(ours, name)).parameters.values()):
            if own.kind is own.POSITIONAL_OR_KEYWORD:
                assert theirs[position].kind in (own.POSITIONAL_OR_KEYWORD, own.VAR_POSITIONAL), name
    source = inspect.getsource(trainer)
    for name in trl_private.READ[trainer]:
        assert re.search(rf"self\.{name}\b.* = ", source), name


def test_no_other_module_reads_them():
    named = {name for names in trl_private.READ.values() for name in names} | {"_ForwardRedirection"}
    folder = Path(trl_private.__file__).parents[2]
    for path in folder.rglob("*.py"):
        if path != Path(trl_private.__file__):
            nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
            used = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
            used |= {alias.name for node in nodes if isinstance(node, ast.ImportFrom) for alias in node.names}
            assert not used & named, path
