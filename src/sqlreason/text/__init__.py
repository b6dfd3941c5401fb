"""Texts of unknown origin made fit to be shown: cells, terminal lines, redacted credentials."""
