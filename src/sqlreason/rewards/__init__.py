"""Rewards after TRL's contract: total functions from completions to numbers, with a reason."""
