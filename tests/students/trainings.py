"""Trainings of the tests: trl's arguments beside those of our functions, small and the same whatever trl's defaults."""

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
PLAIN = {"SFTConfig": SFT, "GRPOConfig": GRPO, "DistillationConfig": {**ROLLOUTS, "beta": 1.0}}


def arguments(config, **given):
    """Keywords of a training: what the configuration class knows stands in `trl`, over the plain arguments."""
    known = read_arguments(config)
    trl = {name: value for name, value in given.items() if name in known}
    return {**{name: value for name, value in given.items() if name not in known}, "trl": {**PLAIN[config], **trl}}


def of_sft(**given):
    """Keywords of `train_sft`."""
    return arguments("SFTConfig", **given)


def of_grpo(**given):
    """Keywords of `train_grpo`."""
    return arguments("GRPOConfig", **given)


def of_distillation(**given):
    """Keywords of `train_distillation`."""
    return arguments("DistillationConfig", **given)
