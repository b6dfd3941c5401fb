"""Worker processes that run untrusted SQL and can do nothing else."""
