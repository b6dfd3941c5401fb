"""Where a worker's side begins: `python -I -S boot.py forks DESCRIPTOR PARENT` or `… alone PORT`.

It loads its own folder as a package, so that nothing of the project outside the folder is ever imported. `forks` is
the small process that forks workers on demand; `alone` is one worker where a system cannot fork, which connects to
its parent by loopback and reads from standard input the token that it must show.
"""

import importlib.util
import signal
import socket
import sys
from pathlib import Path

NAME = "sqlreason_worker"


def main() -> None:
    """Serve the parent that started this process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's business
    _load_package()
    mode, number = sys.argv[1], int(sys.argv[2])
    if mode == "forks":
        from sqlreason_worker.fork_server import serve_forks

        serve_forks(socket.socket(fileno=number), int(sys.argv[3]))
    else:
        from sqlreason_worker.serving import serve_alone

        serve_alone(socket.create_connection(("127.0.0.1", number)), sys.stdin.buffer.readline())


def _load_package() -> None:
    folder = Path(__file__).parent
    spec = importlib.util.spec_from_file_location(
        NAME, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert spec is not None and spec.loader is not None
    package = importlib.util.module_from_spec(spec)
    sys.modules[NAME] = package
    spec.loader.exec_module(package)


if __name__ == "__main__":
    main()
