"""OpenEnv's server of the session; `app` is what uvicorn runs.

SQLREASON_QUESTIONS names a file of questions (`question` or `sql_prompt`, `sql_context` or `database`, `sql` or
`gold_sql`), SQLREASON_REWARD a reward; SQLREASON_FILES=1 lets clients name database files of this machine.
"""

import argparse
import os
from functools import partial
from pathlib import Path

from openenv.core.env_server.http_server import create_app

from sqlreason.data.sources import read_file
from sqlreason.environments.openenv.openenv_environment import SqlOpenEnv
from sqlreason.environments.openenv.openenv_models import SqlAction, SqlEnvState, SqlObservation
from sqlreason.environments.session import shared_sessions

#: At once; they share the workers, so that one costs little.
MOST_EPISODES = 256

_questions = os.environ.get("SQLREASON_QUESTIONS")
app = create_app(
    partial(
        SqlOpenEnv,
        read_file(Path(_questions)) if _questions else (),
        shared_sessions(os.environ.get("SQLREASON_REWARD", "execution")),
        os.environ.get("SQLREASON_FILES") == "1",
    ),
    SqlAction,
    SqlObservation,
    env_name="sqlreason",
    max_concurrent_envs=MOST_EPISODES,
    state_cls=SqlEnvState,
)


def main() -> None:
    """Serve on loopback, unless --host says otherwise: whoever reaches it may run queries in the sandbox."""
    import uvicorn

    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    given = parser.parse_args()
    uvicorn.run(app, host=given.host, port=given.port, log_level="warning")


if __name__ == "__main__":
    main()
