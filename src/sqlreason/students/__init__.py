"""Students: loading, training (SFT, GRPO, distillation) and generation."""
