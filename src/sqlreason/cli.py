"""The project's own commands beside Kedro's. Only the standard library and click at the top (TRAPS: Kedro)."""

from pathlib import Path

import click


@click.group(name="sqlreason")
def cli() -> None:
    """The project's own commands beside Kedro's."""


@cli.group(name="sqlreason")
def sqlreason() -> None:
    """Commands of sqlreason."""


@sqlreason.command()
@click.option("--check", is_flag=True, help="Only say whether the file is up to date; exit 1 if it is not.")
def dictionary(check: bool) -> None:
    """Write the data dictionary, docs/data-dictionary.md, from src/sqlreason/tables.py."""
    from sqlreason.tables import data_dictionary

    path = Path("docs/data-dictionary.md")
    if not check:
        path.write_text(data_dictionary(), encoding="utf-8")
    elif not path.exists() or path.read_text(encoding="utf-8") != data_dictionary():
        raise click.ClickException(f"{path} is out of date; run `kedro sqlreason dictionary`")
