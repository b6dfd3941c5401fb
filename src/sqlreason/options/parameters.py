"""Every top-level parameter and its type; `--params` may name these and nothing else.

Kedro makes each from the configuration of the environment for the nodes that ask for it. What a knob does and where its
value comes from stands in `conf/base/parameters.yml`. Beside them stands `tracking`, the name of a tracker or null; it
is read by a hook, and by no node.
"""

from sqlreason.options.distillation_options import DistillationOptions, SplitOptions
from sqlreason.options.evaluation_options import EvaluationOptions, PriceOptions
from sqlreason.options.export_options import ExportOptions, PublicationOptions
from sqlreason.options.grpo_options import GRPOOptions
from sqlreason.options.option_types import Options
from sqlreason.options.preprocessing_options import PreprocessingOptions
from sqlreason.options.sft_options import SFTOptions, StudentOptions
from sqlreason.options.synthesis_options import SynthesisOptions

PARAMETERS: dict[str, type[Options]] = {
    "split": SplitOptions,
    "distillation": DistillationOptions,
    "preprocessing": PreprocessingOptions,
    "student": StudentOptions,
    "sft": SFTOptions,
    "grpo": GRPOOptions,
    "evaluation": EvaluationOptions,
    "prices": PriceOptions,
    "export": ExportOptions,
    "publication": PublicationOptions,
    "synthesis": SynthesisOptions,
}
