"""Runs of `kedro …` in the process of the tests: Kedro, torch and trl are imported once, and not by every run.

What is run is Kedro's own command line with the project's hooks, and what is returned is all that it and its children
write. The state of the process is put back afterwards: folder, environment, streams, logging, hook of exceptions.
"""

import functools
import importlib
import logging
import os
import re
import resource
import sys
import tempfile
from contextlib import ExitStack, chdir, contextmanager
from unittest.mock import patch

import yaml
from kedro.framework.cli.cli import main
from kedro.framework.project import LOGGING

from sqlreason.errors import failures

# Not closed: a library that is first used in a run may keep one for its log.
STREAMS = [open(descriptor, "w", buffering=1, errors="replace", closefd=False) for descriptor in (1, 2)]  # noqa: SIM115
LOGGED = re.compile(r"\d\d:\d\d:\d\d (INFO|WARNING) |.*\d+%\|")


def run_kedro(project, *arguments, folder=None, environment=None, max_file_bytes=None, broken=None):
    """Runs a command to its end; returns its exit status and what it wrote.

    Args:
        project: Folder of the project.
        arguments: Arguments of `kedro`.
        folder: Where it is started; the project's folder without it.
        environment: Variables of the environment that are set for it.
        max_file_bytes: No file may become larger, as on a disk that is full.
        broken: A function ("module:name") that fails as a fault of the program would.
    """
    with tempfile.TemporaryFile("w+", errors="replace") as output, ExitStack() as stack:
        stack.enter_context(chdir(folder or project))
        stack.enter_context(patch.dict(os.environ, environment or {}))
        stack.enter_context(patch.object(sys, "argv", ["kedro", *map(str, arguments)]))
        stack.enter_context(patch.object(sys, "excepthook", sys.excepthook))
        stack.enter_context(patch.object(sys, "path", sys.path[:]))
        stack.enter_context(_written_to(output))
        stack.enter_context(_logging_of(project))
        if broken:
            stack.enter_context(_failing(broken))
        if max_file_bytes:
            stack.enter_context(_file_limit(max_file_bytes))
        code = _run()
        output.seek(0)
        return code, output.read()


def error_part(output):
    """The lines that a failed run prints beside its log and its progress bars."""
    lines = [line for part in output.splitlines() for line in part.split("\r") if line.strip()]
    return [line for line in lines if not LOGGED.match(line)]


def _run():
    failures.install()  # what `sqlreason.cli` does where it is imported for the first time
    try:
        main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except Exception:
        sys.excepthook(*sys.exc_info())  # what the interpreter does with what nobody caught
        return 1
    return 0


@contextmanager
def _written_to(file):
    """Python's streams and the descriptors that children inherit."""
    kept = {descriptor: os.dup(descriptor) for descriptor in (1, 2)}
    for descriptor in kept:
        os.dup2(file.fileno(), descriptor)
    try:
        with patch.object(sys, "stdout", STREAMS[0]), patch.object(sys, "stderr", STREAMS[1]):
            yield
    finally:
        for stream in STREAMS:
            stream.flush()
        for descriptor, copy in kept.items():
            os.dup2(copy, descriptor)
            os.close(copy)


@contextmanager
def _logging_of(project):
    """The project's logging, as it is configured where Kedro is imported."""
    root = logging.getLogger()
    loggers = {name: logger for name, logger in root.manager.loggerDict.items() if isinstance(logger, logging.Logger)}
    state = {name: (logger.level, logger.handlers[:], logger.propagate) for name, logger in loggers.items()}
    level, handlers = root.level, root.handlers[:]
    LOGGING.configure(yaml.safe_load((project / "conf/logging.yml").read_text(encoding="utf-8")))
    try:
        yield
    finally:
        for name, logger in loggers.items():
            logger.level, logger.handlers[:], logger.propagate = state[name]
        root.level, root.handlers[:] = level, handlers
        root.manager._clear_cache()


@contextmanager
def _failing(name):
    """A failure in a function, below its own name, signature and module."""
    module, _, function = name.partition(":")
    owner = importlib.import_module(module)

    def fail(*arguments, **keywords):
        private_rows = ["a row of somebody's data"] * 100_000
        return {}[len(private_rows)]

    with patch.object(owner, function, functools.wraps(getattr(owner, function))(fail)):
        yield


@contextmanager
def _file_limit(size):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
