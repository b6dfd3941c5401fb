"""The session behind OpenEnv's interface: `reset`, `step`, `state`."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from openenv.core.env_server.interfaces import Environment

from sqlreason.environments.openenv.openenv_models import SqlAction, SqlEnvState, SqlObservation
from sqlreason.environments.session import COLUMNS, Session, SessionFactory, names_a_file, shared_sessions
from sqlreason.errors import BadInput
from sqlreason.rewards.sample_questions import sample_questions


class SqlOpenEnv(Environment[SqlAction, SqlObservation, SqlEnvState]):
    """One client's environment; what episodes share is the process's."""

    SUPPORTS_CONCURRENT_SESSIONS = True

    def __init__(
        self,
        questions: Sequence[Mapping[str, Any]] = (),
        sessions: SessionFactory | None = None,
        files: bool = False,
    ) -> None:
        """Keep the questions.

        Args:
            questions: Rows with `question` and the columns of the reward; a few of this package's own if empty.
            sessions: Opens the episodes; None for this process's own.
            files: Whether clients may name database files of this machine; the server's own questions always may.
        """
        super().__init__()
        self._questions = list(questions) or sample_questions()
        self._sessions = sessions or shared_sessions()
        self._files = files
        self._session: Session | None = None
        self._episode = ""

    def reset(self, seed: int | None = None, episode_id: str | None = None, **row: Any) -> SqlObservation:
        """Begin an episode.

        Args:
            seed: Chooses among the server's questions where no row is given; 0 is the first.
            episode_id: A name for it.
            row: `question` with `task`, or `sql_context` (or `database`) and `gold_sql`; or `index`, of the server's
                questions.

        Raises:
            ValueError: If a client names a file and may not.
        """
        self._episode = episode_id or uuid.uuid4().hex
        if {"task", "sql_context", "database"} & set(row):
            if not self._files and names_a_file(row):
                raise BadInput("this server opens files for its own questions alone; SQLREASON_FILES=1 lets clients")
        else:
            row = dict(self._questions[int(row.get("index", seed or 0)) % len(self._questions)])
        question = str(row.get("question") or row.get("sql_prompt") or "")
        self._session = self._sessions.open(question, **{name: row.get(name) for name in COLUMNS})
        return SqlObservation(text=question)

    def step(self, action: SqlAction, timeout_s: float | None = None, **_: Any) -> SqlObservation:
        """Call a tool, or take the answer; the sandbox has its own limits of time.

        The reward comes with the step that ends the episode, so that a client may sum those of all steps.
        """
        session = self._opened()
        had_ended = session.done
        if action.tool == "answer":
            text = ""
            session.answer(action.arguments.get("completion", ""))
        else:
            text = session.call(action.tool, action.arguments)
        if not session.done:
            return SqlObservation(text=text)
        reward = session.reward()
        return SqlObservation(text=text, done=True, reward=None if had_ended else reward, reason=session.reason)

    @property
    def state(self) -> SqlEnvState:
        """Return how far the episode is."""
        calls = self._session.calls if self._session else []
        return SqlEnvState(
            episode_id=self._episode or None, step_count=len(calls),
            question=self._session.question if self._session else "", tool_errors=sum(call.failed for call in calls),
        )  # fmt: skip

    def _opened(self) -> Session:
        if self._session is None:
            raise BadInput("no episode has begun; reset first")
        return self._session
