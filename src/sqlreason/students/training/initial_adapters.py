"""Where reinforcement learning can begin besides SFT: an untrained adapter, or one that knows the grammar alone.

What GRPO reaches from here shows what SFT is worth. Both need rewards that some rollouts earn: the forecast tells.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from sqlreason.students.checkpoints.adapter import Adapter
from sqlreason.students.checkpoints.checkpoint import Checkpoint, release_memory


def format_only(checkpoint: Checkpoint, examples: pd.DataFrame, few: int, **options: Any) -> Adapter:
    """Return an adapter that saw a few examples: enough for the grammar, too few for the queries.

    Args:
        checkpoint: The base model.
        examples: As of `sft.train_sft`.
        few: How many of them are used.
        options: Of `sft.train_sft`.
    """
    from sqlreason.students.training.sft import train_sft

    return train_sft(checkpoint, examples.head(few), **options)[0]


def untrained(
    checkpoint: Checkpoint, fingerprint: str, lora: Mapping[str, Any], dtype: str = "auto", seed: int = 0
) -> Adapter:
    """Return a new adapter, which changes nothing yet (Hu et al. 2021: one of its two factors is 0).

    Args:
        checkpoint: The base model.
        fingerprint: Of the student prompt.
        lora: Fields of `transformers_backend.Lora`.
        dtype: One of `checkpoint.DTYPES`; for loading alone.
        seed: Of the other factor.
    """
    from sqlreason.students.training.transformers_backend import Lora, load_student

    loading: dict[str, Any] = {"dtype": dtype, "quantization": None, "gradient_checkpointing": False, "seed": seed}
    model, _ = load_student(checkpoint, Lora(**lora), **loading)
    facts = {"stage": "none", "steps": 0, "seconds": 0.0}
    adapter = Adapter.from_model(model, checkpoint.identity, fingerprint, facts)
    del model
    release_memory()
    return adapter
