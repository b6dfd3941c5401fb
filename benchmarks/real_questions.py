"""A student on questions that people asked: Spider's layout, or any table in gretel's columns.

    python benchmarks/real_questions.py ../shared/real/spider3 ../shared/real/gretel_25.csv --students base sft

Prepares the questions once (their gold queries have to run and to be told from their mutants, as in every evaluation),
builds the environment's prompts, lets the environment's students answer and judges the answers: right on the original
database and on all that are drawn. Spider's own rules are reported beside that. None of these rows is read by a
training. `heldout` in place of a file means the environment's own held-out questions (`evaluation_prompts`). A table
about one database needs no contexts: `benchmarks/questions/chinook.jsonl --database chinook.sqlite`.

Each outcome is appended to `--to` as one line of JSON, with everything that it depends on; the answers themselves are
kept where `--answers` says.
"""

import argparse
import json
import logging
import platform
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project
from omegaconf import OmegaConf
from records import commit, publish
from tqdm import tqdm

from sqlreason.data.tables import records, to_json
from sqlreason.reasoning.prompts import Prompt
from sqlreason.reporting import statistics
from sqlreason.sql.databases.batch_preparation import prepare_all
from sqlreason.sql.parsing.sqlite_script import script_of
from sqlreason.students import evaluation
from sqlreason.students.prompting import StudentPrompts, prompt_fingerprint

ROOT = Path(__file__).parents[1]
HELDOUT = "heldout"
ENTRIES = ("base_model", "student_prompt", "params:student", "params:preprocessing", "params:evaluation")


def read_questions(place: Path, database: Path | None) -> pd.DataFrame:
    """Return id, sql_prompt, sql_context and sql of a folder in Spider's layout, or of a table.

    Args:
        place: The folder or the table.
        database: A SQLite file that all questions of the table are about; None where the rows bring their contexts.
    """
    if place.is_dir():
        asked = json.loads((place / "dev.json").read_text(encoding="utf-8"))
        return pd.DataFrame(
            {
                "id": f"{place.name}-{number}",
                "sql_prompt": row["question"],
                "sql_context": read_script(place / "database" / row["db_id"] / f"{row['db_id']}.sqlite"),
                "sql": row["query"],
            }
            for number, row in enumerate(asked)
        )
    if place.suffix == ".parquet":
        table = pd.read_parquet(place)
    elif place.suffix == ".csv":
        table = pd.read_csv(place, keep_default_na=False)
    else:
        table = pd.read_json(place, lines=True)
    if database is not None:
        table["sql_context"] = read_script(database)
    return table.astype({"id": str})[["id", "sql_prompt", "sql_context", "sql"]]


