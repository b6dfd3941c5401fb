"""How many points a training on rewards will bring, learned from the trainings that were finished before.

What can be gained is what the student already writes now and then: the headroom, points between its greedy answers and
the best of k samples. A training takes a share of it, which differs from student to student, so the share is learned:
a regression of gained points on headroom through the origin, with a conjugate prior, whose predictive distribution is
Student's t (Gelman et al., Bayesian Data Analysis, chapter 14). With y_i points gained of h_i points of headroom,

    kappa_n = kappa_0 + sum h^2,    c_n = (kappa_0 c_0 + sum h y) / kappa_n,    nu_n = nu_0 + n,
    nu_n s_n^2 = nu_0 s_0^2 + sum y^2 + kappa_0 c_0^2 - kappa_n c_n^2,
    y ~ t_{nu_n}(c_n h, s_n^2 (1 + h^2 / kappa_n)).

The prior is broad: public runs took between nothing and 70 % of their headroom. Each finished run is kept, as one line
of JSON, and narrows it. A gain is measured on questions that chose nothing; the dev questions of a training do not do.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

#: Expected share of the headroom, before any run, and the headroom (points, squared) that this is worth.
PRIOR_SHARE, PRIOR_WEIGHT = 0.2, 36.0

#: Points by which runs of equal headroom differ, before any run, and the runs that this is worth.
PRIOR_SPREAD, PRIOR_RUNS = 1.5, 4.0

#: Probability that a run gains what its interval holds.
COVERAGE = 0.9

#: Points below which a training does not pay.
MIN_POINTS = 0.5


@dataclass(frozen=True)
class Gain:
    """Points that a training is expected to bring, and within which bounds."""

    points: float
    low: float
    high: float

    @property
    def pays(self) -> bool:
        """Whether it is worth a training."""
        return self.points >= MIN_POINTS


@dataclass(frozen=True)
class FinishedRun:
    """What was forecast for a training, and what came of it.

    Attributes:
        run: Tells it from all others; a run that is told again replaces itself.
        way: How was trained, such as "grpo".
        headroom: Points between greedy answers and the best of the forecast's samples.
        points: Forecast.
        low: Of the forecast's interval.
        high: Likewise.
        go: Whether the forecast advised the training.
        gained: Points on questions that neither training nor choice has seen.
        questions: Their number.
    """

    run: str
    way: str
    headroom: float
    points: float
    low: float
    high: float
    go: bool
    gained: float
    questions: int

    @property
    def inside(self) -> bool:
        """Whether the gain lay in the forecast's interval."""
        return self.low <= self.gained <= self.high

    @property
    def well_advised(self) -> bool:
        """Whether the advice was right: to train where it paid, and not to where it did not."""
        return self.go == (self.gained >= MIN_POINTS)


def predict(headroom: float, runs: Sequence[FinishedRun]) -> Gain:
    """Return the gain to expect.

    Args:
        headroom: In points; less than none counts as none.
        runs: Finished before.

    Example:
        >>> gain = predict(10.0, [])
        >>> round(gain.low, 1), round(gain.points, 1), round(gain.high, 1)
        (-4.2, 2.0, 8.2)
    """
    from scipy import stats

    h = max(headroom, 0.0)
    weight = PRIOR_WEIGHT + sum(run.headroom**2 for run in runs)
    share = (PRIOR_WEIGHT * PRIOR_SHARE + sum(run.headroom * run.gained for run in runs)) / weight
    degrees = PRIOR_RUNS + len(runs)
    squares = PRIOR_RUNS * PRIOR_SPREAD**2 + sum(run.gained**2 for run in runs)
    variance = (squares + PRIOR_WEIGHT * PRIOR_SHARE**2 - weight * share**2) / degrees
    arm = float(stats.t.ppf((1 + COVERAGE) / 2, degrees)) * math.sqrt(variance * (1 + h**2 / weight))
    return Gain(share * h, share * h - arm, share * h + arm)


def read_runs(path: Path | None) -> list[FinishedRun]:
    """Return the finished runs of a calibration table; none where there is no table yet."""
    if path is None or not path.exists():
        return []
    return [FinishedRun(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]


def add_run(path: Path, run: FinishedRun) -> list[FinishedRun]:
    """Add a finished run to a calibration table, in place of what was told of it before; return all."""
    runs = [*(known for known in read_runs(path) if known.run != run.run), run]
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text("".join(json.dumps(asdict(each)) + "\n" for each in runs), encoding="utf-8")
    part.replace(path)
    return runs


def describe(runs: Sequence[FinishedRun]) -> str:
    """Return how right the forecasts were, in words."""
    if not runs:
        return "no run is finished that a forecast could be held against"
    inside, advised = sum(run.inside for run in runs), sum(run.well_advised for run in runs)
    return f"of {len(runs)} finished runs {inside} gained what their interval held, {advised} were advised rightly"
