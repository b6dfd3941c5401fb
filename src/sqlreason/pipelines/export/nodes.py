"""Nodes of the export: merge, write GGUF, evaluate each form again, write the card, publish what passes."""

import json
import logging
import os
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from sqlreason.errors import BadInput, SqlReasonError
from sqlreason.exports import gguf, licences, llamacpp, merging, publishing
from sqlreason.exports import model_card as model_card_text
from sqlreason.exports.gguf import GgufModel, GgufRequest
from sqlreason.options.evaluation_options import EvaluationOptions
from sqlreason.options.export_options import ExportOptions
from sqlreason.options.sft_options import StudentOptions
from sqlreason.reasoning.prompts import Prompt, build_messages
from sqlreason.reporting import statistics
from sqlreason.sql.parsing.dialects import NAMES
from sqlreason.students.checkpoints.adapter import Adapter
from sqlreason.students.checkpoints.checkpoint import Checkpoint, TrainedModel
from sqlreason.students.prompting import prompt_fingerprint
from sqlreason.teachers.teacher import Teacher

logger = logging.getLogger(__name__)

#: What earlier runs left, by name of its catalog entry: a function that loads it, for what is there.
Sources = Mapping[str, Callable[[], Any]]

ADAPTER, MERGED, GGUF = "adapter", "merged", "GGUF"


class ExportError(SqlReasonError, RuntimeError):
    """An exported form scores worse than what it was made of."""


def choose_adapter(
    export_sources: Sources,
    base_model: Checkpoint,
    student_prompt: dict[str, Any],
    teacher: Teacher,
    student: StudentOptions,
    options: ExportOptions,
) -> Adapter:
    """Return the adapter that is to leave the house, after all that could refuse it later.

    Raises:
        BadInput: If that adapter was not trained yet, or the licence of base model or teacher asks for another name.
        AdapterError: If it was trained on another base model or with another prompt.
    """
    if f"{options.adapter}_adapter" not in export_sources:
        raise BadInput(_tell_missing(options.adapter, export_sources))
    adapter: Adapter = export_sources[f"{options.adapter}_adapter"]()
    spoken_to = base_model.spoken_to(**student.template)
    adapter.require(base_model.identity, prompt_fingerprint(Prompt.from_mapping(student_prompt), spoken_to))
    gguf.check_precision(options.precision)
    taught_by = _models(base_model, teacher, adapter)
    licences.check_name(options.name, taught_by, "export.name")
    if options.target is not None:
        licences.check_name(options.target, taught_by, "export.target")
    return adapter


def _models(base_model: Checkpoint, teacher: Teacher, adapter: Adapter | None = None) -> dict[str, str]:
    """Whose licences count, by what each was to the student; a scripted teacher has none but this project's."""
    models = {"base model": base_model.identity}
    if teacher.kind != "scripted":
        models["teacher"] = teacher.name
    if adapter is not None and adapter.facts.get("stage") == "distillation":
        models["teacher of the distillation"] = str(adapter.facts["options"]["teacher"])
    return models


def _tell_missing(wanted: str, sources: Sources) -> str:
    there = [name.removesuffix("_adapter") for name in sources if name.endswith("_adapter")]
    instead = f", or export what there is: --params export.adapter={there[0]}" if there else ""
    return f"export.adapter={wanted}: no such adapter was trained yet. Run `kedro run --pipelines={wanted}`{instead}"


def write_card(
    base_model: Checkpoint,
    exported_adapter: Adapter,
    export_sources: Sources,
    student_prompt: dict[str, Any],
    filtered_traces: pd.DataFrame,
    teacher: Teacher,
    evaluation: EvaluationOptions,
    options: ExportOptions,
) -> str:
    """Return the model card, made of its evaluation's figures; where there was none of this adapter, it says so."""
    scripted = teacher.kind == "scripted"
    facts = {
        "base": base_model.identity,
        "origin": base_model.origin,
        "teacher": "a scripted teacher" if scripted else teacher.name,
        "traces": len(filtered_traces),
        "prompt": exported_adapter.fingerprint,
        "demo": evaluation.demo,
        "adapter": options.adapter,
        "stage": exported_adapter.facts.get("stage", options.adapter),
        "after_sft": _began_with_sft(export_sources, exported_adapter),
    }
    duties = licences.obligations(_models(base_model, teacher, exported_adapter))
    evaluated = _answers_of(export_sources, options.adapter, exported_adapter) is not None
    metrics, costs = (
        export_sources[name]() if evaluated and name in export_sources else None
        for name in ("evaluation_metrics", "costs")
    )
    system = _system(student_prompt, filtered_traces)
    return model_card_text.render_card(options.name, facts, metrics, costs, duties, system)


