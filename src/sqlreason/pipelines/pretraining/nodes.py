"""Nodes of pretraining: write the corpus, train the tokenizer, train the tiny student from scratch."""

import itertools
import logging
from pathlib import Path
from typing import Any

import pandas as pd
from tqdm import tqdm

from sqlreason.options import PretrainingOptions
from sqlreason.students.checkpoint import TrainedModel

logger = logging.getLogger(__name__)

MARKUP_DECAY = 0.9  # the short stage starts from a finished model: its learning rate falls nearly from the start
TOKENIZER_SAMPLE = 20_000  # documents; more change no merge that matters and cost seconds

CARD = """---
license: apache-2.0
---
# The tiny student of sqlreason

A Llama of {parameters:.1f} million parameters, trained from scratch by `kedro run --pipelines=pretraining`, so that the
project's demo can teach a real model on a laptop. It knows schemas, questions, SQL and English about SQL; it has never
seen `<think>`, `<sql>` or a held-out schema. It is of no use for anything else, and says nothing about real databases.

| | |
| --- | --- |
| corpus | {documents:,} documents about {schemas} hand-written schemas, most of them varied (seed {seed}) |
| training | {tokens:,} tokens in {steps:,} steps, {minutes:.0f} minutes, {threads} CPU thread(s) |
| final loss | {loss:.3f} nats per answer token (training; mean over the last 20 steps) |
| tokenizer | byte-level BPE, {vocabulary:,} tokens, Llama 3's special tokens and chat roles |
"""


def write_corpus(options: PretrainingOptions) -> pd.DataFrame:
    """Return documents about the training schemas (columns `stage`, `text`); no held-out schema occurs."""
    from sqlreason.synthesis.blueprint import load_blueprints
    from sqlreason.synthesis.corpus import write_documents
    from sqlreason.synthesis.questions import split_blueprints

    train, _ = split_blueprints(load_blueprints(), options.heldout_share, options.synthesis_seed)
    sizes = {"language": options.documents, "markup": options.markup.documents}
    parts = []
    for number, (stage, size) in enumerate(sizes.items()):
        documents = itertools.islice(write_documents(train, options.seed + number, stage), size)
        texts = list(tqdm(documents, total=size, desc=f"corpus: {stage}", unit="doc"))
        parts.append(pd.DataFrame({"stage": stage, "text": texts}))
    corpus = pd.concat(parts, ignore_index=True)
    corpus.attrs["schemas"] = [blueprint.name for blueprint in train]
    logger.info("%d documents, %.1f million characters", len(corpus), corpus["text"].str.len().sum() / 1e6)
    return corpus


def pretrain_student(corpus: pd.DataFrame, options: PretrainingOptions) -> tuple[TrainedModel, pd.DataFrame]:
    """Return a tiny Llama trained from scratch on the corpus, stage after stage, with tokenizer, card and history.

    Running it again with the same options goes on from the last checkpoint.
    """
    from sqlreason.students import pretraining, tiny

    texts = {stage: part["text"].tolist() for stage, part in corpus.groupby("stage", sort=False)}
    tokenizer = tiny.train_tokenizer(texts["language"][:TOKENIZER_SAMPLE], options.vocabulary)
    model = tiny.tiny_model(tokenizer, options.seed, hidden_size=options.hidden, layers=options.layers)
    shape = {"batch_rows": options.batch_size, "row_tokens": options.sequence_length, "seed": options.seed}
    plans = {
        "language": pretraining.PretrainingPlan(
            tokens=options.tokens, learning_rate=options.learning_rate, **shape
        ),
        "markup": pretraining.PretrainingPlan(
            tokens=options.markup.tokens, learning_rate=options.markup.learning_rate, decay=MARKUP_DECAY, **shape
        ),
    }
    history = []
    for stage, plan in plans.items():
        folder = Path(options.checkpoints) / stage
        model, steps = pretraining.pretrain(texts[stage], tokenizer, plan, model=model, folder=folder)
        history += [{"stage": stage, **step} for step in steps]
    return _with_card(model, tokenizer, corpus, pd.DataFrame(history), options.seed)


def _with_card(
    model: Any, tokenizer: Any, corpus: pd.DataFrame, history: pd.DataFrame, seed: int
) -> tuple[TrainedModel, pd.DataFrame]:
    import torch

    ends = history.groupby("stage")[["tokens", "step", "seconds"]].last().sum()
    facts = {
        "parameters": sum(parameter.numel() for parameter in model.parameters()) / 1e6,
        "documents": len(corpus),
        "schemas": len(corpus.attrs["schemas"]),
        "seed": seed,
        "tokens": int(ends["tokens"]),
        "steps": int(ends["step"]),
        "minutes": ends["seconds"] / 60,
        "threads": torch.get_num_threads(),
        "loss": history["loss"].iloc[-1],
        "vocabulary": len(tokenizer),
    }
    card = CARD.format(**facts)
    return TrainedModel(model, tokenizer, card, {**facts, "schemas": corpus.attrs["schemas"]}), history
