"""The benchmark for GPUs, run at a tiny size on a CPU: every case says its figures, none fails."""

import json
import subprocess
import sys

import pytest


@pytest.mark.slow
def test_every_case_of_the_gpu_benchmark_runs_at_a_tiny_size(project, tmp_path):
    out = tmp_path / "tiny.json"
    command = [sys.executable, "benchmarks/gpu/run.py", "--tiny", "--out", str(out)]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    results = json.loads(out.read_text())
    assert [result["kind"] for result in results] == ["floors", "sft", "plain_sft", "grpo", "plain_grpo"]
    assert not [result for result in results if "failed" in result]
    assert all(result["overhead"] > 0 for result in results if result["kind"].startswith("plain"))
    split = next(result for result in results if result["kind"] == "grpo")
    assert split["step_seconds"] == pytest.approx(
        split["generation_seconds"] + split["reward_seconds"] + split["update_seconds"]
    )
