"""All checks of one environment, in the order of a run."""

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from sqlreason.preflight import base_model, extras, machine, reach, requirements
from sqlreason.preflight.diagnosis import Finding
from sqlreason.students.training import memory_estimate
from sqlreason.students.training.memory_estimate import GIB, Shape

_DISK_BESIDE_MODEL = 5 * GIB  # tables, journal, checkpoints of adapters, reports: an allowance
_MEMORY_OF_TRAINING = 4 * GIB  # of Python, torch and the engines beside the weights; the demo peaked at 5.2 GB in all
_FALLBACK_MODEL = 8 * GIB  # where no config.json tells the size of the model


def check_environment(
    project: Path,
    parameters: Mapping[str, Any],
    entries: Mapping[str, Any],
    root: str,
    database: str | None,
    pipeline: Any,
    catalog: Any,
) -> list[Finding]:
    """Look at everything that an environment needs.

    Args:
        project: Folder of the project.
        parameters: Of the environment, as Kedro resolves them.
        entries: How the catalog's entries are configured.
        root: Its data root.
        database: A database that questions will be put to; `synthesis.database` if none is given.
        pipeline: What is to be run.
        catalog: The catalog, from which all that the pipeline begins with is loaded.

    Returns:
        The findings, in the order of a run.
    """
    student = parameters["student"]
    on_gpu = extras.is_for_gpu(student)
    refused = requirements.check_sources(pipeline, catalog, entries)
    usable = {name for name in pipeline.inputs() if name not in refused}
    hub, config = reach.check_hub(entries["base_model"]) if "base_model" in usable else (None, None)
    shape = _shape(config)
    model = memory_estimate.weight_bytes(shape, None) if shape else _FALLBACK_MODEL
    extra = dict.fromkeys(machine.GPU_EXTRA, _locked_unsloth(project)) if student["backend"] == "unsloth" else {}
    synthesis = {**parameters["synthesis"], **({"database": database} if database else {})}
    place = synthesis["database"]
    server = requirements.check_server(catalog, synthesis, usable, is_drawn=bool(place))
    return [
        machine.check_python(),
        machine.check_packages((project / "requirements.lock").read_text(encoding="utf-8"), extra),
        *extras.check_extras(parameters),
        *([machine.check_torch()] if on_gpu else []),
        *machine.check_gpu(on_gpu, estimate_peak(shape, parameters) if shape else None, student["ranks"]),
        machine.check_memory(_MEMORY_OF_TRAINING + model),
        machine.check_disk(project / root, _DISK_BESIDE_MODEL + 2 * model),
        *(refused.values() or [Finding("OK", requirements.SUBJECT, "all that a run begins with can be loaded")]),
        *([hub] if hub else []),
        *([reach.check_teacher(entries["teacher"])] if "teacher" in usable else []),
        reach.check_telemetry(project),
        *(_check_student(catalog, parameters, usable) if hub and hub.level == "OK" else []),
        *([reach.check_database(place)] if place else []),
        *([server] if server else []),
    ]


def _check_student(catalog: Any, parameters: Mapping[str, Any], usable: Collection[str]) -> list[Finding]:
    """What the tokenizer tells, with the questions as far as they can be loaded from here."""
    try:
        return requirements.check_student(catalog, parameters, usable)
    except ImportError as error:
        return [Finding("WARN", base_model.SUBJECT, f"not looked at: {error}", "see the lines packages and torch")]


def estimate_peak(shape: Shape, parameters: Mapping[str, Any]) -> float:
    """Bytes that the hungrier of SFT and GRPO needs on one card."""
    budget, lora = parameters["preprocessing"], parameters["sft"]["lora"]
    common = {"rank": lora["rank"], "quantization": parameters["student"]["quantization"]}
    peaks = []
    for name in ("sft", "grpo"):
        trl = parameters[name]["trl"]
        written = trl.get("max_completion_length", budget["max_completion_tokens"])
        rows = trl["per_device_train_batch_size"]
        completions = rows * trl["gradient_accumulation_steps"] // parameters["student"]["ranks"]
        parts = memory_estimate.estimate(
            shape,
            rows=rows,
            tokens=budget["max_prompt_tokens"] + written,
            logit_tokens=written,
            optimizer=trl["optim"],
            checkpointing=trl["gradient_checkpointing"],
            generated_rows=completions if name == "grpo" else 0,
            **common,
        )
        peaks.append(memory_estimate.peak(parts))
    return max(peaks)


def _shape(config: str | None) -> Shape | None:
    """None where no estimate can be made, which the line about the GPU says."""
    return Shape.from_config(json.loads(Path(config).read_text(encoding="utf-8"))) if config is not None else None


def _locked_unsloth(project: Path) -> str:
    """The version that the extra `gpu` of pyproject.toml pins."""
    import tomllib

    project_table = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pinned = dict(text.split("==") for text in project_table["optional-dependencies"]["gpu"] if "==" in text)
    return str(pinned["unsloth"])
