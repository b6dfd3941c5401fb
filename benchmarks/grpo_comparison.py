"""What to do after SFT: voting, GRPO, a curriculum, on-policy distillation. The same questions for all.

    python benchmarks/grpo_comparison.py                                  # the table so far, and what is left to run
    python benchmarks/grpo_comparison.py --arms sft grpo_execution --seeds 7      # runs them, appended to the results
    python benchmarks/grpo_comparison.py --arms ways --tokens 280000      # every way at equal generated tokens

Takes its data from the environment's catalog, after `kedro run --pipelines=distillation,preprocessing`, and goes
through the pipelines' own nodes, so that what is measured is what a run does. The SFT adapter of a seed is trained by
the first arm that needs it and found again by the others; `--start catalog` takes the environment's finished one for
all seeds. Every arm is paired with the SFT student of its seed.

With `--tokens` a training ends once it has generated as many tokens, and not before: patience is switched off. What is
finished is not run again, what was killed goes on from its checkpoint, and an arm that fails is told in the results
with its reason and tried again by the next call. `--minutes` begins no arm after so many. `--people` judges each
student on a folder in Spider's layout too. `--params` changes parameters as in `kedro run`; results under other data or
parameters stay in the file and out of the table.

The p-values of the means (exact, of signs over questions) are corrected by Holm for the number of arms in the table.
The arm `ladder` trains nothing: it measures what the start writes now and then, from which the gain is forecast; every
arm that is trained after it is added to the environment's table of forecasts (`forecast_calibration`).
"""

import argparse
import hashlib
import json
import logging
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project
from omegaconf import OmegaConf
from records import keep

from sqlreason.pipelines.evaluation import nodes as evaluation
from sqlreason.pipelines.grpo import nodes as grpo
from sqlreason.pipelines.sft import nodes as sft
from sqlreason.reasoning.format import parse
from sqlreason.reasoning.prompts import Prompt
from sqlreason.reporting import statistics
from sqlreason.sql.verifier import Task, Verifier
from sqlreason.students.checkpoints.adapter import Adapter
from sqlreason.students.prompting import StudentPrompts
from sqlreason.students.training import forecast, forecast_calibration
from sqlreason.students.training.work_folder import hash_table

ARTICLE = {"match_format_exactly": 1.0, "match_format_approximately": 1.0, "check_sql_reward": 1.0}
EXECUTION = {"execution": 1.0}
VOTES = 8
MOST_STEPS = 10  # times those of the environment, where tokens end a training

# name: what the row is called, and the changes to params:grpo (None: nothing is trained after SFT)
ARMS: dict[str, tuple[str, dict[str, Any] | None]] = {
    "sft": ("SFT", None),
    "voting": (f"SFT, voting of {VOTES}", None),
    "grpo_article": ("GRPO, the article's rewards", {"rewards": ARTICLE}),
    "grpo_execution": ("GRPO, execution", {"rewards": EXECUTION}),
    "grpo_curriculum": ("GRPO, execution, curriculum", {"rewards": EXECUTION, "curriculum": "mixed"}),
    "distillation": ("On-policy distillation", {"rewards": EXECUTION, "method": "distillation"}),
}
LADDER_ARM = "ladder"
#: What `--arms ways` means, in the order in which it is run.
WAYS = (LADDER_ARM, "sft", "grpo_execution", "grpo_curriculum", "distillation", "voting")
#: What a row says of the answers of a student.
EXAMINED = ("tokens", "executes", "minutes_of_answers", "right", "right_people")
#: Arms that train nothing: with one start for all seeds, the row of one seed is that of all.
OF_THE_START = (LADDER_ARM, "sft", "voting")
INPUTS = (
    "base_model", "distillation_teacher", "student_prompt", "sft_examples", "grpo_prompts", "evaluation_prompts",
    "checkpoints", "forecast_calibration",
)  # fmt: skip


