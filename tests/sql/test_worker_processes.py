"""Worker processes of a pool: they do what they are told first, and do not outlive the process that began them."""

import os
import signal
import subprocess
import sys
import time

import pytest

from sqlreason.sql.worker_processes import make_pool

PARENT = """
import os, sys, time
from concurrent.futures import wait
from sqlreason.sql.worker_processes import make_pool

if __name__ == "__main__":
    pool = make_pool(2)
    pids = {pool.submit(os.getpid).result() for _ in range(20)}
    busy = [pool.submit(time.sleep, 60)] if sys.argv[1] == "busy" else []
    print(*pids, flush=True)
    wait([pool.submit(time.sleep, 60)])
"""


def begin(name: str, value: str) -> None:
    os.environ[name] = value


def test_a_worker_begins_as_it_is_told():
    with make_pool(1, begin, "SQLREASON_TOLD", "twice two") as pool:
        assert pool.submit(os.getenv, "SQLREASON_TOLD").result() == "twice two"
    assert "SQLREASON_TOLD" not in os.environ


@pytest.mark.parametrize("kind", ["busy", "idle"])
@pytest.mark.parametrize("way", [signal.SIGKILL, signal.SIGTERM])
def test_workers_end_with_a_parent_that_is_killed(tmp_path, kind, way):
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    parent = subprocess.Popen([sys.executable, str(script), kind], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    workers = [int(pid) for pid in parent.stdout.readline().split()]
    assert workers and all(map(is_alive, workers))
    parent.send_signal(way)
    parent.wait(10)
    deadline = time.monotonic() + 10
    while any(map(is_alive, workers)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(is_alive, workers))


def is_alive(pid: int) -> bool:
    """Whether the process runs; one that has ended and that nobody waited for does not."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as facts:
            return facts.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
