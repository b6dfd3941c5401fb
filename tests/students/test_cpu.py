"""What makes torch quick on a CPU, as far as it is memory: freed blocks are kept while asked for, and given back."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

MAKE_AND_FREE = """
import sys
from sqlreason.students.checkpoints import cpu

def resident():
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) // 1024

cpu.keep_memory()
before = resident()
blocks = [bytearray(b"x") * (3 << 20) for _ in range(100)]
lasting = [bytearray(b"x") * (1 << 20) for _ in range(4)]
blocks.clear()
cpu.release_memory()
print(resident() - before)
"""
ALLOCATORS = ["", *map(str, Path("/usr/lib").glob("*/libtcmalloc_minimal.so.4"))]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="mallopt, malloc_trim and /proc are Linux's")
@pytest.mark.parametrize("allocator", ALLOCATORS, ids=["malloc", "tcmalloc"][: len(ALLOCATORS)])
def test_what_was_freed_is_given_back(allocator):
    environment = {**os.environ, "LD_PRELOAD": allocator}
    run = subprocess.run([sys.executable, "-c", MAKE_AND_FREE], env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert int(run.stdout) < 50  # MB, of 300 that were freed
