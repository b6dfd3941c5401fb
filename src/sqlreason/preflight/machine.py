"""Checks of the machine: Python, packages, GPU and driver, memory, disk. None of them imports torch."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from sqlreason.preflight.diagnosis import Finding
from sqlreason.students.training.memory_estimate import GIB

PYTHON = ((3, 11), (3, 13))  # from, below: of the whole project; the core goes further (pyproject.toml)
CUDA_13_DRIVER = 580  # torch 2.13 comes with CUDA 13.0, whose release notes (table 3) ask for this one on Linux
GPU_EXTRA = ("unsloth", "unsloth_zoo")
_SMALLER_PASSES = "lower grpo.trl.per_device_train_batch_size and raise gradient_accumulation_steps"
_SLACK = 0.9  # a card gives about so much to one process: context and display take the rest


def check_python() -> Finding:
    """Whether the interpreter is one that the lock was made for."""
    message = ".".join(map(str, sys.version_info[:3]))
    if PYTHON[0] <= sys.version_info[:2] < PYTHON[1]:
        return Finding("OK", "python", message)
    return Finding("FAIL", "python", message, "make the environment with Python 3.11 or 3.12")


def check_packages(lock: str, needed: Mapping[str, str] | None = None) -> Finding:
    """Whether what is installed is what the lock names.

    Args:
        lock: Text of requirements.lock.
        needed: Further packages and their versions, such as those of the extra `gpu`.
    """
    wanted = dict(line.strip().split("==") for line in lock.splitlines() if re.match(r"^[A-Za-z0-9][^#\s]*==", line))
    wanted |= needed or {}
    installed = {name: _installed(name) for name in wanted}
    missing = [name for name, found in installed.items() if found is None]
    if missing:
        what = f"{len(missing)} of {len(wanted)} are not installed: {_first(missing)}"
        extra = [name for name in missing if name in GPU_EXTRA]
        fix = 'pip install -e ".[gpu]" on the machine with the GPU' if extra else "pip install -r requirements.lock"
        return Finding("FAIL", "packages", what, fix)
    other = [
        f"{name} {found} (lock: {wanted[name]})"
        for name, found in installed.items()
        if found is not None and found.split("+")[0] != wanted[name]
    ]
    if other:
        return Finding("WARN", "packages", f"{len(other)} differ: {_first(other)}", "pip install -r requirements.lock")
    return Finding("OK", "packages", f"{len(wanted)} as in requirements.lock")


def check_torch() -> Finding:
    """Whether the installed torch was built for GPUs; its version tells, so that it need not be imported."""
    found = _installed("torch")
    if found and found.endswith("+cpu"):
        fix = "install the CUDA build of torch 2.13.0 over it (docs/hardware.md)"
        return Finding("FAIL", "torch", f"{found} computes on the CPU alone", fix)
    if not found:
        return Finding("FAIL", "torch", "not installed", "see the line packages")
    return Finding("OK", "torch", found)


def check_gpu(wanted: bool, bytes_needed: float | None, ranks: int = 1) -> list[Finding]:
    """Whether there is a GPU for each rank, a driver for this CUDA, and memory for the training.

    Args:
        wanted: Whether the environment trains on one.
        bytes_needed: The estimate of its memory; None where it could not be made.
        ranks: Of the training, one on each GPU.
    """
    cards = list_cards()
    if not cards:
        if not wanted:
            return [Finding("OK", "gpu", "none, and this environment needs none")]
        fix = "run on a machine with an NVIDIA GPU and driver, or use the environment demo"
        return [Finding("FAIL", "gpu", "nvidia-smi lists none", fix)]
    name, driver, total, free = cards[0]
    findings = [Finding("OK", "gpu", f"{len(cards)} x {name}, {total / GIB:.0f} GiB, {free / GIB:.0f} GiB free")]
    findings.append(_check_driver(driver))
    if wanted and ranks > len(cards):
        fix = f"set student.ranks={len(cards)}" if len(cards) > 1 else "set student.launch=child,student.ranks=1"
        findings.append(Finding("FAIL", "ranks", f"student.ranks={ranks}, and {len(cards)} GPU(s) are there", fix))
    if wanted:
        findings.append(_check_card(free, bytes_needed))
    return findings


def _check_driver(driver: str) -> Finding:
    if int(driver.split(".")[0]) >= CUDA_13_DRIVER:
        return Finding("OK", "driver", driver)
    fix = f"install driver {CUDA_13_DRIVER} or newer, or a build of torch 2.13.0 for an older CUDA"
    return Finding("FAIL", "driver", f"{driver} is too old for CUDA 13", fix)


def _check_card(free: float, needed: float | None) -> Finding:
    if needed is None:
        return Finding("WARN", "gpu memory", "no estimate: the model's config.json is not at hand", "see the line hub")
    message = f"about {needed / GIB:.1f} GiB are needed (estimate), {free / GIB:.1f} GiB are free"
    if needed > free:
        fix = "use the environment of a smaller card (gpu12, gpu16), or end what else runs on it (nvidia-smi)"
        return Finding("FAIL", "gpu memory", message, fix)
    if needed > _SLACK * free:
        return Finding("WARN", "gpu memory", message, _SMALLER_PASSES)
    return Finding("OK", "gpu memory", message)


def list_cards() -> list[tuple[str, str, float, float]]:
    """Name, driver, bytes in all and bytes free of each NVIDIA GPU, as nvidia-smi tells them."""
    rows = _ask_nvidia_smi("name,driver_version,memory.total,memory.free")
    return [(name, driver, float(total) * 2**20, float(free) * 2**20) for name, driver, total, free in rows]


def _ask_nvidia_smi(query: str) -> list[list[str]]:
    """One row of cells for each NVIDIA GPU; none where nvidia-smi is not there or does not know the query."""
    command = ["nvidia-smi", f"--query-gpu={query}", "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return []
    return [[cell.strip() for cell in line.split(",")] for line in done.stdout.splitlines() if line.strip()]


def has_gpu() -> bool:
    """Whether there is an NVIDIA GPU; some containers have its device and no nvidia-smi."""
    return bool(list_cards()) or any(Path("/dev").glob("nvidia[0-9]*"))


def compute_capability() -> float | None:
    """The lowest compute capability of the GPUs, as nvidia-smi tells it; None where there is none or it does not."""
    found = _ask_nvidia_smi("compute_cap")
    return min((float(row[0]) for row in found if re.fullmatch(r"\d+\.\d+", row[0])), default=None)


def check_memory(bytes_needed: float) -> Finding:
    """Whether the machine has that much free main memory (Linux tells it; elsewhere the check is left out)."""
    text = Path("/proc/meminfo").read_text(encoding="ascii") if Path("/proc/meminfo").exists() else ""
    found = re.search(r"MemAvailable:\s+(\d+) kB", text)
    if not found:
        return Finding("WARN", "memory", "cannot be told on this system", f"{bytes_needed / GIB:.0f} GiB are wanted")
    free = int(found[1]) * 1024
    message = f"{free / GIB:.1f} GiB free, {bytes_needed / GIB:.1f} GiB are wanted"
    if free >= bytes_needed:
        return Finding("OK", "memory", message)
    return Finding("WARN", "memory", message, "close other programs, or expect the system to swap or kill the run")


def check_disk(folder: Path, bytes_needed: float) -> Finding:
    """Whether the data root can be written and has room."""
    existing = next(path for path in (folder, *folder.resolve().parents) if path.exists())
    if not os.access(existing, os.W_OK):
        return Finding("FAIL", "disk", f"{existing} cannot be written", "change its rights, or `root` in globals.yml")
    free = shutil.disk_usage(existing).free
    message = f"{free / GIB:.0f} GiB free under {folder}, {bytes_needed / GIB:.0f} GiB are wanted"
    if free >= bytes_needed:
        return Finding("OK", "disk", message)
    return Finding("FAIL", "disk", message, "free some space, or set `root` in globals.yml to another disk")


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _first(names: list[str], shown: int = 4) -> str:
    return ", ".join(names[:shown]) + (f" and {len(names) - shown} more" if len(names) > shown else "")
