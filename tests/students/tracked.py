"""SFT, GRPO and an evaluation that are told to a tracker, in a process that may reach no other machine.

Its arguments are the tracker, a folder, the base model and a parquet file of examples. trackio looks for its folder
where it is imported, so that a process which has trained before is none to try it in.
"""

import json
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from sqlreason.students.checkpoints.adapter import Adapter
    from sqlreason.students.checkpoints.checkpoint import Checkpoint

FIGURES = ("loss", "seconds")
TABLE = pd.DataFrame({"student": ["base", "SFT"], "n": [4, 4], "accuracy": [0.25, 0.5], "p_value": [None, 0.5]})
SFT = {"fingerprint": "abc", "lora": {"rank": 4, "alpha": 8}, "dtype": "float32", "max_steps": 3}
GRPO = {"num_generations": 4, "max_completion_length": 12, "dtype": "float32", "max_steps": 2}


def train(checkpoint: "Checkpoint", examples: pd.DataFrame, folder: Path) -> dict[str, tuple["Adapter", pd.DataFrame]]:
    """Return adapter and history of an SFT, and of the GRPO that goes on with it."""
    from rewarding import LetterReward
    from trainings import of_grpo, of_sft

    from sqlreason.students.training import grpo, sft

    started, history = sft.train_sft(checkpoint, examples, workdir=folder / "sft", **of_sft(**SFT))
    scores = {"rewards": [LetterReward()], "weights": [1.0]}
    trained = grpo.train_grpo(checkpoint, started, examples, workdir=folder / "grpo", **scores, **of_grpo(**GRPO))
    return {"sft": (started, history), "grpo": trained[:2]}


def main(tracker: str, folder: Path, base: str, examples: str) -> None:
    """Train and evaluate within `folder`; print the histories, the adapters and whom it tried to reach."""
    from sqlreason.reporting.evaluation_tracking import Evaluation, flatten_metrics, track
    from sqlreason.students.checkpoints.checkpoint import Checkpoint
    from sqlreason.students.training.tracking import tracking

    tried = _stay_here()
    report = folder / "report.html"
    report.write_text("<p>right: 50 %</p>")
    kept = folder / "kept"
    with tracking(tracker, kept):
        trained = train(Checkpoint(base), pd.read_parquet(examples), folder)
        track(tracker, Evaluation(flatten_metrics(TABLE), {"costs": TABLE}, [report], kept))
    adapters = {stage: adapter.digest for stage, (adapter, _) in trained.items()}
    told = {stage: {name: history[name].tolist() for name in FIGURES} for stage, (_, history) in trained.items()}
    print(json.dumps({"adapters": adapters, "history": told, "tried": tried}))


def _stay_here() -> list[str]:
    """Refuse connections beyond this machine; return the list in which they are noted."""
    tried: list[str] = []
    connect = socket.socket.connect

    def refuse(self: socket.socket, address: object) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not str(address[0]).startswith(("127.", "::1")):
            tried.append(str(address))
            raise OSError("no network in this test")
        connect(self, address)

    socket.socket.connect = refuse
    return tried


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3], sys.argv[4])
