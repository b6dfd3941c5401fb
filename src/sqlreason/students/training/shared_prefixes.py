"""SFT with what its rows have in common read once: the schema of a database, for all questions about it.

Rows of a forward pass that begin alike become one row, a tree: the common prefix, then what is left of each of them,
which sees the prefix and itself alone. Loss and gradient are those of separate rows. Of four questions over one small
schema nearly half of the tokens are computed, of eight over a large one a fifth.

trl's trainer stays as it is but for the order of the rows: a collator lays out the trees and a hook on the model gives
them their attention mask. Which models that is right for, `attention.obstacle` says.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import Sampler
from trl import SFTTrainer

from sqlreason.students.checkpoints import attention
from sqlreason.students.checkpoints.chat import NOT_TRAINED

if TYPE_CHECKING:
    from datasets import Dataset
    from peft import PeftModel

Row = Mapping[str, list[int]]  # input_ids, labels

_PADDING = -1  # among the parts of a tree; 0 is its prefix, k what is left of its k-th row


def common_prefix(first: Row, second: Row) -> int:
    """Return how many tokens two rows share that no trained token is foretold from.

    The token before the first trained one is left to each row, for its hidden state foretells another token in each.
    """
    longest = min(_first_trained(first), _first_trained(second)) - 1
    pairs = zip(first["input_ids"][:longest], second["input_ids"][:longest], strict=False)
    return next((place for place, (left, right) in enumerate(pairs) if left != right), max(longest, 0))


def _first_trained(row: Row) -> int:
    return next((place for place, label in enumerate(row["labels"]) if label != NOT_TRAINED), len(row["labels"]))


def find_families(rows: Sequence[Row]) -> list[list[int]]:
    """Return the places of the rows that share more than half of what comes before their trained tokens, together."""
    order = sorted(range(len(rows)), key=lambda place: rows[place]["input_ids"])
    families: list[list[int]] = []
    for before, place in zip([None, *order], order, strict=False):
        shared = 0 if before is None else common_prefix(rows[before], rows[place])
        if families and 2 * shared > _first_trained(rows[place]):
            families[-1].append(place)
        else:
            families.append([place])
    return families


def lay_out(rows: Sequence[Row]) -> dict[str, Tensor]:
    """Return the tree of rows of one family: input_ids, labels, position_ids and parts, each of all its tokens."""
    prefix = min((common_prefix(rows[0], row) for row in rows[1:]), default=0)
    first = rows[0]
    tokens = [(first["input_ids"][place], NOT_TRAINED, place, 0) for place in range(prefix)]
    for part, row in enumerate(rows, start=1):
        rest = zip(row["input_ids"][prefix:], row["labels"][prefix:], strict=True)
        tokens += [(token, label, place, part) for place, (token, label) in enumerate(rest, start=prefix)]
    ids, labels, places, parts = torch.tensor(tokens).T
    return {"input_ids": ids, "labels": labels, "position_ids": places, "parts": parts}


def collate(rows: Sequence[Row]) -> dict[str, Tensor]:
    """Return the trees of some rows: input_ids, labels, position_ids, attention_mask and parts, trees x tokens."""
    trees = [lay_out([rows[place] for place in family]) for family in find_families(rows)]
    filling = {"input_ids": 0, "labels": NOT_TRAINED, "position_ids": 0, "parts": _PADDING}
    batch = {
        name: pad_sequence([tree[name] for tree in trees], batch_first=True, padding_value=value)
        for name, value in filling.items()
    }
    return {**batch, "attention_mask": (batch["parts"] != _PADDING).long()}


def see_trees(model: PeftModel) -> None:
    """Give batches that hold trees their attention mask, just before the model reads them."""
    base = attention.bare(model)

    def mask(_: Any, arguments: tuple[Any, ...], given: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        parts = given.pop("parts", None)
        if parts is not None:
            seen = attention.seen_in_trees(parts)
            given["attention_mask"] = attention.masks(base.config, seen, given["position_ids"], base.dtype)
        return arguments, given

    model.register_forward_pre_hook(mask, with_kwargs=True)


class FamilySampler(Sampler[int]):
    """Rows in an order in which those of a forward pass are of one family where that has enough; new in each epoch.

    Args:
        families: Places of rows.
        size: Rows of a forward pass.
        seed: Draws the order, together with the epoch's number.
    """

    def __init__(self, families: Sequence[Sequence[int]], size: int, seed: int) -> None:
        self.families, self.size, self.seed = families, size, seed
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Tell the number of the epoch, as accelerate does."""
        self.epoch = epoch

    def __len__(self) -> int:
        return sum(map(len, self.families))

    def __iter__(self) -> Iterator[int]:
        rng = random.Random(f"{self.seed}:{self.epoch}")
        batches: list[list[int]] = []
        left: list[list[int]] = []
        for family in self.families:
            members = rng.sample(family, len(family))
            parts = [members[start : start + self.size] for start in range(0, len(members), self.size)]
            batches += [part for part in parts if len(part) == self.size]
            left += [part for part in parts if len(part) < self.size]
        rng.shuffle(left)
        rest = [place for part in left for place in part]
        whole = len(rest) - len(rest) % self.size
        batches += [rest[start : start + self.size] for start in range(0, whole, self.size)]
        rng.shuffle(batches)
        yield from (place for batch in [*batches, rest[whole:]] for place in batch)


class PrefixSharingTrainer(SFTTrainer):  # type: ignore[misc]  # trl is untyped here
    """trl's SFTTrainer with rows that begin alike laid out as trees.

    1. Its collator is `collate`, whose batches hold trees, and a hook on the model gives these their attention mask.
    2. The rows of a forward pass are of one family where that has enough (`_get_train_sampler`).
    """

    def __init__(self, *arguments: Any, **given: Any) -> None:
        super().__init__(*arguments, **given)
        self.data_collator = collate
        see_trees(cast("PeftModel", self.model))

    def _get_train_sampler(self, train_dataset: Dataset | None = None) -> Sampler[int]:
        dataset = cast("Dataset", self.train_dataset if train_dataset is None else train_dataset)
        rows = dataset.select_columns(["input_ids", "labels"]).to_list()
        return FamilySampler(find_families(rows), self.args.per_device_train_batch_size, self.args.seed)
