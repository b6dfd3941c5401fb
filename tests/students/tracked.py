"""A training and an evaluation that are told to a tracker, in a process that may reach no other machine.

Its arguments are the tracker, a folder, the base model and a parquet file of examples. trackio looks for its folder
where it is imported, so that a process which has trained before is none to try it in.
"""

import json
import socket
import sys
from pathlib import Path

import pandas as pd

TABLE = pd.DataFrame({"student": ["base", "SFT"], "n": [4, 4], "accuracy": [0.25, 0.5], "p_value": [None, 0.5]})
OPTIONS = {"fingerprint": "abc", "lora": {"rank": 4, "alpha": 8}, "dtype": "float32", "max_steps": 3}


def main(tracker: str, folder: Path, base: str, examples: str) -> None:
    """Train and evaluate within `folder`; print the history, the adapter and whom it tried to reach."""
    from trainings import of_sft

    from sqlreason.reporting.evaluation_tracking import Evaluation, flatten_metrics, track
    from sqlreason.students.checkpoints.checkpoint import Checkpoint
    from sqlreason.students.training import sft
    from sqlreason.students.training.tracking import tracking

    tried = _stay_here()
    report = folder / "report.html"
    report.write_text("<p>right: 50 %</p>")
    kept = folder / "kept"
    with tracking(tracker, kept):
        options = of_sft(**OPTIONS)
        adapter, history = sft.train_sft(Checkpoint(base), pd.read_parquet(examples), workdir=folder / "sft", **options)
        track(tracker, Evaluation(flatten_metrics(TABLE), {"costs": TABLE}, [report], kept))
    told = {name: history[name].tolist() for name in ("loss", "seconds")}
    print(json.dumps({"adapter": adapter.digest, "history": told, "tried": tried}))


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
