"""Writes completions with any causal language model of transformers, in batches, greedy or sampled.

A plain loop over the model's forward pass: left padding, a key-value buffer that is allocated once, prompts
read once for all their samples, finished rows dropped as they finish. transformers' own `generate` asks far
more of Python for each token, which is most of the time with a small model; it is used where the loop cannot be
right (`attention.obstacle`). No beam search, no logit processors.

transformers is imported by the functions that need it: trainings import this module before their backend, and unsloth
has to come before transformers.
"""

import json
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor

from sqlreason.errors import BadInput
from sqlreason.students.checkpoints import attention, cpu
from sqlreason.students.checkpoints.chat import Chat, Messages

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import Cache, PreTrainedModel

    Model = PreTrainedModel | PeftModel


@dataclass(frozen=True)
class Generation:
    """One completion: its text, its length in tokens, whether it ended its turn, its share of the batch's seconds."""

    text: str
    tokens: int
    finished: bool
    seconds: float


@dataclass(frozen=True)
class Sampling:
    """How tokens are chosen: the likeliest at `temperature` 0, else drawn from the softmax of logits / temperature."""

    max_new_tokens: int
    temperature: float = 0.0
    samples: int = 1
    top_p: float = 1.0

    def __post_init__(self) -> None:
        if self.temperature < 0 or self.samples < 1 or self.max_new_tokens < 1:
            raise BadInput(f"{self}: temperature must be >= 0, samples and max_new_tokens >= 1")
        if self.samples > 1 and self.temperature == 0:
            raise BadInput(f"samples={self.samples} at temperature 0 would be copies; give a temperature > 0")


