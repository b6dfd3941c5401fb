"""Likeness of the student's reasoning to the teacher's: the article's own next step (its section 4).

Two embeddings: a sentence transformer, where one is given (extra `similarity`); otherwise hashed words and pairs of
words, which need no model and know no synonyms. The name of the one in use is the reason code's first part, so that
nobody takes one for the other.
"""

import math
import re
import zlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from sqlreason.errors import BadInput
from sqlreason.reasoning.format import parse
from sqlreason.rewards.format_reward import completion_text

#: Of the hashed embedding; at some fifty features a text collisions are rare.
DIMENSIONS = 1 << 18

Vector = Mapping[int, float]


class TeacherSimilarityReward:
    """Cosine of the embeddings of `<think>` and of the teacher's, negative ones as 0; `None` without a teacher's.

    Column of the batch: `teacher_think`, the teacher's reasoning for the row (empty where it has none). It looks at
    words only: in a mix its weight belongs far below that of execution.

    Attributes:
        last_reasons: Code beside each score: `hashed:similarity`, `model:similarity`, `malformed:<why>`,
            `no_teacher`.

    Example:
        >>> from sqlreason.reasoning.format import render
        >>> answer = render("Count the rows of users.", "SELECT COUNT(*) FROM users")
        >>> same, none = TeacherSimilarityReward()([answer] * 2, teacher_think=["Count the rows of users.", ""])
        >>> round(same, 2), none
        (1.0, None)
    """

    __name__ = "teacher_similarity"

    def __init__(self, model: str | None = None) -> None:
        """Keep the settings; a model is loaded at the first call.

        Args:
            model: Name or folder of a sentence transformer; None for hashed words.
        """
        self.model = model
        self.last_reasons: list[str] = []
        self._embed: Callable[[Sequence[str]], list[Vector]] | None = None
        self._teachers: dict[str, Vector] = {}

    def __call__(self, completions: Sequence[Any], **columns: Any) -> list[float | None]:
        """Score the completions of a batch in [0, 1].

        Raises:
            ValueError: If the batch has no column `teacher_think`.
            ImportError: If a model is asked for and sentence-transformers is not installed.
        """
        if "teacher_think" not in columns:
            raise BadInput(f"the reward needs the column 'teacher_think'; the batch has {sorted(columns)}")
        teachers = [str(text or "").strip() for text in columns["teacher_think"]]
        readings = [parse(completion_text(completion)) for completion in completions]
        vectors = self._vectors([reading.think for reading in readings], teachers)
        scored = [
            self._score(reading.reason, vector, teacher)
            for reading, vector, teacher in zip(readings, vectors, teachers, strict=True)
        ]
        self.last_reasons = [reason for _, reason in scored]
        return [score for score, _ in scored]

    def __getstate__(self) -> dict[str, Any]:
        """Leave a loaded model out: whoever unpickles loads it again."""
        return {**self.__dict__, "_embed": None}

    def _vectors(self, thoughts: Sequence[str], teachers: Sequence[str]) -> list[Vector]:
        """Embed the thoughts, and those of the teacher's that are new."""
        if self._embed is None:
            self._embed = _load(self.model) if self.model else embed_hashed
        new = [text for text in dict.fromkeys(teachers) if text and text not in self._teachers]
        vectors = self._embed([*thoughts, *new])
        self._teachers.update(zip(new, vectors[len(thoughts) :], strict=True))
        return vectors[: len(thoughts)]

    def _score(self, fault: str, vector: Vector, teacher: str) -> tuple[float | None, str]:
        if not teacher:
            return None, "no_teacher"
        if fault:
            return 0.0, f"malformed:{fault}"
        kind = "model" if self.model else "hashed"
        return max(0.0, min(1.0, _cosine(vector, self._teachers[teacher]))), f"{kind}:similarity"


def embed_hashed(texts: Sequence[str]) -> list[Vector]:
    """Embed texts as hashed words and pairs of words, each by 1 + log of its count."""
    return [_features(re.findall(r"\w+", text.lower())) for text in texts]


def _features(words: Sequence[str]) -> Vector:
    counts = Counter([*words, *(f"{one} {other}" for one, other in pairwise(words))])
    vector: dict[int, float] = {}
    for feature, count in counts.items():
        place = zlib.crc32(feature.encode("utf-8", "surrogatepass")) % DIMENSIONS
        vector[place] = vector.get(place, 0.0) + 1.0 + math.log(count)
    return vector


def _cosine(one: Vector, other: Vector) -> float:
    norms = math.sqrt(sum(v * v for v in one.values()) * sum(v * v for v in other.values()))
    return sum(value * other.get(place, 0.0) for place, value in one.items()) / norms if norms else 0.0


def _load(model: str) -> Callable[[Sequence[str]], list[Vector]]:
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError as error:
        raise ImportError(
            f"teacher_similarity with the model {model!r} needs sentence-transformers: "
            "pip install 'sqlreason[similarity]', or leave the model out for hashed words"
        ) from error
    encoder = SentenceTransformer(model)
    return lambda texts: [dict(enumerate(map(float, row))) for row in encoder.encode(list(texts))]
