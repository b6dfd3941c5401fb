"""The arguments of trl's configuration classes: which there are, their types and defaults, and which are not free here.

They are read from the source of the installed trl and transformers, for importing the classes takes torch and many
seconds, and a wrong name has to be found before anything starts. Covers dataclasses whose fields are annotated with
builtin types, unions, generics and string enumerations; any other annotation is taken for `Any`.
"""

import ast
import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, reduce
from importlib.metadata import version
from importlib.util import find_spec
from operator import or_
from pathlib import Path
from typing import Any, Literal

from sqlreason.errors import BadInput

_BUILTIN: dict[str, Any] = {"bool": bool, "int": int, "float": float, "str": str, "list": list, "dict": dict}

#: What every training passes to trl, whatever the parameters say: history, checkpoints and resuming rely on it.
FIXED: dict[str, Any] = {
    "save_strategy": "steps",
    "save_total_limit": 2,
    "logging_steps": 1,
    "disable_tqdm": True,
    "dataloader_num_workers": 0,
    "ddp_find_unused_parameters": False,
    "average_tokens_across_devices": True,
}

#: Likewise of SFT, whose rows are made and checked by this project.
FIXED_OF_SFT: dict[str, Any] = {
    "max_length": None,
    "packing": False,
    "completion_only_loss": True,
    "dataset_num_proc": None,
}

#: Likewise of GRPO and on-policy distillation, whose completions are written by this project.
FIXED_OF_ROLLOUTS: dict[str, Any] = {
    "top_k": 0,
    "disable_dropout": True,
    "remove_unused_columns": False,
    "log_completions": False,
}

#: Likewise of GRPO, whose reference stays the student of SFT.
FIXED_OF_GRPO: dict[str, Any] = {**FIXED_OF_ROLLOUTS, "sync_ref_model": False}

#: Arguments that follow from something else, and from what.
_FROM_ELSEWHERE = {
    "output_dir": "the work folder of the training",
    "resume_from_checkpoint": "student.resume",
    "report_to": "tracking",
    "bf16": "student.dtype",
    "fp16": "student.dtype",
    "use_cpu": "whether there is a GPU",
    "data_seed": "seed",
    "model_init_kwargs": "the entry base_model of the catalog",
    "fsdp": "student.accelerate",
    "fsdp_config": "student.accelerate",
    "deepspeed": "student.accelerate",
    "chat_template_kwargs": "student.chat_template",
    "chat_template_path": "student.chat_template",
    "reward_weights": "grpo.rewards",
    "shuffle_dataset": "grpo.curriculum",
    "vllm_max_model_length": "the longest prompt",
    "push_to_hub": "export.target",
    "eval_strategy": "grpo.dev_prompts",
    "load_best_model_at_end": "grpo.dev_prompts",
    "generation_batch_size": "per_device_train_batch_size and gradient_accumulation_steps",
    "steps_per_generation": "gradient_accumulation_steps",
    "max_tool_calling_iterations": "grpo.tools.calls",
}

#: Arguments that the project's own rows, generation and log-probabilities would pass over in silence.
_NOT_HONOURED = {
    "auto_find_batch_size", "packing_strategy", "padding_free", "assistant_only_loss", "eos_token", "pad_token",
    "min_p", "repetition_penalty", "generation_kwargs", "cache_implementation", "use_transformers_continuous_batching",
    "transformers_continuous_batching_config", "use_transformers_paged", "use_liger_kernel", "entropy_coef",
    "use_adaptive_entropy",
}  # fmt: skip

#: How arguments begin that are about evaluating, logging and publishing, none of which is left to trl.
_OF_NO_USE = ("eval_", "per_device_eval_", "hub_", "log_", "logging_", "trackio_", "do_", "push_to_")


@dataclass(frozen=True)
class Argument:
    """One argument of a configuration class.

    Attributes:
        kind: Its type, with the values of an enumeration as `Literal`.
        default: Its default; None too where that is not a literal of the source.
    """

    kind: Any
    default: Any


@cache
def read_arguments(config: str) -> Mapping[str, Argument]:
    """Return the arguments of a configuration class of trl, those that it inherits included.

    Args:
        config: Name of the class, such as "GRPOConfig".

    Example:
        >>> read_arguments("SFTConfig")["num_train_epochs"]
        Argument(kind=<class 'float'>, default=3.0)
    """
    return {
        name: argument for found, home in reversed(_family("trl", config)) for name, argument in _fields(found, home)
    }


def describe_unknown(config: str, name: str) -> str | None:
    """Return in words why a name cannot be given as an argument of a class; None if it can.

    Args:
        config: Name of the class.
        name: Name of the argument.
    """
    known = read_arguments(config)
    if name not in known:
        near = difflib.get_close_matches(name, set(known) - _refused(config), n=1, cutoff=0.5)
        hint = f"; did you mean {near[0]}?" if near else ""
        return f"is no argument of {config} in trl {version('trl')}{hint}"
    if name not in _refused(config):
        return None
    source = _FROM_ELSEWHERE.get(name, "what this project's training needs")
    return f"is an argument of {config} that cannot be chosen here; it follows from {source}"