def generate(
    model: "Model",
    chat: Chat,
    conversations: Sequence[Messages],
    max_new_tokens: int,
    batch_size: int,
    temperature: float = 0.0,
    samples: int = 1,
    seed: int = 0,
    progress: Callable[[int], None] | None = None,
) -> list[Generation]:
    """Answers each conversation `samples` times.

    Args:
        model: Causal language model, on any device, in any precision.
        chat: Its tokenizer with its chat template.
        conversations: Chat messages of each prompt.
        max_new_tokens: Limit of a completion; one that reaches it is not `finished`.
        batch_size: Rows (prompts x samples) in flight.
        temperature: 0 for greedy.
        samples: Completions of each conversation; needs a temperature above 0 if more than one.
        seed: The same seed, inputs and batch size give the same samples.
        progress: Called with the number of completions of each finished batch.

    Returns:
        One Generation for each conversation and sample, the samples of a conversation side by side.
    """
    sampling = Sampling(max_new_tokens, temperature, samples)
    prompts = [chat.prompt_ids(messages) for messages in conversations]
    written: list[list[Generation]] = [[] for _ in prompts]
    with inference(model):
        for start, chosen in batches(prompts, batch_size, samples):
            began = time.monotonic()
            random = torch.Generator(model.device).manual_seed(seed + start)
            rows = complete(model, [prompts[i] for i in chosen], sampling, chat.ends, random)
            seconds = (time.monotonic() - began) / len(rows)
            for place, row in enumerate(rows):
                written[chosen[place // samples]].append(_read(chat, row, seconds))
            if progress is not None:
                progress(len(rows))
    return [generation for group in written for generation in group]


def batches(prompts: Sequence[Sequence[int]], batch_size: int, samples: int) -> list[tuple[int, list[int]]]:
    """Return the batches in which prompts are answered: where each starts in the order of answering, and its prompts.

    Args:
        prompts: Token ids.
        batch_size: Rows (prompts x samples) in flight.
        samples: Of each prompt; they stay together.
    """
    order, at_once = longest_first(prompts), max(1, batch_size // samples)
    return [(start, order[start : start + at_once]) for start in range(0, len(order), at_once)]


def longest_first(prompts: Sequence[Sequence[int]]) -> list[int]:
    """The order of answering: a batch that does not fit into memory fails at once, and little padding is needed."""
    return sorted(range(len(prompts)), key=lambda i: -len(prompts[i]))


def parse_conversations(texts: Iterable[str]) -> list[Messages]:
    """Read chat messages from the JSON texts in which tables keep them."""
    return [json.loads(text) for text in texts]


def complete(
    model: "Model", prompts: Sequence[Sequence[int]], sampling: Sampling, ends: Sequence[int], random: torch.Generator
) -> list[list[int]]:
    """Completes one batch of token prompts, `sampling.samples` times each.

    Returns:
        New token ids of each row, the end token included if one was written; samples of a prompt side by
        side.
    """
    from sqlreason.students.generation.kv_cache import make_cache

    obstacle = attention.obstacle(model, max(map(len, prompts)) + sampling.max_new_tokens)
    if obstacle is not None:
        attention.tell(model, "completions are written by transformers' generate", obstacle)
        return _complete_with_transformers(model, prompts, sampling, ends, random, obstacle.padding)
    ids, seen, positions = _left_pad(model, prompts)
    memory = make_cache(model)
    logits = _forward(model, ids, seen, positions, memory)
    memory.batch_repeat_interleave(sampling.samples)
    logits, seen = (tensor.repeat_interleave(sampling.samples, 0) for tensor in (logits, seen))
    masks = attention.NextMasks(model.config, seen, model.dtype)
    positions = positions[:, -1:].repeat_interleave(sampling.samples, 0)
    stops = torch.tensor(ends, dtype=torch.long, device=ids.device)
    rows: list[list[int]] = [[] for _ in range(len(logits))]
    alive = torch.arange(len(rows), device=ids.device)
    for step in range(sampling.max_new_tokens):
        tokens = _choose(logits, sampling, random)
        for row, token in zip(alive.tolist(), tokens.tolist(), strict=True):
            rows[row].append(token)
        going = ~torch.isin(tokens, stops)
        if step + 1 == sampling.max_new_tokens or not going.any():
            break
        if not going.all():
            kept = going.nonzero()[:, 0]
            memory.batch_select_indices(kept)
            masks.keep(kept)
            alive, tokens, positions = alive[kept], tokens[kept], positions[kept]
        positions = positions + 1
        logits = _forward(model, tokens[:, None], masks.extend(memory.get_mask_sizes(1, 0)[0]), positions, memory)
    return rows


def _complete_with_transformers(
    model: "Model",
    prompts: Sequence[Sequence[int]],
    sampling: Sampling,
    ends: Sequence[int],
    random: torch.Generator,
    padding: bool,
) -> list[list[int]]:
    """The same by transformers' `generate`; without padding, prompts of one length at a time."""
    together: dict[int, list[int]] = {}
    for i, prompt in enumerate(prompts):
        together.setdefault(0 if padding else len(prompt), []).append(i)
    written: dict[int, list[list[int]]] = {}
    for members in together.values():
        rows = _generate_with_transformers(model, [prompts[i] for i in members], sampling, ends, random)
        written |= {i: rows[k * sampling.samples :][: sampling.samples] for k, i in enumerate(members)}
    return [row for i in range(len(prompts)) for row in written[i]]


def _generate_with_transformers(
    model: "Model", prompts: Sequence[Sequence[int]], sampling: Sampling, ends: Sequence[int], random: torch.Generator
) -> list[list[int]]:
    from transformers import GenerationConfig

    base = attention.bare(model)
    ids, seen, _ = _left_pad(base, prompts)
    held, base.generation_config = (
        base.generation_config,  # penalties and cuts that it may declare are none of ours
        GenerationConfig(
            max_new_tokens=sampling.max_new_tokens,
            do_sample=sampling.temperature > 0,
            temperature=sampling.temperature or None,
            top_p=sampling.top_p,
            top_k=0,
            num_return_sequences=sampling.samples,
            eos_token_id=list(ends) or None,
            pad_token_id=0,
        ),
    )
    seed = torch.randint(1 << 62, (1,), generator=random, device=random.device).item()
    try:
        with torch.random.fork_rng([base.device] if base.device.type == "cuda" else []):
            torch.manual_seed(seed)
            written = cast(Tensor, base.generate(ids, attention_mask=seen.long()))  # type: ignore[operator]
    finally:
        base.generation_config = held
    return [_to_the_end(row, ends) for row in written[:, ids.shape[1] :].tolist()]


def _to_the_end(row: list[int], ends: Sequence[int]) -> list[int]:
    """The tokens up to the first that ends a completion, without the padding behind."""
    last = next((place for place, token in enumerate(row) if token in ends), len(row))
    return row[: last + 1]


class inference(AbstractContextManager[None]):
    """Within it the model is in evaluation mode, without gradients, with the attention of `attention.choose`."""

    def __init__(self, model: "Model") -> None:
        self.model = model

    def __enter__(self) -> None:
        self.was_training = self.model.training
        self.attention = self.model.config._attn_implementation
        self.no_grad = torch.inference_mode()
        self.no_grad.__enter__()
        self.model.eval()
        if self.model.device.type == "cpu":
            cpu.release_memory()  # of a training's update, which needs other sizes
            cpu.keep_memory()
        self.model.set_attn_implementation(attention.choose(self.model))

    def __exit__(self, *exception: object) -> None:
        self.model.set_attn_implementation(self.attention)
        self.model.train(self.was_training)
        self.no_grad.__exit__(*exception)
        if self.model.device.type == "cpu":
            cpu.release_memory()


def _left_pad(model: "Model", prompts: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor, Tensor]:
    """Token ids, which of them are none of padding, positions; all of batch x longest prompt."""
    longest = max(map(len, prompts))
    ids = torch.zeros(len(prompts), longest, dtype=torch.long)
    seen = torch.zeros(len(prompts), longest, dtype=torch.bool)
    for i, prompt in enumerate(prompts):
        ids[i, longest - len(prompt) :] = torch.tensor(prompt)
        seen[i, longest - len(prompt) :] = True
    positions = (seen.cumsum(-1) - 1).clamp_min(0)
    return ids.to(model.device), seen.to(model.device), positions.to(model.device)


def _forward(
    model: "Model", ids: Tensor, mask: Tensor | dict[str, Tensor], positions: Tensor, memory: "Cache"
) -> Tensor:
    """Logits (batch x vocabulary, float32) behind the last token.

    The mask is which tokens are none of padding, from which the model makes those of its layers, or these themselves.
    """
    # Of prompts the last states are a view, over which torch's bfloat16 product on a CPU takes a thousand times as long
    # as over the copy that an index makes: 28 s and 7 GB for the first token of 128 rows of SmolLM2, and 0.02 s.
    last = 1 if ids.shape[1] == 1 else torch.tensor([ids.shape[1] - 1], device=ids.device)
    output = model(
        input_ids=ids,
        attention_mask=mask,
        position_ids=positions,
        past_key_values=memory,
        use_cache=True,
        logits_to_keep=last,
    )
    return output.logits[:, -1].float()


def _choose(logits: Tensor, sampling: Sampling, random: torch.Generator) -> Tensor:
    if sampling.temperature == 0:
        return logits.argmax(-1)
    shares = (logits / sampling.temperature).softmax(-1)
    if sampling.top_p < 1:
        ordered, places = shares.sort(-1, descending=True)
        ordered[ordered.cumsum(-1) - ordered >= sampling.top_p] = 0  # the first that reaches top_p still counts
        shares = torch.zeros_like(shares).scatter_(-1, places, ordered)
    # One random number a row against the running sum; torch.multinomial draws one for each word of the vocabulary.
    sums = shares.cumsum(-1)
    drawn = torch.rand(len(sums), 1, generator=random, device=sums.device) * sums[:, -1:]
    return torch.searchsorted(sums, drawn, right=True)[:, 0].clamp_max(sums.shape[1] - 1)


def _read(chat: Chat, row: list[int], seconds: float) -> Generation:
    return Generation(chat.read(row), len(row), chat.is_finished(row), seconds)