def _began_with_sft(sources: Sources, adapter: Adapter) -> bool:
    """Whether the training went on with the adapter of SFT, as far as that is still there to be compared."""
    start = adapter.facts.get("options", {}).get("start")
    return start is None or "sft_adapter" not in sources or start == sources["sft_adapter"]().digest


def merge_adapter(
    export_base: Checkpoint, base_model: Checkpoint, exported_adapter: Adapter, model_card: str, student: StudentOptions
) -> TrainedModel:
    """Return the student with its adapter folded in, in 16 bits.

    Args:
        export_base: The unrounded weights.
        base_model: What the adapter was trained on.
        exported_adapter: The student's.
        model_card: The model card.
        student: How its chat template is used.

    Raises:
        AdapterError: If the base holds 4-bit weights, or is another model.
    """
    return merging.merge(export_base, exported_adapter, model_card, trained_on=base_model.spoken_to(**student.template))


def request_gguf(
    merged_model: Checkpoint, student_prompt: dict[str, Any], filtered_traces: pd.DataFrame, options: ExportOptions
) -> GgufRequest:
    """Return what the GGUF file and its Modelfile are made of; saving it writes them."""
    return GgufRequest(merged_model, options.precision, _system(student_prompt, filtered_traces), options.name)


def _system(student_prompt: dict[str, Any], filtered_traces: pd.DataFrame) -> str:
    """The system message as most questions of the training had it: it names the dialect of their databases."""
    prompt = Prompt.from_mapping(student_prompt)
    worded = [build_messages(prompt, question="", schema="", dialect=name)[0]["content"] for name in NAMES.values()]
    told = Counter(json.loads(messages)[0]["content"] for messages in filtered_traces["prompt"])
    return max(worded, key=lambda text: told[text])


def evaluate_exports(
    merged_model: Checkpoint,
    gguf_model: GgufModel,
    evaluation_prompts: pd.DataFrame,
    base_model: Checkpoint,
    exported_adapter: Adapter,
    export_sources: Sources,
    student: StudentOptions,
    evaluation: EvaluationOptions,
    options: ExportOptions,
) -> pd.DataFrame:
    """Return how each exported form does on the same questions as the adapter (table `export_metrics`).

    First answers are compared, and those without tools: of a GGUF file nothing else is asked.

    Args:
        merged_model: The merged model.
        gguf_model: The GGUF file; left out, with a warning, where there is none.
        evaluation_prompts: Table `evaluation_prompts`; the first `questions` of them are used.
        base_model: What the adapter was trained on.
        exported_adapter: The student's.
        export_sources: Its answers of an evaluation; where there are none to these questions, it answers them now.
        student: Precision of the computation.
        evaluation: Token budget, batch size, workers.
        options: How many questions.
    """
    from sqlreason.students import evaluation as student_evaluation

    prompts, merged = evaluation_prompts.head(options.questions), merged_model.spoken_to(**student.template)
    budget = evaluation.max_completion_tokens
    how: dict[str, Any] = {"dtype": student.dtype, "max_completion_tokens": budget, "batch_size": evaluation.batch_size}
    known = _find_answers(export_sources, prompts, options.adapter, exported_adapter)
    if known is None:
        known = student_evaluation.answer_questions(
            base_model.spoken_to(**student.template),
            exported_adapter,
            prompts,
            quantization=student.quantization,
            **how,
        )
    answers = {
        ADAPTER: known,
        MERGED: student_evaluation.answer_questions(merged, None, prompts, quantization=None, **how),
    }
    if gguf_model.path is None:
        logger.warning("export: the merged model alone is evaluated, for there is no GGUF file of it")
    else:
        answers[GGUF] = llamacpp.answer_questions(gguf_model.path, merged.load_chat(), prompts, budget)
    table = pd.DataFrame([_describe(form, given, prompts, answers, evaluation) for form, given in answers.items()])
    table["drop"] = table["accuracy"].iloc[0] - table["accuracy"]
    for row in table.to_dict("records"):
        told = {name: f"{row[name]:.1%}" for name in ("accuracy", "same_as_merged", "same_prompt")}
        logger.info("export: %s, %d questions: %s", row["form"], row["n"], told)
    return table


