"""What is wrong with the parameters of an environment, in words; their types stand in `options`."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from sqlreason.options.option_types import Options
from sqlreason.options.pipeline_options import PARAMETERS, GRPOOptions, SFTOptions, StudentOptions


def find_faults(parameters: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the parameters of an environment, one line a fault; empty if nothing is.

    Args:
        parameters: Top-level parameter -> its values, as the configuration and `--params` give them.
    """
    unknown = sorted(set(parameters) - set(PARAMETERS))
    faults = [f"{name} is unknown; known are {', '.join(sorted(PARAMETERS))}" for name in unknown]
    read: dict[str, Any] = {}
    for name, kind in PARAMETERS.items():
        try:
            read[name] = kind.model_validate(parameters.get(name, {}))
        except ValidationError as error:
            faults += [_describe_fault(name, kind, dict(fault)) for fault in error.errors()]
    return faults or list(_find_contradictions(read["student"], read["sft"], read["grpo"]))


def _find_contradictions(student: StudentOptions, sft: SFTOptions, grpo: GRPOOptions) -> Iterator[str]:
    """Yield what only a training would notice, after the teacher was paid."""
    for name, passes in (("sft", sft.gradient_accumulation), ("grpo", grpo.gradient_accumulation)):
        if passes % student.ranks:
            yield (
                f"{name}.gradient_accumulation = {passes} forward passes a step cannot be shared by "
                f"student.ranks = {student.ranks}; make it a multiple, and {name}.batch_size smaller"
            )
        elif name == "grpo" and passes * grpo.batch_size // student.ranks % grpo.num_generations:
            yield (
                f"grpo.batch_size x grpo.gradient_accumulation / student.ranks = "
                f"{passes * grpo.batch_size // student.ranks} completions of a rank are no whole groups of "
                f"grpo.num_generations = {grpo.num_generations}; make it a multiple"
            )
    if student.backend == "unsloth" and grpo.method == "grpo" and not grpo.beta:  # with beta, transformers trains GRPO
        for name, given, none in (("vllm", grpo.vllm, "null"), ("dev_prompts", grpo.dev_prompts, "0")):
            if given:
                yield (
                    f"grpo.{name} = {given!r} with student.backend = 'unsloth' and grpo.beta = 0: unsloth writes its "
                    f"completions itself, without it; set grpo.{name}={none}, or student.backend=transformers"
                )
    if grpo.vllm and student.quantization:
        yield (
            f"grpo.vllm = {grpo.vllm!r} with student.quantization = {student.quantization!r}: the adapter would be "
            "merged into rounded weights at each step; set one of them to null"
        )


def _describe_fault(name: str, kind: type[Options], fault: Mapping[str, Any]) -> str:
    path = ".".join([name, *(str(part) for part in fault["loc"])])
    if fault["type"] == "extra_forbidden":
        parent = path.rpartition(".")[0]
        return f"{path} is unknown; {parent} has {', '.join(sorted(_fields(kind, fault['loc'][:-1])))}"
    if fault["type"] == "missing":
        return f"{path} is missing"
    if fault["type"] == "value_error":
        return f"{path}: {fault['ctx']['error']}"
    return f"{path} = {fault['input']!r}: {fault['msg'][0].lower()}{fault['msg'][1:]}"


def _fields(kind: type[Options], path: tuple[str | int, ...]) -> Iterator[str]:
    """Yield the names that the options at a path may have."""
    for part in path:
        inner = kind.model_fields[str(part)].annotation
        if not (isinstance(inner, type) and issubclass(inner, Options)):
            return
        kind = inner
    yield from kind.model_fields
