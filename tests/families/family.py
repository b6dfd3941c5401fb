"""A family of students: its tokenizer files as they are published, and a tiny model of its architecture.

The weights are random and small; what a training, a generation or an export does with tokens, masks and ends is
what it does with the large model.
"""

import functools
import json
import shutil
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_FEW = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 8}
_SMALL = {**_FEW, "intermediate_size": 64, "max_position_embeddings": 4096}
# Published windows hold 512 tokens and more, and the caps lie at 30 and above: no test row would feel them.
_WINDOW = {"sliding_window": 32, "layer_types": ["sliding_attention", "full_attention"]}
_EXPERTS = {"num_experts_per_tok": 2}

LLAMA_SAMPLES = {"do_sample": True, "temperature": 0.6, "top_p": 0.9}
QWEN3_SAMPLES = {"do_sample": True, "temperature": 0.6, "top_k": 20, "top_p": 0.95}
GEMMA3_SAMPLES = {"do_sample": True, "top_k": 64, "top_p": 0.95}

SHAPES: Mapping[str, Mapping[str, Any]] = {
    "llama": _SMALL,
    "mistral": {**_SMALL, "sliding_window": 32},
    "qwen2": _SMALL,
    "glm4": _SMALL,
    "qwen3": _SMALL,
    "phi3": _SMALL,
    "gemma": _SMALL,
    "gemma2": {
        **_SMALL,
        **_WINDOW,
        "query_pre_attn_scalar": 8,
        "attn_logit_softcapping": 2.0,
        "final_logit_softcapping": 2.0,
    },
    "gemma3_text": {**_SMALL, **_WINDOW, "query_pre_attn_scalar": 8},
    "gpt2": {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 1024},
    "gpt_oss": {**_SMALL, **_WINDOW, **_EXPERTS, "num_local_experts": 4},
    "deepseek_v3": {
        **{name: value for name, value in _SMALL.items() if name != "head_dim"},
        **_EXPERTS,
        "num_key_value_heads": 4,
        "moe_intermediate_size": 32,
        "first_k_dense_replace": 1,
        "n_routed_experts": 4,
        "n_group": 1,
        "topk_group": 1,
        "kv_lora_rank": 16,
        "q_lora_rank": 16,
        "qk_rope_head_dim": 8,
        "qk_nope_head_dim": 8,
        "v_head_dim": 8,
    },
}
"""Arguments of the tiny configuration, by transformers' `model_type`."""


@dataclass(frozen=True, kw_only=True)
class Family(ABC):
    """What is known of a family beside its tokenizer files.

    Attributes:
        about: One line: what its tokenizer and template do.
        architecture: The `model_type` of transformers.
        ends: Tokens or ids that its generation_config declares as ends.
        rows: Rows of the published embedding; None for one of each token.
        tied: Whether input and output share the embedding.
        sampling: What its generation_config asks for otherwise; a repetition penalty acts on a greedy answer too.
    """

    about: str
    architecture: str
    ends: Sequence[str | int]
    rows: int | None = None
    tied: bool = False
    sampling: Mapping[str, Any] = field(default_factory=dict)

    @abstractmethod
    def folder(self) -> Path:
        """The folder with tokenizer.json, tokenizer_config.json and a config.json that names the architecture."""

    def load(self) -> Any:
        """Loads the tokenizer as `AutoTokenizer` does from that folder: a new one, which the caller may change."""
        from transformers import AutoTokenizer

        return AutoTokenizer.from_pretrained(self.folder())

    @functools.cached_property
    def tokenizer(self) -> Any:
        """The tokenizer, loaded once for all: large ones take a second or two. Not to be changed."""
        return self.load()

    def student(self, folder: Path, seed: int = 0) -> Path:
        """Writes a checkpoint: the tokenizer files as published, and a tiny random model in bfloat16.

        Args:
            folder: Made by this; must not exist.
            seed: Of the weights.
        """
        import torch
        from transformers import AutoModelForCausalLM

        shutil.copytree(self.folder(), folder)
        torch.manual_seed(seed)
        model = AutoModelForCausalLM.from_config(self._config())
        model.generation_config.update(eos_token_id=self.end_ids(), **self.sampling)
        model.to(torch.bfloat16).save_pretrained(folder)
        return folder

    def end_ids(self) -> list[int]:
        """The ids of the ends that its generation_config declares."""
        return [end if isinstance(end, int) else self.tokenizer.convert_tokens_to_ids(end) for end in self.ends]

    def _config(self) -> Any:
        from transformers import AutoConfig

        special = {f"{name}_token_id": getattr(self.tokenizer, f"{name}_token_id") for name in ("bos", "eos", "pad")}
        return AutoConfig.for_model(
            self.architecture,
            vocab_size=self.rows or len(self.tokenizer),
            tie_word_embeddings=self.tied,
            initializer_range=0.2,  # the usual 0.02 leaves all logits of so narrow a model alike
            **special,
            **SHAPES[self.architecture],
        )


def write_tokenizer(
    folder: Path, architecture: str, backend: Any, settings: Mapping[str, Any], chat_template: str | None
) -> None:
    """Writes a tokenizer's files into an existing folder, in the layout of published models."""
    backend.save(str(folder / "tokenizer.json"))
    write_json(folder / "tokenizer_config.json", settings)
    name_architecture(folder, architecture)
    if chat_template is not None:
        (folder / "chat_template.jinja").write_text(chat_template, encoding="utf-8")


def name_architecture(folder: Path, architecture: str) -> None:
    """Writes a config.json without which AutoTokenizer may take another class than for the published model."""
    write_json(folder / "config.json", {"model_type": architecture})


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Writes a readable JSON file."""
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
