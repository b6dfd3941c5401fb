"""The project's own commands beside Kedro's. Only the standard library and click at the top (TRAPS: Kedro)."""

import logging

import click

from sqlreason.commands.ask import ask
from sqlreason.commands.docs import dictionary, pipelines
from sqlreason.commands.doctor import doctor
from sqlreason.commands.harness import harness
from sqlreason.commands.sql import sql
from sqlreason.errors import failures

# Kedro imports this module in the process of each of its commands, and nowhere else.
failures.install()
logging.captureWarnings(True)  # conf/logging.yml says what becomes of them


@click.group(name="sqlreason")
def cli() -> None:
    """The project's own commands beside Kedro's."""


@cli.group(name="sqlreason")
def sqlreason() -> None:
    """All commands of sqlreason; doctor and sql stand beside Kedro's own as well: `kedro doctor`, `kedro sql …`."""


for command in (doctor, sql):
    cli.add_command(command)
for command in (doctor, sql, ask, harness, dictionary, pipelines):
    sqlreason.add_command(command)
