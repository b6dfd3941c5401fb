"""The bars of the embedded question set: gold queries that run, mutants killed, skeletons, shared schemas.

    python benchmarks/embedded.py --prepared 1000

Runs every gold on its own rows; mutants, which cost more, are tried on a random sample of the questions.
"""

import argparse
from collections import Counter
from pathlib import Path

import pandas as pd

from sqlreason.data import splits
from sqlreason.sql.databases.batch_preparation import prepare_all
from sqlreason.sql.verifier import Verifier
from sqlreason.synthesis.questions import Question, answers
from sqlreason.synthesis.schema.annotated_schema import load_annotated_schemas
from sqlreason.synthesis.skeletons import Skeletons

QUESTIONS = Path(__file__).resolve().parents[1] / "data/01_raw/questions"


def runs_and_answers(table: pd.DataFrame) -> tuple[int, int]:
    """Return how many gold queries run, and how many find something or change something."""
    ran = found = 0
    with Verifier() as verifier:
        for row in table.itertuples():
            question = Question("", row.sql_context, "", "", row.sql, row.sql_complexity, row.sql_task_type)
            found_it = answers(question, verifier)
            found += found_it
            ran += found_it or verifier.run(row.sql_context, row.sql).status == "ok"
    return ran, found


def skeletons(table: pd.DataFrame) -> int:
    """Return the distinct questions once names and values are taken out."""
    words = {annotated_schema.name: Skeletons(annotated_schema) for annotated_schema in load_annotated_schemas()}
    schemas = table["id"].str.rpartition("-")[0]
    return len({words[name].of(text) for name, text in zip(schemas, table["sql_prompt"], strict=True)})


def measure(prepared: int, workers: int) -> None:
    """Print the figures."""
    train, heldout = (pd.read_parquet(QUESTIONS / f"{part}.parquet") for part in ("train", "heldout"))
    table = pd.concat([train, heldout], ignore_index=True)
    domains, schemas = table["domain"].nunique(), table["id"].str.rpartition("-")[0].nunique()
    print(f"{len(train)} + {len(heldout)} questions, {schemas} schemas, {domains} domains")
    print(f"schemas in both parts: {splits.overlap(*map(splits.group_keys, (train, heldout)))}")
    print(f"distinct skeletons: {skeletons(table)}")
    ran, found = runs_and_answers(table)
    print(f"gold queries that run: {ran} of {len(table)}; that tell something: {found} ({found / len(table):.2%})")
    sample = table.sample(min(prepared, len(table)), random_state=7)
    work = list(sample[["id", "sql_context", "sql"]].itertuples(index=False, name=None))
    done = list(prepare_all(work, workers=workers))
    mutants, killed = sum(item.mutants for item in done), sum(item.killed for item in done)
    print(f"of {len(done)}: {dict(Counter(item.status for item in done))}; mutants killed {killed} of {mutants} "
          f"({killed / mutants:.2%})")  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prepared", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=1)
    given = parser.parse_args()
    measure(given.prepared, given.workers)
