"""What a tracker costs a training of GRPO, in computing and in wall time, from the start of its process to its end.

    python benchmarks/tracking.py --trackers trackio mlflow --steps 6     # needs the adapter of SFT and its prompts

Each training is a process of its own with the same seed, so the same completions: without a tracker and with each, in
turn, the order reversed every other round. A ratio is of two neighbours. Computing is that of the process and of the
children that it waited for, which a busy machine changes less than wall time. `fixed` is what the tracker is called for
once (the making of its database included), `step_ms` what it is called for each step, `threads` what all threads but
the main one have computed. `--plain` is the Python of an environment without trackers, for trl imports those that it
finds.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

from records import publish

ROOT = Path(__file__).parents[1]
ENTRIES = ("base_model", "grpo_prompts", "sft_adapter", "params:student", "params:grpo")


def train(tracker: str | None, env: str, steps: int, params: str) -> dict[str, Any]:
    """Train in this process, reporting to a tracker; return the adapter's digest and what the tracker's calls took."""
    from kedro.framework.session import KedroSession
    from kedro.framework.startup import bootstrap_project
    from omegaconf import OmegaConf

    bootstrap_project(ROOT)
    changes = OmegaConf.to_container(OmegaConf.from_dotlist(params.split(",") if params else []))
    with KedroSession.create(ROOT, env=env, runtime_params=changes) as session:
        base, prompts, adapter, student, options = map(session.load_context().catalog.load, ENTRIES)

    from transformers.integrations import get_reporting_integration_callbacks

    from sqlreason.rewards import make_rewards
    from sqlreason.students.training import grpo, tracking
    from sqlreason.students.training.setup import Setup

    spent: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for kind in get_reporting_integration_callbacks([tracker] if tracker else []):
        for name in [name for name in vars(kind) if name.startswith("on_")]:
            setattr(kind, name, _timed(getattr(kind, name), spent[name]))
    tracking.make_experiment = _timed(tracking.make_experiment, spent["make_experiment"])  # type: ignore[assignment]
    trl = {**options.trl.arguments, "max_steps": steps}
    trl.pop("num_train_epochs", None)
    rewards, weights = make_rewards(list(options.rewards), trl["max_completion_length"]), list(options.rewards.values())
    with tempfile.TemporaryDirectory() as folder, tracking.tracking(tracker, Path(folder) / "kept"):
        trained, history, _ = grpo.train_grpo(
            base.spoken_to(**student.template), adapter, prompts, rewards=rewards, weights=weights, workdir=folder,
            setup=Setup(dtype=student.dtype), trl=trl,
        )  # fmt: skip
    each = spent.pop("on_log", [])
    once = [pair for pairs in spent.values() for pair in pairs]
    return {
        "adapter": trained.digest,
        "steps": len(history),
        "step_ms": 1000 * sum(computed for computed, _ in each) / len(history),
        "step_ms_wall": 1000 * sum(wall for _, wall in each) / len(history),
        "fixed": sum(computed for computed, _ in once),
        "fixed_wall": sum(wall for _, wall in once),
        "calls": {name: round(sum(computed for computed, _ in pairs), 2) for name, pairs in spent.items() if pairs},
        "threads": time.process_time() - time.thread_time(),
    }


def _timed(function: Any, spent: list[tuple[float, float]]) -> Any:
    def call(*given: Any, **named: Any) -> Any:
        computed, wall = time.process_time(), time.perf_counter()
        try:
            return function(*given, **named)
        finally:
            spent.append((time.process_time() - computed, time.perf_counter() - wall))

    return call


def measure(python: str, tracker: str, given: argparse.Namespace) -> dict[str, Any]:
    """Train in a process of its own; add its seconds of computing and of wall time."""
    command = [python, __file__, "--arm", tracker, "--env", given.env, "--steps", str(given.steps)]
    began = time.perf_counter()
    child = subprocess.Popen([*command, "--params", given.params], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert child.stdout is not None
    said = child.stdout.read()
    _, status, used = os.wait4(child.pid, 0)
    if status:
        sys.exit(f"the training with {tracker} failed")
    wall = time.perf_counter() - began
    return {**json.loads(said.splitlines()[-1]), "cpu": used.ru_utime + used.ru_stime, "wall": wall}


def main() -> None:
    """Train in turn, print a line for each training and append the table to the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trackers", nargs="+", default=["trackio", "mlflow"])
    parser.add_argument("--env", default="demo")
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--params", default="", help="As of kedro run.")
    parser.add_argument("--plain", default=sys.executable, help="Python of an environment without trackers.")
    parser.add_argument("--to", type=Path, help="File of JSON lines to append to.")
    parser.add_argument("--arm", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.arm:
        print(json.dumps(train(None if given.arm == "none" else given.arm, given.env, given.steps, given.params)))
        return
    runs: dict[str, list[dict[str, Any]]] = defaultdict(list)
    arms = ["none", *given.trackers]
    for number in range(given.rounds):
        for arm in arms if number % 2 == 0 else arms[::-1]:
            found = measure(given.plain if arm == "none" else sys.executable, arm, given)
            print(arm, json.dumps(found), flush=True)
            runs[arm].append(found)
    if len({run["adapter"] for each in runs.values() for run in each}) > 1:
        sys.exit("the adapters differ, so the trainings did not do the same work")
    table = {arm: summarise(each, runs["none"]) for arm, each in runs.items()}
    facts = {"env": given.env, "params": given.params, "steps": given.steps, "rounds": given.rounds, "arms": table}
    publish(facts, given.to)


def summarise(runs: list[dict[str, Any]], plain: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the medians of an arm, and its ratio to the trainings without a tracker, round by round."""
    medians = {
        name: round(statistics.median(run[name] for run in runs), 3)
        for name in ("cpu", "wall", "fixed", "fixed_wall", "step_ms", "step_ms_wall", "threads")
    }
    ratios = {
        f"{name}_ratios": [round(run[name] / other[name], 4) for run, other in zip(runs, plain, strict=True)]
        for name in ("cpu", "wall")
    }
    return {**medians, **ratios}


if __name__ == "__main__":
    main()
