"""`kedro sqlreason ask`: a question to the trained student. Only the standard library and click at the top."""

import sys
from collections.abc import Sequence
from typing import Any

import click

from sqlreason.commands.project import open_context
from sqlreason.errors import BadInput, SqlReasonError

SHOWN_ROWS = 20
#: The students that were taught, best first: `kept` is the adapter that an environment brings along, if it does.
TRAINED = ("grpo", "sft", "kept")


@click.command()
@click.argument("question")
@click.option(
    "--database", required=True, help="sqlite:///FILE, duckdb:///FILE, postgresql://USER@HOST/NAME, or a file of SQL."
)
@click.option(
    "--student", type=click.Choice([*TRAINED, "base"]), default=None,
    help="Who is asked; the first of grpo, sft and kept that there is, if none is named.",
)  # fmt: skip
@click.option("--votes", type=click.IntRange(1), default=8, show_default=True, help="Answers drawn; 1: greedy.")
@click.option(
    "--self-repairs", type=click.IntRange(0), default=0, show_default=True,
    help="Times a query that does not run is asked for again, with the engine's message; for students taught so.",
)  # fmt: skip
@click.option(
    "--table", "tables", multiple=True,
    help="A table to keep of a schema that is too long; found by the words of the question if none is named.",
)  # fmt: skip
@click.option("--env", "-e", default=None, help="The environment whose student is asked; demo if none is named.")
def ask(
    question: str,
    database: str,
    student: str | None,
    votes: int,
    self_repairs: int,
    tables: tuple[str, ...],
    env: str | None,
) -> None:
    """Ask the trained student a QUESTION about a database, which is only read.

    Several answers are drawn, each query runs in the sandbox (in PostgreSQL in a read-only transaction with a time
    limit), and the result that most of them share is shown with its query and its reasoning. With --self-repairs each
    answer whose query does not run is repaired before that. Exit 1 if there is no result.
    """
    from sqlreason.students import question_answering

    try:
        opened = question_answering.open_database(database)
        reply = _reply(question, opened, student, env, votes=votes, self_repairs=self_repairs, tables=tables)
    except SqlReasonError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{reply.think}\n\n{reply.sql}\n")
    if not reply.fault:
        _show(reply.columns, reply.rows)
        click.echo(f"{reply.votes} of {reply.answers} answers share this result")
    else:
        click.echo(reply.fault)
    if reply.retried:
        click.echo(f"{reply.retried} of {reply.answers} queries did not run at first and were asked for again")
    if reply.tool_calls:
        click.echo(f"{reply.tool_calls} calls of tools before that, {reply.tool_errors} of them failed")
    sys.exit(int(bool(reply.fault)))


def _reply(question: str, database: Any, student: str | None, env: str | None, **chosen: Any) -> Any:
    from transformers.utils.logging import disable_progress_bar

    from sqlreason.reasoning.prompts import Prompt
    from sqlreason.students import question_answering
    from sqlreason.students.prompting import StudentPrompts, prompt_fingerprint

    disable_progress_bar()
    with open_context(env) as context:
        catalog = context.catalog
        loading, budget, evaluation = (
            catalog.load(f"params:{name}") for name in ("student", "preprocessing", "evaluation")
        )
        base = catalog.load("base_model").spoken_to(**loading.template)
        prompt = Prompt.from_mapping(catalog.load("student_prompt"))
        adapter = None if student == "base" else _load_adapter(catalog, (student,) if student else TRAINED)
    if adapter is not None:
        adapter.require(base.identity, prompt_fingerprint(prompt, base))
    prompts = StudentPrompts(prompt, base.load_chat(), **budget.prompt_limits)
    return question_answering.ask(
        base,
        adapter,
        prompts,
        question,
        database,
        temperature=evaluation.vote_temperature,
        max_completion_tokens=evaluation.max_completion_tokens,
        dtype=loading.dtype,
        quantization=loading.quantization,
        **chosen,
    )


def _load_adapter(catalog: Any, students: Sequence[str]) -> Any:
    """Return the adapter of the first of these students that there is, and say on stderr which."""
    from kedro.io.core import DatasetError

    for name in students:
        entry = f"{name}_adapter"
        if entry in catalog and catalog.exists(entry):
            click.echo(f"student: {name}", err=True)
            try:
                return catalog.load(entry)
            except DatasetError as error:
                raise BadInput(f"the student {name} cannot be used: {error}") from None
    raise BadInput(f"there is no trained student yet (of {', '.join(students)}); `kedro run` trains one")


def _show(columns: tuple[str, ...], rows: tuple[tuple[Any, ...], ...]) -> None:
    from sqlreason.text.printable import printable

    for row in (columns, *rows[:SHOWN_ROWS]):
        click.echo(" | ".join("NULL" if cell is None else printable(str(cell)) for cell in row))
    if len(rows) > SHOWN_ROWS:
        click.echo(f"… {len(rows)} rows")
