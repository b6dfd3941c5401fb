"""Very small models with random weights of the real architectures, made from their configurations in transformers."""

from functools import cache
from typing import Any

VOCABULARY = 61
WINDOW = 8
ALTERNATING = ("sliding_attention", "full_attention", "sliding_attention")
_LLAMA = {
    "vocab_size": VOCABULARY,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 128,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "pad_token_id": 0,
}
_WINDOWS = {"sliding_window": WINDOW, "layer_types": list(ALTERNATING)}
_CAPS = {"attn_logit_softcapping": 0.5, "final_logit_softcapping": 1.0}  # so low that leaving them out is seen
_EYES = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "image_size": 28}
_LONGROPE = {"rope_type": "longrope", "rope_theta": 1e4, "short_factor": [1.0] * 4, "long_factor": [4.0] * 4}
_MAMBA = {"mamba_d_ssm": 32, "mamba_n_heads": 4, "mamba_d_head": 8, "mamba_d_state": 8, "mamba_chunk_size": 8}
_LINEAR = {f"linear_{name}": 4 for name in ("num_key_heads", "num_value_heads", "key_head_dim", "value_head_dim")}

OURS: dict[str, tuple[str, dict[str, Any]]] = {
    "llama": ("LlamaConfig", {}),
    "qwen2": ("Qwen2Config", {"use_sliding_window": True, "sliding_window": WINDOW, "max_window_layers": 1}),
    "qwen3": ("Qwen3Config", {"head_dim": 16}),
    "mistral": ("MistralConfig", {"sliding_window": WINDOW}),
    "gemma2": ("Gemma2Config", {"head_dim": 8, "query_pre_attn_scalar": 8, **_WINDOWS, **_CAPS}),
    "gemma3": ("Gemma3TextConfig", {"head_dim": 8, "query_pre_attn_scalar": 8, **_WINDOWS}),
    "phi3": ("Phi3Config", {"sliding_window": WINDOW}),
    "granite": ("GraniteConfig", {"logits_scaling": 8.0, "attention_multiplier": 0.1, "residual_multiplier": 0.5}),
    "cohere2": ("Cohere2Config", {"logit_scale": 0.3, **_WINDOWS}),
    "smollm3": ("SmolLM3Config", {"use_sliding_window": True, **_WINDOWS}),
    "gpt_oss": ("GptOssConfig", {"head_dim": 8, "num_local_experts": 4, "num_experts_per_tok": 2, **_WINDOWS,
                                 "rope_parameters": {"rope_type": "default", "rope_theta": 1e4}}),
    "olmo2": ("Olmo2Config", {}),
    "gemma3n": ("Gemma3nTextConfig", {"num_hidden_layers": 4, "intermediate_size": [48] * 4, "head_dim": 8,
                                      "layer_types": ["sliding_attention", "full_attention"] * 2, "laurel_rank": 4,
                                      "num_kv_shared_layers": 2, "sliding_window": WINDOW, "altup_num_inputs": 2,
                                      "activation_sparsity_pattern": [0.0] * 4, "hidden_size_per_layer_input": 8,
                                      "vocab_size_per_layer_input": VOCABULARY}),
    "gpt2": ("GPT2Config", {}),
    "opt": ("OPTConfig", {"ffn_dim": 48, "word_embed_proj_dim": 32}),
}  # fmt: skip
"""Families for which our own loops are right."""

THEIRS: dict[str, tuple[str, dict[str, Any]]] = {
    "falcon_h1": ("FalconH1Config", {"lm_head_multiplier": 0.3, **_MAMBA}),
    "mamba": ("MambaConfig", {"state_size": 4}),
    "qwen3_5": ("Qwen3_5TextConfig", {"head_dim": 8, **_LINEAR,
                                      "layer_types": ["linear_attention", "full_attention", "linear_attention"]}),
    "lfm2": ("Lfm2Config", {"layer_types": ["conv", "full_attention", "conv"]}),
    "recurrent_gemma": ("RecurrentGemmaConfig", {"lru_width": 32, "attention_window_size": WINDOW, "head_dim": 8,
                                                 "logits_soft_cap": 1.0}),
    "bloom": ("BloomConfig", {}),
    "llama4": ("Llama4TextConfig", {"head_dim": 8, "num_local_experts": 2, "attention_chunk_size": WINDOW,
                                    "intermediate_size_mlp": 48, "num_hidden_layers": 4}),
    "phi3 (longrope)": ("Phi3Config", {"original_max_position_embeddings": 24, "rope_parameters": _LONGROPE,
                                       "sliding_window": None}),
}  # fmt: skip
"""Families that are left to transformers and trl."""


def make_config(family: str, **changed: Any) -> Any:
    """The configuration of a family's very small model; "gemma3 (whole)" is the one that reads images too."""
    import transformers

    if family == "gemma3 (whole)":
        text = make_config("gemma3").to_dict()
        return transformers.Gemma3Config(text_config=text, vision_config={**_EYES, "patch_size": 14})
    name, own = {**OURS, **THEIRS}[family]
    return getattr(transformers, name)(**{**_LLAMA, **own, **changed})


@cache
def make_model(family: str) -> Any:
    """The model, with weights so large that whatever is left out is seen, and its attention complete."""
    import torch
    from transformers import AutoModelForCausalLM

    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(make_config(family))
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.ndim > 1 or "sinks" in name:
                weight.normal_(0, 0.25)
    if "gemma2" in family:
        model.set_attn_implementation("eager")  # sdpa knows no soft-capping
    model.generation_config.update(eos_token_id=2, pad_token_id=0)
    return model.eval()
