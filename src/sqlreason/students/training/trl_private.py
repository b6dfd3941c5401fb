"""All that is used of trl's private names, so that one place and one test tell what an upgrade of trl may break.

trl has no public way to the rows that it keeps for a step, to what it logs, and to its hooks between prompts and loss.
"""

from collections.abc import Callable
from typing import Any, cast

from trl import DistillationTrainer, GRPOTrainer, SFTTrainer
from trl.models.utils import _ForwardRedirection

#: Methods of trl's trainers that ours replace, or wrap.
OVERRIDDEN: dict[type, tuple[str, ...]] = {
    SFTTrainer: (),
    GRPOTrainer: (
        "_generate",
        "_generate_single_turn",
        "_get_per_token_logps_and_entropies",
        "_get_train_sampler",
        "_prepare_inputs",
        "_tokenize_prompts",
        "_tool_call_loop",
    ),
    DistillationTrainer: (
        "_compute_loss",
        "_generate_and_score_completions",
        "_generate_single_turn",
        "_get_last_hidden_state",
        "_get_train_sampler",
        "_prepare_inputs",
        "_tokenize_prompts",
    ),
}

#: Attributes of trl's trainers that are read, or written, by the functions below.
READ: dict[type, tuple[str, ...]] = {
    SFTTrainer: (),
    GRPOTrainer: ("_buffered_inputs", "_logs", "_metrics", "_step"),
    DistillationTrainer: ("_buffered_inputs", "_logs", "_metrics", "_step"),
}

#: The batches of one step: tensors by name.
Rows = list[dict[str, Any]]


def figures(trainer: GRPOTrainer | DistillationTrainer) -> dict[str, list[float]]:
    """Return the figures of the present step by name; what is added is logged with trl's own."""
    return trainer._metrics["train"]  # type: ignore[no-any-return]


def advantages(trainer: GRPOTrainer | DistillationTrainer) -> list[float] | None:
    """Return the advantages of the present step's completions, of all ranks in turn; None where there are none."""
    return cast(list[float] | None, trainer._logs.get("advantages"))


def rows_of_step(trainer: GRPOTrainer | DistillationTrainer) -> Rows | None:
    """Return the batches that trl keeps for the passes of a step."""
    return trainer._buffered_inputs  # type: ignore[no-any-return]


def rearrange_step(trainer: GRPOTrainer | DistillationTrainer, change: Callable[[Rows], Rows], passes: int) -> Any:
    """Change the batches of a step that was just begun, and return that of the present pass.

    Args:
        trainer: Of trl.
        change: From batches to as many batches.
        passes: Of a step.
    """
    changed = change(cast(Rows, trainer._buffered_inputs))
    trainer._buffered_inputs = changed  # type: ignore[assignment]  # trl declares it by the None that it begins with
    return changed[trainer._step % passes]


def call_through(wrapper: Any, model: Any, function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function as if it were a model's forward, within the forward of what wraps the model.

    Whose hooks gather the gradients of several ranks. (trl makes a redirection of its own only where it computes its
    log-probabilities in chunks.)
    """
    return _ForwardRedirection()(wrapper, model, function, *arguments)
