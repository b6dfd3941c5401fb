"""Rewards of the tests, by trl's contract; one that `fails` interrupts the training at its call of that number."""


class Interrupting:
    """Count the calls of a reward."""

    def __init__(self, fails=None):
        self.calls, self.fails = 0, fails

    def count(self):
        self.calls += 1
        if self.calls == self.fails:
            raise KeyboardInterrupt


class LetterReward(Interrupting):
    """Share of the completion that is the letter e."""

    __name__ = "letter"

    def __call__(self, completions, id, finished, **columns):
        self.count()
        assert len(id) == len(completions) == len(finished)
        texts = [completion[0]["content"] for completion in completions]
        return [text.count("e") / max(1, len(text)) for text in texts]


class ExactReward:
    """1 if the completion is the answer of its row."""

    __name__ = "exact"

    def __call__(self, completions, answer, **columns):
        return [float(completion[0]["content"] == gold) for completion, gold in zip(completions, answer, strict=True)]
