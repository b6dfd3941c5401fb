"""Records of the benchmarks: JSON objects in lines, and the commit that was measured."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def keep(record: Mapping[str, Any], file: Path | None) -> None:
    """Append a record to a file of JSON lines; None keeps it nowhere."""
    if file is not None:
        with file.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(record) + "\n")


def publish(record: Mapping[str, Any], file: Path | None) -> None:
    """Print a record as a line, and keep it."""
    print(json.dumps(record), flush=True)
    keep(record, file)


def commit() -> str:
    """Return the short hash of the commit that is checked out here."""
    command = ["git", "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parent).stdout.strip()
