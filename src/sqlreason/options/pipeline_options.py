"""The parameters of every pipeline, typed: a typo or a wrong type stops the run before anything starts.

Each class is the type of one `params:` input; Kedro builds it from the configuration of the environment.
What each knob does and where its value comes from stands in `conf/base/parameters.yml`.
"""

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from sqlreason.options.distillation_teacher_options import DistillationTeacherOptions
from sqlreason.options.option_types import Optimizer, Options, Positive, Share
from sqlreason.options.synthesis_options import SynthesisOptions


class SplitOptions(Options):
    """Which questions are kept back from the teacher for GRPO, by whole schemas."""

    grpo_share: float = Share
    seed: int


class BudgetOptions(Options):
    """Hard stops for the teacher; checked before every call."""

    max_usd: float = Field(ge=0.0)
    max_hours: float | None = Field(ge=0.0)


class DistillationOptions(Options):
    """How the teacher is asked."""

    questions: int | None = Field(gt=0)
    mode: Literal["blind", "hinted", "blind_then_hinted"]
    style: Literal["plan", "free"]
    samples: int = Positive
    dialect: str
    sample_rows: int = Field(ge=0)
    concurrency: int = Positive
    attempts: int = Positive
    timeout_seconds: float = Positive
    stop_after_failures: int = Positive
    max_failed_share: float = Share
    answer_tokens: int = Positive
    workers: int = Positive
    budget: BudgetOptions
    seed: int


class PreprocessingOptions(Options):
    """How traces are verified and which of them are kept."""

    workers: int = Positive
    verifier: Literal["local", "ray"]
    databases: int = Field(ge=0)
    suite: Literal["lenient", "strict"]
    evaluation_suite: Literal["lenient", "strict"]
    incorrect_share: float = Field(ge=0.0, lt=1.0)
    self_repairs: float = Field(default=0.0, ge=0.0, lt=1.0)
    examples: int | None = Field(gt=0)
    grpo_prompts: int | None = Field(gt=0)
    evaluation_prompts: int | None = Field(gt=0)
    max_prompt_tokens: int = Positive
    max_completion_tokens: int = Positive
    max_unknown_names: int | None = Field(ge=0)
    near_duplicates: float | None = Field(gt=0.0, lt=1.0)
    sample_rows: int = Field(ge=0)
    seed: int


class StudentOptions(Options):
    """How the student is loaded and spoken to, for training and for answering."""

    backend: Literal["transformers", "unsloth"]
    quantization: Literal["nf4"] | None
    dtype: Literal["auto", "bfloat16", "float32"]
    launch: Literal["process", "child", "ranks"]
    ranks: int = Positive
    accelerate: str | None
    resume: bool
    chat_template: dict[str, Any] = Field(default_factory=dict)
    plain_template: bool = False

    @property
    def template(self) -> dict[str, Any]:
        """How the chat template is used: arguments of `Checkpoint.spoken_to`."""
        return {"template_arguments": self.chat_template, "plain_template": self.plain_template}

    @property
    def training(self) -> dict[str, Any]:
        """How a training loads the student and where it runs: arguments of the functions that train."""
        return self.model_dump(exclude={"chat_template", "plain_template"})

    @model_validator(mode="after")
    def _ranks_are_launched(self) -> "StudentOptions":
        if (self.launch == "ranks") != (self.ranks > 1) or (self.accelerate and self.launch != "ranks"):
            raise ValueError(f"launch={self.launch} with ranks={self.ranks}: several, or accelerate, need launch=ranks")
        if self.accelerate and not Path(self.accelerate).is_file():
            raise ValueError(f"accelerate={self.accelerate} is no file; make one with `accelerate config`")
        return self

    @model_validator(mode="after")
    def _unsloth_is_alone(self) -> "StudentOptions":
        if self.backend == "unsloth" and self.launch != "child":
            raise ValueError(
                f"backend=unsloth trains in a process of its own, on one GPU, not with launch={self.launch}; "
                "set launch=child, or backend=transformers"
            )
        return self


class LoraOptions(Options):
    """The shape of the adapter (Hu et al. 2021, LoRA)."""

    rank: int = Positive
    alpha: int = Positive
    dropout: float = Field(ge=0.0, lt=1.0)
    target_modules: tuple[str, ...] | Literal["all-linear"]


class _Schedule(Options):
    """What SFT and GRPO share: optimiser, schedule and bookkeeping."""

    learning_rate: float = Positive
    lr_scheduler: Literal["cosine", "linear", "constant", "constant_with_warmup"]
    warmup_ratio: float = Field(ge=0.0, lt=1.0)
    weight_decay: float = Field(ge=0.0)
    adam_beta2: float = Field(gt=0.0, lt=1.0)
    optimizer: Optimizer
    max_grad_norm: float = Positive
    epochs: float | None = Field(gt=0)
    max_steps: int | None = Field(gt=0)
    batch_size: int = Positive
    gradient_accumulation: int = Positive
    gradient_checkpointing: bool
    save_steps: int = Positive
    seed: int

    @model_validator(mode="after")
    def _one_length(self) -> "_Schedule":
        if (self.epochs is None) == (self.max_steps is None):
            raise ValueError(
                f"give exactly one of epochs and max_steps, not epochs={self.epochs} and "
                f"max_steps={self.max_steps}; set the other to null"
            )
        return self


