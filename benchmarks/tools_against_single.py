"""Does looking pay? A tiny student that learns to look at the database before it answers, beside one that does not.

    python benchmarks/tools_against_single.py                     # runs what is left, and shows the table
    python benchmarks/tools_against_single.py --examples 0        # shows the table alone

Both are the demo's tiny student with a chat template that has tools; without tools it writes what the student's own
template writes. A call is made of tokens that this student knows: braces, `=` and `arg`, of which others make theirs,
never stood in its corpora, and LoRA, which leaves its tied embeddings as they are, does not teach them apart. Both
learn from what the scripted teacher says to the same questions, one from answers (`distillation.environment: single`),
the other from conversations in which the teacher looks (`tools`), and go on by GRPO with the execution reward until
each has generated as many tokens; what tools say is not counted, since no student writes it. All of it goes through
the pipelines' own nodes, and the same held-out questions are asked in the end.

An arm that is in the results is not run again, a training that was killed goes on from its checkpoint in `--work`.
"""

import argparse
import copy
import hashlib
import json
import logging
import shutil
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from grpo_comparison import budgeted, read_results, seeded
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project

from sqlreason.environments.session import TOOLS
from sqlreason.options.option_types import ToolOptions
from sqlreason.pipelines.distillation import nodes as distillation
from sqlreason.pipelines.evaluation import nodes as evaluation
from sqlreason.pipelines.grpo import nodes as grpo
from sqlreason.pipelines.preprocessing import nodes as preprocessing
from sqlreason.pipelines.sft import nodes as sft
from sqlreason.reporting import statistics
from sqlreason.students.checkpoints.adapter import Adapter
from sqlreason.students.checkpoints.checkpoint import Checkpoint
from sqlreason.students.generation.episodes import USED
from sqlreason.students.training.work_folder import hash_table

ARMS = {
    "sft_single": "SFT, single",
    "sft_tools": "SFT, tools",
    "grpo_single": "GRPO, single",
    "grpo_tools": "GRPO, tools",
}
#: What each arm is held against.
PAIRS = (("sft_single", "sft_tools"), ("sft_single", "grpo_single"), ("sft_tools", "grpo_tools"),
         ("grpo_single", "grpo_tools"))  # fmt: skip

#: The tiny student reads 1,024 tokens: prompt, what it is told of tools, and an episode have to find room in them.
PROMPT, SINGLE, EPISODE = 500, 192, 440
#: SFT of both. At the demo's learning rate the student had learned to make no call after two epochs (calls in JSON).
TAUGHT = {"num_train_epochs": 2.5, "learning_rate": 3e-3}
#: Of the rollouts: after SFT on so few examples the demo's 0.7 leaves one in twenty right, where greedily 44 % are.
TEMPERATURE = 0.4
#: A step of the same size in smaller passes: whole episodes take more memory.
HALVED = {"per_device_train_batch_size": 4, "gradient_accumulation_steps": 16}
LIMITS = ToolOptions(calls=5, rows=5, characters=300, sample_rows=1)

TURN = "<|start_header_id|>assistant<|end_header_id|>\n\n"
ARGUMENT = r"<key>(?P<key>[^<]+)</key>\s*\n<value>(?P<value>.*?)</value>"
TEMPLATE = """{{ bos_token }}{% for message in messages %}<|start_header_id|>{{ message.role }}<|end_header_id|>

{{ message.content | trim }}{% if loop.first and tools %}

Tools:{% for tool in tools %} {{ tool.function.name }}({{ tool.function.parameters.properties | join(', ') }})\
{% endfor %}{% endif %}{% for call in message.tool_calls or [] %}\
{{ '\n' if message.content or not loop.first }}<tool_call>{{ call.function.name }}
{% for name, value in call.function.arguments.items() %}<key>{{ name }}</key>
<value>{{ value }}</value>
{% endfor %}</tool_call>{% endfor %}<|eot_id|>{% endfor %}{% if add_generation_prompt %}\
<|start_header_id|>assistant<|end_header_id|>

{% endif %}"""


