"""Certification: a mix of rewards is tried on adversarial completions before a training is spent on it.

Three kinds of completions are scored for a sample of the questions that are to be trained on: correct answers (the
gold and equivalent rewrites), the exploits of `exploits.EXPLOITS`, and mutants of the gold. The mix passes if no
exploit on any question earns as much as the worst correct answer, and if correct answers are told from mutants of the
same question nearly always. Which mutants and exploits are truly wrong is decided on fresh databases that no reward has
seen.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlreason.errors import BadInput
from sqlreason.reasoning.format import parse, render
from sqlreason.rewards import Reward, add_up, make_rewards
from sqlreason.rewards.exploits import EXPLOITS, Exploit
from sqlreason.rewards.rewrites import Question, explain_plainly, write_correct
from sqlreason.rewards.tasks import gold_of
from sqlreason.sql.database_files import is_database_url
from sqlreason.sql.databases.batch_preparation import Row, prepare_all
from sqlreason.sql.databases.file_contexts import context_of
from sqlreason.sql.databases.preparation import prepare
from sqlreason.sql.mutation.mutants import mutants
from sqlreason.sql.parsing.dialects import to_engine
from sqlreason.sql.parsing.schema import as_postgres, find_schema
from sqlreason.sql.verifier import Limits, Task, Verifier

MIN_AUC = 0.95
#: Reason where a reward gave no number to wrong answers of a question of whose right ones it gave some.
UNSCORED = "no score"
FRESH_INSTANCES, MUTANTS = 6, 12
_NAMED = 4  # completions that a fault names
#: Of certification: a bomb need not burn for long to be known as one.
LIMITS = Limits(soft_seconds=0.3, hard_seconds=1.0)


class CertificationError(BadInput):
    """The rewards of a training can be gamed, or do not tell right from wrong."""


@dataclass(frozen=True)
class Entry:
    """How one kind of completion did.

    Attributes:
        kind: `correct`, `exploit` or `mutant`.
        family: Family of the exploit; empty for others.
        name: Name of the rewrite or exploit.
        completions: Scored.
        lowest: Lowest score of the mix; NaN where none has a score.
        mean: Mean score of the mix.
        highest: Highest score of the mix.
        passed: Whether an exploit never earns as much as the worst correct answer, or correct answers are told from
            mutants; never where more than half have no score.
        reason: The commonest reason codes of the rewards that give some; of mutants the AUC; `UNSCORED`.
    """

    kind: str
    family: str
    name: str
    completions: int
    lowest: float
    mean: float
    highest: float
    passed: bool
    reason: str


@dataclass(frozen=True)
class Certificate:
    """The outcome of a certification: correct answers, mutants and exploits, in this order."""

    entries: tuple[Entry, ...]

    @property
    def worst_correct(self) -> float:
        """Return the lowest score of a correct answer."""
        return min(entry.lowest for entry in self.entries if entry.kind == "correct")

    @property
    def faults(self) -> list[str]:
        """Return why the mix may not be trained on; empty if it may."""
        failed = [entry for entry in self.entries if not entry.passed and entry.reason != UNSCORED]
        unscored = [entry.name for entry in self.entries if entry.reason == UNSCORED]
        gamed = [f"{entry.name} ({entry.highest:.2f})" for entry in failed if entry.kind == "exploit"]
        found = [
            f"correct answers are not told from mutants ({entry.reason})" for entry in failed if entry.kind == "mutant"
        ]
        if gamed:
            worst = f"the worst correct answer ({self.worst_correct:.2f})"
            found.insert(0, f"{len(gamed)} exploits earn as much as {worst}: {_first(gamed)}")
        if unscored:
            told = f"{len(unscored)} kinds of wrong answers have no score, so that none is worth less"
            found.append(f"{told}: {_first(unscored)}")
        return found

    def require(self) -> None:
        """Refuse to train.

        Raises:
            CertificationError: If there are faults.
        """
        if self.faults:
            raise CertificationError(
                f"these rewards do not tell right from wrong: {'; '.join(self.faults)}. Give `execution` the "
                "largest weight in grpo.rewards, or train all the same with grpo.certification.on_failure=warn"
            )

    def summary(self) -> str:
        """Return the outcome in a sentence."""
        kinds = Counter(entry.kind for entry in self.entries)
        separation = ", ".join(entry.reason for entry in self.entries if entry.kind == "mutant") or "none"
        return (
            f"{kinds['correct']} correct rewrites, the worst at {self.worst_correct:.2f}; {kinds['exploit']} exploits; "
            f"mutants: {separation}; {'; '.join(self.faults) or 'passed'}"
        )


def _first(names: Sequence[str]) -> str:
    """Return the first names of many."""
    return ", ".join(names[:_NAMED]) + (", …" if len(names) > _NAMED else "")


@dataclass(frozen=True)
class Trial:
    """A completion that is tried.

    Attributes:
        kind: As of `Entry`.
        family: As of `Entry`.
        name: As of `Entry`.
        row: Number of the question among those that can be used.
        completion: In the grammar, or not.
    """

    kind: str
    family: str
    name: str
    row: int
    completion: str


def certify(
    rewards: Mapping[str, float],
    rows: Sequence[Mapping[str, Any]],
    *,
    min_auc: float = MIN_AUC,
    seed: int = 0,
    exploits: Iterable[Exploit] = EXPLOITS,
    others: Sequence[Reward] = (),
) -> Certificate:
    """Try a mix of rewards on correct answers, exploits and mutants.

    Args:
        rewards: Name in `REWARDS`, or of one of `others` -> weight.
        rows: Questions with task (JSON), sql_context, gold_sql; those whose schema cannot be read are left out.
        min_auc: Separation of correct answers from mutants that is asked for.
        seed: Draws the fresh databases and mutants.
        exploits: The adversarial suite.
        others: Rewards that are not in `REWARDS`, by their `__name__`; they must be total (`foreign.TotalReward`).

    Raises:
        ValueError: If no row can be used.

    Example:
        >>> from sqlreason.rewards.exploits import EXPLOITS
        >>> rows = "CREATE TABLE t (a INT, b TEXT); INSERT INTO t VALUES (1, 'x'), (2, 'y'), (3, 'y')"
        >>> gold = "SELECT b, SUM(a) FROM t GROUP BY b"
        >>> question = {"sql_context": rows, "gold_sql": gold, "task": Task("q1", gold, (rows,)).to_json()}
        >>> certify({"format": 1.0}, [question], exploits=EXPLOITS[:2]).faults[0]
        '2 exploits earn as much as the worst correct answer (1.00): select one (1.00), select zero (1.00)'
        >>> certify({"execution": 1.0}, [question], exploits=EXPLOITS[:2]).faults
        []
    """
    trials, prepared = draw_trials(rows, list(exploits), seed)
    scores, reasons = _score(rewards, others, trials, prepared)
    return _certificate(trials, scores, reasons, min_auc)


def prepare_rows(asked: Sequence[Row], databases: int = 3, seed: int = 0) -> list[dict[str, Any]]:
    """Return the rows that `certify` takes for questions; those whose gold cannot be trusted are left out.

    Args:
        asked: Their context is a script or the URL of a database file, of which a reward gets the script that is shown.
        databases: Drawn beside the original.
        seed: Of these.
    """
    found = zip(asked, prepare_all(asked, databases, seed), strict=True)
    trusted = [(row, prepared.task) for row, prepared in found if prepared.task is not None]
    with Verifier() as verifier:
        shown = [
            context_of(verifier, row.context).shown if is_database_url(row.context) else row.context
            for row, _ in trusted
        ]
    return [
        {"task": task.to_json(), "sql_context": context, "gold_sql": row.gold}
        for (row, task), context in zip(trusted, shown, strict=True)
    ]


def draw_trials(
    rows: Sequence[Mapping[str, Any]], exploits: Sequence[Exploit] = EXPLOITS, seed: int = 0
) -> tuple[list[Trial], list[tuple[Mapping[str, Any], Question]]]:
    """Return the completions that a certification tries, and the questions that can be used.

    Args:
        rows: As of `certify`.
        exploits: The adversarial suite.
        seed: Draws the fresh databases and mutants.

    Raises:
        ValueError: If no row can be used.
    """
    with Verifier(limits=LIMITS) as verifier:
        prepared = [(row, question) for row in rows if (question := _question(row, verifier)) is not None]
        if not prepared:
            raise BadInput(f"none of {len(rows)} questions can be used for certification; give others")
        trials = [
            trial
            for number, (row, question) in enumerate(prepared)
            for trial in _trials(number, row, question, verifier, exploits, seed)
        ]
    return trials, prepared


def _question(row: Mapping[str, Any], verifier: Verifier) -> Question | None:
    schema = find_schema(str(row["sql_context"]))
    if schema is None or not schema.tables:
        return None
    task = Task.from_json(str(row["task"]))
    schema = as_postgres(schema, str(row["sql_context"])) if task.engine == "postgres" else schema
    gold = to_engine(task.gold, task.engine, task.reading)[0]
    rows = verifier.run(task.databases[0], gold, task.engine).rows
    return Question(task, schema, explain_plainly(task.gold), rows)


def _trials(
    number: int, row: Mapping[str, Any], question: Question, verifier: Verifier, exploits: Sequence[Exploit], seed: int
) -> list[Trial]:
    """Return the completions for a question; those exploits and mutants that are right by chance are left out."""
    fresh = prepare(
        verifier,
        "fresh",
        str(row["sql_context"]),
        question.task.gold,
        n=FRESH_INSTANCES,
        seed=seed + 1_000_003,
        dialect=question.task.dialect,
    ).task
    wrong = [
        Trial("exploit", exploit.family, exploit.name, number, text)
        for exploit in exploits
        if (number == 0 or not exploit.bomb) and (text := exploit.write(question)) is not None
    ]
    neighbours = mutants(question.gold, question.schema, MUTANTS, seed, dialect=question.task.dialect)
    wrong += [Trial("mutant", "", "mutants of the gold", number, render(explain_plainly(m), m)) for m in neighbours]
    correct = [Trial("correct", "", name, number, text) for name, text in write_correct(question).items()]
    return [*correct, *_truly_wrong(wrong, fresh or question.task, verifier)]


def _truly_wrong(trials: list[Trial], fresh: Task, verifier: Verifier) -> list[Trial]:
    """Return those that break the grammar, or do not agree with the gold on fresh databases."""
    readings = [parse(trial.completion) for trial in trials]
    queries = list(dict.fromkeys(reading.sql for reading in readings if reading.well_formed))
    right = {sql for sql, verdict in zip(queries, verifier.verify(fresh, queries), strict=True) if verdict.agrees}
    pairs = zip(trials, readings, strict=True)
    return [trial for trial, reading in pairs if not reading.well_formed or reading.sql not in right]


def _score(
    rewards: Mapping[str, float],
    others: Sequence[Reward],
    trials: Sequence[Trial],
    prepared: Sequence[tuple[Mapping[str, Any], Question]],
) -> tuple[list[float | None], list[str]]:
    """The mix's score of each completion, and the reason codes."""
    names = ("task", "sql_context")
    columns: dict[str, list[Any]] = {name: [prepared[t.row][0][name] for t in trials] for name in names}
    columns["gold_sql"] = [gold_of(prepared[trial.row][0]) for trial in trials]
    columns["teacher_think"] = [prepared[trial.row][1].think for trial in trials]
    completions = [trial.completion for trial in trials]
    scores: dict[str, list[float | None]] = {}
    reasons: list[list[str]] = [[] for _ in trials]
    names_of_others = {reward.__name__ for reward in others}
    own = make_rewards([name for name in rewards if name not in names_of_others], limits=LIMITS)
    for reward in (*own, *others):
        scores[reward.__name__] = reward(completions, **columns)
        for told, reason in zip(reasons, getattr(reward, "last_reasons", ()), strict=False):
            told.append(reason.partition(":")[0] if len(rewards) > 1 else reason)
        if hasattr(reward, "close"):
            reward.close()
    return add_up(scores, rewards), [" ".join(dict.fromkeys(told)) for told in reasons]


