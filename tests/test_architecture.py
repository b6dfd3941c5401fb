"""The rules of the house that a linter does not know."""

import ast
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[1] / "src" / "sqlreason"
MODULES = sorted(SOURCE.rglob("*.py"))
HEAVY = {
    "torch",
    "transformers",
    "trl",
    "peft",
    "unsloth",
    "distilabel",
    "vllm",
    "ray",
    "accelerate",
    "bitsandbytes",
    "scipy",
}
SHELL = {"cli.py", "commands", "hooks.py", "settings.py", "pipeline_registry.py", "pipelines", "datasets"}


def _imports(tree: ast.Module) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names


def test_only_the_shell_knows_kedro():
    inside = [path.relative_to(SOURCE) for path in MODULES if path.relative_to(SOURCE).parts[0] not in SHELL]
    sources = {str(path): (SOURCE / path).read_text(encoding="utf-8") for path in inside}
    assert [path for path, text in sources.items() if "kedro" in text and "kedro" in _imports(ast.parse(text))] == []


def test_no_module_is_named_like_another():
    names = [path.stem for path in MODULES if path.stem not in ("__init__", "nodes", "pipeline")]
    assert sorted({name for name in names if names.count(name) > 1}) == []


def _defined(module: str) -> set[str] | None:
    """The names that a module of the package defines, imports or holds as modules; None if there is no such module."""
    place = SOURCE.parent.joinpath(*module.split("."))
    path = next((found for found in (place / "__init__.py", place.with_suffix(".py")) if found.is_file()), None)
    if path is None:
        return None
    beside = {part.stem for part in place.iterdir()} if place.is_dir() else set()
    return beside | _names_in(path)


def _names_in(path: Path) -> set[str]:
    """The names that a file defines or imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.FunctionDef() | ast.ClassDef():
                names.add(node.name)
            case ast.Name(ctx=ast.Store()):
                names.add(node.id)
            case ast.Import() | ast.ImportFrom():
                names |= {alias.asname or alias.name for alias in node.names}
    return names


def test_scripts_import_what_there_is():
    scripts = [path for folder in ("benchmarks", "tools") for path in (SOURCE.parents[1] / folder).rglob("*.py")]
    absent = []
    for path in scripts:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.ImportFrom) or node.module is None:
                continue
            beside = path.parent / f"{node.module}.py"
            if node.module.split(".")[0] == "sqlreason" or beside.is_file():
                names = _names_in(beside) if beside.is_file() else _defined(node.module)
                wanted = {alias.name for alias in node.names}
                absent += [(path.name, node.module, name) for name in wanted if names is None or name not in names]
    assert absent == []


def test_every_pipeline_loads_without_torch():
    code = (
        "import sys; from kedro.framework.startup import bootstrap_project; from pathlib import Path;"
        "bootstrap_project(Path('.')); from kedro.framework.project import pipelines; list(pipelines.keys());"
        f"heavy = {sorted(HEAVY)!r}; print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=SOURCE.parents[1], check=True
    )
    assert done.stdout.strip().splitlines()[-1] == "[]"


def test_trainings_leave_what_unsloth_patches_alone_until_their_backend_is_loaded():
    code = (
        "import sys; from sqlreason.students.training import backends, grpo, sft;"
        "print([name for name in ('trl', 'transformers', 'peft') if name in sys.modules])"
    )
    paths = {**os.environ, "PYTHONPATH": str(SOURCE.parent)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=paths)
    assert done.stdout.strip() == "[]"


def test_the_lock_satisfies_what_pyproject_asks_for():
    from packaging.requirements import Requirement

    root = SOURCE.parents[1]
    asked = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    lines = (root / "requirements.lock").read_text().splitlines()
    locked = dict(line.split("==") for line in lines if "==" in line and not line.startswith("#"))
    locked = {name.lower().replace("_", "-"): version for name, version in locked.items()}
    extras = asked["optional-dependencies"]
    whole = ("kedro", "train", "distillation", "postgresql", "parquet", "viz", "notebook", "dev")
    for text in [*asked["dependencies"], *(text for extra in whole for text in extras[extra])]:
        requirement = Requirement(text)
        if requirement.name == "sqlreason":  # an extra that is made of others
            assert requirement.extras <= set(whole), text
            continue
        assert requirement.specifier.contains(locked[requirement.name.lower().replace("_", "-")]), text


def test_no_machine_path_is_named():
    root = SOURCE.parents[1]
    listed = subprocess.run(["git", "ls-files"], capture_output=True, text=True, cwd=root)
    if listed.returncode:
        pytest.skip("not a git checkout")
    here = str(root)
    for name in listed.stdout.split("\n"):
        path = root / name
        if path.is_file() and path.suffix in {".py", ".md", ".yml", ".yaml", ".toml", ".ipynb", ".lock", ""}:
            assert here not in path.read_text(encoding="utf-8", errors="ignore"), name
