"""What the run cost, one row a stage: money, time, tokens.

Seconds and dollars are what was measured: the teacher's calls as the journal holds them, the trainings as their
histories and adapters hold them, rollouts and answers as they were generated. A stage that was reused from an earlier
run is billed with what it cost then.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class MachineTime:
    """What a stage took on the training machine.

    Attributes:
        seconds: Wall time.
        tokens: Generated, where they are known.
    """

    seconds: float
    tokens: int = 0


def of_training(history: pd.DataFrame) -> MachineTime:
    """Return what a training took, by its history with `seconds` since it began."""
    return MachineTime(float(history["seconds"].max()))


def of_rollouts(profile: pd.DataFrame) -> MachineTime:
    """Return what rollouts took, one row each with its share of the `seconds` and its `tokens`."""
    return MachineTime(float(profile["seconds"].sum()), int(profile["tokens"].sum()))


def of_answers(metrics: pd.DataFrame) -> MachineTime:
    """Return what the students' answers took: `n` of each student, with their mean `seconds` and `tokens`."""
    seconds, tokens = ((metrics["n"] * metrics[name]).sum() for name in ("seconds", "tokens"))
    return MachineTime(float(seconds), round(tokens))


def compute_costs(
    completions: pd.DataFrame,
    machine: Mapping[str, MachineTime],
    teacher: str,
    usd_per_hour: float,
    hardware: str,
    estimated: float = 0.0,
    kept: int = 0,
) -> pd.DataFrame:
    """Return the bill, one row a stage: the one place where what was paid is added up.

    Args:
        completions: Table `cot_completions`.
        machine: Stage -> what it took on the training machine, in the order of the bill.
        teacher: Name of the teacher.
        usd_per_hour: Price of the training machine, US dollars an hour.
        hardware: Its name.
        estimated: What the teacher was estimated to cost before the first call, US dollars.
        kept: Traces that were kept; for dollars per trace.

    Returns:
        Columns `stage`, `paid_for`, `seconds` (wall time of the training machine; missing for the teacher, whose calls
        run side by side and in several runs, so that their sum is no time that passed), `tokens_in`, `tokens_out`,
        `cost` (US dollars), `estimated` (US dollars, of the teacher; missing for the others) and `cost_per_trace` (US
        dollars per trace that was kept, likewise).
    """
    rows = [
        {
            "stage": "distillation",
            "paid_for": f"{len(completions)} answers of {teacher}{_in_turns(completions)}",
            "seconds": float("nan"),
            "tokens_in": int(completions["prompt_tokens"].sum()),
            "tokens_out": int(completions["completion_tokens"].sum()),
            "cost": float(completions["usd"].sum()),
            "estimated": estimated,
            "cost_per_trace": float(completions["usd"].sum()) / kept if kept else float("nan"),
        }
    ]
    rows += [_hours(stage, hardware, taken, usd_per_hour) for stage, taken in machine.items()]
    return pd.DataFrame(rows)


def _in_turns(completions: pd.DataFrame) -> str:
    return f" in {int(completions['turns'].sum())} turns" if "turns" in completions else ""


def _hours(stage: str, hardware: str, taken: MachineTime, usd_per_hour: float) -> dict[str, object]:
    return {
        "stage": stage,
        "paid_for": hardware,
        "seconds": taken.seconds,
        "tokens_in": 0,
        "tokens_out": taken.tokens,
        "cost": taken.seconds / 3600 * usd_per_hour,
        "estimated": float("nan"),
        "cost_per_trace": float("nan"),
    }


def summarise_costs(bill: pd.DataFrame, kept: int) -> str:
    """Return the bill in a line: dollars in all, by stage, and per trace that was kept."""
    parts = ", ".join(f"{row.stage} {row.cost:.2f}" for row in bill.itertuples())
    teacher = float(bill.loc[bill["stage"] == "distillation", "cost"].sum())
    per_trace = f"; {teacher / kept:.4f} per trace kept ({kept})" if kept else ""
    return f"Bill: {bill['cost'].sum():.2f} USD ({parts}){per_trace}"
