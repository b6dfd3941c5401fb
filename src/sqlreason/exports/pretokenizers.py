"""How a text is cut into words before it becomes tokens: llama.cpp knows some ways by name, and reads no other.

A GGUF file names one of them. With the wrong one llama.cpp reads other tokens than the student was trained on, and
nobody is told.
"""

import json
from typing import Any

_GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
_CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
_REST = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
_WAYS = {  # llama.cpp's name: expressions, one after the other, as its source has them
    "llama-bpe": (rf"{_CONTRACTIONS}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}{{1,3}}{_REST}",),
    "qwen2": (rf"{_CONTRACTIONS}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}{_REST}",),
    "smollm": (r"\p{N}", _GPT2),
    "gpt-2": (_GPT2,),
}
_PROBE = (
    'CREATE TABLE "order_item" (id INTEGER PRIMARY KEY, unit_price DECIMAL(10,2)); -- it\'s\r\n\r\n'
    "INSERT INTO t VALUES (1234567, 'O''Neil', 20.05, '2024-12-31 23:59:07', 'Größe', '東京 カナ');\n\n\n"
    "<think>\nWHAT'S getUserName iPhone15Pro   the  1st,2nd of\tfirst_name?\n    t1.a>=100 AND b<>'%x_y%'\n</think>\n"
    "<sql>\nSELECT COUNT(*)\n</sql>"
)


def find_way(tokenizer: Any) -> str | None:
    """Return the name of the way of llama.cpp that gives this tokenizer's tokens; None if none of those above does.

    Args:
        tokenizer: A fast one of transformers.
    """
    from tokenizers import Regex, Tokenizer, pre_tokenizers

    described = json.loads(tokenizer.backend_tokenizer.to_str())
    if described["model"]["type"] != "BPE" or (described["decoder"] or {}).get("type") != "ByteLevel":
        return None
    meant = tokenizer.backend_tokenizer.encode(_PROBE, add_special_tokens=False).ids
    for name, expressions in _WAYS.items():
        other = Tokenizer.from_str(json.dumps(described))
        cuts = [pre_tokenizers.Split(Regex(expression), "isolated") for expression in expressions]
        other.pre_tokenizer = pre_tokenizers.Sequence(
            [*cuts, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
        )
        if other.encode(_PROBE, add_special_tokens=False).ids == meant:
            return name
    return None
