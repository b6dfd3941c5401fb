"""The Kedro pipelines; each folder holds the nodes and their wiring."""
