"""What is read from the source of trl's configuration classes is what the classes have."""

import dataclasses
import enum
import os
import subprocess
import sys
import typing

import pytest
import trl

from sqlreason.errors import BadInput
from sqlreason.options.trl_options import GRPOArguments, SFTArguments
from sqlreason.students.training import trl_arguments
from sqlreason.students.training.trainer_arguments import arguments_of, build_config

CONFIGS = ("SFTConfig", "GRPOConfig", "DistillationConfig")


def values_of(kind):
    """Every type and every accepted value in an annotation; an enumeration counts by its values and `str`."""
    found = set()
    for part in typing.get_args(kind) or (kind,):
        if isinstance(part, type) and issubclass(part, enum.Enum):
            found |= {str, *(member.value for member in part)}
        elif typing.get_args(part) and part not in (kind,):
            found |= values_of(part)
        else:
            found.add(part)
    return found


@pytest.mark.parametrize("config", CONFIGS)
def test_names_and_literal_defaults_are_those_of_the_class(config):
    fields = {field.name: field for field in dataclasses.fields(getattr(trl, config)) if field.init}
    found = trl_arguments.read_arguments(config)
    assert set(found) == set(fields)
    told = {name: argument.default for name, argument in found.items() if argument.default is not None}
    assert {name: fields[name].default for name in told} == told
    for name in ("gradient_accumulation_steps", "per_device_train_batch_size", "seed", "gradient_checkpointing"):
        assert told[name] == fields[name].default


@pytest.mark.parametrize("config", CONFIGS)
def test_types_are_those_of_the_class(config):
    hints = typing.get_type_hints(getattr(trl, config))
    for name, argument in trl_arguments.read_arguments(config).items():
        if argument.kind is typing.Any:
            assert name == "parallelism_config"
            continue
        real, read = values_of(hints[name]), values_of(argument.kind)
        assert read <= real and real - read <= {str}, name  # `str` goes where the values of an enumeration are known


@pytest.mark.parametrize("options", [SFTArguments, GRPOArguments])
def test_every_argument_that_has_a_line_in_our_parameters_can_be_chosen(options):
    assert [name for name in options.model_fields if trl_arguments.describe_unknown(options.config, name)] == []


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("learning_rat", "did you mean learning_rate?"),
        ("max_completion_tokens", "did you mean max_completion_length?"),
        ("batch_size", "did you mean per_device_train_batch_size?"),
        ("lr_scheduler", "did you mean lr_scheduler_type?"),
        ("zzz", "is no argument of GRPOConfig in trl"),
        ("output_dir", "follows from the work folder of the training"),
        ("eval_steps", "cannot be chosen here"),
        ("generation_kwargs", "cannot be chosen here"),
    ],
)
def test_a_name_that_cannot_be_given_is_told_with_a_near_one_or_where_it_comes_from(name, told):
    assert told in trl_arguments.describe_unknown("GRPOConfig", name)
    with pytest.raises(BadInput, match=name):
        trl_arguments.complete("GRPOConfig", {name: 1})


def test_whatever_else_trl_knows_is_passed_on(tmp_path):
    given = {"delta": 1.5, "importance_sampling_level": "sequence", "learning_rate": 1e-5, "seed": 3}
    assert trl_arguments.complete("GRPOConfig", given)["num_iterations"] == 1
    config = build_config(trl.GRPOConfig, arguments_of(given, tmp_path, mixed=False))
    assert {name: getattr(config, name) for name in given} == given
    assert (config.data_seed, config.output_dir, config.bf16) == (3, str(tmp_path), False)


def test_they_are_read_without_importing_torch_or_trl():
    code = (
        "import sys; from sqlreason.options.parameters import PARAMETERS;"
        "from sqlreason.students.training.trl_arguments import read_arguments; read_arguments('GRPOConfig');"
        "print([name for name in ('torch', 'transformers', 'trl') if name in sys.modules])"
    )
    paths = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=paths)
    assert done.stdout.strip() == "[]"


def test_a_step_sees_the_same_rows_whatever_the_number_of_ranks():
    assert trl_arguments.share({"gradient_accumulation_steps": 4}, 2)["gradient_accumulation_steps"] == 2
    with pytest.raises(BadInput, match="cannot be shared by ranks=3"):
        trl_arguments.share({"gradient_accumulation_steps": 4}, 3)
