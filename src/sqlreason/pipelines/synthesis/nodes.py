"""Nodes of synthesis: questions with gold SQL from the hand-written schemas, or from a user's own database."""

import logging
from pathlib import Path
from typing import Any

import pandas as pd
from tqdm import tqdm

from sqlreason.data import splits
from sqlreason.data.tables import records
from sqlreason.errors import BadInput
from sqlreason.options.distillation_options import DistillationOptions
from sqlreason.options.synthesis_options import SynthesisOptions
from sqlreason.reasoning.prompts import Prompt
from sqlreason.sql.parsing.statements import template
from sqlreason.sql.verifier import Verifier
from sqlreason.synthesis.queries.grammar import DIFFICULTIES
from sqlreason.synthesis.questions import make_questions
from sqlreason.synthesis.schema.annotated_schema import HELDOUT, PRETRAINING, TRAINING, load_annotated_schemas
from sqlreason.synthesis.schema.from_database import read_source
from sqlreason.synthesis.trust import Tally, trusted_questions
from sqlreason.synthesis.varied import make_varied_questions
from sqlreason.teachers.allowance import Allowance
from sqlreason.teachers.paraphrases import Paraphrasing, reword
from sqlreason.teachers.teacher import Teacher

logger = logging.getLogger(__name__)

Questions = tuple[pd.DataFrame, pd.DataFrame]


def draw_questions(options: SynthesisOptions) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]]:
    """Return training and held-out questions that share no schema, or no SQL template, and what fell out.

    Args:
        options: The database, or none for the hand-written schemas; sizes, mix, seed.

    Returns:
        Two question tables and a summary of the drawing.

    Raises:
        SourceError: The database cannot be used.
        ValueError: It gives no question.
    """
    train, heldout, summary = _from_schemas(options) if options.database is None else _from_database(options)
    keys = [splits.group_keys(table) for table in (train, heldout)]
    templates = [table["sql"].map(template) for table in (train, heldout)]
    summary |= {
        "train": len(train),
        "heldout": len(heldout),
        "groups_in_both": splits.overlap(*keys) if options.database is None else splits.overlap(*templates),
        "templates_in_both": splits.overlap(*templates),
    }
    logger.info("%d training and %d held-out questions; %s", len(train), len(heldout), summary)
    return train, heldout, summary


def _from_schemas(options: SynthesisOptions) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]]:
    """Return the embedded set: no schema of the evaluation is taught, and none of either was met in pretraining.

    With `options.questions_per_variation` the training questions are asked over variations of more schemas, for
    students that were not pretrained here.

    Raises:
        RuntimeError: If the two parts share a schema.
    """
    with Verifier(workers=options.workers) as verifier:

        def ask(part: Path, wanted: int) -> pd.DataFrame:
            annotated_schemas = load_annotated_schemas(part)
            each = -(-wanted // len(annotated_schemas))
            return make_questions(annotated_schemas, each, verifier, options.seed, mix=_mix(options)).head(wanted)

        train = _vary(options, verifier) if options.questions_per_variation else ask(TRAINING, options.train_questions)
        tables = [train, ask(HELDOUT, options.heldout_questions)]
    if splits.overlap(*(splits.group_keys(table) for table in tables)):
        raise RuntimeError("schemas occur in both parts; the hand-written schemas must differ")
    return tables[0], tables[1], {"source": "the hand-written schemas", "split_by": "schema"}


def _vary(options: SynthesisOptions, verifier: Verifier) -> pd.DataFrame:
    """Return questions over variations of all schemas but the held-out ones."""
    annotated_schemas = [*load_annotated_schemas(TRAINING), *load_annotated_schemas(PRETRAINING)]
    each = options.questions_per_variation or 1
    with tqdm(total=options.train_questions, desc="questions", unit="question") as bar:
        return make_varied_questions(
            annotated_schemas,
            options.train_questions,
            verifier,
            options.seed,
            mix=_mix(options),
            each=each,
            wide_share=options.wide_share,
            progress=bar.update,
        )


def _mix(options: SynthesisOptions) -> dict[str, float]:
    """Return the factors on the families: those of the difficulty, and the user's over them."""
    return {**DIFFICULTIES[options.difficulty], **options.mix}


def _from_database(options: SynthesisOptions) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]]:
    """Return questions about one database: it is one schema, so SQL templates are held out whole."""
    assert options.database is not None
    source = read_source(
        options.database,
        options.rows,
        options.tables,
        options.max_tables,
        options.max_columns,
        options.timeout_seconds,
        options.dialect,
    )
    tally = Tally()
    wanted = {"train": options.train_questions, "heldout": options.heldout_questions}
    parts: dict[str, list[dict[str, str]]] = {"train": [], "heldout": []}
    questions = trusted_questions(source, _mix(options), options.seed, options.workers, tally, options.databases)
    with tqdm(total=sum(wanted.values()), desc="questions", unit="question") as bar:
        for row in questions:
            held = splits.is_reserved(template(row["sql"]), options.heldout_share, options.seed)
            part = "heldout" if held else "train"
            if len(parts[part]) < wanted[part]:
                parts[part].append(row)
                bar.update()
            if all(len(parts[name]) == wanted[name] for name in wanted):
                break
    questions.close()
    if not all(parts.values()):
        raise BadInput(
            f"the database gives {len(parts['train'])} training and {len(parts['heldout'])} held-out questions "
            f"({tally.summary()}); widen synthesis.mix and difficulty, or raise heldout_share={options.heldout_share}"
        )
    # object columns share the text of a context between its questions
    train, heldout = (pd.DataFrame(parts[name], dtype=object) for name in wanted)
    return train, heldout, {"source": source.annotated_schema.name, "split_by": "SQL template", **tally.summary()}


def paraphrase_questions(
    drawn_questions: pd.DataFrame,
    drawn_heldout: pd.DataFrame,
    teacher: Teacher,
    teacher_prompt: dict[str, Any],
    journal: Path,
    options: SynthesisOptions,
    distillation: DistillationOptions,
) -> Questions:
    """Return the questions, a share of them in the teacher's words where these still lead to an agreeing query.

    Args:
        drawn_questions: Question table.
        drawn_heldout: Question table.
        teacher: It rewords, and answers what it reworded without seeing the gold.
        teacher_prompt: Prompt text for these answers.
        journal: Where the teacher's answers are kept.
        options: `paraphrase_share`; 0 asks nothing.
        distillation: Concurrency, attempts and budget.

    Raises:
        BadInput: A share is wanted of the scripted teacher, which cannot paraphrase, or of one without a price.
        TeacherError: Too many requests failed; what was answered is in the journal.
    """
    if options.paraphrase_share == 0:
        return drawn_questions, drawn_heldout
    if teacher.kind == "scripted":
        raise BadInput(
            "the scripted teacher cannot paraphrase; set synthesis.paraphrase_share=0, or give the catalog entry "
            "`teacher` a model (conf/README.md)"
        )
    teacher.prices.require(teacher.name, distillation.budget.max_usd)
    settings = Paraphrasing(
        teacher,
        Prompt.from_mapping(teacher_prompt),
        journal,
        share=options.paraphrase_share,
        seed=options.seed,
        dialect=distillation.dialect,
        databases=options.databases,
        workers=options.workers,
        asking=distillation.model_dump(
            include={"concurrency", "attempts", "timeout_seconds", "max_failed_share", "stop_after_failures"}
        ),
        allowance=Allowance(**distillation.budget.model_dump()),
    )
    parts = (table.assign(sql_prompt=reword(records(table), settings)) for table in (drawn_questions, drawn_heldout))
    return next(parts), next(parts)
