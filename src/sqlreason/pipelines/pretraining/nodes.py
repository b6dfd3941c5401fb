"""Nodes of pretraining: write the corpus, train the tokenizer, train the tiny student from scratch."""

import itertools
import logging
from typing import Any

import pandas as pd
from tqdm import tqdm

from sqlreason.options import PretrainingOptions
from sqlreason.students.checkpoint import TrainedModel

logger = logging.getLogger(__name__)

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
    """Return documents about the training schemas (column `text`); no held-out schema occurs."""
    from sqlreason.synthesis.blueprint import load_blueprints
    from sqlreason.synthesis.corpus import write_documents
    from sqlreason.synthesis.questions import split_blueprints

    train, _ = split_blueprints(load_blueprints(), options.heldout_share, options.synthesis_seed)
    documents = itertools.islice(write_documents(train, options.seed), options.documents)
    corpus = pd.DataFrame({"text": list(tqdm(documents, total=options.documents, desc="corpus", unit="doc"))})
    corpus.attrs["schemas"] = [blueprint.name for blueprint in train]
    logger.info("%d documents, %.1f million characters", len(corpus), corpus["text"].str.len().sum() / 1e6)
    return corpus


def pretrain_student(corpus: pd.DataFrame, options: PretrainingOptions) -> tuple[TrainedModel, pd.DataFrame]:
    """Return a tiny Llama trained from scratch on the corpus, with tokenizer and card, and its history.

    Running it again with the same options goes on from the last checkpoint.
    """
    from sqlreason.students import pretraining, tiny

    texts = corpus["text"].tolist()
    tokenizer = tiny.train_tokenizer(texts[:TOKENIZER_SAMPLE], options.vocabulary)
    model = tiny.tiny_model(tokenizer, options.seed, hidden_size=options.hidden, layers=options.layers)
    plan = pretraining.PretrainingPlan(
        tokens=options.tokens,
        learning_rate=options.learning_rate,
        batch_rows=options.batch_size,
        row_tokens=options.sequence_length,
        seed=options.seed,
    )
    model, history = pretraining.pretrain(texts, tokenizer, plan, model=model, folder=options.checkpoints)
    return _with_card(model, tokenizer, corpus, pd.DataFrame(history), options.seed)


def _with_card(
    model: Any, tokenizer: Any, corpus: pd.DataFrame, history: pd.DataFrame, seed: int
) -> tuple[TrainedModel, pd.DataFrame]:
    import torch

    last = history.iloc[-1]
    facts = {
        "parameters": sum(parameter.numel() for parameter in model.parameters()) / 1e6,
        "documents": len(corpus),
        "schemas": len(corpus.attrs["schemas"]),
        "seed": seed,
        "tokens": int(last["tokens"]),
        "steps": int(last["step"]),
        "minutes": last["seconds"] / 60,
        "threads": torch.get_num_threads(),
        "loss": last["loss"],
        "vocabulary": len(tokenizer),
    }
    card = CARD.format(**facts)
    return TrainedModel(model, tokenizer, card, {**facts, "schemas": corpus.attrs["schemas"]}), history
