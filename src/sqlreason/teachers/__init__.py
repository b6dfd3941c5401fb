"""Teachers that write reasoning traces, and the journal that keeps what they wrote."""
