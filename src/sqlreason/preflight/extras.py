"""What parameters ask of a machine beyond the lock: an extra, a GPU. Known before a run, for the nodes that it has."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from importlib.util import find_spec
from operator import getitem
from typing import Any

from sqlreason.preflight import machine
from sqlreason.preflight.diagnosis import Finding
from sqlreason.students.training.tracking import TRACKERS

TRAININGS = ("sft.train_sft", "grpo.train_grpo")
TRACKED = (*TRAININGS, "evaluation.compare_students")
VLLM = 'pip install "vllm==0.30.0" into an environment with the CUDA build of torch'


@dataclass(frozen=True)
class Need:
    """A value of a parameter that asks for more than the lock installs.

    Attributes:
        parameter: Its name, with dots.
        value: The value that has the need.
        package: Which has to be importable.
        nodes: That use it.
        gpu: Whether it needs an NVIDIA GPU.
        install: How to get the package.
        instead: The parameter that does without.
    """

    parameter: str
    value: str | bool
    package: str
    nodes: tuple[str, ...]
    gpu: bool
    install: str
    instead: str

    @property
    def asked(self) -> str:
        """The parameter with its value."""
        return f"{self.parameter}={str(self.value).lower()}"

    def is_met_in(self, parameters: Mapping[str, Any]) -> bool:
        """Whether an environment's parameters have this value."""
        return bool(reduce(getitem, self.parameter.split("."), parameters) == self.value)


NEEDS = (
    Need(
        "student.backend", "unsloth", "unsloth", TRAININGS, True,
        'pip install -e ".[gpu]"', "student.backend=transformers",
    ),
    Need("grpo.trl.use_vllm", True, "vllm", ("grpo.train_grpo",), True, VLLM, "grpo.trl.use_vllm=false"),
    Need(
        "preprocessing.verifier", "ray", "ray", ("preprocessing.verify_traces",), False,
        'pip install -e ".[ray]"', "preprocessing.verifier=local",
    ),
    *(
        Need("tracking", name, name, TRACKED, False, f'pip install -e ".[{name}]"', "tracking=null")
        for name in TRACKERS
    ),
)  # fmt: skip


def list_needs(parameters: Mapping[str, Any]) -> list[Need]:
    """The needs of an environment's parameters."""
    return [need for need in NEEDS if need.is_met_in(parameters)]


def find_lacks(parameters: Mapping[str, Any], nodes: Collection[str]) -> Iterator[str]:
    """Yield in words what a run would lack, most of it after hours and after the teacher was paid.

    Args:
        parameters: Of the environment, as Kedro resolves them.
        nodes: Names of the nodes that are to be run.
    """
    for need in list_needs(parameters):
        if not set(need.nodes) & set(nodes):
            continue
        if need.gpu and not machine.has_gpu():
            yield (
                f"{need.asked} needs an NVIDIA GPU and this machine has none: run on one that has, use the "
                f"environment demo, or set {need.instead}"
            )
        elif find_spec(need.package) is None:
            yield f"{need.asked} needs {need.package}, which is not installed: {need.install}, or set {need.instead}"


def is_for_gpu(student: Mapping[str, Any]) -> bool:
    """Whether the parameter `student` is that of a model that nobody would train on a CPU."""
    return student["backend"] == "unsloth" or student["quantization"] is not None or student["dtype"] == "bfloat16"


def find_doubts(parameters: Mapping[str, Any], nodes: Collection[str]) -> Iterator[str]:
    """Yield what a run could start with on this machine and would hardly end; arguments as of `find_lacks`."""
    student = parameters["student"]
    if set(TRAININGS) & set(nodes) and is_for_gpu(student) and not machine.has_gpu():
        yield (
            f"student.quantization={student['quantization']} and student.dtype={student['dtype']} are those of a GPU, "
            "and this machine has none: the training will take very long on its CPU, if its memory is enough"
        )


def check_extras(parameters: Mapping[str, Any]) -> list[Finding]:
    """Whether the packages of the needs are installed; those of the extra `gpu` stand in the line packages."""
    return [
        Finding("OK", need.package, f"installed, for {need.asked}")
        if find_spec(need.package)
        else Finding("FAIL", need.package, f"not installed, and {need.asked}", f"{need.install}, or {need.instead}")
        for need in list_needs(parameters)
        if need.package not in machine.GPU_EXTRA
    ]
