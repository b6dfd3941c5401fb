"""Where the answers of teachers are kept: append-only, leased, written in batches."""
