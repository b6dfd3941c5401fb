"""Writing completions: decoding, voting, self-repair."""
