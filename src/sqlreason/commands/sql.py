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

from sqlreason.errors import BadInput

if TYPE_CHECKING:
    from sqlreason.sql.databases.batch_preparation import Row

DATABASES = click.option("--databases", default=3, show_default=True, help="Perturbed databases beside the original.")
SEED = click.option("--seed", default=0, show_default=True, help="Of the perturbed databases.")
DATABASE = click.option("--database", help="A SQLite or DuckDB file, by path or URL, on which the questions are asked.")
JSON = click.option("--json", "as_json", is_flag=True, help="Write JSON.")


@click.group(name="sql")
def sql() -> None:
    """Verify SQL by running it: audit questions, explain a verdict, score predictions, certify a reward."""


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

    rows = _questions(source, env, database or "")[:limit]
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
    texts = [_text(text) for text in (context, gold, candidate)]
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


@sql.command()
@click.argument("predictions", nargs=-1, required=True)
@click.option("--benchmark", required=True, help="Folder of Spider or BIRD as it unpacks, or a file of its questions.")
@click.option("--format", "format_", default="", help="spider or bird; found out where it is not given.")
@click.option("--split", default="", help="dev, train or test; the first that is there.")
@click.option("--against", help="A file of other predictions; each run is tested against it, question by question.")
@click.option("--suite", help="Folder of test suites (<db_id>/*.sqlite) that do not lie beside the databases.")
@DATABASES
@SEED
@click.option("--ves", type=click.IntRange(0), help="Timings of a query for R-VES; 100 for bird, else 0.")
@click.option("--seconds", default=30.0, show_default=True, help="Computing time of a query.")
@click.option("--workers", type=click.IntRange(1), default=1, show_default=True, help="Cores that are used.")
@click.option("--cache", help="A file that keeps what was drawn for the golds, for the next call.")
@click.option("--json", "json_file", help="A file for all figures and every verdict.")
@click.option("--html", "html_file", help="A file for the page.")
def score(
    predictions: tuple[str, ...],
    benchmark: str,
    format_: str,
    split: str,
    against: str | None,
    suite: str | None,
    databases: int,
    seed: int,
    ves: int | None,
    seconds: float,
    workers: int,
    cache: str | None,
    json_file: str | None,
    html_file: str | None,
) -> None:
    """Judge PREDICTIONS that any model made for a benchmark, and say which were right by luck.

    Files in Spider's pred.txt, BIRD's predict_dev.json, records of IBM's text2sql-eval-toolkit, JSON lines or CSV.
    """
    from sqlreason.benchmarks.benchmark_folder import read_benchmark
    from sqlreason.benchmarks.prediction_files import read_runs
    from sqlreason.benchmarks.scoring import score_predictions
    from sqlreason.reporting.benchmark_report import answer_records, render_scores, scores_table, summarise_scores

    try:
        asked = read_benchmark(benchmark, format_, split, suite)
        runs, first = read_runs(predictions, against, asked)
    except BadInput as error:
        raise click.ClickException(str(error)) from None
    for name in filter(None, (json_file, html_file)):
        if not Path(name).absolute().parent.is_dir():
            raise click.ClickException(f"there is no folder for '{name}'")
    rounds = (100 if asked.format == "bird" else 0) if ves is None else ves
    with _Progress() as progress:
        scores = score_predictions(
            asked,
            runs,
            databases=databases,
            seed=seed,
            workers=workers,
            seconds=seconds,
            rounds=rounds,
            cache=cache,
            progress=progress,
        )
    summary = summarise_scores(scores, first)
    click.echo(scores_table(summary))
    if json_file:
        content = {"summary": summary, "answers": answer_records(scores)}
        Path(json_file).write_text(json.dumps(content, indent=1, default=repr), encoding="utf-8")
    if html_file:
        Path(html_file).write_text(render_scores(summary, scores), encoding="utf-8")


class _Progress:
    """A bar for each stage; a context manager that is called with stage, done and total."""

    def __init__(self) -> None:
        self._stage, self._bar = "", None

    def __enter__(self) -> "_Progress":
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def __call__(self, stage: str, done: int, total: int) -> None:
        from tqdm import tqdm

        if stage != self._stage:
            self.__exit__()
            self._stage, self._bar = stage, tqdm(desc=stage, total=total, disable=None, file=sys.stderr)
        if self._bar is not None:
            self._bar.update(done - self._bar.n)


