"""Fetches all published tokenizers into the cache: `PYTHONPATH=tests python -m families`."""

from families.published import fetch

fetch()
