"""`kedro sql …`, and without Kedro `python -m sqlreason …`: the engine and the rewards on the command line.

Only the standard library and click at the top. What a command reads from a file needs the core alone.
"""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sqlreason.commands.certify import certify
from sqlreason.commands.question_arguments import DATABASE, DATABASES, JSON, SEED, read_questions
from sqlreason.commands.score import score
from sqlreason.errors import BadInput
from sqlreason.text.counts import counted

if TYPE_CHECKING:
    from sqlreason.sql.databases.batch_preparation import Row


@click.group(name="sql")
def sql() -> None:
    """Verify SQL by running it: audit questions, explain a verdict, score predictions, certify a reward."""


sql.add_command(score)
sql.add_command(certify)


@sql.command()
@click.argument("source")
@click.option("--env", "-e", default=None, help="The environment whose catalog is read.")
@click.option("--limit", type=click.IntRange(1), help="Only the first so many rows.")
@DATABASE
@DATABASES
@SEED
@JSON
def audit(
    source: str, env: str | None, limit: int | None, database: str | None, databases: int, seed: int, as_json: bool
) -> None:
    """Say how many gold queries of SOURCE can be trusted, and why the others cannot.

    SOURCE is a catalog entry, or a parquet, CSV or JSONL file with the columns sql_context (or database) and sql (and
    id, other_golds).
    """
    from tqdm import tqdm

    from sqlreason.sql.audit import audit as audit_rows
    from sqlreason.sql.verifier import Verifier

    rows = read_questions(source, env, database or "")[:limit]
    with Verifier() as verifier, tqdm(total=len(rows), desc="audit", disable=None, file=sys.stderr) as bar:
        found = audit_rows(verifier, rows, n=databases, seed=seed, progress=lambda _: bar.update())
    if as_json:
        rows_out = [asdict(row) for row in found.rows]
        click.echo(json.dumps({"summary": found.summary(), "matrix": found.matrix(), "rows": rows_out}, indent=1))
        return
    click.echo(_summary(found.summary()))
    for cell in found.matrix():
        click.echo(f"{cell['rows']:>6}  {cell['status']:<13} {cell['engine']:<16} {cell['reason']}".rstrip())


def _summary(found: dict[str, Any]) -> str:
    usable = f"{found['usable']} of {found['rows']} gold queries can be trusted ({found['usable_share']:.1%})"
    if found["kill_rate"] is None:
        return f"{usable}\n"
    killed = f"{found['killed']} of {found['mutants']} wrong neighbours told from their gold ({found['kill_rate']:.1%})"
    flags = ", ".join(f"{name} {count}" for name, count in found["flags"].items())
    return f"{usable}; {killed}\n" + (f"flags: {flags}\n" if flags else "")


@sql.command()
@click.option("--context", help="DDL and INSERTs; every text may be given as @FILE.")
@DATABASE
@click.option("--gold", help="The query that is right.")
@click.option("--candidate", required=True, help="The query to judge.")
@click.option("--source", help="Where context and gold come from instead: a catalog entry or a file, with --id.")
@click.option("--id", "id_", help="The question's id in the source.")
@click.option("--env", "-e", default=None, help="The environment whose catalog is read.")
@click.option("--preset", default="strict", show_default=True, help="Whose rules decide: strict, spider or bird.")
@DATABASES
@SEED
@JSON
def explain(
    context: str | None,
    database: str | None,
    gold: str | None,
    candidate: str,
    source: str | None,
    id_: str | None,
    env: str | None,
    preset: str,
    databases: int,
    seed: int,
    as_json: bool,
) -> None:
    """Judge a candidate; show the first database on which it differs from the gold. Exit 1 if it does not agree."""
    from sqlreason.sql.databases.preparation import prepare
    from sqlreason.sql.verifier import Verifier

    others: Sequence[str] = ()
    dialect = ""
    if source is not None:
        _, context, gold, others, dialect = _question(source, id_, env, database or "")
    elif database:
        context = _url(database)
    if not context or not gold:
        raise click.ClickException(
            "give --context and --gold, or --source and --id (and --database in place of a context)"
        )
    # an @ means a file where somebody typed it, and nothing in a question of a source, whose author may be anybody
    texts = [*((context, gold) if source is not None else map(_text, (context, gold))), _text(candidate)]
    try:
        verifier = Verifier(preset=preset)
    except BadInput as error:
        raise click.ClickException(str(error)) from None
    with verifier:
        prepared = prepare(
            verifier, id_ or "", texts[0], texts[1], n=databases, seed=seed, other_golds=others, dialect=dialect
        )
        if prepared.task is None:
            raise click.ClickException(f"the gold cannot be used, {prepared.status}: {prepared.reason}")
        found = verifier.explanation(prepared.task, texts[2])
    engine = f"{prepared.task.engine} {prepared.task.reading}".strip()
    if as_json:
        click.echo(json.dumps({"engine": engine, "preset": preset, **found.to_record()}, indent=1, default=repr))
    else:
        flags = ", ".join(found.verdict.flags)
        click.echo(found.to_text() + (f"\nflags: {flags}" if flags else "") + f"\nengine: {engine}")
    sys.exit(int(not found.verdict.agrees))


def _text(given: str) -> str:
    """The text itself, or the content of the file named after an @."""
    if not given.startswith("@"):
        return given
    try:
        return Path(given[1:]).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise click.ClickException(f"{given}: {error}") from None


def _url(database: str) -> str:
    from sqlreason.sql.database_files import database_url

    try:
        return database_url(database, Path.cwd())
    except BadInput as error:
        raise click.ClickException(str(error)) from None


def _question(source: str, id_: str | None, env: str | None, database: str) -> "Row":
    found = [row for row in read_questions(source, env, database) if row[0] == id_]
    if len(found) != 1:
        there = counted(len(found), f"question of '{source}' has", f"questions of '{source}' have")
        raise click.ClickException(f"{there} the id {id_!r}; give --id of one")
    return found[0]
