"""Students: loading, training (SFT, GRPO, pretraining) and generation."""
