"""Runs of `kedro …` from one warm interpreter: each in a fork of its own, so that many cost a second each, not five.

`python kedro_forks.py` in the folder of a project reads a request a line (JSON: arguments, optionally `max_file_bytes`
and `broken`, a function that is to fail as a fault of the program would) and answers each with a line (code, output).
"""

import functools
import importlib
import json
import os
import pkgutil
import re
import resource
import subprocess
import sys
import tempfile

MODULES = ("kedro.framework.cli.cli", "kedro.framework.cli.project", "kedro_datasets.pandas", "omegaconf", "sqlglot")


LOGGED = re.compile(r"\d\d:\d\d:\d\d (INFO|WARNING) |.*\d+%\|")


def error_part(output):
    """The lines that a failed run prints beside its log and its progress bars."""
    lines = [line for part in output.splitlines() for line in part.split("\r") if line.strip()]
    return [line for line in lines if not LOGGED.match(line)]


class KedroForks:
    """The server of a `ProjectCopy`; `run` is `ProjectCopy.kedro` for a run that fails."""

    def __init__(self, copy):
        self._process = subprocess.Popen(
            [sys.executable, __file__], cwd=copy.folder, env=copy.environment(), text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def run(self, *arguments, **more):
        self._process.stdin.write(json.dumps({"arguments": arguments, **more}) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        return answer["code"], answer["output"]

    def close(self):
        self._process.stdin.close()
        self._process.wait(30)


def fail(*arguments, **keywords):
    """What stands in for a faulty function: an exception that no module of ours raises, with data in its locals."""
    private_rows = ["a row of somebody's data"] * 100_000
    return {}[len(private_rows)]


def _fail_where(name):
    """Put a failure into a function, below its own name, signature and module."""
    module, _, function = name.partition(":")
    owner = importlib.import_module(module)
    setattr(owner, function, functools.wraps(getattr(owner, function))(fail))


def _run(request):
    if request.get("max_file_bytes"):
        resource.setrlimit(resource.RLIMIT_FSIZE, (request["max_file_bytes"],) * 2)
    os.environ.update(request.get("environment", {}))
    if request.get("broken"):
        _fail_where(request["broken"])
    sys.argv = ["kedro", *request["arguments"]]
    from kedro.framework.cli.cli import main

    main()


def _fork(request):
    with tempfile.TemporaryFile("w+") as output:
        child = os.fork()
        if child == 0:
            for descriptor in (1, 2):
                os.dup2(output.fileno(), descriptor)
            code = 1
            try:
                _run(request)
            except SystemExit as end:
                code = end.code or 0
            except BaseException:
                sys.excepthook(*sys.exc_info())  # what the interpreter does with what nobody caught
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code if isinstance(code, int) else 1)
        _, status = os.waitpid(child, 0)
        output.seek(0)
        return {"code": os.waitstatus_to_exitcode(status), "output": output.read()}


def _serve():
    import sqlreason.pipelines
    from sqlreason import datasets

    for package in (sqlreason.pipelines, datasets):
        for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            importlib.import_module(module.name)
    for name in MODULES:
        importlib.import_module(name)
    for line in sys.stdin:
        print(json.dumps(_fork(json.loads(line))), flush=True)


if __name__ == "__main__":
    _serve()
