"""By which regular expressions a text is cut into words before it becomes tokens, by llama.cpp's names."""

GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
_CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
_REST = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
_UPPER, _LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
_LED = r"[^\r\n\p{L}\p{N}]?"
_SLASHED = r"| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
#: llama.cpp's name: the expressions of published tokenizers of that kind, one after the other.
WORD_EXPRESSIONS: dict[str, tuple[str, ...]] = {
    "llama-bpe": (rf"{_CONTRACTIONS}|{_LED}\p{{L}}+|\p{{N}}{{1,3}}{_REST}",),
    "qwen2": (rf"{_CONTRACTIONS}|{_LED}\p{{L}}+|\p{{N}}{_REST}",),
    "smollm": (r"\p{N}", GPT2),
    "gpt-2": (GPT2,),
    "tekken": (rf"{_LED}{_UPPER}*{_LOWER}+|{_LED}{_UPPER}+{_LOWER}*|\p{{N}}{_SLASHED}",),
    "gpt-4o": (
        rf"{_LED}{_UPPER}*{_LOWER}+{_CONTRACTIONS}?|{_LED}{_UPPER}+{_LOWER}*{_CONTRACTIONS}?|\p{{N}}{{1,3}}{_SLASHED}",
    ),
}