def read_script(database: Path) -> str:
    """Return a SQLite file as CREATE and INSERT statements."""
    with closing(sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        return script_of(connection, database.name)


def prepare_questions(asked: pd.DataFrame, prompts: StudentPrompts, options: Any, cache: Path | None) -> pd.DataFrame:
    """Return table `evaluation_prompts` of those whose gold can be trusted and whose schema fits the prompt."""
    found = prepare_all(
        asked[["id", "sql_context", "sql"]].itertuples(index=False, name=None),
        options.databases,
        options.seed,
        options.workers,
        options.evaluation_suite,
        cache=cache,
    )
    rows, lost = [], []
    for question, prepared in zip(records(asked), tqdm(found, "databases", total=len(asked)), strict=True):
        if prepared.task is None:
            lost.append(f"{question['id']}: {prepared.status}: {prepared.reason}")
            continue
        try:
            messages = prompts.messages_without_gold(question["sql_prompt"], question["sql_context"])
        except ValueError as error:
            lost.append(f"{question['id']}: {error}")
            continue
        given = {"prompt": to_json(messages), "task": prepared.task.to_json(), "sql_complexity": ""}
        rows.append({**question, **given})
    for reason in lost:
        logging.info("left out: %s", reason)
    return pd.DataFrame(rows)


def measure(student: str, adapter: Any, loaded: dict[str, Any], asked: pd.DataFrame, given: Any) -> dict[str, Any]:
    """Let a student answer and judge it; the outcome as one record, the answers beside it where they are wanted."""
    options, way = loaded["params:evaluation"], loaded["params:student"]
    began = time.monotonic()
    answers = evaluation.answer_questions(
        loaded["base_model"].spoken_to(**way.template),
        adapter,
        asked,
        dtype=way.dtype,
        quantization=way.quantization,
        max_completion_tokens=options.max_completion_tokens,
        batch_size=options.batch_size,
        processes=given.processes,
        votes=given.votes,
        temperature=options.vote_temperature,
    )
    seconds = time.monotonic() - began
    scores = evaluation.score_answers(asked, answers, given.processes)
    if given.answers is not None:
        given.answers.mkdir(parents=True, exist_ok=True)
        gold = asked.rename(columns={"gold_sql": "sql"})[["id", "sql_prompt", "sql"]]
        joined = scores.merge(gold, on="id").merge(answers[["id", "text"]], on="id")
        joined.to_parquet(given.answers / f"{given.label}-{student}-{given.votes}.parquet")
    outcome: dict[str, Any] = {"student": student, "n": len(scores), "votes": given.votes}
    for name in ("well_formed", "runs", "agrees", "agrees_spider"):
        share = statistics.wilson(int(scores[name].sum()), len(scores))
        outcome[name] = [round(100 * bound, 1) for bound in (share.value, share.low, share.high)]
    return {
        **outcome,
        "tokens": int(answers["tokens"].sum()),
        "tokens_per_second": round(float(answers["tokens"].sum()) / seconds, 1),
        "seconds": round(seconds),
    }


def load(env: str, params: str, entries: Sequence[str]) -> dict[str, Any]:
    """Return entries of an environment's catalog, read under parameters as `kedro run --params` takes them."""
    bootstrap_project(ROOT)
    changes = OmegaConf.to_container(OmegaConf.from_dotlist([part for part in params.split(",") if part]))
    with KedroSession.create(ROOT, env=env, runtime_params=changes) as session:
        catalog = session.load_context().catalog  # type: ignore[attr-defined]
        return {name: catalog.load(name) for name in entries}


def prompts_of(loaded: dict[str, Any]) -> StudentPrompts:
    """Return the builder of the environment's prompts."""
    base = loaded["base_model"].spoken_to(**loaded["params:student"].template)
    prompt = Prompt.from_mapping(loaded["student_prompt"])
    return StudentPrompts(prompt, base.load_chat(), **loaded["params:preprocessing"].prompt_limits)


def require(adapter: Any, loaded: dict[str, Any]) -> None:
    """Refuse an adapter that was taught over another base or with another prompt."""
    base = loaded["base_model"].spoken_to(**loaded["params:student"].template)
    adapter.require(base.identity, prompt_fingerprint(Prompt.from_mapping(loaded["student_prompt"]), base))


def describe(adapter: Any) -> dict[str, Any]:
    """Return what an adapter says of its making."""
    if adapter is None:
        return {}
    names = ("stage", "steps", "examples", "loss", "seconds")
    return {"digest": adapter.digest, **{name: adapter.facts[name] for name in names if name in adapter.facts}}


def main() -> None:
    """Measure, print each outcome, and keep the records where asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("places", nargs="+", help="folders in Spider's layout, tables in gretel's columns, or heldout")
    parser.add_argument("--database", type=Path, help="a SQLite file: the context of a table that has none")
    parser.add_argument("--env", default="smol")
    parser.add_argument("--students", nargs="+", default=["base", "sft"], choices=["base", "sft", "grpo", "kept"])
    parser.add_argument("--sample", type=int, help="at most so many questions of each, drawn by --seed")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--votes", type=int, default=1)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--params", default="", help="as of kedro run")
    parser.add_argument("--cache", type=Path, help="a file that keeps prepared questions")
    parser.add_argument("--answers", type=Path, help="a folder for the judged answers")
    parser.add_argument("--to", type=Path, help="a file of JSON lines to which the records are added")
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    of_students = [f"{name}_adapter" for name in given.students if name != "base"]
    of_heldout = ["evaluation_prompts"] if HELDOUT in given.places else []
    loaded = load(given.env, given.params, [*ENTRIES, *of_students, *of_heldout])
    options = loaded["params:preprocessing"].model_copy(update={"workers": given.processes})
    builder = prompts_of(loaded)
    for place in given.places:
        asked = loaded["evaluation_prompts"] if place == HELDOUT else read_questions(Path(place), given.database)
        total = len(asked)
        if given.sample is not None and given.sample < total:
            asked = asked.sample(given.sample, random_state=given.seed).sort_index()
        drawn = len(asked)
        if place != HELDOUT:
            asked = prepare_questions(asked, builder, options, given.cache)
        given.label = place if place == HELDOUT else Path(place).stem
        for student in given.students:
            if (adapter := loaded.get(f"{student}_adapter")) is not None:
                require(adapter, loaded)
            record = {
                "questions": given.label,
                "asked": drawn,
                "of": total,
                "seed": given.seed,
                "env": given.env,
                "params": given.params,
                "base": loaded["base_model"].identity,
                "adapter": describe(adapter),
                **measure(student, adapter, loaded, asked, given),
                "machine": f"{platform.machine()}, {given.processes} process(es)",
                "commit": commit(),
            }
            publish(record, given.to)


if __name__ == "__main__":
    main()
