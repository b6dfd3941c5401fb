"""A forward and backward pass of SFT with `sft.share_prefixes` beside one without, on the same rows.

    python benchmarks/shared_prefixes.py --env smol --prefix 200 900 --rest 110 --rows 4

The rows have random tokens: a beginning that they share, and a rest of which the last four fifths are trained, as a
schema, a question and an answer are. The ways take turns; each figure is the fastest of its passes, the ratio that of
the two fastest. Prints one line of JSON for each length of the beginning, and adds it to `--to`.
"""

import argparse
import platform
import time
from pathlib import Path
from typing import Any

import torch
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project
from records import publish

from sqlreason.students.checkpoints.chat import NOT_TRAINED
from sqlreason.students.training import shared_prefixes
from sqlreason.students.training.transformers_backend import Lora, load_student

ROOT = Path(__file__).parents[1]


def draw_rows(prefix: int, rest: int, rows: int, words: int) -> list[dict[str, list[int]]]:
    """Return rows of token ids that share their first `prefix` tokens."""
    generator = torch.Generator().manual_seed(0)
    shared = torch.randint(words, (prefix,), generator=generator).tolist()
    found = []
    for _ in range(rows):
        own = torch.randint(words, (rest,), generator=generator).tolist()
        asked = prefix + rest // 5
        found.append({"input_ids": shared + own, "labels": [NOT_TRAINED] * asked + (shared + own)[asked:]})
    return found


def apart(rows: list[dict[str, list[int]]]) -> dict[str, torch.Tensor]:
    """Return the rows one below the other; they are of one length."""
    return {name: torch.tensor([row[name] for row in rows]) for name in ("input_ids", "labels")}


def seconds(model: Any, batch: dict[str, torch.Tensor]) -> float:
    """Return how long a pass takes, its logits computed where something is trained."""
    began = time.perf_counter()
    inputs = {name: tensor for name, tensor in batch.items() if name != "labels"}
    trained = (batch["labels"][0] != NOT_TRAINED).nonzero()[:, 0]  # the same places in each row
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=model.dtype == torch.bfloat16):
        logits = model(**inputs, use_cache=False, logits_to_keep=trained).logits
        logits.float().log_softmax(-1).mean().backward()
    model.zero_grad()
    return time.perf_counter() - began


def main() -> None:
    """Measure each length of the beginning."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--env", default="smol")
    parser.add_argument("--prefix", nargs="+", type=int, default=[200, 900])
    parser.add_argument("--rest", type=int, default=110)
    parser.add_argument("--rows", type=int, default=4)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--to", type=Path)
    given = parser.parse_args()
    bootstrap_project(ROOT)
    with KedroSession.create(ROOT, env=given.env) as session:
        catalog = session.load_context().catalog
        base = catalog.load("base_model")
    model, _ = load_student(base, Lora(), dtype="auto", quantization=None, gradient_checkpointing=False, seed=0)
    model.train()
    shared_prefixes.see_trees(model)
    for prefix in given.prefix:
        rows = draw_rows(prefix, given.rest, given.rows, model.config.vocab_size)
        ways = {"apart": apart(rows), "shared": shared_prefixes.collate(rows)}
        taken: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(given.repeats + 1):  # the first pass of each warms up
            for name, batch in ways.items():
                taken[name].append(seconds(model, batch))
        best = {name: min(times[1:]) for name, times in taken.items()}
        record = {
            "base": base.identity, "prefix": prefix, "rest": given.rest, "rows": given.rows,
            "tokens": {name: batch["input_ids"].numel() for name, batch in ways.items()},
            "seconds": {name: round(value, 3) for name, value in best.items()},
            "ratio": round(best["shared"] / best["apart"], 3),
            "machine": f"{platform.machine()}, {torch.get_num_threads()} thread(s)",
        }  # fmt: skip
        publish(record, given.to)


if __name__ == "__main__":
    main()
