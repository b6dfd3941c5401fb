"""SFT with what its rows have in common read once: the schema of a database, for all questions about it.

Rows of a forward pass that begin alike become one row, a tree: the common prefix, then what is left of each of them,
which sees the prefix and itself alone. Loss and gradient are those of separate rows. Of four questions over one small
schema nearly half of the tokens are computed, of eight over a large one a fifth.

trl's trainer stays as it is but for its batches, one family each: a collator lays out the trees and a hook on the model
gives them their attention mask. Which models that is right for, `attention.obstacle` says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, Dataset
from trl import SFTTrainer

from sqlreason.students.checkpoints import attention
from sqlreason.students.checkpoints.chat import NOT_TRAINED

if TYPE_CHECKING:
    import datasets
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


def _prefix_of(rows: Sequence[Row]) -> int:
    return min((common_prefix(rows[0], row) for row in rows[1:]), default=0)


def count_tokens(rows: Sequence[Row]) -> int:
    """Return the size of the tree of rows of one family."""
    return sum(len(row["input_ids"]) for row in rows) - (len(rows) - 1) * _prefix_of(rows)


def lay_out(rows: Sequence[Row]) -> dict[str, Tensor]:
    """Return the tree of rows of one family: input_ids, labels, position_ids and parts, each of all its tokens."""
    prefix, first = _prefix_of(rows), rows[0]
    tokens = [(first["input_ids"][place], NOT_TRAINED, place, 0) for place in range(prefix)]
    for part, row in enumerate(rows, start=1):
        rest = zip(row["input_ids"][prefix:], row["labels"][prefix:], strict=True)
        tokens += [(token, label, place, part) for place, (token, label) in enumerate(rest, start=prefix)]
    ids, labels, places, parts = torch.tensor(tokens).T
    return {"input_ids": ids, "labels": labels, "position_ids": places, "parts": parts}


def collate(items: Sequence[Row | list[Row]]) -> dict[str, Tensor]:
    """Return the trees of some rows: input_ids, labels, position_ids, attention_mask and parts, trees x tokens.

    Args:
        items: Rows, or lists of them.
    """
    rows = [row for item in items for row in (item if isinstance(item, list) else [item])]
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


class Families(Dataset[list[Row]]):
    """Rows by families, each cut into parts of like size: an item is a part, a tree of one forward pass.

    Args:
        rows: All of them.
        size: Most rows of a part.
    """

    def __init__(self, rows: Sequence[Row], size: int) -> None:
        self.rows = rows
        self.parts: list[list[int]] = []
        for family in find_families(rows):
            count = -(-len(family) // size)
            self.parts += [family[start::count] for start in range(count)]

    def __len__(self) -> int:
        return len(self.parts)

    def __getitem__(self, place: int) -> list[Row]:
        return [self.rows[row] for row in self.parts[place]]


class PrefixSharingTrainer(SFTTrainer):  # type: ignore[misc]  # trl is untyped here
    """trl's SFTTrainer, a forward pass of which reads one tree.

    1. Its collator is `collate`, whose batches hold trees, and a hook on the model gives these their attention mask.
    2. It is given families of at most `per_device_train_batch_size` rows in place of rows, one a pass
       (`get_train_dataloader`). The loss is the mean of a step's trained tokens, so that families of other sizes weigh
       as their rows do.
    """

    def __init__(self, *arguments: Any, **given: Any) -> None:
        super().__init__(*arguments, **given)
        self.data_collator = collate
        see_trees(cast("PeftModel", self.model))

    @cached_property
    def families(self) -> Families:
        """What a pass of an epoch reads one of."""
        rows = cast("datasets.Dataset", self.train_dataset).select_columns(["input_ids", "labels"]).to_list()
        return Families(rows, self.args.per_device_train_batch_size)

    def get_train_dataloader(self) -> DataLoader[Any]:
        """Return the batches of an epoch, one family each."""
        loader: DataLoader[Any] = DataLoader(self.families, shuffle=True, collate_fn=self.data_collator)
        return cast("DataLoader[Any]", self.accelerator.prepare(loader))
