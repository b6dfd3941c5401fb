"""Documents packed into rows of equal length, and the loss over them without a table of all logits.

Each row holds whole documents (longer ones are cut into pieces); positions restart and attention ends at
every document. The order depends on the seed and the epoch alone, so any batch can be made again.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count, islice, pairwise
from typing import Any

import numpy as np

from sqlreason.errors import BadInput
from tiny_student import tiny

_ASSISTANT_HEADER = f"{tiny.HEADER_START}assistant{tiny.HEADER_END}"
_OPEN_ROWS = 64  # rows that still take documents; more of them waste less room


@dataclass(frozen=True)
class Documents:
    """Token ids of all documents end to end; document i is `ids[starts[i]:starts[i + 1]]`.

    `trained` says of each token whether it is learned: all of a plain text, of a chat the assistant's turns alone,
    since a schema is noise that nobody can predict.
    """

    ids: np.ndarray
    starts: np.ndarray
    trained: np.ndarray

    def __len__(self) -> int:
        return len(self.starts) - 1


@dataclass(frozen=True)
class Rows:
    """One batch of packed rows: tensors of batch x tokens; `labels` are next tokens, or -100 where none is trained."""

    ids: Any
    positions: Any
    documents: Any
    labels: Any
    tokens: int
    trained: int

    def mask(self, mixed: bool) -> Any:
        """Additive attention mask (batch, 1, tokens, tokens): causal, within a document."""
        import torch

        same = self.documents[:, None, :, None] == self.documents[:, None, None, :]
        kind = torch.bfloat16 if mixed else torch.float32
        return torch.zeros(same.shape, dtype=kind).masked_fill_(~same.tril_(), torch.finfo(kind).min)


def encode(texts: Iterable[str], tokenizer: Any, chunk: int = 2_000) -> Documents:
    """Tokenizes documents, framed by BOS and (unless they end a turn themselves) the end-of-text token.

    Raises:
        ValueError: if there are no texts.
    """
    parts: list[np.ndarray] = []
    lengths, stream = [0], iter(texts)
    while batch := [_frame(text) for text in islice(stream, chunk)]:
        encoded = tokenizer(batch, add_special_tokens=False, return_attention_mask=False)["input_ids"]
        parts.extend(np.asarray(ids, dtype=np.int32) for ids in encoded)
        lengths.extend(len(ids) for ids in encoded)
    if not parts:
        raise BadInput("no texts were given; pretraining needs at least one document")
    header = np.asarray(tokenizer.encode(_ASSISTANT_HEADER, add_special_tokens=False))
    trained = [_answers(ids, header) for ids in parts]
    return Documents(np.concatenate(parts), np.cumsum(lengths), np.concatenate(trained))


def batches(
    documents: Documents,
    row_tokens: int,
    rows: int,
    *,
    seed: int,
    pad: int,
    epochs: int | None = None,
    skip: int = 0,
) -> Iterator[Rows]:
    """Yields batches of packed rows, epoch after epoch (endlessly by default), leaving out the first `skip`."""
    pieces = _pieces(documents, row_tokens)
    for epoch in count() if epochs is None else range(epochs):
        packed = _pack(pieces, row_tokens, np.random.default_rng([seed, epoch]))
        for start in range(0, len(packed), rows):
            if skip:
                skip -= 1
                continue
            yield _tensors(documents, packed[start : start + rows], row_tokens, pad)


def summed_loss(hidden: Any, weight: Any, labels: Any, chunk: int = 512) -> Any:
    """Cross-entropy of tied-embedding logits, summed over the trained positions.

    The gradients of a chunk are taken while its logits are in the cache; all logits at once (batch x tokens x
    vocabulary) cost 10 to 20 % of a training step in page faults.
    """
    wanted = labels.flatten() != -100
    return _loss_function().apply(hidden.flatten(0, 1)[wanted], weight, labels.flatten()[wanted], chunk)


def _frame(text: str) -> str:
    start = "" if text.startswith(tiny.BOS) else tiny.BOS
    return start + text + ("" if text.endswith((tiny.EOT, tiny.END_OF_TEXT)) else tiny.END_OF_TEXT)


def _answers(ids: np.ndarray, header: np.ndarray) -> np.ndarray:
    """True in the assistant's turns of a chat, the closing token included; everywhere in a text without headers."""
    turns = np.flatnonzero(ids == header[0])
    trained = np.full(len(ids), not len(turns))
    for start, end in pairwise([*turns, len(ids)]):
        body = start + len(header)
        if np.array_equal(ids[start:body], header):
            trained[body:end] = True
    return trained


