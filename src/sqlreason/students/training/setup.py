"""How a training loads its student and where it runs: what all trainings are told alike."""

from dataclasses import dataclass
from typing import Any

from sqlreason.students.training.launch import HERE, Launch

#: For which unsloth is loaded: it cuts longer rows in the forward pass, with a warning alone, so that
#: `options.checks` refuses larger budgets.
UNSLOTH_TOKENS = 8192


@dataclass(frozen=True)
class Setup:
    """How a training loads its student and where it runs.

    Attributes:
        backend: Name in `backends.BACKENDS`; a distillation knows no other than the first.
        quantization: None, or "nf4" for QLoRA; of the teacher of a distillation too.
        dtype: Precision of the frozen weights, one of `checkpoint.DTYPES`; the adapter is kept in float32.
        launch: The process, or the ranks: each makes its share of the forward passes and completions of a step.
        resume: Whether earlier work on the same inputs and options may be used.
    """

    backend: str = "transformers"
    quantization: str | None = None
    dtype: str = "auto"
    launch: Launch = HERE
    resume: bool = True

    @property
    def weights(self) -> dict[str, Any]:
        """How the frozen weights are loaded: arguments of `Checkpoint.load_model`."""
        return {"dtype": self.dtype, "quantization": self.quantization}

    @property
    def facts(self) -> dict[str, Any]:
        """What of it makes another training, for `work_folder.Stage`."""
        return {"backend": self.backend, **self.weights, "ranks": self.launch.ranks}


#: transformers in this process.
PLAIN = Setup()
