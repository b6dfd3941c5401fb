"""Nodes of the export: merge, write GGUF, examine each form again, write the card, publish what passes."""

import logging
import os
from pathlib import Path
from typing import Any

import pandas as pd

from sqlreason.errors import SqlReasonError
from sqlreason.exports import gguf, licences, llamacpp, merging, model_card, publishing
from sqlreason.exports.gguf import GgufModel, GgufRequest
from sqlreason.options.evaluation_options import EvaluationOptions
from sqlreason.options.export_options import ExportOptions
from sqlreason.options.sft_options import StudentOptions
from sqlreason.reasoning.prompts import Prompt, build_messages
from sqlreason.reporting import statistics
from sqlreason.students.checkpoints.adapter import Adapter
from sqlreason.students.checkpoints.checkpoint import Checkpoint, TrainedModel
from sqlreason.students.prompting import prompt_fingerprint
from sqlreason.teachers.teacher import Teacher

logger = logging.getLogger(__name__)

ADAPTER, MERGED, GGUF = "adapter", "merged", "GGUF"


class ExportError(SqlReasonError, RuntimeError):
    """An exported form scores worse than what it was made of."""


def write_card(
    base_model: Checkpoint,
    adapter: Adapter,
    student_prompt: dict[str, Any],
    traces: pd.DataFrame,
    teacher: Teacher,
    metrics: pd.DataFrame,
    ledger: pd.DataFrame,
    student: StudentOptions,
    evaluation: EvaluationOptions,
    options: ExportOptions,
) -> str:
    """Return the model card, made of this run's figures.

    Raises:
        AdapterError: If the adapter was trained on another base model or with another prompt.
        ValueError: If the licence of base model or teacher asks for another name, or the GGUF file could not be
            written here; both before time is spent on the merge.
    """
    spoken_to = base_model.spoken_to(**student.template)
    adapter.require(base_model.identity, prompt_fingerprint(Prompt.from_mapping(student_prompt), spoken_to))
    gguf.check_precision(options.precision)
    scripted = teacher.kind == "scripted"
    licences.check_name(options.name, base_model.identity, teacher.name, scripted)
    facts = {
        "base": base_model.identity,
        "teacher": "a scripted teacher" if scripted else teacher.name,
        "traces": len(traces),
        "prompt": adapter.fingerprint,
        "demo": evaluation.demo,
    }
    duties = licences.obligations(base_model.identity, teacher.name, scripted)
    return model_card.render_card(options.name, facts, metrics, ledger, duties, _system(student_prompt))


def merge_adapter(
    base: Checkpoint, base_model: Checkpoint, adapter: Adapter, text: str, student: StudentOptions
) -> TrainedModel:
    """Return the student with its adapter folded in, in 16 bits.

    Args:
        base: `export_base`: the unrounded weights.
        base_model: What the adapter was trained on.
        adapter: The student's.
        text: The model card.
        student: How its chat template is used.

    Raises:
        AdapterError: If the base holds 4-bit weights, or is another model.
    """
    return merging.merge(base, adapter, text, trained_on=base_model.spoken_to(**student.template))


def request_gguf(merged: Checkpoint, student_prompt: dict[str, Any], options: ExportOptions) -> GgufRequest:
    """Return what the GGUF file and its Modelfile are made of; saving it writes them."""
    return GgufRequest(merged, options.precision, _system(student_prompt), options.name)


def _system(student_prompt: dict[str, Any]) -> str:
    """The system message as every question of the training had it."""
    return build_messages(Prompt.from_mapping(student_prompt), question="", schema="")[0]["content"]


def evaluate_exports(
    merged: Checkpoint,
    gguf_model: GgufModel,
    prompts: pd.DataFrame,
    adapter_answers: pd.DataFrame,
    student: StudentOptions,
    evaluation: EvaluationOptions,
    options: ExportOptions,
) -> pd.DataFrame:
    """Return how each exported form does on the questions that the adapter answered (table `export_metrics`).

    First answers are compared: of a GGUF file nothing else is asked.

    Args:
        merged: The merged model.
        gguf_model: The GGUF file; left out, with a warning, where llama-cpp-python is not installed or there is none.
        prompts: Table `evaluation_prompts`; the first `questions` of them are used.
        adapter_answers: Table `answers` of the trained student.
        student: Precision of the computation.
        evaluation: Token budget, batch size, workers.
        options: How many questions.
    """
    from sqlreason.students import evaluation as student_evaluation

    prompts, merged = prompts.head(options.questions), merged.spoken_to(**student.template)
    adapter_answers = adapter_answers[adapter_answers["id"].isin(prompts["id"])]
    budget = evaluation.max_completion_tokens
    answers = {
        ADAPTER: prompts[["id"]].merge(student_evaluation.first_answers(adapter_answers), on="id"),
        MERGED: student_evaluation.answer_questions(
            merged, None, prompts, dtype=student.dtype, quantization=None, max_completion_tokens=budget,
            batch_size=evaluation.batch_size,
        ),
    }  # fmt: skip
    if gguf_model.path is None:
        logger.warning("export: the merged model alone is evaluated, for there is no GGUF file of it")
    elif llamacpp.is_installed():
        answers[GGUF] = llamacpp.answer_questions(gguf_model.path, merged.load_chat(), prompts, budget)
    else:
        logger.warning("export: without llama-cpp-python (extra llamacpp) the GGUF file is written and not evaluated")
    table = pd.DataFrame([_describe(form, given, prompts, answers, evaluation) for form, given in answers.items()])
    table["drop"] = table["accuracy"].iloc[0] - table["accuracy"]
    for row in table.to_dict("records"):
        told = {name: f"{row[name]:.1%}" for name in ("accuracy", "same_as_merged", "same_prompt")}
        logger.info("export: %s, %d questions: %s", row["form"], row["n"], told)
    return table


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
    metrics: pd.DataFrame,
    merged: Checkpoint,
    gguf_model: GgufModel,
    text: str,
    base_model: Checkpoint,
    teacher: Teacher,
    options: ExportOptions,
) -> dict[str, Any]:
    """Return what was passed on and where; without a target nothing is.

    Args:
        metrics: Table `export_metrics`.
        merged: The merged model.
        gguf_model: The GGUF file and its Modelfile.
        text: The model card.
        base_model: For the name that its licence asks for.
        teacher: Likewise.
        options: Target, whether it is private, and the drop that is allowed.

    Raises:
        ExportError: If a form lost more than `max_drop` of the adapter's accuracy.
        ValueError: If the licences ask for another name than the target's.
    """
    worse = metrics[metrics["drop"] > options.max_drop]
    if not worse.empty:
        told = ", ".join(f"{row['form']} by {row['drop']:.1%}" for row in worse.to_dict("records"))
        raise ExportError(
            f"worse than the adapter on the same questions: {told}; export.max_drop={options.max_drop} allows "
            f"{options.max_drop:.1%}. Choose a wider export.precision (q8_0, f16), or allow more"
        )
    if options.target is None:
        return {"target": None, "files": {}}
    licences.check_name(options.target, base_model.identity, teacher.name, teacher.kind == "scripted")
    folders = [Path(merged.name), *([gguf_model.path.parent] if gguf_model.path else [])]
    return publishing.publish(
        folders, {"README.md": text}, options.target, options.private, os.environ.get("HF_ENDPOINT")
    )
