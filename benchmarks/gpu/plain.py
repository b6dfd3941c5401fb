"""The same trainings by trl and peft, or by unsloth, alone, as their documentation writes them.

`run.py` calls them beside the project's own and reports the ratio of the seconds as `overhead`. Nothing of the project
is used but the reward that GRPO is given, so that both judge the same.
"""

import json
import tempfile
import time
from collections.abc import Callable
from typing import Any

RANK, ALPHA, SEED = 16, 32, 0
MODULES = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def train_sft(case: dict[str, Any], table: Any, rows: int, steps: int) -> dict[str, float]:
    """Seconds of a step of SFT, the first left out.

    Args:
        case: Of `run.py`: folder, backend, quantization, tiny.
        table: Columns prompt (chat messages as JSON) and completion.
        rows: Of a forward pass; a step has two.
        steps: Of the training.
    """
    model, tokenizer, adapter = _load(case)
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    data = [
        {"prompt": json.loads(row.prompt), "completion": [{"role": "assistant", "content": row.completion}]}
        for row in table.itertuples()
    ]
    with tempfile.TemporaryDirectory() as folder:
        own = {} if case["backend"] == "unsloth" else {"loss_type": "chunked_nll"}
        config = SFTConfig(max_length=None, **own, **_arguments(case, folder, rows, steps))
        trainer = SFTTrainer(
            model=model, args=config, train_dataset=Dataset.from_list(data), processing_class=tokenizer, **adapter
        )
        return _time(trainer)


def train_grpo(
    case: dict[str, Any], table: Any, reward: Callable[..., Any], tokens: int, steps: int
) -> dict[str, float]:
    """Seconds of a step of GRPO, the first left out; a step writes two groups and learns from them.

    Args:
        case: Of `run.py`; `group` completions of a prompt.
        table: Columns prompt (chat messages as JSON) and those of the reward.
        reward: By trl's contract.
        tokens: Limit of a completion.
        steps: Of the training.
    """
    model, tokenizer, adapter = _load(case)
    from datasets import Dataset
    from trl import GRPOConfig, GRPOTrainer

    data = [{**row, "prompt": json.loads(row["prompt"])} for row in table.to_dict("records")]
    with tempfile.TemporaryDirectory() as folder:
        config = GRPOConfig(
            num_generations=case["group"], max_completion_length=tokens, temperature=1.0, beta=0.0, loss_type="dapo",
            scale_rewards="batch", remove_unused_columns=False, **_arguments(case, folder, case["group"], steps),
        )  # fmt: skip
        trainer = GRPOTrainer(
            model=model, args=config, train_dataset=Dataset.from_list(data), reward_funcs=[reward],
            processing_class=tokenizer, **adapter,
        )  # fmt: skip
        return _time(trainer)


def _load(case: dict[str, Any]) -> tuple[Any, Any, dict[str, Any]]:
    """Model, tokenizer, and what the trainer is to be told of the adapter."""
    if case["backend"] == "unsloth":
        return _load_by_unsloth(case)
    import torch
    from peft import LoraConfig
    from transformers import AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig

    dtype, device = (torch.float32, "cpu") if case["tiny"] else (torch.bfloat16, "cuda")
    four = BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True, bnb_4bit_compute_dtype=dtype
    )
    extra = {"quantization_config": four} if case["quantization"] else {}
    model = AutoModelForCausalLM.from_pretrained(case["folder"], dtype=dtype, device_map=device, **extra)
    lora = LoraConfig(r=RANK, lora_alpha=ALPHA, target_modules=MODULES, task_type="CAUSAL_LM")
    return model, AutoTokenizer.from_pretrained(case["folder"]), {"peft_config": lora}


def _load_by_unsloth(case: dict[str, Any]) -> tuple[Any, Any, dict[str, Any]]:
    from unsloth import FastLanguageModel  # before torch, transformers, peft and trl, which it patches

    model, tokenizer = FastLanguageModel.from_pretrained(
        model_name=case["folder"], max_seq_length=4096, load_in_4bit=bool(case["quantization"]), dtype=None
    )
    model = FastLanguageModel.get_peft_model(
        model, r=RANK, lora_alpha=ALPHA, lora_dropout=0, target_modules=MODULES, bias="none",
        use_gradient_checkpointing="unsloth", random_state=SEED,
    )  # fmt: skip
    return model, tokenizer, {}


def _arguments(case: dict[str, Any], folder: str, rows: int, steps: int) -> dict[str, Any]:
    tiny = case["tiny"]
    return {
        "output_dir": folder, "max_steps": steps, "per_device_train_batch_size": rows,
        "gradient_accumulation_steps": 2, "gradient_checkpointing": not tiny, "bf16": not tiny, "use_cpu": tiny,
        "optim": "adamw_torch" if tiny else "paged_adamw_8bit", "learning_rate": 1e-5, "report_to": [],
        "save_strategy": "no", "disable_tqdm": True, "logging_steps": 1, "seed": SEED,
    }  # fmt: skip


def _time(trainer: Any) -> dict[str, float]:
    from transformers import TrainerCallback

    ends: list[float] = []

    class Clock(TrainerCallback):
        def on_step_end(self, *_: Any, **__: Any) -> None:
            ends.append(time.monotonic())

    trainer.add_callback(Clock())
    trainer.train()
    return {"step_seconds": (ends[-1] - ends[0]) / (len(ends) - 1)}
