"""The questions of an evaluation as a task of lm-evaluation-harness, judged as the pipeline judges them.

A folder that `lm_eval --include_path` takes: the questions, a YAML file, and a module that calls this one. The
harness asks, with its own models and chat templates; the verdict is ours, on every test database, and each gold is
tried beside its answer. Beside them lies a module for Inspect (`inspect_task.py`). The harness does not tell whether
an answer ended or was cut off, which is wrong in the pipeline however it reads: so it gets one token less, and what
lacks its end there lacks its last tag here.
"""

import atexit
import functools
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from string import Template
from typing import Any

from sqlreason.errors import BadInput
from sqlreason.reasoning.format import parse
from sqlreason.sql.verifier import Task, Verifier

QUESTIONS, YAML, MODULE, INSPECT = "questions.jsonl", "sqlreason.yaml", "utils.py", "inspect_task.py"

_YAML = Template("""\
task: $name
custom_dataset: !function utils.read_questions
test_split: test
output_type: generate_until
description: "{{system}}"
doc_to_text: "{{user}}"
doc_to_target: "{{gold_sql}}"
target_delimiter: ""
process_results: !function utils.judge
generation_kwargs:
  until: []
  do_sample: false
  max_gen_toks: $tokens
metric_list:
  - {metric: accuracy, aggregation: mean, higher_is_better: true}
  - {metric: executes, aggregation: mean, higher_is_better: true}
  - {metric: format_rate, aggregation: mean, higher_is_better: true}
num_fewshot: 0
metadata:
  version: 1
""")
_MODULE = """\
from pathlib import Path

from sqlreason.benchmarks import harness_task
from sqlreason.benchmarks.harness_task import judge  # noqa: F401


def read_questions(**_):
    return harness_task.read_questions(Path(__file__).parent)
"""
_INSPECT = Template("""\
from pathlib import Path

from inspect_ai import task

from sqlreason.benchmarks.inspect_task import make_task


@task(name="$name")
def questions():
    return make_task(Path(__file__).parent, $tokens)
""")


def write_task(folder: Path, name: str, rows: Iterable[Mapping[str, Any]], max_completion_tokens: int) -> int:
    """Write the folder of a task.

    Args:
        folder: Made if it is not there; files of an earlier task are replaced.
        name: Of the task: letters, digits, `_` and `-`.
        rows: Of table `evaluation_prompts`: id, prompt (chat messages as JSON text), task (JSON), gold_sql.
        max_completion_tokens: Limit of an answer, its end included.

    Returns:
        The number of questions.

    Raises:
        BadInput: If the name is none, there are no questions, or a prompt is not one system and one user message.
    """
    if not re.fullmatch(r"[\w-]+", name):
        raise BadInput(f"{name!r} cannot be the name of a task; use letters, digits, _ and -")
    lines = [json.dumps(_document(row), ensure_ascii=False) for row in rows]
    if not lines:
        raise BadInput("there are no questions for a task; run the pipelines up to preprocessing first")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / QUESTIONS).write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / YAML).write_text(_YAML.substitute(name=name, tokens=max_completion_tokens - 1), encoding="utf-8")
    (folder / MODULE).write_text(_MODULE, encoding="utf-8")
    made = _INSPECT.substitute(name=name, tokens=max_completion_tokens)
    (folder / INSPECT).write_text(made, encoding="utf-8")
    return len(lines)


def _document(row: Mapping[str, Any]) -> dict[str, Any]:
    messages = json.loads(row["prompt"])
    texts = {message["role"]: message["content"] for message in messages}
    if len(texts) != len(messages) or not {"user"} <= set(texts) <= {"system", "user"}:
        raise BadInput(
            f"the prompt of {row['id']} has the messages {', '.join(message['role'] for message in messages)}; a task "
            "takes one of the user and at most one of the system: leave examples out of student_prompt"
        )
    kept = {name: row[name] for name in ("id", "task", "gold_sql")}
    return {**kept, "system": texts.get("system", ""), "user": texts["user"]}


def read_questions(folder: Path) -> dict[str, Any]:
    """Return the questions of a folder as the harness takes a data set: its split `test`."""
    from datasets import Dataset  # which the harness brings

    lines = (folder / QUESTIONS).read_text(encoding="utf-8").split("\n")
    return {"test": Dataset.from_list([json.loads(line) for line in lines if line])}


def judge(doc: Mapping[str, Any], results: list[str]) -> dict[str, float]:
    """Return the verdict on an answer as the harness takes metrics.

    Args:
        doc: A question.
        results: The answer alone.

    Raises:
        BadInput: If the gold does not agree with itself: then no figure could be believed.
    """
    answer, task = parse(results[0]), Task.from_json(doc["task"])
    verdict, gold = _verifier().verify(task, [answer.sql, task.gold])
    if not gold.agrees:
        raise BadInput(f"the gold of {doc['id']} does not agree with itself ({gold.status}: {gold.reason})")
    rates = {"accuracy": verdict.agrees, "executes": verdict.runs, "format_rate": True}
    return {name: float(rate and answer.well_formed) for name, rate in rates.items()}


@functools.cache
def _verifier() -> Verifier:
    verifier = Verifier()
    atexit.register(verifier.close)
    return verifier
