"""Stand-ins of our own for families whose tokenizer no registry carries, or to have one offline.

A stand-in has the special tokens of the published tokenizer, under the same names, and a chat template that does
the same things to a conversation, written by us; its vocabulary is a few hundred tokens, learned in code.
"""

import atexit
import functools
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from families.family import LLAMA_SAMPLES, QWEN3_SAMPLES, Family, write_tokenizer
from families.vocabulary import byte_level, sentence_pieces

TEMPLATES = Path(__file__).parent / "templates"

CHATML = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
LLAMA3 = (
    "<|begin_of_text|>",
    "<|end_of_text|>",
    "<|start_header_id|>",
    "<|end_header_id|>",
    "<|eom_id|>",
    "<|eot_id|>",
    *(f"<|reserved_special_token_{number}|>" for number in range(4)),
)
# DeepSeek writes its special tokens with a wide bar.
DEEPSEEK_BEGIN, DEEPSEEK_END = "<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"  # noqa: RUF001
DEEPSEEK = (DEEPSEEK_BEGIN, DEEPSEEK_END, "<｜User｜>", "<｜Assistant｜>")  # noqa: RUF001
QWEN2_5_SAMPLES = {"do_sample": True, "repetition_penalty": 1.05, "temperature": 0.7, "top_k": 20, "top_p": 0.8}
THINK = ("<think>", "</think>")


