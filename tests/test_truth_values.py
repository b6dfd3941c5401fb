"""true and false are no numbers in any parameter, however deep they stand; where a truth value belongs, it is taken."""

import pytest
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project

from sqlreason.options.checks import find_faults
from sqlreason.options.option_types import Options
from sqlreason.options.parameters import PARAMETERS


@pytest.fixture(scope="module")
def parameters(project):
    bootstrap_project(project)
    with KedroSession.create(project, env="base") as session:
        return session.load_context().config_loader["parameters"]


def numbers(values, path=()):
    """The paths of all numbers in nested parameters."""
    for name, value in values.items() if isinstance(values, dict) else enumerate(values):
        if isinstance(value, dict | list):
            yield from numbers(value, (*path, name))
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield (*path, name)


def replaced(values, path, value):
    """The parameters with another value at a path."""
    items = values.items() if isinstance(values, dict) else enumerate(values)
    new = {name: (replaced(old, path[1:], value) if len(path) > 1 else value) if name == path[0] else old
           for name, old in items}  # fmt: skip
    return new if isinstance(values, dict) else list(new.values())


@pytest.mark.parametrize("truth", [True, False])
def test_every_number_of_every_parameter_refuses_a_truth_value(parameters, truth):
    paths = list(numbers({name: parameters[name] for name in PARAMETERS}))
    assert len(paths) > 90
    for path in paths:
        faults = "\n".join(find_faults(replaced(parameters, path, truth)))
        assert faults.startswith(f"{path[0]}.{path[1]}") and faults.count("a number, not true or false") == 1, path


def test_what_may_be_a_truth_value_or_a_number_takes_both():
    class Loose(Options):
        either: bool | int
        switch: bool

    assert Loose(either=True, switch=False).either is True
