"""Self-correction measured: SFT with and without examples of it, answers with and without a second chance.

    python benchmarks/self_repair.py                                      # the table so far
    python benchmarks/self_repair.py  --student self_repairs --seed 7      # train one student, evaluate it in each way

Students: `traces` (SFT as it is), `steps` (the same traces for as many steps as with corrections), `self_repairs` (a
share `--share` of the examples are corrections). Ways: `first` answers; `told`: where a query does not run, what the
engine says and one more answer; `again`: where a query does not run, one more answer at the temperature of votes,
without a message, which shows what another try is worth by itself. Takes its data from the environment's catalog,
after `kedro run --pipelines=distillation,preprocessing`; every way is paired with the first answers of the same
student, and these with the first answers of `traces`.
"""

import argparse
import json
import logging
from pathlib import Path
from typing import Any

import pandas as pd
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project
from records import keep

from sqlreason.pipelines.preprocessing import nodes as preprocessing_nodes
from sqlreason.pipelines.sft import nodes as sft
from sqlreason.reporting import statistics
from sqlreason.sql.verifier import Task
from sqlreason.students import evaluation
from sqlreason.students.generation import self_repair
from sqlreason.students.generation.decoding import parse_conversations
from sqlreason.students.generation.generator import Generator

STUDENTS = ("traces", "steps", "self_repairs")
WAYS = ("first", "told", "again")
EXAMPLES = (
    "filtered_traces", "sql_features", "verified_traces", "test_databases", "student_prompt", "base_model",
)  # fmt: skip


