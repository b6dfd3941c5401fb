"""The commands `kedro sql …` and `kedro sqlreason …`."""
