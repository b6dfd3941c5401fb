"""Settings of SFT beside each other on the environment's student: learning rates, ranks, NF4, all weights.

    python benchmarks/sft_settings.py --env smol --steps 120                       # the table so far
    python benchmarks/sft_settings.py --env smol --steps 120 --arms rate=5e-4 rank=64 nf4 full=1e-4

Needs `kedro run --env=smol --pipelines=distillation,preprocessing`. An arm changes one thing of the environment's own
settings, which are the arm `recipe`: the learning rate, the rank of LoRA, the base in 4 bits, or it trains every weight
(in float32, computed in bfloat16) at the rate that is given. All see the same examples in the same order, with a
schedule that ends at `--steps`.

Where no example is seen twice, the loss of a step is that of fresh examples, and no held-out ones are needed: what is
compared is the mean loss of the last `--last` steps, paired by step with the recipe's. A short training forgives a
greater learning rate than a long one. Each arm is a process of its own, whose memory is told at its peak.
"""

import argparse
import math
import platform
import resource
import statistics
import tempfile
from pathlib import Path
from typing import Any

from grpo_comparison import read_results
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project
from omegaconf import OmegaConf
from records import commit, publish

from sqlreason.pipelines.sft import nodes
from sqlreason.sql.worker_processes import make_pool

ROOT = Path(__file__).parents[1]
RECIPE, FULL = "recipe", "full"
WITHOUT_VALUE: dict[str, dict[str, Any]] = {RECIPE: {}, "nf4": {"student.quantization": "nf4"}}


def changes_of(arm: str) -> dict[str, Any]:
    """What an arm changes, by the path of the parameter; `full` is a learning rate of all weights.

    Raises:
        SystemExit: For an arm that there is none of.
    """
    if arm in WITHOUT_VALUE:
        return WITHOUT_VALUE[arm]
    name, _, value = arm.partition("=")
    try:
        number = {"rate": float, "full": float, "rank": int}[name](value)
    except (KeyError, ValueError):
        raise SystemExit(f"{arm}: an arm is recipe, nf4, rate=5e-4, rank=64 or full=1e-4") from None
    if name == "rank":
        return {"sft.lora.rank": number, "sft.lora.alpha": 2 * number}
    return {"sft.trl.learning_rate" if name == "rate" else FULL: number}


def train(env: str, arm: str, steps: int) -> dict[str, Any]:
    """Train an arm, in a process of its own, and return its row."""
    bootstrap_project(ROOT)
    changed = changes_of(arm)
    parameters: dict[str, Any] = {"sft.trl.max_steps": steps, "sft.trl.num_train_epochs": None}
    parameters |= {path: value for path, value in changed.items() if path != FULL}
    with (
        KedroSession.create(ROOT, env=env, runtime_params=nested(parameters)) as session,
        tempfile.TemporaryDirectory() as folder,
    ):
        catalog = session.load_context().catalog
        names = ("base_model", "sft_examples", "student_prompt")
        base, examples, prompt = (catalog.load(name) for name in names)
        groups = ("params:student", "params:sft", "params:distillation")
        student, options, distillation = (catalog.load(name) for name in groups)
        if FULL in changed:
            history = train_all_weights(base.spoken_to(**student.template), examples, options, changed[FULL], folder)
        else:
            given = (base, examples, prompt, Path(folder), student, options, distillation)
            history = nodes.train_student(*given)[1]
    return {
        "env": env,
        "arm": arm,
        "steps": steps,
        "seed": options.trl.seed,
        "base": base.identity,
        "examples": len(examples),
        "seen_at_most": steps * options.trl.rows_of_a_step,
        "minutes": float(history["seconds"].iloc[-1]) / 60,
        "peak_gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
        "machine": platform.machine(),
        "commit": commit(),
        "loss": [round(float(loss), 4) for loss in history["loss"]],
    }


def train_all_weights(base: Any, examples: Any, options: Any, rate: float, folder: str) -> Any:
    """Return the history of a training of every weight, by the project's own trainer and rows."""
    import pandas as pd
    import torch

    from sqlreason.students.training import sft, trainer_arguments
    from sqlreason.students.training.work_folder import Stage

    model, chat = base.load_model("float32"), base.load_chat()
    model.config.use_cache = False
    chat.bind(model)
    trainer_arguments.is_mixed = lambda _: True  # though the weights are none of bfloat16
    trainer_arguments.use_quick_attention(model)
    torch.manual_seed(options.trl.seed)
    trl = {**options.trl.arguments, "learning_rate": rate}
    stage = Stage("sft", folder, {"full": rate})
    trainer = sft._trainer(stage, model, chat, sft.make_rows(chat, examples), trl, "transformers", True)
    return pd.DataFrame(trainer_arguments.run(trainer, stage, "sft"))


def nested(parameters: dict[str, Any]) -> dict[str, Any]:
    """Parameters as Kedro takes them at run time, from paths with dots."""
    found = OmegaConf.create()
    for path, value in parameters.items():
        OmegaConf.update(found, path, value)
    return OmegaConf.to_container(found)  # type: ignore[return-value]


def rows_so_far(results: Path, env: str, steps: int) -> list[dict[str, Any]]:
    """Return the rows of one table: the same environment, and as many steps."""
    return [row for row in read_results(results) if (row["env"], row["steps"]) == (env, steps)]


def tabulate(rows: list[dict[str, Any]], last: int) -> str:
    """The table in Markdown: the mean loss of the last steps, and its difference from the recipe's, paired by step."""
    recipe = next((row for row in rows if row["arm"] == RECIPE), None)
    lines = [
        f"| setting | loss of the last {last} steps | against the recipe (95 %) | minutes | peak, GiB |",
        "| --- | --- | --- | --- | --- |",
    ]
    for row in sorted(rows, key=lambda each: statistics.mean(each["loss"][-last:])):
        own, difference = row["loss"][-last:], ""
        if recipe is not None and row is not recipe:
            pairs = [a - b for a, b in zip(own, recipe["loss"][-last:], strict=True)]
            half = 1.96 * statistics.stdev(pairs) / math.sqrt(len(pairs))
            mean = statistics.mean(pairs)
            difference = f"{mean:+.3f} ({mean - half:+.3f} … {mean + half:+.3f})"
        cells = (
            row["arm"],
            f"{statistics.mean(own):.3f}",
            difference,
            f"{row['minutes']:.1f}",
            f"{row['peak_gib']:.1f}",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Train the arms that are not in the results, and show the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--env", default="smol")
    parser.add_argument("--arms", nargs="+", default=[], help="recipe, nf4, rate=5e-4, rank=64, full=1e-4")
    parser.add_argument("--steps", type=int, default=120)
    parser.add_argument("--last", type=int, default=40, help="steps whose loss is compared")
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks/results/sft_settings.jsonl")
    given = parser.parse_args()
    for arm in given.arms:
        changes_of(arm)  # a typo before an hour of training
    for arm in given.arms:
        if all(row["arm"] != arm for row in rows_so_far(given.results, given.env, given.steps)):
            with make_pool(1) as pool:
                publish(pool.submit(train, given.env, arm, given.steps).result(), given.results)
    print(tabulate(rows_so_far(given.results, given.env, given.steps), given.last))


if __name__ == "__main__":
    main()
