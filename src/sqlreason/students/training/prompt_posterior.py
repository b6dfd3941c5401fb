"""What is believed of each prompt's pass rate, and which prompts to write next: those near the middle.

A group in which every completion passes, or none, teaches nothing (DAPO's dynamic sampling, Yu et al. 2025,
arXiv:2503.14476, writes until a step holds none). Writing blindly wastes tokens where most prompts are like that, so
the rate of a prompt is a Beta posterior over its tries, and fresh prompts are those whose draw from it lies nearest to
a half (Thompson sampling, as in MoPPS, Qu et al. 2025, arXiv:2507.04632). The policy moves on, so earlier tries of a
prompt count for less each time that it is tried again.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np

#: Passes and failures that every prompt begins with: any rate is as likely as another.
PRIOR = (1.0, 1.0)

#: What a prompt's earlier tries count when it is tried again.
KEPT = 0.5

#: The pass rate at which a group differs most within itself.
MIDDLE = 0.5


class PromptPosterior:
    """Beta posteriors of the prompts' pass rates, kept by step so that a resumed training believes what it believed.

    Args:
        prompts: Ids of all prompts.
        folder: Where the beliefs lie, one file for each step that changed them.
        known: Id -> passes and failures that were seen before the training.

    Example:
        >>> import tempfile
        >>> known = {"easy": (9, 0), "even": (40, 40), "hard": (0, 9)}
        >>> beliefs = PromptPosterior(["easy", "even", "hard"], Path(tempfile.mkdtemp()), known)
        >>> beliefs.choose(1, excluded=(), seed=(7, 0))
        ['even']
    """

    def __init__(
        self, prompts: Sequence[str], folder: Path, known: Mapping[str, tuple[float, float]] | None = None
    ) -> None:
        self.prompts, self.folder = list(prompts), folder
        self.counts = {id_: tuple(map(float, pair)) for id_, pair in (known or {}).items() if id_ in set(prompts)}
        self._recalled = False

    def rate(self, prompt: str) -> tuple[float, float]:
        """Return the two parameters of a prompt's Beta posterior."""
        passed, failed = self.counts.get(prompt, (0.0, 0.0))
        return PRIOR[0] + passed, PRIOR[1] + failed

    def observe(self, prompt: str, passed: int, failed: int) -> None:
        """Take in the tries of one group."""
        before = self.counts.get(prompt, (0.0, 0.0))
        self.counts[prompt] = (KEPT * before[0] + passed, KEPT * before[1] + failed)

    def choose(self, count: int, excluded: Collection[str], seed: Sequence[int]) -> list[str]:
        """Return at most so many prompts, nearest to the middle first.

        Args:
            count: Wanted.
            excluded: Ids that are not to be chosen.
            seed: Of the draws.
        """
        open_ = [prompt for prompt in self.prompts if prompt not in excluded]
        if not open_:
            return []
        passed, failed = np.array([self.rate(prompt) for prompt in open_]).T
        drawn = np.random.default_rng(list(seed)).beta(passed, failed)
        return [open_[i] for i in np.abs(drawn - MIDDLE).argsort(kind="stable")[:count]]

    def recall(self, step: int) -> None:
        """Believe what was believed before a step; only the first step of a process has anything to recall."""
        if self._recalled:
            return
        self._recalled = True
        earlier = [path for path in sorted(self.folder.glob("*.json")) if int(path.stem) <= step]
        if earlier:
            told = json.loads(earlier[-1].read_text(encoding="utf-8"))
            self.counts = {id_: (passed, failed) for id_, (passed, failed) in told.items()}

    def remember(self, step: int) -> None:
        """Keep what is believed before a step."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / f"{step:06d}.json").write_text(json.dumps(self.counts), encoding="utf-8")
