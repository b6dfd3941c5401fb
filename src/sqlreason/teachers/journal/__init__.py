"""Where the answers of teachers are kept: append-only, one asker at a time, written in batches."""
