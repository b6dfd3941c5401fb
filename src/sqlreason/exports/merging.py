"""An adapter folded into its base model, in 16 bits.

Merging is done in float32 on the CPU and rounded once, to bfloat16, when the model is written. It never starts from
4-bit weights: what the adapter learned would be added to rounded weights and rounded again.
"""

import json
from typing import Any

from sqlreason.students.checkpoints.adapter import Adapter, AdapterError
from sqlreason.students.checkpoints.checkpoint import Checkpoint, TrainedModel


def merge(base: Checkpoint, adapter: Adapter, card: str, trained_on: Checkpoint) -> TrainedModel:
    """Folds an adapter into the weights of its base model.

    Args:
        base: The base model in 16 or 32 bits; needs 4 bytes of main memory a weight.
        adapter: What it was taught.
        card: README.md of the merged model.
        trained_on: The checkpoint that the adapter belongs to; another than `base` only where that one holds 4-bit
            weights (as `…-bnb-4bit` on the hub) and `base` the same model unrounded.

    Raises:
        AdapterError: if `base` is quantized, or the adapter is of another model.
    """
    adapter.require(trained_on.identity)
    if is_quantized(base):
        raise AdapterError(
            f"{base.name} holds 4-bit weights, into which nothing is merged; "
            "name the same model in 16 bits as export_base in the catalog"
        )
    if base.identity != trained_on.identity and not is_quantized(trained_on):
        raise AdapterError(f"the adapter was trained on {trained_on.identity}, export_base is {base.identity}")
    model = adapter.apply(base.load_model("float32", device="cpu"), base=adapter.base).merge_and_unload()
    # With the padding and the ends that the training chose, so that whoever serves it pads and stops alike.
    chat = base.spoken_to(trained_on.template_arguments, trained_on.plain_template).load_chat()
    chat.bind(model)
    facts = {"merged": adapter.digest, "base": base.identity, **adapter.facts}
    return TrainedModel(model, chat.tokenizer, card, facts)


def is_quantized(checkpoint: Checkpoint) -> bool:
    """Whether the files of a checkpoint hold rounded weights."""
    return bool(read_config(checkpoint).get("quantization_config"))


def read_config(checkpoint: Checkpoint) -> dict[str, Any]:
    """config.json of a checkpoint, from its folder or from the hub."""
    folder = checkpoint.folder
    if folder is None:
        from huggingface_hub import hf_hub_download

        path = hf_hub_download(checkpoint.name, "config.json", revision=checkpoint.revision or "main")
    else:
        path = str(folder / "config.json")
    with open(path, encoding="utf-8") as stream:
        return dict(json.load(stream))
