"""The example of docs/sandbox.md does what it says, without Kedro."""

import os
import re
import subprocess
import sys


def test_the_example_of_the_sandbox_runs_as_it_stands(project):
    (example,) = re.findall(r"```python\n(.*?)```", (project / "docs/sandbox.md").read_text(encoding="utf-8"), re.S)
    check = "\nimport sys; assert not {'kedro', 'torch', 'pandas'} & set(sys.modules)"
    command = [sys.executable, "-c", example + check]
    path = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, capture_output=True, text=True, env=path, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "mismatch: " in done.stdout and "> ('Ann',)" in done.stdout and "'match': 1" in done.stdout
