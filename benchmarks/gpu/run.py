"""Speed and memory of SFT and GRPO on this machine's GPU, with random weights of the true architectures.

    python benchmarks/gpu/run.py --out gpu.json              # 3B and 8B, both backends, 4 and 16 bits, three caps
    python benchmarks/gpu/run.py --tiny --out tiny.json      # the same code on a CPU, in a minute

Each case runs in a process of its own, so that its peak is its own and an out-of-memory ends it alone (it is recorded
as such). Random weights never end a turn: completions have their full length, which is the worst case. Behind each
SFT, and each GRPO under the largest cap, stands plain trl, or plain unsloth, at the same work (`plain.py`); `overhead`
is the ratio of the seconds, ours to theirs. Ceilings: 6 flops a weight and token at the measured matrix rate for SFT;
each weight read once for all rows of a token at the measured copy rate for generation.
"""

import argparse
import itertools
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import plain

PROJECT = Path(__file__).resolve().parents[2]
TOKENIZER = PROJECT / "data/06_models/tiny_student"
COMMON = {"vocab_size": 128256, "max_position_embeddings": 4096, "rms_norm_eps": 1e-5, "num_key_value_heads": 8}
# config.json of meta-llama/Llama-3.2-3B-Instruct and Llama-3.1-8B-Instruct; the tiny one is for a CPU
SHAPES: dict[str, dict[str, Any]] = {
    "3b": {**COMMON, "hidden_size": 3072, "intermediate_size": 8192, "num_hidden_layers": 28,
           "num_attention_heads": 24, "head_dim": 128, "tie_word_embeddings": True},
    "8b": {**COMMON, "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32,
           "num_attention_heads": 32, "head_dim": 128, "tie_word_embeddings": False},
    "tiny": {**COMMON, "vocab_size": 4096, "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2,
             "num_attention_heads": 8, "head_dim": 8, "tie_word_embeddings": True},
}  # fmt: skip
PROMPT, COMPLETION = 700, 300  # tokens of a row, about what the recipe's have


def main() -> None:
    """Runs every case and writes one JSON list."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--tiny", action="store_true")
    parser.add_argument("--models", nargs="+", default=["3b", "8b"], choices=sorted(SHAPES))
    parser.add_argument("--backends", nargs="+", default=["transformers", "unsloth"])
    parser.add_argument("--quantizations", nargs="+", default=["nf4", "none"])
    parser.add_argument("--groups", nargs="+", type=int, default=[4, 8, 16])
    parser.add_argument("--caps", nargs="+", type=int, default=[12, 16, 24], help="GiB, of GRPO")
    parser.add_argument("--case", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.case:
        given.out.write_text(json.dumps(measure(json.loads(given.case))))
        return
    if given.tiny:
        given.models, given.backends, given.quantizations = ["tiny"], ["transformers"], ["none"]
        given.groups, given.caps = [4], [0]
    with tempfile.TemporaryDirectory() as scratch:
        results = [{"kind": "floors", **_run({"kind": "floors", "tiny": given.tiny}, Path(scratch))}]
        for name in given.models:
            folder = Path(scratch) / name
            made = _run({"kind": "make", "model": name, "folder": str(folder)}, Path(scratch))
            for case in _cases(given, name, str(folder)):
                result = {**case, **_run(case, Path(scratch))}
                results.append({**result, **_compare(result, results[0], made, results)})
                print(json.dumps(results[-1]), flush=True)
                given.out.write_text(json.dumps(results, indent=2))


def _cases(given: argparse.Namespace, name: str, folder: str) -> list[dict[str, Any]]:
    cases = []
    for backend, quantization in itertools.product(given.backends, given.quantizations):
        common = {"model": name, "folder": folder, "backend": backend, "tiny": given.tiny,
                  "quantization": None if quantization == "none" else quantization}  # fmt: skip
        cases.append({"kind": "sft", **common})
        cases.append({"kind": "plain_sft", **common})
        for group in given.groups:
            cases += [{"kind": "grpo", "group": group, "cap": cap, **common} for cap in sorted(given.caps)]
            cases.append({"kind": "plain_grpo", "group": group, "cap": max(given.caps), **common})
    return cases


def _compare(
    result: dict[str, Any], rates: dict[str, Any], made: dict[str, Any], before: list[dict[str, Any]]
) -> dict[str, float]:
    """How far from what the device could do; how many times the seconds of plain trl or unsloth."""
    if "failed" in result or "failed" in rates or "failed" in made:
        return {}
    if result["kind"] == "sft":
        return {"most_tokens_per_second": rates["tflops"] * 1e12 / (6 * made["parameters"])}
    if result["kind"] == "grpo":
        size = made["parameters"] * (0.52 if result["quantization"] else 2)  # bytes; NF4 with its constants
        return {"most_generated_tokens_per_second": 2 * result["group"] * rates["gb_per_second"] * 1e9 / size}
    ours = before[-1].get("step_seconds")
    return {"overhead": ours / result["step_seconds"]} if ours else {}


def _run(case: dict[str, Any], scratch: Path) -> dict[str, Any]:
    """One case in a process of its own; what it says, or how it ended."""
    answer = scratch / "answer.json"
    answer.unlink(missing_ok=True)
    command = [sys.executable, __file__, "--out", str(answer), "--case", json.dumps(case)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=PROJECT)
    if answer.exists():
        return dict(json.loads(answer.read_text()))
    lines = done.stderr.strip().splitlines() or [f"status {done.returncode}"]
    return {"failed": "out of memory" if "OutOfMemoryError" in done.stderr else lines[-1][:300]}


def measure(case: dict[str, Any]) -> dict[str, Any]:
    """What a case's process does."""
    kinds = {
        "floors": _floors, "make": _make, "sft": _sft, "plain_sft": _plain_sft, "grpo": _grpo,
        "plain_grpo": _plain_grpo,
    }  # fmt: skip
    return kinds[case["kind"]](case)


