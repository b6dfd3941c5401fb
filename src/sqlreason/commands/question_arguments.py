"""Options that several commands of `kedro sql` share, and the questions that their argument SOURCE names."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sqlreason.commands.project import find_project, open_context
from sqlreason.errors import BadInput

if TYPE_CHECKING:
    from sqlreason.sql.databases.batch_preparation import Row

DATABASES = click.option(
    "--databases", type=click.IntRange(1), default=3, show_default=True, help="Perturbed databases beside the original."
)
SEED = click.option("--seed", default=0, show_default=True, help="Of the perturbed databases.")
DATABASE = click.option("--database", help="A SQLite or DuckDB file, by path or URL, or a PostgreSQL URL; it is asked.")
JSON = click.option("--json", "as_json", is_flag=True, help="Write JSON.")


def read_questions(source: str, env: str | None, database: str = "") -> list["Row"]:
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
        from kedro.io.core import DatasetError
    except ImportError:
        needs = "a catalog needs Kedro: pip install 'sqlreason[kedro]'"
        raise BadInput(f"'{name}' is no file; {needs}, or give a CSV or JSONL file") from None

    try:
        find_project()
    except BadInput as error:
        raise BadInput(f"there is no file '{name}', and no catalog that could have such an entry: {error}") from None
    with open_context(env) as context:
        catalog = context.catalog
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
