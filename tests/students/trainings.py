"""Trainings of the tests: trl's arguments beside those of our functions, small and the same whatever trl's defaults."""

from sqlreason.students.training.dev_evaluator import DevSet
from sqlreason.students.training.launch import Launch
from sqlreason.students.training.setup import Setup
from sqlreason.students.training.trl_arguments import read_arguments

SFT = {
    "lr_scheduler_type": "cosine", "warmup_steps": 0.03, "optim": "adamw_torch", "per_device_train_batch_size": 8,
    "gradient_checkpointing": False, "save_steps": 50, "seed": 0,
}  # fmt: skip
ROLLOUTS = {**SFT, "max_completion_length": 256, "temperature": 1.0, "top_p": 1.0}
GRPO = {
    **ROLLOUTS, "num_generations": 8, "beta": 0.0, "loss_type": "dapo", "scale_rewards": "batch",
    "mask_truncated_completions": True,
}  # fmt: skip
#: A few steps, each with two passes and every second one kept.
SHORT = {
    "lr_scheduler_type": "constant", "warmup_steps": 0.0, "gradient_accumulation_steps": 2, "save_steps": 2,
    "dtype": "float32",
}  # fmt: skip
DEV_SET = {"dev": "dev", "dev_steps": "steps", "patience": "patience"}
PLAIN = {"SFTConfig": SFT, "GRPOConfig": GRPO, "DistillationConfig": {**ROLLOUTS, "beta": 1.0}}


def arguments(config, **given):
    """Keywords of a training: what the configuration class knows stands in `trl`, over the plain arguments.

    What loads the student and where it runs goes into `setup`, what evaluates it into `dev_set`.
    """
    known = read_arguments(config)
    trl = {name: given.pop(name) for name in list(given) if name in known}
    loading = {name: given.pop(name) for name in ("backend", "quantization", "dtype", "resume") if name in given}
    place = {name: given.pop(name) for name in ("ranks", "accelerate") if name in given}
    dev_set = {name: given.pop(field) for field, name in DEV_SET.items() if field in given}
    setup = Setup(**loading, launch=Launch(given.pop("launch", "process"), **place))
    return {
        **given,
        "setup": setup,
        **({"dev_set": DevSet(**dev_set)} if dev_set else {}),
        "trl": {**PLAIN[config], **trl},
    }


def of_sft(**given):
    """Keywords of `train_sft`."""
    return arguments("SFTConfig", **given)


def of_grpo(**given):
    """Keywords of `train_grpo`."""
    return arguments("GRPOConfig", **given)


def of_distillation(**given):
    """Keywords of `train_distillation`."""
    return arguments("DistillationConfig", **given)