def _certificate(
    trials: Sequence[Trial], scores: Sequence[float | None], reasons: Sequence[str], min_auc: float
) -> Certificate:
    groups: dict[tuple[str, str, str], list[_Scored]] = defaultdict(list)
    unscored: Counter[tuple[str, str, str]] = Counter()
    applies = {
        trial.row for trial, score in zip(trials, scores, strict=True) if trial.kind == "correct" and score is not None
    }
    if not applies:
        raise BadInput("the rewards apply to none of the questions; nothing can be certified")
    for trial, score, reason in zip(trials, scores, reasons, strict=True):
        key = (trial.kind, trial.family, trial.name)
        if score is not None:
            groups[key].append((trial.row, score, reason))
        elif trial.row in applies and trial.kind != "correct":
            unscored[key] += 1
    correct = [found for (kind, _, _), group in groups.items() if kind == "correct" for found in group]
    worst = min(score for _, score, _ in correct)
    entries = []
    for key in sorted({**groups, **unscored}, key=lambda key: _KINDS.index(key[0])):
        entry = _entry(key, groups[key])
        if unscored[key] > len(groups[key]):
            entry = replace(entry, passed=False, reason=UNSCORED)
        elif entry.kind == "exploit":
            entry = replace(entry, passed=entry.highest < worst)
        elif entry.kind == "mutant":
            auc = _auc(correct, groups[key])
            entry = replace(entry, passed=auc >= min_auc, reason=f"AUC {auc:.3f}")
        entries.append(entry)
    return Certificate(tuple(entries))


_KINDS = ("correct", "mutant", "exploit")
_Scored = tuple[int, float, str]  # number of the question, score, reason


def _entry(key: tuple[str, str, str], group: Sequence[_Scored]) -> Entry:
    if not group:
        return Entry(*key, 0, math.nan, math.nan, math.nan, False, UNSCORED)
    scores = [score for _, score, _ in group]
    ((reason, _),) = Counter(reason for _, _, reason in group).most_common(1)
    return Entry(*key, len(group), min(scores), sum(scores) / len(scores), max(scores), True, reason)


def _auc(correct: Sequence[_Scored], wrong: Sequence[_Scored]) -> float:
    """Return the chance that a correct answer earns more than a mutant of the same question, ties counting half."""
    of_row: dict[int, list[float]] = defaultdict(list)
    for row, score, _ in wrong:
        of_row[row].append(score)
    pairs = [(score, other) for row, score, _ in correct for other in of_row[row]]
    wins = [1.0 if score > other else 0.5 if score == other else 0.0 for score, other in pairs]
    return sum(wins) / len(wins) if wins else 1.0