def _pieces(documents: Documents, row_tokens: int) -> np.ndarray:
    """(start, length) of each piece of at most a row."""
    return np.array(
        [
            (start, min(row_tokens, end - start))
            for first, end in zip(documents.starts[:-1], documents.starts[1:], strict=True)
            for start in range(first, end, row_tokens)
        ]
    )


def _pack(pieces: np.ndarray, row_tokens: int, rng: np.random.Generator) -> list[list[tuple[int, int]]]:
    """Best fit into a bounded number of open rows; the finished rows in a random order."""
    finished: list[list[tuple[int, int]]] = []
    open_rows: list[list[tuple[int, int]]] = [[] for _ in range(_OPEN_ROWS)]
    room = np.full(_OPEN_ROWS, row_tokens)
    for start, length in pieces[rng.permutation(len(pieces))].tolist():
        fits = np.where(room >= length, room, row_tokens + 1)
        best = int(fits.argmin())
        if fits[best] > row_tokens:
            best = int(room.argmin())
            finished.append(open_rows[best])
            open_rows[best], room[best] = [], row_tokens
        open_rows[best].append((start, length))
        room[best] -= length
    finished += [row for row in open_rows if row]
    return [finished[i] for i in rng.permutation(len(finished))]


def _tensors(documents: Documents, packed: list[list[tuple[int, int]]], row_tokens: int, pad: int) -> Rows:
    import torch

    shape = (len(packed), row_tokens)
    ids, labels = np.full(shape, pad), np.full(shape, -100)
    positions, numbers = np.zeros(shape, np.int64), np.full(shape, -1)
    for i, row in enumerate(packed):
        offset = 0
        for number, (start, length) in enumerate(row):
            place = slice(offset, offset + length)
            ids[i, place] = documents.ids[start : start + length]
            following = slice(start + 1, start + length)
            labels[i, offset : offset + length - 1] = np.where(
                documents.trained[following], documents.ids[following], -100
            )
            positions[i, place], numbers[i, place] = np.arange(length), number
            offset += length
    tensors: list[Any] = [torch.from_numpy(array.astype(np.int64)) for array in (ids, positions, numbers, labels)]
    counts = {"tokens": int((numbers >= 0).sum()), "trained": int((labels != -100).sum())}
    return Rows(tensors[0], tensors[1], tensors[2], tensors[3], **counts)


def _loss_function() -> Any:
    """The autograd function behind `summed_loss`, defined late so that importing this module needs no torch."""
    import torch

    class SummedLoss(torch.autograd.Function):
        """A sum of losses whose gradients are computed in the forward pass, chunk by chunk."""

        @staticmethod
        def forward(ctx: Any, hidden: Any, weight: Any, labels: Any, chunk: int) -> Any:
            matrix, total = weight.to(hidden.dtype), torch.zeros(())
            to_hidden, to_weight = torch.empty_like(hidden), torch.zeros_like(weight)
            for part in range(0, len(labels), chunk):
                place = slice(part, part + chunk)
                chosen = labels[place, None]
                logs = torch.log_softmax((hidden[place] @ matrix.T).float(), dim=-1)
                total -= logs.gather(1, chosen).sum()
                gradient = logs.exp_().scatter_add_(1, chosen, -torch.ones_like(chosen, dtype=logs.dtype))
                gradient = gradient.to(hidden.dtype)
                to_hidden[place] = gradient @ matrix
                to_weight += gradient.T @ hidden[place]
            ctx.save_for_backward(to_hidden, to_weight)
            return total

        @staticmethod
        def backward(ctx: Any, scale: Any) -> tuple[Any, Any, None, None]:
            to_hidden, to_weight = ctx.saved_tensors
            return to_hidden * scale.to(to_hidden.dtype), to_weight * scale, None, None

    return SummedLoss
