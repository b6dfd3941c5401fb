"""Training of students: SFT, GRPO, on-policy distillation, and what they share."""
