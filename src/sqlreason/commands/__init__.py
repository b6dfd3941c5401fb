"""The commands `kedro doctor`, `kedro sql …` and `kedro sqlreason …`, one module each."""
