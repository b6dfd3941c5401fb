"""Kedro project settings: environments, configuration loading and hooks.

Plain `kedro run` uses the environment `demo`: safe, free and offline. Nothing that costs money or needs a
GPU starts unless its environment is named.
"""

import os

from kedro.config import OmegaConfigLoader

from sqlreason.hooks import CheckHooks, SummaryHooks, TrackingHooks

# Read by torch when it is imported: two contended threads are over five times slower than one, so a user
# with idle cores says so (`OMP_NUM_THREADS=8 kedro run`) and everybody else is safe.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

CONFIG_LOADER_CLASS = OmegaConfigLoader
CONFIG_LOADER_ARGS = {
    "base_env": "base",
    "default_run_env": "demo",
    # Parameters of an environment are a short diff of base; a catalog entry is replaced as a whole.
    "merge_strategy": {"parameters": "soft", "globals": "soft"},
}
HOOKS = (TrackingHooks(), CheckHooks(), SummaryHooks())  # the last is called first
# kedro-mlflow adds 14 s to every run and fails without a server; those who use it enable it here (docs/tracking.md).
DISABLE_HOOKS_FOR_PLUGINS = ("kedro_mlflow",)
