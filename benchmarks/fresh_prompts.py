"""Is GRPO short of prompts? It trains on the demo's own, which come again, or on fresh ones, which never do.

    python benchmarks/fresh_prompts.py --prompts fresh --seed 8
        --params grpo.trl.max_steps=150,grpo.trl.learning_rate=4e-4
    python benchmarks/fresh_prompts.py --prompts recurring --seed 8 --params …     # the reference

Fresh prompts are questions about variations (other names, columns and tables) of the schemas that the recurring ones
are about. Both go on from the same SFT student, with the same dev evaluation of other schemas, and sit the same
evaluation. Prints the reward along the training, which for fresh prompts is that of questions never seen before, and
the evaluation paired with that of SFT. After `kedro run --pipelines=distillation,preprocessing`.
"""

import argparse
import json
import logging
import random
from pathlib import Path
from typing import Any

import pandas as pd
from grpo_comparison import Comparison, parse_parameters, seeded
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project

from sqlreason.data import splits
from sqlreason.options.preprocessing_options import PreprocessingOptions
from sqlreason.pipelines.grpo.nodes import train_on
from sqlreason.pipelines.preprocessing.nodes import build_grpo_prompts, prepare_databases
from sqlreason.reporting import statistics
from sqlreason.sql.verifier import Verifier
from sqlreason.synthesis.questions import answers, as_row, stream
from sqlreason.synthesis.schema.annotated_schema import TRAINING, load_annotated_schemas


def write_fresh(comparison: Comparison, like: pd.DataFrame, count: int, options: PreprocessingOptions) -> pd.DataFrame:
    """As table `grpo_prompts`: questions about variations of the schemas that the prompts `like` are about."""
    names = set(like["id"].str.rpartition("-")[0])
    annotated_schemas = [
        annotated_schema for annotated_schema in load_annotated_schemas(TRAINING) if annotated_schema.name in names
    ]
    rng = random.Random(comparison.seed)
    rows: dict[str, dict[str, str]] = {}  # by the question's words: none is asked twice
    with Verifier() as verifier:
        for question in stream(annotated_schemas, rng, varied_share=1.0):
            if len(rows) == count:
                break
            reads = question.prompt not in rows and question.task_type != "data manipulation"
            if reads and answers(question, verifier):
                rows[question.prompt] = as_row(f"fresh-{len(rows):05d}", question, rng)
    questions = pd.DataFrame(rows.values())
    split = pd.DataFrame({"id": questions["id"], "for_grpo": True})
    none = questions.head(0)
    options = options.model_copy(update={"grpo_prompts": None})
    databases = prepare_databases(questions, none, none, split, None, options)
    student = (comparison.prompt, comparison.base, comparison.student)
    return build_grpo_prompts(questions, split, databases, none, *student, options)


def train(comparison: Comparison, fresh: bool, options: PreprocessingOptions) -> dict[str, Any]:
    """SFT, GRPO on the prompts asked for, and the evaluation of both."""
    student, grpo = comparison.student, seeded(comparison.grpo, comparison.seed)
    place = comparison.checkpoints
    start = comparison.start()
    of_a_step = grpo.trl.rows_of_a_step // grpo.trl.num_generations
    recurring, dev = splits.split_dev(comparison.prompts, grpo.dev_prompts, of_a_step, grpo.trl.seed)
    groups = (grpo.trl.max_steps or 0) * grpo.trl.rows_of_a_step // grpo.trl.num_generations
    prompts = write_fresh(comparison, recurring, groups, options) if fresh else recurring
    adapter, history, rollouts = train_on(comparison.base, start, prompts, dev, place, student, grpo)
    marks = [comparison.evaluate(which, 1)[1]["agrees"].tolist() for which in (start, adapter)]
    quarters = (rollouts["step"] - 1) * 4 // rollouts["step"].max()
    return {
        "prompts": "fresh" if fresh else "recurring",
        "distinct": int(rollouts["id"].nunique()),
        "rollouts": len(rollouts),
        "seed": comparison.seed,
        "reward_by_quarter": rollouts.groupby(quarters)["reward"].mean().round(3).tolist(),
        "dev": history.set_index("step")["dev_accuracy"].dropna().round(3).to_dict(),
        "best_step": adapter.facts["best_step"],
        "test": str(statistics.mcnemar(*marks)),
    }


def main() -> None:
    """Train on one kind of prompts and print what came of it, as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--env", default="demo")
    parser.add_argument("--prompts", choices=("recurring", "fresh"), required=True)
    parser.add_argument("--seed", type=int, default=8, help="of both trainings and of the fresh questions")
    parser.add_argument("--questions", type=int, default=1500, help="of the examination")
    parser.add_argument("--params", default="", help="as of kedro run")
    given = parser.parse_args()
    logging.getLogger("sqlreason").setLevel(logging.WARNING)
    bootstrap_project(Path.cwd())
    with KedroSession.create(Path.cwd(), env=given.env, runtime_params=parse_parameters(given.params)) as session:
        catalog = session.load_context().catalog
        comparison = Comparison(catalog, given.questions, given.seed)
        row = train(comparison, given.prompts == "fresh", catalog.load("params:preprocessing"))
    print(json.dumps(row, indent=2))


if __name__ == "__main__":
    main()