class Ablation:
    """The inputs of an environment, and what one student makes of the evaluation in each way."""

    def __init__(self, catalog: Any, questions: int, share: float) -> None:
        preprocessing = catalog.load("params:preprocessing")
        sources = [catalog.load(name) for name in EXAMPLES]
        self.prompt, self.base = sources[-2:]
        self.examples, self.with_corrections = (
            preprocessing_nodes.build_sft_examples(*sources, preprocessing.model_copy(update={"self_repairs": part}))
            for part in (0.0, share)
        )
        self.student, self.sft, self.exam_options, self.distillation = (
            catalog.load(f"params:{name}") for name in ("student", "sft", "evaluation", "distillation")
        )
        self.checkpoints = catalog.load("checkpoints")
        exam = catalog.load("evaluation_prompts")
        self.exam = exam.sample(min(questions, len(exam)), random_state=0).sort_values("id")

    def run(self, student: str, seed: int) -> list[dict[str, Any]]:
        """Train a student and examine it; a row of the results for each way."""
        changes: dict[str, Any] = {"seed": seed}
        examples = self.with_corrections if student == "self_repairs" else self.examples
        if student == "steps":
            changes |= {"num_train_epochs": None, "max_steps": self._steps()}
        options = self.sft.model_copy(update={"trl": self.sft.trl.model_copy(update=changes)})
        given = (self.base, examples, self.prompt, self.checkpoints, self.student, options, self.distillation)
        adapter, history = sft.train_student(*given)
        shared = {"student": student, "seed": seed, "steps": int(history["step"].iloc[-1]), "examples": len(examples)}
        return [{**shared, "way": way, **self._judge(found)} for way, found in self._answer(adapter, seed).items()]

    def _steps(self) -> int:
        rows = self.sft.trl.rows_of_a_step
        return round(self.sft.trl.num_train_epochs * -(-len(self.with_corrections) // rows))

    def _answer(self, adapter: Any, seed: int) -> dict[str, list[self_repair.Repaired]]:
        conversations = parse_conversations(self.exam["prompt"])
        tasks = [Task.from_json(text) for text in self.exam["task"]]
        limit, window = self.exam_options.max_completion_tokens, self.base.window
        chat = self.base.load_chat()
        places: dict[str, Any] = {
            "attempts": 1, "fits": lambda messages: len(chat.prompt_ids(messages)) + limit <= window,
        }  # fmt: skip
        with Generator(
            self.base, adapter, dtype=self.student.dtype, quantization=self.student.quantization,
            batch_size=self.exam_options.batch_size, processes=self.exam_options.processes,
        ) as respondent:  # fmt: skip

            def ask(temperature: float) -> self_repair.Ask:
                return lambda asked, _: respondent.answer(
                    asked, max_new_tokens=limit, temperature=temperature, seed=seed
                )

            first = ask(0.0)(conversations, 0)
            told = self_repair.correct(first, conversations, tasks, ask(0.0), **places)
            again = self_repair.correct(
                first, conversations, tasks, ask(self.exam_options.vote_temperature), **places,
                word=lambda messages, *_: list(messages),
            )  # fmt: skip
        return {"first": [self_repair.Repaired(answer, answer.text) for answer in first], "told": told, "again": again}

    def _judge(self, found: list[self_repair.Repaired]) -> dict[str, Any]:
        answers = pd.DataFrame(
            {
                "id": self.exam["id"].to_numpy(),
                "text": [corrected.answer.text for corrected in found],
                "tokens": [corrected.answer.tokens for corrected in found],
                "finished": [corrected.answer.finished for corrected in found],
                "seconds": [corrected.answer.seconds for corrected in found],
                "retries": [corrected.retries for corrected in found],
            }
        )
        scores = evaluation.score_answers(self.exam, answers, self.exam_options.workers).sort_values("id")
        return {
            "right": "".join("01"[int(agrees)] for agrees in scores["agrees"]),
            "runs": float(scores["runs"].mean()),
            "well_formed": float(scores["well_formed"].mean()),
            "retried": int((scores["retries"] > 0).sum()),
            "mended": int(((scores["retries"] > 0) & scores["runs"]).sum()),
            "too_long": sum(corrected.too_long for corrected in found),
            "tokens": float(scores["tokens"].mean()),
        }


def tabulate(results: list[dict[str, Any]]) -> str:
    """The results in Markdown, a row for each student, seed and way."""
    found = {(row["seed"], row["student"], row["way"]): row for row in results}  # a repeated one: the latest counts
    lines = [
        "| SFT on | seed | steps | answers | n | runs | accuracy (95 %) | against | difference (95 %) | p "
        "| asked again | run then | tokens |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for seed, student, way in sorted(found, key=lambda key: (key[0], STUDENTS.index(key[1]), WAYS.index(key[2]))):
        row = found[seed, student, way]
        other = (seed, student, "first") if way != "first" else (seed, "traces", "first")
        compared = found.get(other) if other != (seed, student, way) else None
        lines.append(_line(row, compared, f"{other[1]}, {other[2]}"))
    return "\n".join(lines)


def _line(row: dict[str, Any], compared: dict[str, Any] | None, name: str) -> str:
    right = [mark == "1" for mark in row["right"]]
    rate = statistics.wilson(sum(right), len(right))
    difference, p = "", ""
    if compared is not None:
        test = statistics.mcnemar([mark == "1" for mark in compared["right"]], right)
        gap = test.difference
        difference = f"{100 * gap.value:+.1f} ({100 * gap.low:+.1f} … {100 * gap.high:+.1f})"
        p = f"{test.p_value:.3f}"
    cells = (
        row["student"], row["seed"], row["steps"], row["way"], len(right), f"{100 * row['runs']:.1f} %",
        f"{100 * rate.value:.1f} % ({100 * rate.low:.1f} … {100 * rate.high:.1f})", name if compared else "",
        difference, p, row["retried"], row["mended"], f"{row['tokens']:.0f}",
    )  # fmt: skip
    return f"| {' | '.join(map(str, cells))} |"


def main() -> None:
    """Run one student, or show the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--env", default="demo")
    parser.add_argument("--student", choices=STUDENTS)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--share", type=float, default=0.25)
    parser.add_argument("--questions", type=int, default=500)
    parser.add_argument("--results", type=Path, default=Path("data/demo/08_reporting/corrections.jsonl"))
    given = parser.parse_args()
    if given.student:
        logging.getLogger("sqlreason").setLevel(logging.WARNING)
        bootstrap_project(Path.cwd())
        with KedroSession.create(Path.cwd(), env=given.env) as session:
            ablation = Ablation(session.load_context().catalog, given.questions, given.share)
            rows = ablation.run(given.student, given.seed)
        given.results.parent.mkdir(parents=True, exist_ok=True)
        for row in rows:
            keep(row, given.results)
    lines = given.results.read_text(encoding="utf-8").splitlines() if given.results.exists() else []
    print(tabulate([json.loads(line) for line in lines]))


if __name__ == "__main__":
    main()
