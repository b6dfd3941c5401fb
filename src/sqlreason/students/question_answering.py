"""One question to a trained student about a database of one's own: several answers, a vote by execution, the rows.

Files of SQLite and DuckDB are asked where they are, by a worker that can only read them; of SQLite's, one that another
program writes at the moment is copied into the sandbox as it stands, and so is a file of SQL statements. PostgreSQL is
asked where it is, by a worker whose transactions are read-only, under a time limit and rolled back, and that refuses
all that is no query (docs/sandbox.md).
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
from sqlreason.reasoning.prompts import PromptOverBudget, prompt_schema
from sqlreason.sql.database_files import SCHEMES, SERVERS, DatabaseError, database_url, dialect_of, engine_of
from sqlreason.sql.databases.file_contexts import context_of
from sqlreason.sql.databases.plain_scripts import first_that_runs
from sqlreason.sql.databases.question_values import StoredText, texts_of_question
from sqlreason.sql.parsing.dumps import decoded
from sqlreason.sql.parsing.sqlite_script import script_of
from sqlreason.sql.verifier import Limits, Task, Verifier
from sqlreason.students.checkpoints.adapter import Adapter
from sqlreason.students.checkpoints.checkpoint import Checkpoint
from sqlreason.students.checkpoints.tool_chat import tool_limits
from sqlreason.students.generation import generator, self_repair, voting
from sqlreason.students.generation.episodes import Conversation
from sqlreason.students.prompting import Messages, StudentPrompts, is_shown

logger = logging.getLogger(__name__)

_ACCEPTED = (
    "give sqlite:///FILE, duckdb:///FILE, postgresql://USER@HOST/NAME or a file of CREATE TABLE and INSERT statements"
)
_READER = (
    "Ask as a role that reads and can do nothing else: CREATE ROLE reader LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA "
    "public TO reader"
)
#: Of queries on whole databases; what is prepared for training is smaller.
_LIMITS = Limits(soft_seconds=10.0, hard_seconds=15.0)
#: Of looking for the question's texts in one column, and seconds for all of them.
_LOOK, _LOOKING_SECONDS = Limits(soft_seconds=1.0, hard_seconds=3.0), 10.0


@dataclass(frozen=True)
class Database:
    """A database that is asked.

    Attributes:
        context: Its tables, and its rows where queries run on a copy, as SQL statements.
        dialect: "duckdb" or "postgres", whose SQL the student is asked for; "" for SQLite's, or that of a script.
        url: Of a database that is asked where it is.
        texts: Of it that stand in the question, where the context shows few rows.
    """

    context: str
    dialect: str = ""
    url: str = ""
    texts: tuple[StoredText, ...] = ()


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
        tool_calls: Calls of tools on the way to all answers, of a student that was trained with them.
        tool_errors: Those that failed.
    """

    think: str
    sql: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    votes: int
    answers: int
    fault: str
    retried: int = 0
    tool_calls: int = 0
    tool_errors: int = 0


def open_database(database: str) -> Database:
    """Return a database as it is asked.

    Args:
        database: `sqlite:///FILE`, `duckdb:///FILE`, which are opened read-only, `postgresql://USER@HOST/NAME`, or a
            file of statements.

    Raises:
        ValueError: If it cannot be read.
    """
    if database.startswith((*SCHEMES.values(), *SERVERS)):
        return _open_in_place(database)
    return Database(read_context(database))


def _open_in_place(database: str) -> Database:
    """Return a database as a worker asks it that has it open."""
    served = database.startswith(SERVERS)
    try:
        url = database if served else database_url(database, Path.cwd())
        with Verifier(limits=_LIMITS) as verifier:
            found = context_of(verifier, url)
    except DatabaseError as error:
        if database.startswith(SCHEMES["sqlite"]):  # a copy can be had of one that is being written
            return Database(read_context(database))
        raise BadInput(f"{error}; {_ACCEPTED}" + (f". {_READER}" if served else "")) from None
    return Database(found.shown, dialect_of(url), url)


def read_context(database: str) -> str:
    """Return a database as DDL and INSERT statements, in the dialect in which a file has them.

    Args:
        database: `sqlite:///FILE`, which is opened read-only, or a file of such statements.

    Raises:
        ValueError: If it cannot be read.
    """
    path = Path(database.removeprefix(SCHEMES["sqlite"]))
    try:
        if not database.startswith(SCHEMES["sqlite"]):
            text, whole = decoded(path.read_bytes())
            if not whole:
                logger.warning("%s holds texts that are no UTF-8; what cannot be read is shown as \ufffd", path.name)
            return text
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            return script_of(connection, path.name)
    except (OSError, sqlite3.Error) as error:
        raise BadInput(f"{database} cannot be read ({error}); {_ACCEPTED}") from None