@dataclass(frozen=True)
class Terms:
    """What the arms of a comparison share beside data and parameters.

    Attributes:
        questions: Of the evaluation.
        tokens: That each training generates; None leaves its length to the parameters.
        start: "trained" for an SFT adapter of each seed, "catalog" for the environment's.
        people: Folder in Spider's layout; None for none.
        ladder: Prompts of the ladder, and samples of each.
    """

    questions: int
    tokens: int | None = None
    start: str = "trained"
    people: Path | None = None
    ladder: tuple[int, int] = (128, 16)


class Comparison:
    """The inputs of an environment, and the ways to go on from the SFT student of a seed."""

    def __init__(self, catalog: Any, terms: Terms, seed: int) -> None:
        self.terms, self.seed, self.catalog = terms, seed, catalog
        loaded = (catalog.load(name) for name in INPUTS)
        self.base, self.teacher, self.prompt, self.examples, self.prompts, exam, *places = loaded
        self.checkpoints, self.calibration = places
        names = ("student", "sft", "grpo", "evaluation", "distillation")
        loaded_options = [catalog.load(f"params:{name}") for name in names]
        self.student, sft_options, self.grpo, self.exam_options, self.distillation = loaded_options
        self.held_out = exam
        self.exam = exam.sample(min(terms.questions, len(exam)), random_state=0).sort_values("id")
        self.sft = seeded(sft_options, seed)

    @property
    def setting(self) -> str:
        """Hash of all that the rows of one table share: data, questions, parameters but the seed.

        A parameter at its default is left out, so that an option that is new and not used changes nothing.
        """
        examples = self.examples.drop(columns="kind", errors="ignore")  # the prompts tell it
        tables = [hash_table(table) for table in (examples, self.prompts, self.exam)]
        given = (self.sft, self.grpo, self.exam_options)
        options = [group.model_dump_json(exclude={"trl": {"seed"}}, exclude_defaults=True) for group in given]
        terms = [f"tokens {self.terms.tokens}"] if self.terms.tokens else []
        terms += [f"start {self.start().digest}"] if self.terms.start == "catalog" else []
        return hashlib.sha256(json.dumps([self.base.identity, *tables, *options, *terms]).encode()).hexdigest()[:12]

    def start(self) -> Adapter:
        """The student of SFT."""
        if self.terms.start == "catalog":
            return self.catalog.load("sft_adapter")  # type: ignore[no-any-return]
        given = (self.base, self.examples, self.prompt, self.checkpoints, self.student, self.sft, self.distillation)
        return sft.train_student(*given)[0]

    def run(self, arm: str, known: Sequence[dict[str, Any]] = ()) -> dict[str, Any]:
        """Train and examine an arm; its row of the results.

        Args:
            arm: Name in `ARMS`, or the ladder's.
            known: Rows of the setting so far; a ladder and the start of this seed make a forecast of them.
        """
        adapter = self.start()
        if arm == LADDER_ARM:
            return {"arm": arm, "seed": self.seed, "setting": self.setting, **self.climb(adapter)}
        changes = ARMS[arm][1]
        told: dict[str, Any] = {"minutes": adapter.facts["seconds"] / 60}
        if changes is not None:
            adapter, told = self._improve(adapter, changes)
        row = {"arm": arm, "seed": self.seed, "setting": self.setting, "digest": adapter.digest, **told}
        row |= self._examined_before(arm, adapter, known) or self._examine(adapter, VOTES if arm == "voting" else 1)
        if arm == "voting":
            row["minutes"] = row["minutes_of_answers"]
        if changes is not None:
            self._calibrate(adapter, row, known)
        return row

    def _examined_before(self, arm: str, adapter: Adapter, known: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
        """What another arm's row says of the same weights: a training that never beat its start returns it."""
        if arm == "voting":
            return None
        twin = next((row for row in known if row.get("digest") == adapter.digest and row["arm"] != "voting"), None)
        if twin is None or (self.terms.people is not None and "right_people" not in twin):
            return None
        return {name: twin[name] for name in EXAMINED if name in twin}

    def _examine(self, adapter: Adapter, votes: int) -> dict[str, Any]:
        began = time.monotonic()
        answers, scores = self.evaluate(adapter, votes)
        found = {"tokens": float(answers["tokens"].mean()), "executes": float(scores["runs"].mean())}
        found |= {"minutes_of_answers": (time.monotonic() - began) / 60, "right": _written(scores)}
        if self.terms.people is not None:
            found["right_people"] = _written(self.evaluate(adapter, votes, self._people())[1])
        return found

    def climb(self, adapter: Adapter) -> dict[str, Any]:
        """The ladder of a student on held-out prompts, and the gain that is forecast from it."""
        prompts, samples = self.terms.ladder
        asked = self.held_out.sample(min(prompts, len(self.held_out)), random_state=1)
        began = time.monotonic()
        ladder = forecast.climb_ladder(
            self.base.spoken_to(**self.student.template), adapter, asked,
            samples=samples, temperature=self.grpo.trl.temperature, group=self.grpo.trl.num_generations,
            max_completion_tokens=self.exam_options.max_completion_tokens, batch_size=self.exam_options.batch_size,
            seed=self.seed, dtype=self.student.dtype, quantization=self.student.quantization,
        )  # fmt: skip
        gain = forecast_calibration.predict(ladder["headroom"], forecast_calibration.read_runs(self.calibration))
        return {**ladder, **asdict(gain), "minutes": (time.monotonic() - began) / 60}

    def _calibrate(self, adapter: Adapter, row: dict[str, Any], known: Sequence[dict[str, Any]]) -> None:
        """Hold the forecast against what was gained, where the ladder and the start of the seed are there."""
        own = {each["arm"]: each for each in known if each["seed"] == self.seed and "failed" not in each}
        if LADDER_ARM not in own or "sft" not in own or self.calibration is None:
            return
        ladder, gained = own[LADDER_ARM], statistics.mcnemar(_marks(own["sft"]), _marks(row)).difference.value
        gain = forecast_calibration.predict(ladder["headroom"], forecast_calibration.read_runs(self.calibration))
        told = {"headroom": ladder["headroom"], **asdict(gain), "go": gain.pays, "gained": 100 * gained}
        run = forecast_calibration.FinishedRun(adapter.digest, row["arm"], **told, questions=len(row["right"]))
        forecast_calibration.add_run(self.calibration, run)
        row["forecast"] = {**told, "inside": run.inside}

    def _people(self) -> pd.DataFrame:
        from real_questions import prepare_questions, read_questions

        base, options = self.base.spoken_to(**self.student.template), self.catalog.load("params:preprocessing")
        written = StudentPrompts(Prompt.from_mapping(self.prompt), base.load_chat(), **options.prompt_limits)
        return prepare_questions(read_questions(self.terms.people, None), written, options, None).sort_values("id")

    def _improve(self, adapter: Adapter, changes: dict[str, Any]) -> tuple[Adapter, dict[str, Any]]:
        """What is learned after SFT, on as many rollouts, or generated tokens, by each way.

        Minutes hold forecast and training, that of the teacher of a distillation included.
        """
        options = budgeted(seeded(self.grpo.model_copy(update=changes), self.seed), self.terms.tokens)
        profiled = options.curriculum != "off"
        rollouts = _as_many_rollouts(options) if profiled else {"prompts": 0}
        options = options.model_copy(update={"forecast": options.forecast.model_copy(update=rollouts)})
        began = time.monotonic()
        profile, forecast_table = grpo.forecast_gains(
            self.base, adapter, self.prompts, self.prompt, self.checkpoints, None, self.student, options
        )
        seconds = time.monotonic() - began if profiled else 0.0
        certified = pd.DataFrame()  # the arms include rewards that certification refuses; its tables: docs/rewards.md
        learned = (self.prompts, certified, profile, forecast_table, self.examples, self.teacher, self.prompt)
        trained, history, written = grpo.train_student(
            self.base, adapter, *learned, self.checkpoints, self.student, self.sft, options
        )
        minutes = (seconds + trained.facts["seconds"]) / 60
        found = {"minutes": minutes, "rollouts": len(written), "exploits": self._exploit_share(written)}
        found["generated_tokens"] = int(history["generated_tokens"].sum())
        idle = history["zero_variance_share"].astype(float).mean()
        found |= {"steps": len(history), "zero_variance_share": None if pd.isna(idle) else float(idle)}
        return trained, {**found, "best_step": trained.facts.get("best_step", trained.facts["steps"])}

    def evaluate(
        self, adapter: Adapter, votes: int, asked: pd.DataFrame | None = None
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The answers of a student to the evaluation, or to other questions, and their scores by the order of ids."""
        exam, options = self.exam if asked is None else asked, self.exam_options.model_copy(update={"votes": votes})
        given = (self.base, adapter, exam, self.prompt, self.checkpoints, self.student, options)
        answers = evaluation.answer_with_adapter(*given)
        return answers, evaluation.score_answers(exam, answers, options).sort_values("id")

    def _exploit_share(self, rollouts: pd.DataFrame) -> float:
        """The share of rollouts that earn more than half of the greatest reward although they are not right."""
        tasks = dict(zip(self.prompts["id"], self.prompts["task"], strict=True))
        readings = [parse(text) for text in rollouts["completion"]]
        pairs = [
            (Task.from_json(tasks[id_]), [reading.sql] if reading.well_formed else [])
            for id_, reading in zip(rollouts["id"], readings, strict=True)
        ]
        with Verifier() as verifier:
            right = [any(verdict.agrees for verdict in group) for group in verifier.verify_batch(pairs)]
        paid = rollouts["reward"] > rollouts["reward"].max() / 2
        if "trace" in rollouts:
            paid &= ~rollouts["trace"].fillna(False).astype(bool)  # not the student's
        return float((paid & ~pd.Series(right, index=rollouts.index)).mean())


def _as_many_rollouts(options: Any) -> dict[str, Any]:
    """A forecast that costs as many rollouts as GRPO makes, at its temperature."""
    groups = options.trl.max_steps * options.trl.rows_of_a_step // options.trl.num_generations
    return {"prompts": groups, "samples": options.trl.num_generations, "temperatures": (options.trl.temperature,)}


def seeded(options: Any, seed: int) -> Any:
    """Return parameters of SFT or GRPO with another seed."""
    return options.model_copy(update={"trl": options.trl.model_copy(update={"seed": seed})})


def budgeted(options: Any, tokens: int | None) -> Any:
    """Return parameters of GRPO with which a training ends by its generated tokens alone; None leaves them.

    The warm-up keeps its steps: as a share of steps that are never reached it would last for most of the training.
    """
    if tokens is None:
        return options
    steps = options.trl.max_steps or options.trl.save_steps
    warm = options.trl.warmup_steps
    changes = {
        "max_steps": MOST_STEPS * steps,
        "num_train_epochs": None,
        "warmup_steps": warm if warm == 0 or warm >= 1 else float(math.ceil(warm * steps)),
    }
    trl = options.trl.model_copy(update=changes)
    return options.model_copy(update={"token_budget": tokens, "patience": None, "trl": trl})


def tabulate(results: list[dict[str, Any]], marks: str = "right") -> str:
    """The table of one setting's results in Markdown: a row for each arm and seed, and the mean of each arm.

    Args:
        results: Rows; of a repeated arm the latest counts.
        marks: Column of the marks, "right" or "right_people".
    """
    found = {(row["seed"], row["arm"]): row for row in results if marks in row}
    by_arm = {arm: [found[key] for key in sorted(found) if key[1] == arm] for arm in ARMS}
    pairs = {
        arm: [(_marks(found[row["seed"], "sft"], marks), _marks(row, marks)) for row in rows if _has_start(found, row)]
        for arm, rows in by_arm.items()
        if arm != "sft"
    }
    tested = [arm for arm, own in pairs.items() if own]
    corrected = dict(zip(tested, statistics.holm([statistics.mean_p_value(pairs[arm]) for arm in tested]), strict=True))
    lines = [
        "| student | seed | n | execution accuracy (95 %) | against SFT (95 %) | p | minutes | tokens / 1000 | paid |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for arm, rows in by_arm.items():
        lines += [_line(ARMS[arm][0], row, found.get((row["seed"], "sft")), marks) for row in rows]
        if rows and (arm in corrected or len(rows) > 1):
            lines.append(_mean_line(ARMS[arm][0], rows, pairs.get(arm, []), corrected.get(arm), marks))
    return "\n".join(lines)


def _has_start(found: Mapping[tuple[int, str], Any], row: dict[str, Any]) -> bool:
    return (row["seed"], "sft") in found


def _line(name: str, row: dict[str, Any], sft_row: dict[str, Any] | None, column: str) -> str:
    right = _marks(row, column)
    rate = statistics.wilson(sum(right), len(right))
    difference, p = "", ""
    if sft_row is not None and sft_row is not row:
        test = statistics.mcnemar(_marks(sft_row, column), right)
        difference = _points(test.difference)
        p = f"{test.p_value:.3f}"
    exploits = f"{100 * row['exploits']:.1f} %" if "exploits" in row else ""
    tokens = f"{row['generated_tokens'] / 1000:.0f}" if "generated_tokens" in row else ""
    accuracy = f"{100 * rate.value:.1f} % ({100 * rate.low:.1f} … {100 * rate.high:.1f})"
    cells = (name, row["seed"], len(right), accuracy, difference, p, f"{row['minutes']:.1f}", tokens, exploits)
    return f"| {' | '.join(map(str, cells))} |"


def _mean_line(
    name: str,
    rows: list[dict[str, Any]],
    paired: list[tuple[list[bool], list[bool]]],
    corrected: float | None,
    column: str,
) -> str:
    """Over seeds: the range shows the chance of the training, the interval of the gain that of the questions."""
    rates = [100 * sum(_marks(row, column)) / len(_marks(row, column)) for row in rows]
    gained = ""
    if paired:
        gains = [100 * statistics.mean_difference([pair]).value for pair in paired]
        gained = f"{_points(statistics.mean_difference(paired))}, range {min(gains):+.1f} … {max(gains):+.1f}"
    accuracy = f"{sum(rates) / len(rates):.1f} % (range {min(rates):.1f} … {max(rates):.1f})"
    p = "" if corrected is None else f"{corrected:.3f} (Holm)"
    return f"| **{name}** | mean of {len(rows)} | | {accuracy} | {gained} | {p} | | | |"


def _points(difference: statistics.Interval) -> str:
    return f"{100 * difference.value:+.1f} ({100 * difference.low:+.1f} … {100 * difference.high:+.1f})"


def _marks(row: dict[str, Any], column: str = "right") -> list[bool]:
    return [mark == "1" for mark in row[column]]


def _written(scores: pd.DataFrame) -> str:
    return "".join("01"[int(agrees)] for agrees in scores["agrees"])


def read_results(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a file of results; none where there is no file yet."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def left_to_run(rows: Sequence[dict[str, Any]], arms: Sequence[str], seeds: Sequence[int]) -> list[tuple[str, int]]:
    """Return the arms and seeds of which there is no row, or one that tells of a failure; seed by seed."""
    done = {(row["arm"], row["seed"]) for row in rows if "failed" not in row}
    return [(arm, seed) for seed in seeds for arm in arms if (arm, seed) not in done]


def parse_parameters(text: str) -> Any:
    """Parameters as `kedro run --params` takes them: grpo.trl.max_steps=40,sft.trl.max_steps=60."""
    return OmegaConf.to_container(OmegaConf.from_dotlist(text.split(",") if text else []))


def is_twin(row: dict[str, Any], arm: str, terms: Terms) -> bool:
    """Whether a row of another seed is this arm's of any seed: one start for all, of which nothing is trained."""
    return terms.start == "catalog" and arm in OF_THE_START and row["arm"] == arm and "failed" not in row


def run_left(session: KedroSession, given: argparse.Namespace, terms: Terms) -> None:
    """Run the arms asked for that are not in the results, each with its row as soon as it is done."""
    catalog, began = session.load_context().catalog, time.monotonic()
    given.results.parent.mkdir(parents=True, exist_ok=True)
    for seed in given.seeds:
        comparison = Comparison(catalog, terms, seed)
        for arm in given.arms:
            known = [row for row in read_results(given.results) if row["setting"] == comparison.setting]
            if not left_to_run(known, [arm], [seed]):
                continue
            if given.minutes is not None and time.monotonic() - began > 60 * given.minutes:
                return
            twin = next((each for each in known if is_twin(each, arm, terms)), None)
            try:
                row = {**twin, "seed": seed} if twin else comparison.run(arm, known)
            except Exception as error:  # one arm's fault is its row, not the end of the others
                logging.exception("%s, seed %d", arm, seed)
                row = {"arm": arm, "seed": seed, "setting": comparison.setting}
                row["failed"] = f"{type(error).__name__}: {error}"
            keep(row, given.results)


def main() -> None:
    """Run the arms asked for, and show the table and the arms that are not in it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--env", default="demo", help="demo for the tiny student, smol for SmolLM2")
    parser.add_argument("--arms", nargs="+", default=[], choices=[LADDER_ARM, *ARMS, "ways"], help="that are run")
    parser.add_argument("--seeds", type=int, nargs="+", default=[7, 8, 9])
    parser.add_argument("--questions", type=int, default=1500)
    parser.add_argument("--tokens", type=int, help="that each training generates")
    parser.add_argument("--start", choices=["trained", "catalog"], default="trained", help="whose SFT adapter")
    parser.add_argument("--ladder", type=int, nargs=2, default=[128, 16], metavar=("PROMPTS", "SAMPLES"))
    parser.add_argument("--people", type=Path, help="folder in Spider's layout, judged too")
    parser.add_argument("--minutes", type=float, help="after which no arm is begun")
    parser.add_argument("--params", default="", help="as of kedro run: grpo.trl.max_steps=40,sft.trl.max_steps=60")
    parser.add_argument("--results", type=Path, default=Path("benchmarks/results/grpo_comparison.jsonl"))
    given = parser.parse_args()
    given.arms = [arm for name in given.arms for arm in (WAYS if name == "ways" else (name,))]
    terms = Terms(given.questions, given.tokens, given.start, given.people, tuple(given.ladder))
    logging.getLogger("sqlreason").setLevel(logging.WARNING)
    bootstrap_project(Path.cwd())
    with KedroSession.create(Path.cwd(), env=given.env, runtime_params=parse_parameters(given.params)) as session:
        run_left(session, given, terms)
        setting = Comparison(session.load_context().catalog, terms, given.seeds[0]).setting
    results = read_results(given.results)
    shown = [row for row in results if row["setting"] == setting]
    for marks in ("right", "right_people"):
        if any(marks in row for row in shown):
            print(tabulate(shown, marks))
    for row in shown:
        if row["arm"] == LADDER_ARM:
            print(json.dumps({name: value for name, value in row.items() if name != "setting"}))
    print(f"{len(results) - len(shown)} rows of {given.results} are of other data or parameters")
    for arm, seed in left_to_run(shown, given.arms or list(WAYS), given.seeds):
        print(f"left: --arms {arm} --seeds {seed}")


if __name__ == "__main__":
    main()