@dataclass(frozen=True, kw_only=True)
class StandIn(Family):
    """A family with a small tokenizer made here.

    Attributes:
        template: Name of a file in `TEMPLATES`; None for a model without a chat template.
        other_templates: Names of files that are published beside it under their own names.
        special: Special tokens, which decoding may leave out.
        plain: Tokens beside the learned ones that are text as any other.
        bos: Beginning of text, None for a tokenizer without one.
        eos: End, as the tokenizer declares it.
        pad: Padding, None for a tokenizer without one.
        adds_bos: Whether the tokenizer itself puts BOS before a text.
        learn: Makes the vocabulary from the special and the plain tokens.
        settings: Further entries of tokenizer_config.json.
    """

    template: str | None
    other_templates: Sequence[str] = ()
    special: Sequence[str]
    plain: Sequence[str] = ()
    bos: str | None = None
    eos: str
    pad: str | None = None
    adds_bos: bool = False
    learn: Callable[[Sequence[str], Sequence[str]], Any] = byte_level
    settings: Mapping[str, Any] = field(default_factory=dict)

    def folder(self) -> Path:
        """As in `Family`; made once in each process."""
        return self._folder

    @functools.cached_property
    def _folder(self) -> Path:
        folder = Path(tempfile.mkdtemp(prefix="standin-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        backend = self.learn(self.special, self.plain)
        if self.adds_bos:
            backend.post_processor = _bos_first(self.bos, backend.token_to_id(self.bos))
        tokens = {"bos_token": self.bos, "eos_token": self.eos, "pad_token": self.pad}
        settings = {
            "clean_up_tokenization_spaces": False,
            "model_max_length": 4096,
            "tokenizer_class": "PreTrainedTokenizerFast",
            **{name: token for name, token in tokens.items() if token is not None},
            **self.settings,
        }
        write_tokenizer(folder, self.architecture, backend, settings, self.template and _template(self.template))
        for name in self.other_templates:
            (folder / "additional_chat_templates").mkdir(exist_ok=True)
            (folder / "additional_chat_templates" / f"{name}.jinja").write_text(_template(name), encoding="utf-8")
        return folder


def _template(name: str) -> str:
    return (TEMPLATES / f"{name}.jinja").read_text(encoding="utf-8")


def _bos_first(bos: str | None, number: int) -> Any:
    from tokenizers.processors import TemplateProcessing

    return TemplateProcessing(single=f"{bos} $A", pair=f"{bos} $A {bos} $B", special_tokens=[(str(bos), number)])


_SENTENCE_PIECE = {"tokenizer_class": "LlamaTokenizer", "unk_token": "<unk>", "legacy": False}


STANDINS: dict[str, StandIn] = {
    "llama3_1": StandIn(
        about="Llama 3.1 Instruct: no padding token, a fixed date in each prompt, BOS by template and by tokenizer",
        architecture="llama",
        template="headers_dated",
        special=LLAMA3,
        bos="<|begin_of_text|>",
        eos="<|eot_id|>",
        ends=("<|end_of_text|>", "<|eom_id|>", "<|eot_id|>"),
        sampling=LLAMA_SAMPLES,
        adds_bos=True,
    ),
    "llama3_2": StandIn(
        about="Llama 3.2 Instruct: today's date in each prompt, a padding token in the vocabulary that is not set",
        architecture="llama",
        tied=True,
        template="headers_today",
        special=(*LLAMA3, "<|finetune_right_pad_id|>"),
        bos="<|begin_of_text|>",
        eos="<|eot_id|>",
        ends=("<|end_of_text|>", "<|eom_id|>", "<|eot_id|>"),
        sampling=LLAMA_SAMPLES,
        adds_bos=True,
    ),
    "llama3_2_unsloth": StandIn(
        about="Llama 3.2 Instruct as unsloth publishes it: the same with its padding token set",
        architecture="llama",
        tied=True,
        template="headers_today",
        special=(*LLAMA3, "<|finetune_right_pad_id|>"),
        bos="<|begin_of_text|>",
        eos="<|eot_id|>",
        pad="<|finetune_right_pad_id|>",
        ends=("<|end_of_text|>", "<|eom_id|>", "<|eot_id|>"),
        sampling=LLAMA_SAMPLES,
        adds_bos=True,
    ),
    "llama2_chat": StandIn(
        about="Llama 2 Chat: BOS at every user turn, SentencePiece, answers trimmed between spaces, no padding token",
        architecture="llama",
        template="inst_bos_each_turn",
        special=("<unk>", "<s>", "</s>"),
        bos="<s>",
        eos="</s>",
        ends=("</s>",),
        adds_bos=True,
        learn=sentence_pieces,
        settings=_SENTENCE_PIECE,
    ),
    "mistral_instruct": StandIn(
        about="Mistral 7B Instruct v0.1: no system role, strict alternation, sliding window, no padding token",
        architecture="mistral",
        template="inst",
        special=("<unk>", "<s>", "</s>"),
        bos="<s>",
        eos="</s>",
        ends=("</s>",),
        adds_bos=True,
        learn=sentence_pieces,
        settings=_SENTENCE_PIECE,
    ),
    "gemma2": StandIn(
        about="Gemma 2 Instruct: raises on a system role, eos is not the end of turn, soft-capped, every other layer "
        "slides",
        architecture="gemma2",
        tied=True,
        template="turns_without_system",
        special=("<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>"),
        bos="<bos>",
        eos="<eos>",
        pad="<pad>",
        ends=("<eos>", "<end_of_turn>"),
        adds_bos=True,
        learn=functools.partial(sentence_pieces, space_in_front=False),
        settings={"tokenizer_class": "GemmaTokenizer", "unk_token": "<unk>"},
    ),
    "qwen2_5": StandIn(
        about="Qwen2.5 Instruct: no BOS, a system turn of its own where none is given, a repetition penalty",
        architecture="qwen2",
        template="chatml",
        special=CHATML,
        eos="<|im_end|>",
        pad="<|endoftext|>",
        ends=("<|im_end|>", "<|endoftext|>"),
        sampling=QWEN2_5_SAMPLES,
        settings={"tokenizer_class": "Qwen2Tokenizer"},
    ),
    "qwen3": StandIn(
        about="Qwen3: writes the last answer's thought anew, drops earlier ones, enable_thinking closes an empty one",
        architecture="qwen3",
        tied=True,
        template="thinking_switch",
        special=CHATML,
        plain=THINK,
        eos="<|im_end|>",
        pad="<|endoftext|>",
        ends=("<|im_end|>", "<|endoftext|>"),
        sampling=QWEN3_SAMPLES,
        settings={"tokenizer_class": "Qwen2Tokenizer"},
    ),
    "qwen3_thinking": StandIn(
        about="Qwen3-Thinking and QwQ: the generation prompt opens <think>, every answer loses its thought",
        architecture="qwen3",
        template="thinking_always",
        special=CHATML,
        plain=THINK,
        eos="<|im_end|>",
        pad="<|endoftext|>",
        ends=("<|im_end|>", "<|endoftext|>"),
        sampling=QWEN3_SAMPLES,
        settings={"tokenizer_class": "Qwen2Tokenizer"},
    ),
    "r1_distill_qwen": StandIn(
        about="DeepSeek R1 distilled into Qwen: opens <think>, drops every thought, pads with its end, BOS twice over",
        architecture="qwen2",
        template="r1_distill",
        special=DEEPSEEK,
        plain=THINK,
        bos=DEEPSEEK_BEGIN,
        eos=DEEPSEEK_END,
        pad=DEEPSEEK_END,
        ends=(DEEPSEEK_END,),
        sampling={"do_sample": True, "temperature": 0.6, "top_p": 0.95},
        adds_bos=True,
        settings={"tokenizer_class": "LlamaTokenizerFast"},
    ),
    "r1_distill_llama": StandIn(
        about="DeepSeek R1 distilled into Llama: the same, and its declared class makes transformers lose all spaces",
        architecture="llama",
        template="r1_distill",
        special=DEEPSEEK,
        plain=THINK,
        bos=DEEPSEEK_BEGIN,
        eos=DEEPSEEK_END,
        pad=DEEPSEEK_END,
        ends=(DEEPSEEK_END,),
        sampling={"do_sample": True, "temperature": 0.6, "top_p": 0.95},
        adds_bos=True,
        settings={"tokenizer_class": "LlamaTokenizerFast"},
    ),
    "deepseek_coder": StandIn(
        about="DeepSeek Coder Instruct: a line end before an answer that no prompt has, another before its end",
        architecture="llama",
        template="line_end_before_end",
        special=(DEEPSEEK_BEGIN, DEEPSEEK_END, "<|EOT|>"),
        bos=DEEPSEEK_BEGIN,
        eos="<|EOT|>",
        pad=DEEPSEEK_END,
        ends=("<|EOT|>",),
        adds_bos=True,
    ),
    "phi4": StandIn(
        about="Phi-4: no line end around turns, BOS is the end of text, its padding is a dummy token",
        architecture="phi3",
        template="phi4",
        special=("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|im_sep|>", "<|dummy_0|>", "<|dummy_85|>"),
        bos="<|endoftext|>",
        eos="<|im_end|>",
        pad="<|dummy_85|>",
        ends=("<|endoftext|>", "<|im_end|>"),
    ),
    "phi4_mini": StandIn(
        about="Phi-4-mini: BOS, eos and padding are one token, turns end with one that only generation_config names",
        architecture="phi3",
        tied=True,
        template="phi4_mini",
        special=("<|endoftext|>", "<|system|>", "<|user|>", "<|assistant|>", "<|end|>"),
        bos="<|endoftext|>",
        eos="<|endoftext|>",
        pad="<|endoftext|>",
        ends=("<|end|>", "<|endoftext|>"),
    ),
    "gpt_oss": StandIn(
        about="gpt-oss: a dated system turn of its own, answers in channels, earlier ones end with another token, pads "
        "with an end",
        architecture="gpt_oss",
        template="harmony",
        special=(
            "<|startoftext|>",
            "<|endoftext|>",
            "<|return|>",
            "<|channel|>",
            "<|start|>",
            "<|end|>",
            "<|message|>",
            "<|call|>",
        ),
        bos="<|startoftext|>",
        eos="<|return|>",
        pad="<|endoftext|>",
        ends=("<|return|>", "<|endoftext|>", "<|call|>"),
        sampling={"do_sample": True},
    ),
    "smollm2": StandIn(
        about="SmolLM2 Instruct: its padding is its end, its BOS opens every turn",
        architecture="llama",
        tied=True,
        template="chatml",
        special=CHATML,
        bos="<|im_start|>",
        eos="<|im_end|>",
        pad="<|im_end|>",
        ends=("<|im_end|>",),
    ),
    "glm4": StandIn(
        about="GLM-4: no BOS but a prefix, a turn ends where the next begins, three ends, one of which pads",
        architecture="glm4",
        template="no_end_of_turn",
        special=("<|endoftext|>", "[gMASK]", "<sop>", "<|system|>", "<|user|>", "<|assistant|>", "<|observation|>"),
        eos="<|endoftext|>",
        pad="<|endoftext|>",
        ends=("<|endoftext|>", "<|user|>", "<|observation|>"),
    ),
    "hermes3": StandIn(
        about="Hermes 3 on Llama 3.1: ChatML, and its template is one of several with names",
        architecture="llama",
        template="chatml_with_bos",
        special=("<|begin_of_text|>", "<|end_of_text|>", "<|im_start|>", "<|im_end|>", "<|eot_id|>"),
        bos="<|begin_of_text|>",
        eos="<|im_end|>",
        pad="<|end_of_text|>",
        ends=("<|im_end|>", "<|end_of_text|>", "<|eot_id|>"),
        adds_bos=True,
        other_templates=("tool_use",),
    ),
    "no_spare_token": StandIn(
        about="GPT-2 with a chat template of plain text: one special token for everything, none that could pad",
        architecture="gpt2",
        tied=True,
        template="roles_as_text",
        special=("<|endoftext|>",),
        bos="<|endoftext|>",
        eos="<|endoftext|>",
        ends=("<|endoftext|>",),
    ),
    "special_think": StandIn(
        about="The worst case of a reasoning model: <think> is a special token, which decoding leaves out",
        architecture="qwen3",
        template="chatml",
        special=(*CHATML, *THINK),
        eos="<|im_end|>",
        pad="<|endoftext|>",
        ends=("<|im_end|>", "<|endoftext|>"),
        settings={"tokenizer_class": "Qwen2Tokenizer"},
    ),
    "base": StandIn(
        about="Llama 3.2, the base model: no chat template, no padding token",
        architecture="llama",
        tied=True,
        template=None,
        special=LLAMA3,
        bos="<|begin_of_text|>",
        eos="<|end_of_text|>",
        ends=("<|end_of_text|>",),
        adds_bos=True,
    ),
}
"""By name; a name that `PUBLISHED` has too is the same family, offline."""
