"""Test databases: drawn so that a wrong query and the gold query part ways on them."""
