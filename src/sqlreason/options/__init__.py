"""The parameters of every pipeline, typed."""
