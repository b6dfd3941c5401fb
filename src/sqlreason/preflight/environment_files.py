"""What an environment's own files must hold: a data root that no other environment has, names that something reads."""

from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from sqlreason.errors import BadInput
from sqlreason.preflight.diagnosis import Finding

_CLOSE = 0.85  # of difflib's ratio: one letter of a short name, two of a longer one


def require_environment(loader: Any, project: Path) -> None:
    """Check that an environment exists and keeps its data in a place of its own.

    Args:
        loader: Kedro's loader of the configuration; a folder, or an archive.
        project: Folder of the project.

    Raises:
        BadInput: If there is none, it sets no root or that of another, or a name in its globals is misspelt.
    """
    env = loader.env or loader.default_run_env
    found = {name: _read_own(loader, name, "globals") for name in _list_environments(loader)}
    if env not in found:
        raise BadInput(
            f"there is no environment '{env}'; conf/ has {', '.join(found)}. Give --env one of these, or make "
            f"conf/{env}."
        )
    own = found.pop(env)
    misspelt = find_misspelt(own, {name for others in found.values() for name in others})
    if misspelt:
        raise BadInput(f"conf/{env}/globals.yml: nothing reads {', '.join(misspelt)}. Correct it, or take it out.")
    root = own.get("root")
    if not root:
        raise BadInput(
            f"conf/{env}/globals.yml sets no `root`, so that a run would write among the data of another environment: "
            f"add root: data/{env}."
        )
    place = (project / str(root)).resolve()
    for other, names in found.items():
        if names.get("root") and (project / str(names["root"])).resolve() == place:
            raise BadInput(
                f"the environments {env} and {other} have the same root, {root}, so that each would take the other's "
                f"latest versions for its own: set another in conf/{env}/globals.yml, such as data/{env}."
            )


def check_names(loader: Any, entries: Iterable[str], pipelines: Mapping[str, Any]) -> Finding | None:
    """Find entries of the catalog that nothing reads and that are nearly named like one that something does.

    Others stay possible: a pipeline of a user's own, a notebook or a dataset factory may need them.

    Args:
        loader: Kedro's loader of the configuration.
        entries: Names in the catalog.
        pipelines: The pipelines by name, a user's own included.
    """
    used = set().union(*(pipeline.datasets() for pipeline in pipelines.values()))
    misspelt = find_misspelt(entries, used | set(_read_own(loader, loader.base_env, "catalog")))
    if not misspelt:
        return None
    message = f"nothing reads these entries of the catalog: {', '.join(misspelt)}"
    return Finding("FAIL", "catalog", message, "correct or rename them")


def require_names(loader: Any, entries: Iterable[str], pipelines: Mapping[str, Any]) -> None:
    """Check the names in the catalog; arguments as of `check_names`.

    Raises:
        BadInput: If one is misspelt.
    """
    found = check_names(loader, entries, pipelines)
    if found:
        raise BadInput(f"{found.message}. To go on, {found.fix}. Nothing has been started.")


def find_misspelt(given: Iterable[str], known: Collection[str]) -> list[str]:
    """Return each name that is unknown and close to a known one, with that one."""
    told = []
    for name in sorted(given):
        close = get_close_matches(name, [each for each in known if "{" not in each], n=1, cutoff=_CLOSE)
        if name not in known and "{" not in name and close and not _extends(name, close[0]):
            told.append(f"{name} (did you mean {close[0]}?)")
    return told


def _extends(name: str, known: str) -> bool:
    """Whether somebody meant another: sql_questions_b, old_teacher, base_model2."""
    rest = name.replace(known, "", 1)
    return known in name and (len(rest) > 1 or rest.isdigit())


def _list_environments(loader: Any) -> list[str]:
    conf = Path(loader._get_conf_env_path(loader.base_env)).parent  # the only way into an archive
    folders = (Path(path) for path in loader._fs.ls(conf.as_posix(), detail=False) if loader._fs.isdir(path))
    return sorted(folder.name for folder in folders if not folder.name.startswith("."))


def _read_own(loader: Any, env: str, what: str) -> dict[str, Any]:
    """What an environment's own files hold, without base's; what is wrong with them is told by those who read them."""
    try:
        path = loader._get_conf_env_path(env)
        return dict(loader.load_and_merge_dir_config(path, loader.config_patterns[what], what, set()))
    except Exception:
        return {}