def ask(
    checkpoint: Checkpoint,
    adapter: Adapter | None,
    prompts: StudentPrompts,
    question: str,
    database: Database,
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
    """Ask a student; one that was trained with tools may look at the database first.

    Args:
        checkpoint: The base model.
        adapter: What it was taught; None for the untrained student.
        prompts: Builds its prompt.
        question: In plain language.
        database: That it is about.
        votes: Answers that are drawn, of which the most frequent result wins; 1 answers greedily.
        temperature: Of several answers.
        max_completion_tokens: Limit of an answer.
        dtype: One of `checkpoint.DTYPES`.
        quantization: None or "nf4".
        seed: Of the draws.
        tables: That the question is about; where the schema is over the prompt's budget, those far from them by foreign
            keys are left out of the prompt. Without any they are found by the words of the question.
        self_repairs: How often at most each answer whose query does not run is corrected, before the vote.

    Raises:
        ValueError: If the schema cannot be read, lacks a table, or is over the prompt's budget.
        AdapterError: If the adapter belongs to another base model.
    """
    with Verifier(limits=_LIMITS) as verifier:
        task = _task(verifier, database)
    if prompts.prompt.tells_values or not tables:
        database = _with_texts(database, question)
    with generator.Generator(
        checkpoint,
        adapter,
        dtype=dtype,
        quantization=quantization,
        batch_size=votes,
        tools=tool_limits(adapter),
        verifier=Verifier(limits=_LIMITS),
    ) as respondent:
        corrected = self_repair.answer(
            respondent,
            [_messages(prompts, question, database, tables)],
            [task],
            samples=votes,
            temperature=temperature,
            max_new_tokens=max_completion_tokens,
            attempts=self_repairs,
            seed=seed,
            rows=[{"task": task, "sql_context": database.context}],
        )
    texts = [found.answer.text if found.answer.finished else "" for found in corrected]
    reply = choose(task.databases[0], texts, task.engine, task.reading)
    looked = [found.answer for found in corrected if isinstance(found.answer, Conversation)]
    return replace(
        reply,
        retried=sum(found.retries > 0 for found in corrected),
        tool_calls=sum(answer.tool_calls for answer in looked),
        tool_errors=sum(answer.tool_errors for answer in looked),
    )


def _task(verifier: Verifier, database: Database) -> Task:
    """Where queries run: on the database itself, or on a script."""
    if database.url:
        return Task("", "", (database.url,), engine_of(database.url), database.dialect)
    script, engine, reading = first_that_runs(verifier, database.context)
    return Task("", "", (script,), engine, reading)


def _with_texts(database: Database, question: str) -> Database:
    """The database with those of its texts that the question holds; the rows of a script stand in its context."""
    if not database.url:
        return database
    schema = prompt_schema(database.context, database.dialect)
    with Verifier(limits=_LOOK) as verifier:
        texts = texts_of_question(verifier, database.url, schema, question, _LOOKING_SECONDS)
    return replace(database, texts=tuple(texts))


def _messages(prompts: StudentPrompts, question: str, database: Database, tables: Collection[str]) -> Messages:
    """Return the prompt: of a large schema what is near to the tables that are named, or that the question names."""
    given: dict[str, Any] = {"dialect": database.dialect, "texts": database.texts}
    try:
        if tables:
            return prompts.messages(question, database.context, tables=tables, most=prompts.max_tables, **given)
        messages = prompts.messages_without_gold(question, database.context, **given)
    except PromptOverBudget as error:
        way = "Name fewer tables" if tables else "That is with one table alone: shorten the question"
        raise BadInput(
            f"{error}. {way}, or raise it in conf/<environment>/parameters.yml, though a student is worse at prompts "
            "longer than those of its training"
        ) from error
    schema = prompt_schema(database.context, database.dialect)
    shown = [table.name for table in schema.tables if is_shown(table.name, messages[-1]["content"], database.dialect)]
    if len(shown) < len(schema.tables):
        told = "the student is shown %d of %d tables, by the words of the question: %s; --table names others"
        logger.warning(told, len(shown), len(schema.tables), ", ".join(shown))
    found = prompts.values_of(question, database.context, **given)
    if conditions := [value.condition(database.dialect) for value in found if value.table in shown]:
        logger.warning("values that the question holds: %s", ", ".join(conditions))
    return messages


def choose(script: str, answers: list[str], engine: str = "sqlite", reading: str = "") -> Reply:
    """Return the answer whose result most of them share, with its rows.

    Args:
        script: The database: in the engine's dialect, or its URL.
        answers: Completions.
        engine: That runs their queries.
        reading: The dialect from which they are rewritten for it.
    """
    with Verifier(limits=_LIMITS) as verifier:
        chosen, votes = voting.elect(verifier, script, answers, engine, reading)
        answer = parse(answers[chosen])
        if not answer.well_formed:
            return Reply("", "", (), (), 0, len(answers), f"no answer follows the grammar ({answer.reason})")
        found = voting.run_as_read(verifier, script, answer.sql, engine, reading)
    fault = "" if found.status == "ok" else f"{found.status}: {found.reason}"
    return Reply(answer.think, answer.sql, found.columns, found.rows, votes, len(answers), fault)