@sql.command()
@click.argument("reward")
@click.option("--source", help="Questions to try it on, as of audit; a few of this package's own if none is named.")
@click.option("--env", "-e", default=None, help="The environment whose catalog is read.")
@click.option("--questions", type=click.IntRange(1), default=8, show_default=True, help="Only the first so many.")
@click.option("--messages", is_flag=True, help="The reward reads completions as lists of chat messages.")
@DATABASES
@SEED
@JSON
def certify(
    reward: str,
    source: str | None,
    env: str | None,
    questions: int,
    messages: bool,
    databases: int,
    seed: int,
    as_json: bool,
) -> None:
    """Try REWARD on right answers, wrong neighbours of the gold and exploits; exit 1 if it can be gamed.

    REWARD is module:name of a function by TRL's contract, or one of this package's. It gets completions in our grammar,
    and the columns prompts, sql_context, gold_sql and task. A reward of others runs in this process and executes the
    exploits in its own way: certify it in a folder, or a container, that may be lost.
    """
    from sqlreason.rewards.certification import LIMITS
    from sqlreason.rewards.certification import certify as certify_rewards
    from sqlreason.rewards.foreign import find_reward

    try:
        found = find_reward(reward, messages, LIMITS)
        rows = _certifiable(source, env, questions, databases, seed)
        certificate = certify_rewards({found.__name__: 1.0}, rows, seed=seed, others=[found])
    except BadInput as error:
        raise click.ClickException(str(error)) from None
    raised = [f"it raised {count} times ({error})" for error, count in getattr(found, "raised", {}).items()]
    faults = [*certificate.faults, *raised]
    if as_json:
        entries = [asdict(entry) for entry in certificate.entries]
        click.echo(json.dumps({"reward": reward, "faults": faults, "entries": entries}, indent=1))
    else:
        for entry in certificate.entries:
            mark = "" if entry.passed else "  <- paid" if entry.kind == "exploit" else "  <- too near"
            click.echo(f"{entry.kind:<8} {entry.highest:>7.2f}  {entry.name}{mark}  {entry.reason}".rstrip())
        click.echo("\n" + "; ".join([certificate.summary(), *raised]))
    sys.exit(int(bool(faults)))


def _certifiable(source: str | None, env: str | None, most: int, databases: int, seed: int) -> list[dict[str, Any]]:
    """Return questions with their task; those whose gold cannot be trusted are left out."""
    from sqlreason.rewards.sample_questions import sample_questions
    from sqlreason.sql.databases.batch_preparation import Row, prepare_all

    if source is None:
        asked = [Row(row["id"], row["sql_context"], row["gold_sql"]) for row in sample_questions()]
    else:
        asked = _questions(source, env)
    asked = asked[:most]
    rows = [
        {"task": prepared.task.to_json(), "sql_context": row.context, "gold_sql": row.gold}
        for row, prepared in zip(asked, prepare_all(asked, databases, seed), strict=True)
        if prepared.task is not None
    ]
    if not rows:
        raise BadInput(f"none of {len(asked)} gold queries can be trusted; `audit` says why")
    return rows


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
    found = [row for row in _questions(source, env, database) if row[0] == id_]
    if len(found) != 1:
        raise click.ClickException(f"{len(found)} questions of '{source}' have the id {id_!r}; give --id of one")
    return found[0]


def _questions(source: str, env: str | None, database: str = "") -> list["Row"]:
    """Questions of a file, or of a catalog entry where no file has that name."""
    from sqlreason.data.sources import SUFFIXES, questions_of, read_file, records_of

    path = Path(source)
    is_file = path.exists() or path.suffix in SUFFIXES
    try:
        return questions_of(read_file(path) if is_file else records_of(_entry(source, env)), source, database)
    except BadInput as error:
        raise click.ClickException(str(error)) from None


def _entry(name: str, env: str | None) -> Any:
    try:
        from kedro.framework.session import KedroSession
        from kedro.io.core import DatasetError
    except ImportError:
        needs = "a catalog needs Kedro: pip install 'sqlreason[kedro]'"
        raise BadInput(f"'{name}' is no file; {needs}, or give a CSV or JSONL file") from None

    with KedroSession.create(Path.cwd(), env=env) as session:
        catalog = session.load_context().catalog  # type: ignore[attr-defined]
        if name not in catalog:
            raise BadInput(f"'{name}' is no file and no catalog entry; entries are {', '.join(_tables(catalog))}")
        try:
            found = catalog.load(name)
        except DatasetError as error:
            raise BadInput(f"the catalog entry '{name}' cannot be loaded: {error}") from None
    if not hasattr(found, "columns"):
        raise BadInput(f"the catalog entry '{name}' holds a {type(found).__name__}, no table of questions")
    return found


def _tables(catalog: Any) -> list[str]:
    return sorted(name for name in catalog if not name.startswith("param"))
