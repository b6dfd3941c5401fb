"""Greedy answers of a GGUF file, by llama.cpp, read and written as a server of it would."""

import json
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from tqdm import tqdm

from sqlreason.students.checkpoints.chat import Chat


def is_installed() -> bool:
    """Whether llama-cpp-python is there."""
    from importlib.util import find_spec

    return find_spec("llama_cpp") is not None


def answer_questions(path: Path, chat: Chat, prompts: pd.DataFrame, max_completion_tokens: int) -> pd.DataFrame:
    """Return the greedy answers of a GGUF file (table `answers`), with a column `same_prompt`.

    Args:
        path: The GGUF file.
        chat: The student's own; it renders the chat template, llama.cpp cuts the text into tokens.
        prompts: Table `evaluation_prompts`.
        max_completion_tokens: Limit of an answer.

    Returns:
        `same_prompt` says whether llama.cpp cut the prompt into the tokens that the student was trained on.
    """
    import llama_cpp

    conversations = [json.loads(prompt) for prompt in prompts["prompt"]]
    ids = [chat.prompt_ids(messages) for messages in conversations]
    context = max(map(len, ids)) + max_completion_tokens + 1
    threads = int(os.environ.get("OMP_NUM_THREADS", os.cpu_count() or 1))
    model = llama_cpp.Llama(
        str(path), n_ctx=context, n_gpu_layers=-1, n_threads=threads, n_threads_batch=threads, verbose=False
    )
    ends = {*chat.ends, model.token_eos()}
    rows = []
    for messages, expected in tqdm(list(zip(conversations, ids, strict=True)), desc="llama.cpp", unit="answer"):
        text = chat.prompt_text(messages)
        prompt = model.tokenize(text.encode(), add_bos=False, special=True)
        began = time.monotonic()
        written, finished = _continue(model, prompt, ends, max_completion_tokens)
        rows.append(
            {
                "text": chat.read(written),
                "tokens": len(written),
                "finished": finished,
                "seconds": time.monotonic() - began,
                "same_prompt": list(prompt) == list(expected),
            }
        )
    return pd.DataFrame(rows).assign(id=prompts["id"].to_numpy())


def _continue(model: Any, prompt: Sequence[int], ends: set[int], limit: int) -> tuple[list[int], bool]:
    written: list[int] = []
    for token in model.generate(prompt, temp=0.0, repeat_penalty=1.0):
        written.append(token)
        if token in ends:
            return written, True
        if len(written) == limit:
            break
    return written, False
