"""Greedy answers of a GGUF file, by llama.cpp's server: what whoever serves the file will see."""

import json
import logging
import time
from pathlib import Path
from typing import Any

import pandas as pd
from tqdm import tqdm

from sqlreason.exports import llama_server
from sqlreason.exports.llama_server import Refused, Server
from sqlreason.students.checkpoints.chat import Chat
from sqlreason.students.checkpoints.chat_templates import Messages

logger = logging.getLogger(__name__)


def answer_questions(path: Path, chat: Chat, prompts: pd.DataFrame, max_completion_tokens: int) -> pd.DataFrame:
    """Return the greedy answers of a GGUF file (table `answers`), with a column `same_prompt`.

    The server makes the prompt by the chat template that the file holds, cuts it, and ends an answer where the file
    says so.

    Args:
        path: The GGUF file.
        chat: The student's own.
        prompts: Table `evaluation_prompts`.
        max_completion_tokens: Limit of an answer.

    Returns:
        `same_prompt` says whether the prompt had the tokens that the student was trained on.

    Raises:
        LlamaCppError: If llama.cpp cannot read the file, or its server dies.
    """
    conversations = [json.loads(prompt) for prompt in prompts["prompt"]]
    longest = max(len(chat.prompt_ids(messages)) for messages in conversations)
    context = 2 * longest + max_completion_tokens  # room for a prompt that is cut into more tokens
    with llama_server.serve(path, context=context) as server:
        bar = tqdm(conversations, desc="llama.cpp", unit="answer")
        rows = [_answer(server, chat, messages, max_completion_tokens) for messages in bar]
    return pd.DataFrame(rows).assign(id=prompts["id"].to_numpy())


def _answer(server: Server, chat: Chat, messages: Messages, limit: int) -> dict[str, Any]:
    began, prompt, written, ended = time.monotonic(), [], [], False
    try:
        prompt = server.tokenize(server.render(messages), add_special=True)
        request = {"prompt": prompt, "n_predict": limit, "temperature": 0.0, "return_tokens": True}
        reply = server.post("/completion", request)
        written, ended = reply["tokens"], reply["stop_type"] == "eos"
    except Refused as refusal:  # a conversation that the file's template refuses, or a prompt beyond what it reads
        logger.warning("export: a question is not answered: %s", refusal)
    return {
        "text": chat.read(written) if written else "",
        "tokens": len(written),
        "finished": ended,
        "seconds": time.monotonic() - began,
        "same_prompt": prompt == chat.prompt_ids(messages),
    }
