"""Questions in a teacher's words, each kept only if it leads the same teacher back to an agreeing query."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlreason.data import splits
from sqlreason.data.preparation_rows import preparation_rows
from sqlreason.data.tables import to_json
from sqlreason.reasoning import format as grammar
from sqlreason.reasoning.prompts import Prompt, build_messages, schema_text
from sqlreason.sql.databases.batch_preparation import prepare_all
from sqlreason.sql.parsing.dialects import NAMES
from sqlreason.sql.verifier import Verifier
from sqlreason.teachers import asking
from sqlreason.teachers.allowance import Allowance
from sqlreason.teachers.journal.journal import Journal
from sqlreason.teachers.teacher import Teacher

logger = logging.getLogger(__name__)

REWORD = Prompt(
    name="reword",
    version=1,
    system="You reword questions about databases. You answer with the reworded question alone, on one line.",
    user=(
        "The database:\n{schema}\n\nReword this question as a colleague would ask it. Keep what is asked for, in its "
        "order, and every name, number and value.\n\nQuestion: {question}"
    ),
)
_LONGEST = 4  # times the length of the question; a longer answer is no paraphrase

Row = dict[str, Any]


@dataclass(frozen=True)
class Paraphrasing:
    """Who rewords how much, and how it is asked.

    Attributes:
        teacher: Who rewords, and answers what it reworded without seeing the gold.
        prompt: For these answers.
        journal: Where the teacher's answers are kept.
        share: Of the questions that are reworded.
        seed: Chooses them, and the test databases.
        dialect: The SQL dialect that the teacher is to write.
        databases: Perturbed databases on which its answers are compared with the gold.
        workers: Processes that run queries.
        asking: Further arguments of `asking.ask`, such as concurrency and attempts.
        allowance: What all that is asked may cost together.
    """

    teacher: Teacher
    prompt: Prompt
    journal: Path
    share: float
    seed: int
    dialect: str
    databases: int
    workers: int
    asking: Mapping[str, Any]
    allowance: Allowance


def reword(rows: Sequence[Row], settings: Paraphrasing) -> list[str]:
    """Return the question of each row, in new words where the teacher found them and understood them again."""
    chosen = [row for row in rows if splits.is_reserved(row["id"], settings.share, settings.seed)]
    texts = _ask(chosen, [row["sql_prompt"] for row in chosen], REWORD, settings)
    new = [(row, _cleaned(text, row["sql_prompt"])) for row, text in zip(chosen, texts, strict=True)]
    new = [(row, text) for row, text in new if text]
    answers = _ask([row for row, _ in new], [text for _, text in new], settings.prompt, settings)
    kept = _agreeing(new, answers, settings)
    logger.info("%d questions given to be reworded, %d reworded, %d understood again", len(chosen), len(new), len(kept))
    return [kept[row["id"]] if row["id"] in kept else row["sql_prompt"] for row in rows]


def _ask(rows: Sequence[Row], questions: Sequence[str], prompt: Prompt, settings: Paraphrasing) -> list[str]:
    """Return the teacher's answers, empty where there is none."""
    requests = []
    for row, question in zip(rows, questions, strict=True):
        own = row.get("dialect", "")
        schema, told = schema_text(row["sql_context"], dialect=own), NAMES[own] if own else settings.dialect
        requests.append(asking.Request(id=row["id"], messages=to_json(build_messages(prompt, question, schema, told))))
    with Journal(settings.journal) as journal:
        completions = settings.allowance.ask(settings.teacher, requests, journal, **settings.asking)
    return [grammar.normalise(found.text, found.reasoning or None) if found.status == "ok" else ""
            for found in completions]  # fmt: skip


def _cleaned(text: str, question: str) -> str:
    """Return the reworded question, or nothing if the answer is none."""
    lines = [line.strip().strip('"') for line in text.rpartition("</think>")[2].splitlines() if line.strip()]
    new = lines[0].removeprefix("Question:").strip() if len(lines) == 1 else ""
    return new if new != question and 0 < len(new) <= _LONGEST * len(question) else ""


def _agreeing(new: Sequence[tuple[Row, str]], answers: Sequence[str], settings: Paraphrasing) -> dict[str, str]:
    """Return the reworded questions by id whose answer agrees with the gold on every test database."""
    work = preparation_rows(row for row, _ in new)
    prepared = prepare_all(work, settings.databases, settings.seed, settings.workers)
    pairs, names = [], []
    for (row, text), answer, found in zip(new, answers, prepared, strict=True):
        reading = grammar.parse(answer)
        if reading.well_formed and found.task is not None:
            pairs.append((found.task, [reading.sql]))
            names.append((row["id"], text))
    with Verifier(workers=settings.workers) as verifier:
        verdicts = verifier.verify_batch(pairs)
    return {name: text for (name, text), (verdict,) in zip(names, verdicts, strict=True) if verdict.agrees}
