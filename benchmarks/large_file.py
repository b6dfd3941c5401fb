"""Memory of a worker and seconds to the first verdict on a SQLite file of a gigabyte.

    python benchmarks/large_file.py

The file is made by the script: visits with a key, an indexed customer and a note, until it has the size. Prints one
line of JSON; the file is removed unless `--keep` names a place for it.
"""

import argparse
import hashlib
import json
import platform
import resource
import sqlite3
import tempfile
import time
from contextlib import closing
from pathlib import Path

from sqlreason.sql.database_files import database_url
from sqlreason.sql.databases.preparation import prepare
from sqlreason.sql.verifier import Verifier

ROWS_AT_ONCE = 100_000
GOLD = "SELECT COUNT(*) FROM visits WHERE customer = 4711"
RIGHT, WRONG = (
    "SELECT COUNT(visit_id) FROM visits WHERE customer = 4711",
    "SELECT COUNT(*) FROM visits WHERE customer > 4711",
)


def make(path: Path, size: int) -> int:
    """Write a file of at least `size` bytes and return its rows."""
    rows = 0
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("CREATE TABLE visits (visit_id INTEGER PRIMARY KEY, customer INTEGER NOT NULL, note TEXT)")
        while not path.exists() or path.stat().st_size < size:
            connection.executemany(
                "INSERT INTO visits (customer, note) VALUES (?, ?)",
                ((number % 10_007, f"visit {number} " + "x" * 200) for number in range(rows, rows + ROWS_AT_ONCE)),
            )
            connection.commit()
            rows += ROWS_AT_ONCE
        connection.execute("CREATE INDEX by_customer ON visits (customer)")
        connection.commit()
    return rows


def resident(pid: int) -> float:
    """Return the resident memory of a process in MB, the pages of mapped files included."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def digest(path: Path) -> str:
    """Return a hash of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "blake2b").hexdigest()


def main() -> None:
    """Make the file, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gigabytes", type=float, default=1.0)
    parser.add_argument("--keep", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = given.keep or Path(folder) / "visits.sqlite"
        rows = make(path, int(given.gigabytes * 1e9))
        before, url = digest(path), database_url(str(path), Path.cwd())
        with Verifier() as verifier:
            began = time.monotonic()
            prepared = prepare(verifier, "large", url, GOLD, n=3, seed=0)
            seconds = time.monotonic() - began
        assert prepared.task is not None, prepared.reason
        with Verifier() as verifier:
            began = time.monotonic()
            verdicts = verifier.verify(prepared.task, [RIGHT, WRONG])
            first = time.monotonic() - began
            memory = max(resident(pid) for pid in verifier._pool.pids)
        record = {
            "gigabytes": round(path.stat().st_size / 1e9, 2), "rows": rows,
            "agrees": [verdict.agrees for verdict in verdicts],
            "prepare_seconds": round(seconds, 2), "first_verdict_seconds": round(first, 2),
            "worker_megabytes": round(memory, 1), "file_unchanged": digest(path) == before,
            "machine": f"{platform.machine()}, SQLite {sqlite3.sqlite_version}",
        }  # fmt: skip
        print(json.dumps(record))


if __name__ == "__main__":
    main()
