"""BIRD's reward-based valid efficiency score (R-VES) by its published formula.

Of `evaluation_ves.py` in BIRD's mini-dev (arXiv:2305.03111, revised there in 2024): a right prediction and its gold
are run in turn, 100 times; the ratio of their times, gold over prediction, is averaged without what lies three standard
deviations off; steps of that mean give a reward, and R-VES is 100 times the mean square root of the rewards, wrong
answers counting 0.

Times are taken in the worker, from the statement to its last row, without opening the database. They are the wall's, as
in the script, and noisy: the ratio of two queries that cost the same lies around 1, where the reward is 1 or 0.75 by
chance. Figures of two machines, of a busy one, or of two runs differ by several points. A pair is timed for a second at
most, but three times, so that slow queries have fewer rounds than the script gives them.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence

from sqlreason.sql.verdicts import Task
from sqlreason.sql.verifier import Verifier

#: From which ratio of times, gold over prediction, which reward is given.
_STEPS = ((2.0, 1.25), (1.0, 1.0), (0.5, 0.75), (0.25, 0.5))
_LEAST = 0.25
_DEVIATIONS = 3


def time_rewards(verifier: Verifier, gold: Task, candidates: Sequence[str], rounds: int) -> dict[str, float]:
    """Return the reward of each candidate that is right, by the time that it takes.

    Args:
        verifier: Where they run.
        gold: The gold on the one database.
        candidates: Those that are right.
        rounds: How often each is timed; less often where the queries are slow (`Verifier.times`).
    """
    timed = verifier.times(gold.databases[0], gold.gold, candidates, rounds, gold.engine)
    return {text: reward(ratios) for text, ratios in zip(candidates, timed, strict=True)}


def reward(ratios: Sequence[float]) -> float:
    """Return the reward for a right prediction's ratios of times, gold over prediction; 0 where there are none."""
    if not ratios:
        return 0.0
    mean, deviation = statistics.fmean(ratios), statistics.pstdev(ratios)
    usual = [ratio for ratio in ratios if abs(ratio - mean) < _DEVIATIONS * deviation] or ratios
    found = statistics.fmean(usual)
    return next((given for bound, given in _STEPS if found >= bound), _LEAST)


def r_ves(rewards: Iterable[float]) -> float:
    """Return R-VES of all questions of a benchmark, 0 to 112.

    Args:
        rewards: One a question; 0 for a wrong answer.
    """
    roots = [math.sqrt(given) for given in rewards]
    return 100.0 * statistics.fmean(roots) if roots else 0.0
