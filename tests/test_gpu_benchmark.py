"""The benchmark for GPUs, run at a tiny size on a CPU: every case says its figures, none fails."""

import importlib.util
import json
import sys

import pytest
import torch


@pytest.fixture
def benchmark(project, monkeypatch):
    """The benchmark; each case is measured in this process, but the floors in one of its own as on a GPU."""
    monkeypatch.syspath_prepend(str(project / "benchmarks/gpu"))
    found = importlib.util.spec_from_file_location("gpu_benchmark", project / "benchmarks/gpu/run.py")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    in_a_process, dtype = module._run, torch.get_default_dtype()

    def run(case, scratch):
        if case["kind"] == "floors":
            return in_a_process(case, scratch)
        try:
            return module.measure(case)
        finally:
            torch.set_default_dtype(dtype)

    monkeypatch.setattr(module, "_run", run)
    return module


@pytest.mark.slow
def test_every_case_of_the_gpu_benchmark_runs_at_a_tiny_size(benchmark, monkeypatch, tmp_path):
    out = tmp_path / "tiny.json"
    monkeypatch.setattr(sys, "argv", ["run.py", "--tiny", "--out", str(out)])
    benchmark.main()
    results = json.loads(out.read_text())
    assert [result["kind"] for result in results] == ["floors", "sft", "plain_sft", "grpo", "plain_grpo"]
    assert not [result for result in results if "failed" in result]
    assert all(result["overhead"] > 0 for result in results if result["kind"].startswith("plain"))
    split = next(result for result in results if result["kind"] == "grpo")
    assert split["step_seconds"] == pytest.approx(
        split["generation_seconds"] + split["reward_seconds"] + split["update_seconds"]
    )
