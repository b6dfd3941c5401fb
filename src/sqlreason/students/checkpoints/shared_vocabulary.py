"""Whether two models share a vocabulary, so that a distribution over tokens of one means something to the other."""

from typing import Any

from sqlreason.errors import BadInput
from sqlreason.students.checkpoints.checkpoint import Checkpoint

_SHOWN = 3  # tokens that an error names


class VocabularyError(BadInput):
    """Two models do not mean the same tokens by the same numbers."""


def require_same(student: Checkpoint, teacher: Checkpoint) -> None:
    """Refuse a teacher whose tokens are not the student's; reads tokenizers and configurations, no weights.

    Raises:
        VocabularyError: If a number stands for another token, only one of them has a token, or one predicts more
            numbers than the other.
        CheckpointError: If one of them is not there.
    """
    own, other = (checkpoint.load_tokenizer().get_vocab() for checkpoint in (student, teacher))
    tokens = own.keys() | other.keys()
    differing = sorted(token for token in tokens if own.get(token) != other.get(token))
    if differing:
        named = ", ".join(f"{token!r} ({own.get(token)} and {other.get(token)})" for token in differing[:_SHOWN])
        raise VocabularyError(
            f"{student.name} and the teacher {teacher.name} differ in {len(differing)} of {len(tokens)} tokens, as in "
            f"{named}; distillation compares them token by token. Name a teacher with the student's tokenizer in the "
            "catalog entry distillation_teacher, or set grpo.distillation.teacher: self"
        )
    widths = [_width(checkpoint) for checkpoint in (student, teacher)]
    if widths[0] != widths[1]:
        raise VocabularyError(
            f"{student.name} and the teacher {teacher.name} have the same tokens, but predict {widths[0]} and "
            f"{widths[1]} numbers: one of them is padded, and trl compares whole rows. Name a teacher with as many in "
            "the catalog entry distillation_teacher"
        )


def _width(checkpoint: Checkpoint) -> Any:
    return checkpoint.load_config().get_text_config().vocab_size
