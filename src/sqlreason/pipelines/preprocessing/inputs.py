"""Nodes that turn kept traces and trusted questions into what the trainers and the evaluation read."""

import logging
from typing import Any

import pandas as pd
from tqdm import tqdm

from sqlreason.data.tables import TABLES, records, to_json
from sqlreason.errors import BadInput
from sqlreason.options.preprocessing_options import PreprocessingOptions
from sqlreason.options.sft_options import StudentOptions
from sqlreason.pipelines.preprocessing.self_repairs import write_self_repairs
from sqlreason.reasoning import format as grammar
from sqlreason.reasoning import prompts
from sqlreason.sql import verifier
from sqlreason.sql.parsing import features, schema
from sqlreason.students.checkpoints.checkpoint import Checkpoint
from sqlreason.students.prompting import StudentPrompts

logger = logging.getLogger(__name__)


def extract_features(questions: pd.DataFrame, filtered: pd.DataFrame) -> pd.DataFrame:
    """Return features of the gold query of every kept trace, by its syntax tree (table `sql_features`)."""
    kept = questions[questions["id"].isin(filtered["id"])]
    return pd.DataFrame([_features(question) for question in records(kept)])


def _features(question: dict[str, Any]) -> dict[str, Any]:
    try:
        parsed = schema.parse_schema(question["sql_context"])
    except schema.SchemaError:
        parsed = schema.Schema(())
    return {
        "id": question["id"],
        "schema_fingerprint": parsed.fingerprint,
        **features.features(question["sql"], parsed),
    }


def build_sft_examples(
    filtered: pd.DataFrame,
    sql_features: pd.DataFrame,
    verified: pd.DataFrame,
    databases: pd.DataFrame,
    student_prompt: dict[str, Any],
    base_model: Checkpoint,
    student: StudentOptions,
    options: PreprocessingOptions,
) -> pd.DataFrame:
    """Return at most `options.examples` traces, spread over the SQL templates, and corrections of them, shuffled.

    The first trace of every template is taken before the second of any, so that a small set still shows every
    kind of query.
    """
    shuffled = filtered.sample(frac=1.0, random_state=options.seed)
    templates = shuffled["id"].map(sql_features.set_index("id")["template"])
    rank = shuffled.groupby(templates).cumcount()
    chosen = shuffled.loc[rank.sort_values(kind="stable").index[: options.examples]].assign(kind="trace")
    if options.self_repairs:
        build = student_prompts(student_prompt, base_model, student, options)
        mended = write_self_repairs(chosen, verified, usable_tasks(databases, "train"), build, options)
        chosen = pd.concat([chosen, mended], ignore_index=True)
    return chosen.sample(frac=1.0, random_state=options.seed)[list(TABLES["sft_examples"].columns)]


def build_grpo_prompts(
    questions: pd.DataFrame,
    split: pd.DataFrame,
    databases: pd.DataFrame,
    filtered: pd.DataFrame,
    student_prompt: dict[str, Any],
    base_model: Checkpoint,
    student: StudentOptions,
    options: PreprocessingOptions,
) -> pd.DataFrame:
    """Return prompts for GRPO from schemas (or templates) that the teacher was not asked about.

    Where nothing is kept back from the teacher, its reasoning stands beside the prompts that it answered.

    Raises:
        ValueError: If no usable question is left.
    """
    candidates = sample(reserved_questions(questions, split), options.grpo_prompts, options.seed)
    thoughts = {row["id"]: grammar.parse(row["completion"]).think for row in records(filtered) if row["agrees"]}
    return _prompt_table(
        "grpo_prompts",
        candidates.assign(teacher_think=candidates["id"].map(thoughts).fillna("")),
        usable_tasks(databases, "train"),
        student_prompt,
        base_model,
        student,
        options,
    )


def build_evaluation_prompts(
    heldout: pd.DataFrame,
    databases: pd.DataFrame,
    student_prompt: dict[str, Any],
    base_model: Checkpoint,
    student: StudentOptions,
    options: PreprocessingOptions,
) -> pd.DataFrame:
    """Return the evaluation: held-out questions whose gold can be trusted.

    Raises:
        ValueError: If no usable question is left.
    """
    candidates = sample(heldout, options.evaluation_prompts, options.seed)
    return _prompt_table(
        "evaluation_prompts",
        candidates,
        usable_tasks(databases, "heldout"),
        student_prompt,
        base_model,
        student,
        options,
    )


def _prompt_table(
    table: str,
    questions: pd.DataFrame,
    tasks: dict[str, verifier.Task],
    student_prompt: dict[str, Any],
    base_model: Checkpoint,
    student: StudentOptions,
    options: PreprocessingOptions,
) -> pd.DataFrame:
    build = student_prompts(student_prompt, base_model, student, options)
    rows, lost = [], 0
    usable = records(questions[questions["id"].isin(tasks)])
    for question in tqdm(usable, desc=table.replace("_", " "), unit="question"):
        try:
            messages = build.messages(question["sql_prompt"], question["sql_context"], question["sql"])
        except Exception:  # one question that no prompt can be built of costs itself alone
            logger.debug("the prompt of %s", question["id"], exc_info=True)
            lost += 1
            continue
        rows.append({**question, "prompt": to_json(messages), "task": tasks[question["id"]].to_json()})
    if not rows:
        raise BadInput(
            f"{table}: none of {len(questions)} questions can be used: {lost} are over max_prompt_tokens="
            f"{options.max_prompt_tokens}, {len(questions) - lost} have no trusted gold (reasons in the catalog entry "
            "`test_databases`); raise preprocessing.max_prompt_tokens, or take more questions"
        )
    logger.info("%s: %d of %d questions, %d over the token budget", table, len(rows), len(questions), lost)
    return pd.DataFrame(rows)[list(TABLES[table].columns)]


def student_prompts(
    student_prompt: dict[str, Any], base_model: Checkpoint, student: StudentOptions, options: PreprocessingOptions
) -> StudentPrompts:
    """Return the builder of the student's prompts."""
    return StudentPrompts(
        prompts.Prompt.from_mapping(student_prompt),
        base_model.spoken_to(**student.template).load_chat(),
        max_prompt_tokens=options.max_prompt_tokens,
        sample_rows=options.sample_rows,
    )


def reserved_questions(questions: pd.DataFrame, split: pd.DataFrame) -> pd.DataFrame:
    """Return the questions kept back for GRPO; all of them where nothing is kept back (the article's way)."""
    return questions[questions["id"].isin(split.loc[split["for_grpo"], "id"])]


def sample(frame: pd.DataFrame, n: int | None, seed: int) -> pd.DataFrame:
    """Return `n` rows in their order (all of them for None), the same for the same seed."""
    return frame if n is None or n >= len(frame) else frame.sample(n, random_state=seed).sort_index()


def usable_tasks(databases: pd.DataFrame, split: str) -> dict[str, verifier.Task]:
    """Return the tasks of the questions of a split whose gold can be trusted."""
    usable = databases[(databases["split"] == split) & (databases["status"] == "ok")]
    return {row["id"]: verifier.Task.from_json(row["task"]) for row in records(usable)}
