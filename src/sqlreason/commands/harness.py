"""`kedro sqlreason harness`: an evaluation as a task of lm-evaluation-harness. Only click at the top."""

from pathlib import Path
from typing import Any

import click

from sqlreason.commands.project import open_context
from sqlreason.errors import BadInput


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--env", "-e", default=None, help="The environment whose questions are asked; demo if none is named.")
@click.option("--questions", type=click.IntRange(1), default=None, help="Only the first so many.")
def harness(folder: Path, env: str | None, questions: int | None) -> None:
    """Write the evaluation's questions into FOLDER as a task of lm-evaluation-harness, judged by our verdict.

    Then: lm_eval --include_path FOLDER --tasks sqlreason_ENV --apply_chat_template --model hf --model_args …
    """
    from sqlreason.benchmarks.harness_task import write_task
    from sqlreason.data.tables import records

    try:
        prompts, tokens, name = _evaluation(env)
        rows = records(prompts if questions is None else prompts.head(questions))
        count = write_task(folder, name, rows, tokens)
    except BadInput as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{name}: {count} questions in {folder}")


def _evaluation(env: str | None) -> tuple[Any, int, str]:
    """Return the table of prompts, the limit of an answer, and what the task is called."""
    from kedro.io.core import DatasetError

    with open_context(env) as context:
        try:
            prompts = context.catalog.load("evaluation_prompts")
        except DatasetError as error:
            told = f"there are no evaluation_prompts; run the pipelines up to preprocessing ({error})"
            raise BadInput(told) from None
        return prompts, context.catalog.load("params:evaluation").max_completion_tokens, f"sqlreason_{context.env}"