def _floors(case: dict[str, Any]) -> dict[str, Any]:
    import torch

    device, size, dtype = ("cpu", 512, torch.float32) if case["tiny"] else ("cuda", 8192, torch.bfloat16)
    matrix = torch.randn(size, size, device=device, dtype=dtype)
    name = "cpu" if case["tiny"] else torch.cuda.get_device_name()
    product = _seconds(lambda: matrix @ matrix, device)
    copy = _seconds(matrix.clone, device)
    size_in_bytes = matrix.numel() * matrix.element_size()
    return {"device": name, "tflops": 2 * size**3 / product / 1e12, "gb_per_second": 2 * size_in_bytes / copy / 1e9}


def _seconds(work: Any, device: str, times: int = 20) -> float:
    import torch

    for _ in range(3):
        work()
    wait = torch.cuda.synchronize if device == "cuda" else (lambda: None)
    wait()
    began = time.perf_counter()
    for _ in range(times):
        work()
    wait()
    return (time.perf_counter() - began) / times


def _make(case: dict[str, Any]) -> dict[str, Any]:
    """Random weights in bfloat16, with the tiny student's tokenizer: its ids are below every vocabulary here."""
    import torch
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

    tokenizer = AutoTokenizer.from_pretrained(TOKENIZER)
    ids = {"bos_token_id": 0, "eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id}
    torch.set_default_dtype(torch.bfloat16)
    with torch.device("cuda" if torch.cuda.is_available() else "cpu"):
        model = LlamaForCausalLM(LlamaConfig(**SHAPES[case["model"]], **ids))
    model.save_pretrained(case["folder"])
    tokenizer.save_pretrained(case["folder"])
    return {"parameters": model.num_parameters()}


def _rows(count: int, tiny: bool) -> Any:
    import pandas as pd

    prompt, completion = (40, 20) if tiny else (PROMPT, COMPLETION)
    asked = json.dumps([{"role": "user", "content": " name" * prompt}])
    ids = [str(i) for i in range(count)]
    return pd.DataFrame({"id": ids, "prompt": asked, "completion": "name" + " name" * completion})


def _schedule(case: dict[str, Any], rows: int, passes: int, steps: int, **more: Any) -> dict[str, Any]:
    from sqlreason.students.training.setup import Setup

    return {
        "trl": {
            "learning_rate": 1e-5, "max_steps": steps, "per_device_train_batch_size": rows,
            "gradient_accumulation_steps": passes, "gradient_checkpointing": not case["tiny"], "save_steps": 1000,
            "lr_scheduler_type": "constant", "optim": "adamw_torch" if case["tiny"] else "paged_adamw_8bit", **more,
        },
        "setup": Setup(case["backend"], case["quantization"], "float32" if case["tiny"] else "bfloat16"),
    }  # fmt: skip


def _train_sft(case: dict[str, Any], folder: str, steps: int) -> Any:
    from sqlreason.students.checkpoints.checkpoint import Checkpoint
    from sqlreason.students.training import sft

    rows = 2 if case["tiny"] else 8
    return sft.train_sft(
        Checkpoint(case["folder"]), _rows(rows * 2 * steps, case["tiny"]), fingerprint="benchmark", workdir=folder,
        lora={"rank": 16, "alpha": 32}, **_schedule(case, rows, 2, steps),
    )  # fmt: skip


def _sft(case: dict[str, Any]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        _, history = _train_sft(case, folder, steps=6)
    warm = history.iloc[1:]  # the first step pays for kernels and memory
    seconds = float(warm["seconds"].iloc[-1] - warm["seconds"].iloc[0])
    tokens = int(warm["tokens"].iloc[-1] - warm["tokens"].iloc[0])
    return {"tokens_per_second": tokens / seconds, "step_seconds": seconds / (len(warm) - 1), "peak_gib": _peak()}


def _plain_sft(case: dict[str, Any]) -> dict[str, Any]:
    rows, steps = 2 if case["tiny"] else 8, 6
    return {**plain.train_sft(case, _rows(rows * 2 * steps, case["tiny"]), rows, steps), "peak_gib": _peak()}


def _plain_grpo(case: dict[str, Any]) -> dict[str, Any]:
    if case["backend"] == "unsloth":
        import unsloth  # noqa: F401 - before what it patches
    _cap_memory(case)
    prompts, reward, tokens = _question(case)
    return {**plain.train_grpo(case, prompts, reward, tokens, steps=4), "peak_gib": _peak()}


def _question(case: dict[str, Any]) -> tuple[Any, Any, int]:
    """Prompts about a question of the embedded set, the project's reward, and the limit of a completion."""
    import pandas as pd

    from sqlreason.rewards import REWARDS

    question = pd.read_parquet(PROJECT / "data/01_raw/questions/heldout.parquet").iloc[0]
    prompts = _rows(32, case["tiny"])[["id", "prompt"]]
    prompts = prompts.assign(sql_context=question["sql_context"], gold_sql=question["sql"])
    return prompts, REWARDS["execution"](), 16 if case["tiny"] else COMPLETION


def _cap_memory(case: dict[str, Any]) -> None:
    if case["cap"]:
        import torch

        total = torch.cuda.get_device_properties(0).total_memory
        torch.cuda.set_per_process_memory_fraction(min(1.0, case["cap"] * 2**30 / total))


def _grpo(case: dict[str, Any]) -> dict[str, Any]:
    """Steps of GRPO under a cap, split."""
    from sqlreason.students.checkpoints.checkpoint import Checkpoint
    from sqlreason.students.training import grpo

    _cap_memory(case)
    group = case["group"]
    prompts, reward, tokens = _question(case)
    with tempfile.TemporaryDirectory() as folder:
        adapter, _ = _train_sft(case, f"{folder}/sft", steps=1)
        _, history, rollouts = grpo.train_grpo(
            Checkpoint(case["folder"]), adapter, prompts, rewards=[reward], weights=[1.0], workdir=f"{folder}/grpo",
            **_schedule(case, group, 2, 4, num_generations=group, max_completion_length=tokens),
        )[:3]  # fmt: skip
    steps = history.iloc[1:]
    seconds = history["seconds"].diff().iloc[1:].mean()
    generation, reward = (steps[name].astype(float).mean() for name in ("generation_seconds", "reward_seconds"))
    written = float(steps["completion_length"].mean()) * len(rollouts) / len(history)
    return {
        "step_seconds": seconds, "generation_seconds": generation, "reward_seconds": reward,
        "update_seconds": seconds - generation - reward, "generated_tokens_per_second": written / generation,
        "peak_gib": _peak(),
    }  # fmt: skip


def _peak() -> float:
    from sqlreason.students.training.memory_dry_run import peak_bytes

    return peak_bytes() / 2**30


if __name__ == "__main__":
    main()