@dataclass(frozen=True)
class Terms:
    """How large the comparison is.

    Attributes:
        asked: Questions to the teacher.
        examples: Of SFT, the same questions for both.
        prompts: Of GRPO.
        tokens: That each GRPO generates.
        questions: Of the evaluation.
        seed: Of everything.
    """

    asked: int = 560
    examples: int = 320
    prompts: int = 120
    tokens: int = 30_000
    questions: int = 220
    seed: int = 7


def make_student(source: Path, folder: Path) -> Checkpoint:
    """The student of a folder, with the template above and the reader of its calls, in a folder of its own."""
    from trl.chat_template_utils import glm4moe_template

    shutil.copytree(source, folder, dirs_exist_ok=True)
    (folder / "chat_template.jinja").write_text(TEMPLATE, encoding="utf-8")
    config = json.loads((source / "tokenizer_config.json").read_text(encoding="utf-8"))
    reader = {**copy.deepcopy(glm4moe_template), "start_anchor": TURN}
    reader["fields"]["tool_calls"]["content_args"]["tag_pattern"] = ARGUMENT
    config["response_template"] = reader
    (folder / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")
    return Checkpoint(str(folder))


class Comparison:
    """The inputs of both, and the way through the nodes."""

    def __init__(self, catalog: Any, terms: Terms, work: Path) -> None:
        self.terms, self.work, self.catalog = terms, work, catalog
        self.base = make_student(Path("data/06_models/tiny_student"), work / "student")
        self.prompt = catalog.load("student_prompt")
        names = ("split", "distillation", "preprocessing", "student", "sft", "grpo", "evaluation")
        given = {name: catalog.load(f"params:{name}") for name in names}
        self.split, self.student = given["split"], given["student"]
        self.distillation = given["distillation"].model_copy(update={"questions": terms.asked, "tools": LIMITS})
        sizes = {"grpo_prompts": terms.prompts, "evaluation_prompts": terms.questions, "examples": None, "workers": 1}
        budgets = {"max_prompt_tokens": PROMPT, "max_completion_tokens": EPISODE}
        self.preprocessing = given["preprocessing"].model_copy(update={**sizes, **budgets, "seed": terms.seed})
        self.sft = seeded(given["sft"], terms.seed)
        self.grpo = seeded(given["grpo"], terms.seed)
        exam = {"processes": 1, "workers": 1, "max_completion_tokens": EPISODE}
        self.exam = given["evaluation"].model_copy(update=exam)
        self.examples: dict[str, pd.DataFrame] = {}
        self._prepare()

    def _prepare(self) -> None:
        """The tables of both: what the teacher says, what is kept of it, and the prompts that they share."""
        load, student = self.catalog.load, (self.prompt, self.base, self.student)
        questions, heldout = load("sql_questions"), load("heldout_questions")
        split = distillation.split_questions(questions, self.split)
        texts = (load("teacher_prompt"), load("teacher_plan_prompt"))
        self.told: dict[str, Any] = {}
        databases = pd.DataFrame()
        for environment in ("single", "tools"):
            options = self.distillation.model_copy(update={"environment": environment})
            asked = distillation.build_teacher_prompts(questions, split, *texts, options)
            journal, teacher = self.work / "journal.sqlite", load("teacher")
            estimate = distillation.estimate_teaching(asked, questions, teacher, journal, options)
            answers = distillation.ask_teacher(asked, questions, teacher, estimate, journal, options)
            traces = distillation.read_completions(asked, answers)
            if databases.empty:
                databases = preprocessing.prepare_databases(
                    questions, heldout, asked, split, self.work / "prepared.sqlite", self.preprocessing
                )
            verified = preprocessing.verify_traces(traces, questions, databases, self.preprocessing, options)
            kept, rejected = preprocessing.filter_traces(
                traces, verified, databases, questions, split, *student, self.preprocessing
            )
            features = preprocessing.extract_features(questions, kept)
            self.examples[environment] = preprocessing.build_sft_examples(
                kept, features, verified, databases, *student, self.preprocessing
            )
            self.told[environment] = {"kept": len(kept), "rejected": rejected["reason"].value_counts().to_dict()}
            if "turns" in answers:
                used = answers[["turns", "tool_calls", "tool_errors"]].mean().round(3)
                self.told[environment] |= {**used.to_dict(), "replayed": int(verified["replay"].eq("").sum())}
        both = set(self.examples["single"]["id"]) & set(self.examples["tools"]["id"])
        order = [id_ for id_ in self.examples["single"]["id"] if id_ in both][: self.terms.examples]
        self.examples = {name: table.set_index("id").loc[order].reset_index() for name, table in self.examples.items()}
        self.prompts = preprocessing.build_grpo_prompts(
            questions, split, databases, kept, *student, self.preprocessing
        ).assign(teacher_think="")
        self.asked = preprocessing.build_evaluation_prompts(heldout, databases, *student, self.preprocessing)

    @property
    def setting(self) -> str:
        """Hash of what the rows of one table share: the student, what it is taught by, trained on and asked."""
        tables = [hash_table(table) for table in (*self.examples.values(), self.prompts, self.asked)]
        given = [self.base.identity, *tables, LIMITS.model_dump(), self.terms.seed]
        return hashlib.sha256(json.dumps(given).encode()).hexdigest()[:12]

    def training(self, arm: str) -> dict[str, Any]:
        """What an arm is trained with, beside the setting."""
        stage = arm.split("_")[0]
        drawn = {"tokens": self.terms.tokens, "temperature": TEMPERATURE} if stage == "grpo" else {}
        return {**TAUGHT, **drawn}

    def run(self, arm: str) -> dict[str, Any]:
        """Train and examine an arm; its row of the results."""
        stage, environment = arm.split("_")
        adapter, told = self._taught(environment)
        if stage == "grpo":
            adapter, told = self._improved(adapter, environment)
        given = (self.base, adapter, self.asked, self.prompt, self.work, self.student, self.exam)
        answers = evaluation.answer_with_adapter(*given)
        scores = evaluation.score_answers(self.asked, answers, self.exam).sort_values("id")
        told |= {"teacher": self.told[environment]}
        return {**told, **describe(answers, scores)}

    def _taught(self, environment: str) -> tuple[Adapter, dict[str, Any]]:
        options = self.distillation.model_copy(update={"environment": environment})
        taught = self.sft.model_copy(update={"trl": self.sft.trl.model_copy(update=TAUGHT)})
        given = (self.prompt, self.work / "checkpoints", self.student, taught, options)
        adapter, history = sft.train_student(self.base, self.examples[environment], *given)
        minutes = adapter.facts["seconds"] / 60
        return adapter, {"minutes": minutes, "examples": len(self.examples[environment]), "loss": adapter.facts["loss"],
                         "steps": int(history["step"].iloc[-1])}  # fmt: skip

    def _improved(self, start: Adapter, environment: str) -> tuple[Adapter, dict[str, Any]]:
        longest = EPISODE if environment == "tools" else SINGLE
        drawn = {"max_completion_length": longest, "temperature": TEMPERATURE, "save_steps": 2, **HALVED}
        options = self.grpo.model_copy(
            update={
                "environment": environment,
                "tools": LIMITS,
                "rewards": {"execution": 1.0},
                "dev_prompts": 0,
                "forecast": self.grpo.forecast.model_copy(update={"prompts": 0}),
                "trl": self.grpo.trl.model_copy(update=drawn),
            }
        )
        options = budgeted(options, self.terms.tokens)
        none = pd.DataFrame()  # no forecast, and no certificate: that of the reward stands in docs/rewards.md
        adapter, history, rollouts = grpo.train_student(
            self.base, start, self.prompts, none, none, none, none, None, self.prompt, self.work / "checkpoints",
            self.student, self.sft, options,
        )  # fmt: skip
        part = max(1, len(history) // 3)
        groups = rollouts.groupby(["step", "id"])["reward"].agg(["min", "max"])
        found = {
            "minutes": adapter.facts["seconds"] / 60,
            "steps": len(history),
            "generated_tokens": int(history["generated_tokens"].sum()),
            "rollouts": len(rollouts),
            "reward_first_third": float(history["reward"].head(part).mean()),
            "reward_last_third": float(history["reward"].tail(part).mean()),
            "groups_with_both": float((groups["min"] < groups["max"]).mean()),
            "clipped": float(history["clipped_share"].mean()),
        }
        if "turns" in rollouts:
            found |= {f"rollouts_{name}": float(rollouts[name].mean()) for name in USED}
        return adapter, found


def describe(answers: pd.DataFrame, scores: pd.DataFrame) -> dict[str, Any]:
    """What a student did with the evaluation; the marks by the order of ids."""
    told: dict[str, Any] = {
        "right": "".join("01"[int(agrees)] for agrees in scores["agrees"]),
        "runs": float(scores["runs"].mean()),
        "finished": float(answers["finished"].mean()),
        "tokens": float(answers["tokens"].mean()),
    }
    if "turns" not in answers:
        return told
    told |= {name: float(answers[name].mean()) for name in USED}
    right = scores.set_index("id")["agrees"]
    called: dict[str, int] = dict.fromkeys(TOOLS, 0)
    probed = set()
    for row in answers.itertuples():
        names = [message["name"] for message in json.loads(row.conversation) if message["role"] == "tool"]
        for name in names:
            called[name] = called.get(name, 0) + 1
        probed |= {row.id} if "run_sql" in names else set()
    asked_values = right[right.index.isin(probed)]
    told |= {"calls": called, "probed": len(probed), "probed_right": int(asked_values.sum())}
    return told


def tabulate(rows: Mapping[str, Mapping[str, Any]]) -> str:
    """The table in Markdown, and the paired differences."""
    lines = [
        "| student | n | execution accuracy (95 %) | runs | tokens | turns | calls | failed | minutes | generated |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for arm, name in ARMS.items():
        if arm not in rows:
            continue
        row, marks = rows[arm], rows[arm]["right"]
        rate = statistics.wilson(marks.count("1"), len(marks))
        used = [f"{row[key]:.2f}" if key in row else "" for key in ("turns", "tool_calls", "tool_errors")]
        cells = [
            name, len(marks), f"{100 * rate.value:.1f} % ({100 * rate.low:.1f} … {100 * rate.high:.1f})",
            f"{100 * row['runs']:.1f} %", f"{row['tokens']:.0f}", *used, f"{row['minutes']:.1f}",
            row.get("generated_tokens", ""),
        ]  # fmt: skip
        lines.append(f"| {' | '.join(map(str, cells))} |")
    for first, second in PAIRS:
        if first in rows and second in rows:
            marks = [[mark == "1" for mark in rows[arm]["right"]] for arm in (first, second)]
            test = statistics.mcnemar(*marks)
            gained = "{:+.1f} ({:+.1f} … {:+.1f})".format(*(100 * part for part in asdict(test.difference).values()))
            counts = f"lost {test.lost}, gained {test.gained}, p = {test.p_value:.3f}"
            lines.append(f"{ARMS[second]} against {ARMS[first]}: {gained} points, {counts}")
    return "\n".join(lines)


def main() -> None:
    """Run the arms that are left, and show the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in asdict(Terms()).items():
        parser.add_argument(f"--{name}", type=type(value), default=value)
    parser.add_argument("--arms", nargs="+", default=list(ARMS), choices=list(ARMS))
    parser.add_argument("--work", type=Path, default=Path("data/tools_against_single"), help="checkpoints, journal")
    parser.add_argument("--results", type=Path, default=Path("benchmarks/results/tools_against_single.jsonl"))
    given = parser.parse_args()
    if given.examples:
        terms = Terms(**{name: getattr(given, name) for name in asdict(Terms())})
        given.work.mkdir(parents=True, exist_ok=True)
        bootstrap_project(Path.cwd())
        with KedroSession.create(Path.cwd(), env="demo") as session:
            comparison = Comparison(session.load_context().catalog, terms, given.work)
        setting = comparison.setting
        for arm in given.arms:
            wanted = {"arm": arm, "setting": setting, "training": comparison.training(arm)}
            if any(wanted.items() <= row.items() for row in read_results(given.results)):
                continue
            began = time.monotonic()
            try:
                row = comparison.run(arm)
            except Exception as error:  # one arm's fault is its own
                logging.exception(arm)
                print(f"{arm} failed ({type(error).__name__}: {error}); run the same command again")
                continue
            row = {**wanted, "seed": terms.seed, **row, "seconds": time.monotonic() - began}
            with given.results.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
    rows = read_results(given.results)
    latest = rows[-1]["setting"] if rows else ""
    print(tabulate({row["arm"]: row for row in rows if row["setting"] == latest}))


if __name__ == "__main__":
    main()
