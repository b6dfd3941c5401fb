"""Keep an environment's adapter in the repository, where `kedro sqlreason ask` finds it without a training.

    python tools/keep_adapter.py sft_adapter kept_adapter --env smol

The weights are rounded to bfloat16, half the size: a student answers with its adapter in the model's own precision, so
that nothing is lost where that is bfloat16.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import torch
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project

from sqlreason.students.checkpoints.adapter import Adapter

ROOT = Path(__file__).parents[1]


def portable(adapter: Adapter) -> Adapter:
    """Return the adapter with weights in bfloat16, and its base called by name, not by a path of this machine."""
    config = {**adapter.config, "base_model_name_or_path": adapter.base.partition("@")[0]}
    tensors = {name: tensor.to(torch.bfloat16) for name, tensor in adapter.tensors.items()}
    return replace(adapter, config=config, tensors=tensors)


def main() -> None:
    """Copy one catalog entry to another."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trained", help="Catalog entry of the adapter.")
    parser.add_argument("kept", help="Catalog entry that is written.")
    parser.add_argument("--env", required=True)
    given = parser.parse_args()
    bootstrap_project(ROOT)
    with KedroSession.create(ROOT, env=given.env) as session:
        catalog = session.load_context().catalog
        catalog.save(given.kept, portable(catalog.load(given.trained)))


if __name__ == "__main__":
    main()
