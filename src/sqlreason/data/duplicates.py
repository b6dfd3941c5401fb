"""Near-duplicate questions, by MinHash over the words of the question (Broder 1997) within one schema.

Candidates come from locality-sensitive hashing and are then compared exactly, so that the hashing can miss a pair but
never invents one. Words in another order, or in other words, are not recognised.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

SHINGLE = 3  # words
PERMUTATIONS = 128
_WORD = re.compile(r"\w+")


def shingles(question: str) -> frozenset[str]:
    """Return the runs of three words of a question; of a shorter one, all its words as one."""
    words = _WORD.findall(question.lower())
    runs = range(max(1, len(words) - SHINGLE + 1))
    return frozenset(" ".join(words[start : start + SHINGLE]) for start in runs)


def similarity(left: frozenset[str], right: frozenset[str]) -> float:
    """Return the Jaccard index of two sets, 0 to 1; two empty ones are alike."""
    return len(left & right) / len(left | right) if left | right else 1.0


def near_duplicates(questions: Sequence[tuple[str, str]], threshold: float) -> dict[int, int]:
    """Return for each question that nearly repeats an earlier one the place of that one.

    Args:
        questions: Question and key of its schema; only questions with one key are compared.
        threshold: Jaccard index of the shingles from which on two questions are near-duplicates, below 1.
    """
    index = Index(threshold)
    found: dict[int, int] = {}
    for place, (question, schema) in enumerate(questions):
        earlier = index.find(question, schema)
        if earlier is None:
            index.add(place, question, schema)
        else:
            found[place] = earlier
    return found


class Index:
    """Questions to look for near-duplicates among.

    Args:
        threshold: See `near_duplicates`.
    """

    def __init__(self, threshold: float) -> None:
        from datasketch import MinHashLSH

        self.threshold = threshold
        self._lsh = MinHashLSH(threshold=threshold, num_perm=PERMUTATIONS)
        self._kept: dict[int, tuple[str, frozenset[str]]] = {}

    def add(self, place: int, question: str, schema: str) -> None:
        """Add a question under a number of its own."""
        parts = shingles(question)
        self._kept[place] = (schema, parts)
        self._lsh.insert(place, _hash(parts), check_duplication=False)

    def find(self, question: str, schema: str | None = None) -> int | None:
        """Return the smallest number of a near-duplicate; of any schema where none is given."""
        parts = shingles(question)
        for place in sorted(self._lsh.query(_hash(parts))):
            known, other = self._kept[place]
            if schema in (None, known) and similarity(parts, other) >= self.threshold:
                return int(place)
        return None


@lru_cache(maxsize=1 << 16)
def _hash(parts: frozenset[str]):  # type: ignore[no-untyped-def]  # datasketch is imported where it is used
    from datasketch import MinHash

    hashed = MinHash(num_perm=PERMUTATIONS)
    hashed.update_batch([part.encode() for part in parts])
    return hashed
