"""`python -m sqlreason audit|explain|certify …`: the commands of `kedro sql`, where there is no Kedro.

Every command of that group is here too; one that needs more than the core says which extra.
"""

from sqlreason.commands.sql import sql
from sqlreason.errors import failures

if __name__ == "__main__":
    failures.install()
    sql(prog_name="python -m sqlreason")
