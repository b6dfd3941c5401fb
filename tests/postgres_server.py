"""A real PostgreSQL server on loopback, in a folder of its own; needs initdb and postgres on the machine."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

SETTINGS = {
    "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off", "temp_file_limit": "32MB",
    "client_connection_check_interval": "200", "work_mem": "4MB", "max_parallel_workers_per_gather": "0",
}  # fmt: skip


def find_program(name: str) -> str | None:
    """A server program, also where Debian puts it."""
    places = [str(path) for path in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
    return shutil.which(name) or shutil.which(name, path=os.pathsep.join(places))


class PostgresServer:
    """A cluster with trust on loopback, run by a user that is not root, as the server demands."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="sqlreason-postgres-"))
        self._become = {"user": "nobody"} if os.geteuid() == 0 else {}
        if self._become:
            shutil.chown(self.folder, "nobody")
        self._run("initdb", "-D", self.folder / "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.start()

    def _run(self, program, *arguments) -> None:
        subprocess.run(
            [find_program(program), *map(str, arguments)], check=True, cwd=self.folder, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, env={**os.environ, "LC_ALL": "C"}, **self._become,
        )  # fmt: skip

    def start(self) -> None:
        """Starts the server and waits until it answers."""
        options = [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
        self._process = subprocess.Popen(
            [find_program("postgres"), "-D", self.folder / "data", "-p", str(self.port), *options],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self.folder, **self._become,
        )  # fmt: skip
        for _ in range(200):
            try:
                self.execute("SELECT 1")
                return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError("the PostgreSQL server of the tests does not answer")

    def stop(self) -> None:
        """Ends the server at once, as a crash would."""
        self._process.send_signal(signal.SIGQUIT)  # without waiting for clients
        self._process.wait(20)

    def close(self) -> None:
        """Ends the server and deletes its folder."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, role: str = "postgres", database: str = "postgres") -> str:
        """Address without a password."""
        return f"postgresql://{role}@127.0.0.1:{self.port}/{database}"

    def execute(self, *statements: str, database: str = "postgres") -> list[tuple]:
        """Runs statements as the superuser; rows of the last one.

        Raises:
            OSError: There is no connection.
        """
        import psycopg

        try:
            connection = psycopg.connect(self.url(database=database), autocommit=True)
        except psycopg.OperationalError as error:
            raise OSError(str(error)) from error
        with connection:
            for statement in statements:
                cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []
