"""Published benchmarks: their folders, their classes of hardness, files of predictions, and verdicts on these."""
