"""Kedro datasets for what enters and leaves the catalog: adapters, base models, teachers."""