def _answers_of(sources: Sources, name: str, adapter: Adapter) -> pd.DataFrame | None:
    """The answers of an evaluation of this very adapter; None where there was none since it was trained."""
    answers = sources[f"{name}_answers"]() if f"{name}_answers" in sources else None
    return answers if answers is not None and set(answers.get("adapter", [])) == {adapter.digest} else None


def _find_answers(sources: Sources, prompts: pd.DataFrame, name: str, adapter: Adapter) -> pd.DataFrame | None:
    """The adapter's greedy answers to these questions from an evaluation; None where it has not given them all."""
    from sqlreason.students import evaluation as student_evaluation

    answers = _answers_of(sources, name, adapter)
    if answers is None or "tool_calls" in answers or (answers["votes"] > 1).any():
        return None
    found = prompts[["id"]].merge(student_evaluation.first_answers(answers), on="id")
    return found if len(found) == len(prompts) else None


def _describe(
    form: str,
    given: pd.DataFrame,
    prompts: pd.DataFrame,
    answers: dict[str, pd.DataFrame],
    evaluation: EvaluationOptions,
) -> dict[str, Any]:
    from sqlreason.students import evaluation as student_evaluation

    right = student_evaluation.score_answers(prompts, given, evaluation.workers)["agrees"]
    interval = statistics.wilson(int(right.sum()), len(right))
    return {
        "form": form,
        "n": len(right),
        "accuracy": float(right.mean()),
        "accuracy_low": interval.low,
        "accuracy_high": interval.high,
        "same_as_merged": float((given["text"].to_numpy() == answers[MERGED]["text"].to_numpy()).mean()),
        "same_prompt": float(given["same_prompt"].mean()) if "same_prompt" in given else 1.0,
        "tokens_per_second": float(given["tokens"].sum() / given["seconds"].sum()),
    }


def publish_export(
    export_metrics: pd.DataFrame,
    merged_model: Checkpoint,
    gguf_model: GgufModel,
    model_card: str,
    base_model: Checkpoint,
    teacher: Teacher,
    options: ExportOptions,
) -> dict[str, Any]:
    """Return what was passed on and where; without a target nothing is.

    Args:
        export_metrics: Table `export_metrics`.
        merged_model: The merged model.
        gguf_model: The GGUF file and its Modelfile.
        model_card: The model card.
        base_model: For the name that its licence asks for.
        teacher: Likewise.
        options: Target, whether it is private, and the drop that is allowed.

    Raises:
        ExportError: If a form lost more than `max_drop` of the adapter's accuracy.
        ValueError: If the licences ask for another name than the target's.
    """
    worse = export_metrics[export_metrics["drop"] > options.max_drop]
    if not worse.empty:
        told = ", ".join(f"{row['form']} by {row['drop']:.1%}" for row in worse.to_dict("records"))
        raise ExportError(
            f"worse than the adapter on the same questions: {told}; export.max_drop={options.max_drop} allows "
            f"{options.max_drop:.1%}. Choose a wider export.precision (q8_0, f16), or allow more"
        )
    if options.target is None:
        return {"target": None, "files": {}}
    licences.check_name(options.target, _models(base_model, teacher), "export.target")
    folders = [Path(merged_model.name), *([gguf_model.path.parent] if gguf_model.path else [])]
    return publishing.publish(
        folders, {"README.md": model_card}, options.target, options.private, os.environ.get("HF_ENDPOINT")
    )
