"""A PostgreSQL server of the tests' own."""

import glob
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest

SETTINGS = {
    "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off", "temp_file_limit": "32MB",
    "client_connection_check_interval": "200", "work_mem": "4MB", "max_parallel_workers_per_gather": "0",
}  # fmt: skip


def _binary(name: str) -> str:
    found = shutil.which(name) or next(iter(sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"))[::-1]), None)
    if found is None:
        pytest.skip("there is no PostgreSQL server on this machine (package postgresql)")
    return found


@pytest.fixture(scope="session")
def postgres():
    """URL of a fresh database on loopback, for a role without powers; the server ends with the tests."""
    pytest.importorskip("psycopg", reason="the extra postgresql is not installed")
    initdb, server = _binary("initdb"), _binary("postgres")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="sqlreason-postgres-") as folder:
        other = {"user": "nobody"} if os.geteuid() == 0 else {}  # the server refuses to be root
        if other:
            shutil.chown(folder, "nobody")
        data = Path(folder) / "data"
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": "/", **other}
        subprocess.run(
            [initdb, "-D", data, "-U", "admin", "-A", "trust", "--no-sync", "-E", "UTF8"], check=True, **quiet
        )
        options = [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
        process = subprocess.Popen([server, "-D", data, "-p", str(port), *options], **quiet)
        try:
            _make_database(port)
            yield f"postgresql+psycopg://sandbox@127.0.0.1:{port}/sandbox"
        finally:
            process.send_signal(signal.SIGINT)  # SIGTERM would wait for clients
            process.wait(20)


def _make_database(port: int) -> None:
    import time

    import psycopg

    for attempt in range(200):
        try:
            with psycopg.connect(f"host=127.0.0.1 port={port} user=admin dbname=postgres", autocommit=True) as admin:
                admin.execute("CREATE ROLE sandbox LOGIN")
                admin.execute("CREATE DATABASE sandbox OWNER sandbox")
                return
        except psycopg.OperationalError:
            if attempt == 199:
                raise
            time.sleep(0.05)
