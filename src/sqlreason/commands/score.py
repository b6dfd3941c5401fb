"""`kedro sql score`: anybody's predictions for a benchmark. Only the standard library and click at the top."""

import json
import math
import sys
from pathlib import Path

import click

from sqlreason.commands.question_arguments import SEED
from sqlreason.errors import BadInput

_FILE = click.Path(dir_okay=False, writable=True)


def _some_time(context: click.Context, parameter: click.Parameter, seconds: float) -> float:
    if not 0 < seconds < math.inf:
        raise click.BadParameter("give a finite number above 0")
    return seconds


@click.command()
@click.argument("predictions", nargs=-1, required=True)
@click.option("--benchmark", required=True, help="Folder of Spider or BIRD as it unpacks, or a file of its questions.")
@click.option("--format", "format_", default="", help="spider or bird; found out where it is not given.")
@click.option("--split", default="", help="dev, train or test; the first that is there.")
@click.option("--against", help="A file of other predictions; each run is tested against it, question by question.")
@click.option("--suite", help="Folder of test suites (<db_id>/*.sqlite) that do not lie beside the databases.")
@click.option(
    "--databases", type=click.IntRange(0), default=3, show_default=True, help="Drawn databases beside the one; 0: none."
)
@SEED
@click.option("--ves", type=click.IntRange(0), help="Timings of a query for R-VES; 100 for bird, else 0.")
@click.option(
    "--seconds", default=30.0, show_default=True, callback=_some_time, help="Computing time of a query on a database."
)
@click.option("--workers", type=click.IntRange(1), default=1, show_default=True, help="Cores that are used.")
@click.option("--cache", help="A file that keeps what was drawn for the golds, for the next call.")
@click.option("--json", "json_file", type=_FILE, help="A file for all figures and every verdict.")
@click.option("--html", "html_file", type=_FILE, help="A file for the page.")
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
