"""One question to a trained student about a database of one's own: several answers, a vote by execution, the rows.

The database is copied into the sandbox; the query runs on the copy, and the database itself is only read. Covers SQLite
files and files of SQL statements, of a size that fits into the sandbox's memory.
"""

import logging
import sqlite3
from collections.abc import Collection
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlreason.errors import BadInput
from sqlreason.reasoning.format import parse
from sqlreason.reasoning.prompts import PromptOverBudget
from sqlreason.sql.databases.plain_scripts import first_that_runs
from sqlreason.sql.parsing.dialects import to_engine
from sqlreason.sql.parsing.dumps import decoded
from sqlreason.sql.parsing.sqlite_script import script_of
from sqlreason.sql.verifier import Task, Verifier
from sqlreason.students.checkpoints.adapter import Adapter
from sqlreason.students.checkpoints.checkpoint import Checkpoint
from sqlreason.students.generation import generator, self_repair, voting
from sqlreason.students.prompting import Messages, StudentPrompts

logger = logging.getLogger(__name__)

_SQLITE = "sqlite:///"


@dataclass(frozen=True)
class Reply:
    """What the student answers.

    Attributes:
        think: Its reasoning.
        sql: Its query; both empty where no answer follows the grammar.
        columns: Of the result.
        rows: Of the result.
        votes: Answers whose query gives this result.
        answers: Drawn in all.
        retried: Answers whose query did not run and which the student was asked to correct.
        fault: Why there is no result; empty if there is one.
    """

    think: str
    sql: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    votes: int
    answers: int
    fault: str
    retried: int = 0


def read_context(database: str) -> str:
    """Return a database as DDL and INSERT statements, in the dialect in which a file has them.

    Args:
        database: `sqlite:///FILE`, which is opened read-only, or a file of such statements.

    Raises:
        ValueError: If it cannot be read.
    """
    path = Path(database.removeprefix(_SQLITE))
    try:
        if not database.startswith(_SQLITE):
            text, whole = decoded(path.read_bytes())
            if not whole:
                logger.warning("%s holds texts that are no UTF-8; what cannot be read is shown as \ufffd", path.name)
            return text
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            return script_of(connection, path.name)
    except (OSError, sqlite3.Error) as error:
        raise BadInput(
            f"{database} cannot be read ({error}); give sqlite:///FILE or a file of CREATE TABLE and INSERT statements"
        ) from None


def ask(
    checkpoint: Checkpoint,
    adapter: Adapter | None,
    prompts: StudentPrompts,
    question: str,
    context: str,
    *,
    votes: int,
    temperature: float,
    max_completion_tokens: int,
    dtype: str = "auto",
    quantization: str | None = None,
    seed: int = 0,
    tables: Collection[str] = (),
    self_repairs: int = 0,
) -> Reply:
    """Ask a student.

    Args:
        checkpoint: The base model.
        adapter: What it was taught; None for the untrained student.
        prompts: Builds its prompt.
        question: In plain language.
        context: DDL and INSERT statements.
        votes: Answers that are drawn, of which the most frequent result wins; 1 answers greedily.
        temperature: Of several answers.
        max_completion_tokens: Limit of an answer.
        dtype: One of `checkpoint.DTYPES`.
        quantization: None or "nf4".
        seed: Of the draws.
        tables: That the question is about; where the schema is over the prompt's budget, those far from them by foreign
            keys are left out of the prompt.
        self_repairs: How often at most each answer whose query does not run is corrected, before the vote.

    Raises:
        ValueError: If the schema cannot be read, lacks a table, or is over the prompt's budget.
        AdapterError: If the adapter belongs to another base model.
    """
    with Verifier() as verifier:
        script, engine, reading = first_that_runs(verifier, context)
    with generator.Generator(
        checkpoint, adapter, dtype=dtype, quantization=quantization, batch_size=votes
    ) as respondent:
        corrected = self_repair.answer(
            respondent,
            [_messages(prompts, question, context, tables)],
            [Task("", "", (script,), engine, reading)],
            samples=votes,
            temperature=temperature,
            max_new_tokens=max_completion_tokens,
            attempts=self_repairs,
            seed=seed,
        )
    texts = [found.answer.text if found.answer.finished else "" for found in corrected]
    reply = choose(script, texts, engine, reading)
    return replace(reply, retried=sum(found.retries > 0 for found in corrected))


def _messages(prompts: StudentPrompts, question: str, context: str, tables: Collection[str]) -> Messages:
    try:
        return prompts.messages(question, context, tables=tables)
    except PromptOverBudget as error:
        way = (
            "Name fewer tables that the question is about"
            if tables
            else "Name the tables that the question is about (--table, once for each), so that those far from them are "
            "left out"
        )
        raise BadInput(
            f"{error}. {way}; or raise it in conf/<environment>/parameters.yml, though a student is worse at prompts "
            "longer than those of its training"
        ) from error


def choose(script: str, answers: list[str], engine: str = "sqlite", reading: str = "") -> Reply:
    """Return the answer whose result most of them share, with its rows.

    Args:
        script: The database, in the engine's dialect.
        answers: Completions.
        engine: That runs their queries.
        reading: The dialect from which they are rewritten for it.
    """
    with Verifier() as verifier:
        chosen, votes = voting.elect(verifier, script, answers, engine, reading)
        answer = parse(answers[chosen])
        if not answer.well_formed:
            return Reply("", "", (), (), 0, len(answers), f"no answer follows the grammar ({answer.reason})")
        found = verifier.run(script, to_engine(answer.sql, engine, reading)[0], engine)
    fault = "" if found.status == "ok" else f"{found.status}: {found.reason}"
    return Reply(answer.think, answer.sql, found.columns, found.rows, votes, len(answers), fault)