class SFTOptions(_Schedule):
    """Supervised fine-tuning on verified traces."""

    lora: LoraOptions


class CertificationOptions(Options):
    """How the rewards are tried before a training is spent on them."""

    questions: int = Positive
    min_auc: float = Share
    on_failure: Literal["stop", "warn"]


class ForecastOptions(Options):
    """The profile of the student's rollouts that tells whether training on rewards will pay; 0 prompts skip it."""

    prompts: int = Field(ge=0)
    samples: int = Field(ge=2)
    temperatures: tuple[float, ...] = Field(min_length=1)
    processes: int = Positive
    on_no_go: Literal["stop", "warn"]


class GRPOOptions(_Schedule):
    """Group relative policy optimisation (Shao et al. 2024, DeepSeekMath) on execution rewards."""

    rewards: dict[str, float] = Field(min_length=1)
    certification: CertificationOptions
    forecast: ForecastOptions
    initial_adapter: Literal["full", "format_only", "none"]
    format_examples: int = Positive
    method: Literal["grpo", "distillation"]
    distillation: DistillationTeacherOptions = DistillationTeacherOptions()
    curriculum: Literal["off", "mixed", "easiest_first"]
    dev_prompts: int = Field(ge=0)
    dev_steps: int = Positive
    patience: int | None = Field(gt=0)
    num_generations: int = Field(ge=2)
    max_completion_tokens: int = Positive
    temperature: float = Positive
    top_p: float = Field(gt=0.0, le=1.0)
    beta: float = Field(ge=0.0)
    loss_type: Literal["grpo", "bnpo", "dr_grpo", "dapo"]
    scale_rewards: Literal["group", "batch", "none"]
    epsilon: float = Positive
    epsilon_high: float | None = Field(gt=0)
    num_iterations: int = Positive
    mask_truncated_completions: bool
    vllm: Literal["colocate", "server"] | None
    vllm_memory: float = Field(gt=0.0, lt=1.0)
    vllm_server: str

    @model_validator(mode="after")
    def _profiled(self) -> "GRPOOptions":
        if not self.forecast.prompts and self.curriculum != "off":
            raise ValueError("a curriculum needs the forecast; make forecast.prompts larger than 0")
        return self

    @model_validator(mode="after")
    def _every_prompt_teaches(self) -> "GRPOOptions":
        if self.method == "distillation" and self.curriculum != "off":
            raise ValueError(
                f"curriculum={self.curriculum} chooses prompts whose rollouts differ in reward; distillation learns "
                "from every answer, so set curriculum: off"
            )
        return self

    @model_validator(mode="after")
    def _known_rewards(self) -> "GRPOOptions":
        from sqlreason.rewards import REWARDS

        unknown = sorted(set(self.rewards) - set(REWARDS))
        if unknown:
            raise ValueError(f"unknown rewards {unknown}; known are {sorted(REWARDS)}")
        return self

    @model_validator(mode="after")
    def _whole_groups(self) -> "GRPOOptions":
        completions = self.batch_size * self.gradient_accumulation
        if completions % self.num_generations:
            raise ValueError(
                f"batch_size x gradient_accumulation = {completions} completions a step are no whole groups of "
                f"num_generations={self.num_generations}; make it a multiple"
            )
        return self


class EvaluationOptions(Options):
    """The evaluation: the same questions, answered in the same way, for every student."""

    votes: int = Positive
    vote_temperature: float = Positive
    self_repairs: int = Field(default=0, ge=0)
    batch_size: int = Positive
    max_completion_tokens: int = Positive
    examples: int = Field(ge=0)
    processes: int = Positive
    workers: int = Positive
    demo: bool


class ExportOptions(Options):
    """What leaves the house, under what name, and how much worse than the adapter it may be."""

    adapter: Literal["grpo", "sft"]
    name: str = Field(pattern=r"^[A-Za-z0-9._-]+$")
    precision: Literal["f32", "f16", "bf16", "q8_0", "q4_k_m"]
    questions: int = Positive
    max_drop: float = Share
    target: str | None
    private: bool


class PriceOptions(Options):
    """What an hour of the machines costs; a stage that ran on one's own machine costs 0."""

    training_usd_per_hour: float = Field(ge=0.0)
    hardware: str


class PublicationOptions(Options):
    """What the card of the published traces says about them."""

    title: str
    license: str
    source: str


# Every top-level parameter and its type; `--params` may name these and nothing else.
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
