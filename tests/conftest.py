"""Fixtures shared by all tests."""

import os
from pathlib import Path

import pytest

# Two contended torch threads are slower than one; and nothing in the tests may reach a hub.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_OFFLINE", "1")

PROJECT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def project() -> Path:
    """The root of the checkout."""
    return PROJECT


@pytest.fixture(scope="session")
def real_folder() -> Path:
    """Real questions and databases that lie beside the checkout on some machines."""
    folder = PROJECT.parent / "shared" / "real"
    if not folder.is_dir():
        pytest.skip("the folder with real questions and databases is not on this machine")
    return folder