def complete(config: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return all arguments that a training will have: those given, the others as trl sets them by itself.

    Args:
        config: Name of the class.
        given: Arguments by name.

    Raises:
        BadInput: If a name is not one of the class, or not free.
    """
    faults = [f"{name} {fault}" for name in given if (fault := describe_unknown(config, name))]
    if faults:
        raise BadInput("; ".join(faults))
    return {**{name: argument.default for name, argument in read_arguments(config).items()}, **given}


def rows_of_a_step(trl: Mapping[str, Any]) -> int:
    """Return the rows, or completions, of one step: of a rank if the arguments are a rank's share."""
    return int(trl["per_device_train_batch_size"] * trl["gradient_accumulation_steps"])


def share(given: Mapping[str, Any], ranks: int) -> dict[str, Any]:
    """Return the arguments of each of several ranks: a step sees the same rows whatever their number.

    Raises:
        BadInput: If the forward passes of a step cannot be shared evenly.
    """
    passes = given.get("gradient_accumulation_steps", 1)
    if passes % ranks:
        raise BadInput(
            f"gradient_accumulation_steps={passes} forward passes a step cannot be shared by ranks={ranks}; make it a "
            "multiple (and per_device_train_batch_size smaller, to keep the rows of a step)"
        )
    return {**given, "gradient_accumulation_steps": passes // ranks} if ranks > 1 else dict(given)


def _refused(config: str) -> set[str]:
    own = {*FIXED, *_FROM_ELSEWHERE, *_NOT_HONOURED}
    own |= {*FIXED_OF_SFT, "loss_type"} if config == "SFTConfig" else {*FIXED_OF_GRPO}
    return own | {name for name in read_arguments(config) if name.startswith(_OF_NO_USE)}


@dataclass(frozen=True)
class _Module:
    """A module that is read and not imported."""

    package: str
    name: str

    @property
    def path(self) -> Path:
        spec = find_spec(self.package)  # of a top-level package: this imports nothing
        if spec is None or spec.origin is None:
            raise BadInput(f"the package {self.package} is not installed; install the project's requirements.lock")
        place = Path(spec.origin).parent.joinpath(*self.name.split(".")[1:])
        return place / "__init__.py" if place.is_dir() else place.with_suffix(".py")

    @property
    def parent(self) -> str:
        return self.name if self.path.name == "__init__.py" else self.name.rpartition(".")[0]


@cache
def _parse(home: _Module) -> ast.Module:
    return ast.parse(home.path.read_text(encoding="utf-8"))


@cache
def _find_class(home: _Module, name: str) -> tuple[ast.ClassDef, _Module] | None:
    """Find where a class is defined, along the imports of the modules that name it."""
    for node in ast.walk(_parse(home)):
        if isinstance(node, ast.ClassDef) and node.name == name:
            return node, home
        if isinstance(node, ast.ImportFrom) and name in {alias.asname or alias.name for alias in node.names}:
            source = node.module or ""
            if node.level:
                base = home.parent.split(".")[: None if node.level == 1 else 1 - node.level]
                source = ".".join([*base, *filter(None, [source])])
            package = source.partition(".")[0]
            if package in ("trl", "transformers"):
                return _find_class(_Module(package, source), name)
    return None


def _family(package: str, name: str) -> list[tuple[ast.ClassDef, _Module]]:
    """Return a class and those that it inherits from, itself first."""
    found = _find_class(_Module(package, package), name)
    family = []
    while found:
        family.append(found)
        node, home = found
        bases = [base.id for base in node.bases if isinstance(base, ast.Name)]
        found = next((above for base in bases if (above := _find_class(home, base))), None)
    return family


def _fields(node: ast.ClassDef, home: _Module) -> Iterator[tuple[str, Argument]]:
    for line in node.body:
        if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name):
            yield line.target.id, Argument(_type(line.annotation, home), _default(line.value))


def _default(value: ast.expr | None) -> Any:
    if isinstance(value, ast.Call):
        value = next((word.value for word in value.keywords if word.arg == "default"), None)
    try:
        return ast.literal_eval(value) if value is not None else None
    except ValueError:
        return None


def _type(node: ast.expr, home: _Module) -> Any:
    """Return the type that an annotation means; `Enumeration | str` is one of the enumeration's values."""
    if isinstance(node, ast.Constant):
        return None
    if isinstance(node, ast.Name):
        return _BUILTIN.get(node.id) or _values(node.id, home) or Any
    if isinstance(node, ast.BinOp):
        return _union(_type(side, home) for side in (node.left, node.right))
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
        inside = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if node.value.id == "Literal":
            return Literal[tuple(ast.literal_eval(part) for part in inside)]
        return _BUILTIN[node.value.id][tuple(_type(part, home) for part in inside)]
    return Any


def _union(kinds: Iterable[Any]) -> Any:
    sides = list(kinds)
    if Any in sides:
        return Any
    if any(getattr(side, "__origin__", None) is Literal and side.__args__ != (False,) for side in sides):
        sides = [side for side in sides if side is not str]
    return reduce(or_, sides) if len(sides) > 1 else sides[0]


def _values(name: str, home: _Module) -> Any:
    """Return the values of a string enumeration as a `Literal`; None if the name is something else."""
    found = _find_class(home, name)
    if found is None or not any("Enum" in ast.unparse(base) for base in found[0].bases):
        return None
    lines = [line.value for line in found[0].body if isinstance(line, ast.Assign)]
    return Literal[tuple(value.value for value in lines if isinstance(value, ast.Constant))]
