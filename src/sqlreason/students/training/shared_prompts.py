"""Log-probabilities of a group's completions with their common prompt read once.

GRPO scores many completions of one prompt, and a prompt of text-to-SQL, a schema above all, is longer than its
completions. Here a group is one row: the prompt, then its completions, which see the prompt and themselves alone.
The numbers are those of separate rows; with 8 completions of a third of the prompt's length there are 2.5 times
fewer tokens to compute. Which models it is right for, `attention.obstacle` says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from sqlreason.students.checkpoints import attention, output_heads
from sqlreason.students.training.memory_estimate import LOGITS_AT_ONCE

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel
    from transformers.modeling_outputs import BaseModelOutput

    from sqlreason.students.generation.decoding import Model


@dataclass(frozen=True)
class Groups:
    """Rows of one prompt and its completions.

    Attributes:
        ids: Tokens, groups x longest group.
        positions: Of each token in its own sequence.
        parts: 0 for the prompt, k for the k-th completion, -1 for padding.
        rows: For each completion token its completion in the batch.
        columns: And its place in the completion.
        readers: The group and the token whose hidden state foretells it.
    """

    ids: Tensor
    positions: Tensor
    parts: Tensor
    rows: Tensor
    columns: Tensor
    readers: tuple[Tensor, Tensor]

    def seen(self) -> Tensor:
        """Which tokens each may see (groups, 1, tokens, tokens): earlier ones of the prompt and its own completion."""
        return attention.seen_in_trees(self.parts)


def completion_logps(
    model: nn.Module, ids: Tensor, mask: Tensor, kept: int, temperature: float, at_once: int | None = None
) -> tuple[Tensor, Tensor]:
    """Return log-probability and entropy (nats) of each completion token, 0 where the mask is 0.

    Args:
        model: A causal language model or a PEFT model around one.
        ids: Left-padded prompts followed by right-padded completions, batch x tokens; equal prompts share their work.
        mask: 1 where a token counts.
        kept: Tokens of the completion part, C.
        temperature: Divides the logits.
        at_once: Completions of one forward pass; all by default.

    Returns:
        Two float32 tensors of batch x C; no gradient flows through the entropy.
    """
    if at_once is not None and at_once < len(ids):
        parts = zip(ids.split(at_once), mask.split(at_once), strict=True)
        found = [completion_logps(model, *part, kept, temperature) for part in parts]
        return torch.cat([logps for logps, _ in found]), torch.cat([entropies for _, entropies in found])
    base = attention.bare(cast("Model", model))
    groups = group(ids, mask, kept)
    read = base.base_model(
        input_ids=groups.ids,
        attention_mask=attention.masks(base.config, groups.seen(), groups.positions, base.dtype),
        position_ids=groups.positions,
        use_cache=False,
    )
    chosen = ids[:, -kept:][groups.rows, groups.columns]
    place = (groups.rows, groups.columns)
    logps, entropies = _score(base, read, read.last_hidden_state[groups.readers], chosen, temperature)
    empty = torch.zeros(len(ids), kept, device=ids.device)
    return empty.index_put(place, logps), empty.index_put(place, entropies)


def _score(
    base: PreTrainedModel, read: BaseModelOutput, hidden: Tensor, chosen: Tensor, temperature: float
) -> tuple[Tensor, Tensor]:
    """Log-probability and entropy at each hidden state, in parts where the logits of all would fill the memory.

    A part's logits are computed again in the backward pass: the head costs little beside the layers.
    """
    rows = max(1, LOGITS_AT_ONCE // cast("PretrainedConfig", base.config).get_text_config().vocab_size)
    if len(hidden) <= rows:
        return _score_part(base, read, hidden, chosen, temperature)
    parts = zip(hidden.split(rows), chosen.split(rows), strict=True)
    found = [checkpoint(_score_part, base, read, *part, temperature, use_reentrant=False) for part in parts]
    return torch.cat([logps for logps, _ in found]), torch.cat([entropies for _, entropies in found])


def _score_part(
    base: PreTrainedModel, read: BaseModelOutput, hidden: Tensor, chosen: Tensor, temperature: float
) -> tuple[Tensor, Tensor]:
    logs = (output_heads.logits(base, read, hidden).float() / temperature).log_softmax(-1)
    with torch.no_grad():
        entropies = -(logs.exp() * logs).sum(-1)
    return logs.gather(-1, chosen[:, None])[:, 0], entropies


def group(ids: Tensor, mask: Tensor, kept: int) -> Groups:
    """Put the completions of equal prompts behind one copy of the prompt; arguments as in `completion_logps`."""
    tokens, counted = ids.tolist(), mask.tolist()
    rows, targets = [], []
    for number, members in enumerate(_by_prompt(ids[:, :-kept], mask[:, :-kept])):
        first = members[0]
        prompt = [t for t, counts in zip(tokens[first][:-kept], counted[first][:-kept], strict=True) if counts]
        row = [(token, place, 0) for place, token in enumerate(prompt)]
        for part, member in enumerate(members, start=1):
            columns = [column for column, counts in enumerate(counted[member][-kept:]) if counts]
            reader = len(prompt) - 1
            for place, column in enumerate(columns, start=len(prompt)):
                targets.append((member, column, number, reader))
                reader = len(row)
                row.append((tokens[member][column - kept], place, part))
        rows.append(torch.tensor(row))
    table = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=-1).to(ids.device)
    where = torch.tensor(targets, dtype=torch.long, device=ids.device).reshape(-1, 4).T
    return Groups(
        ids=table[..., 0].clamp_min(0),
        positions=table[..., 1].clamp_min(0),
        parts=table[..., 2],
        rows=where[0],
        columns=where[1],
        readers=(where[2], where[3]),
    )


def regroup(batches: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Sort the rows of some equal batches by prompt, so that a group is spread over no more of them than it must.

    trl shuffles the completions of a step over its forward passes; the step's gradient is their sum either way.
    """
    sizes = [len(batch["prompt_ids"]) for batch in batches]
    names = [name for name, value in batches[0].items() if isinstance(value, torch.Tensor) and value.ndim > 0]
    together = {name: torch.cat([batch[name] for batch in batches]) for name in names}
    members = _by_prompt(together["prompt_ids"], together["prompt_mask"])
    order = torch.tensor([row for rows in members for row in rows], device=together["prompt_ids"].device)
    parts = {name: tensor[order].split(sizes) for name, tensor in together.items()}
    return [
        {name: parts[name][i] if name in parts else value for name, value in batch.items()}
        for i, batch in enumerate(batches)
    ]


def _by_prompt(prompts: Tensor, mask: Tensor) -> list[list[int]]:
    """The rows of each distinct prompt, in the order of their first appearance."""
    found: dict[tuple[int, ...], list[int]] = {}
    for row, (tokens, counts) in enumerate(zip(prompts.tolist(), mask.tolist(), strict=True)):
        found.setdefault(tuple(t for t, c in zip(tokens, counts, strict=True) if c), []).append(row)
    return list(found.values())
