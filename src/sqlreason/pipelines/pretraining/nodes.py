"""Nodes of pretraining: write the corpus, train the tokenizer, train the tiny student from scratch."""

import itertools
import logging
from pathlib import Path
from typing import Any

import pandas as pd
from tqdm import tqdm

from sqlreason.options.synthesis_options import PretrainingOptions
from sqlreason.students.checkpoints.checkpoint import Checkpoint, TrainedModel

logger = logging.getLogger(__name__)

TOKENIZER_SAMPLE = 20_000  # documents; more change no merge that matters and cost seconds

CARD = """---
license: apache-2.0
---
# The tiny student of sqlreason

A Llama of {parameters:.1f} million parameters, trained from scratch by `kedro run --pipelines=pretraining` (one row
for each run; a later one starts from the student of the one before), so that the project's demo can teach a real model
on a laptop. It knows schemas, questions, SQL and English about SQL; it has never seen `<think>`, `<sql>` or a schema
of the questions. It is of no use for anything else, and says nothing about real databases.

| documents | seed | tokens | steps | minutes | CPU threads | final loss (nats per answer token) |
| --- | --- | --- | --- | --- | --- | --- |
{rows}

Each document is about one of {schemas} hand-written schemas, varied. Tokenizer: byte-level BPE,
{vocabulary:,} tokens, Llama 3's special tokens and chat roles.
"""
TRAINING_ROW = "| {documents:,} | {seed} | {tokens:,} | {steps:,} | {minutes:.0f} | {threads} | {loss:.3f} |"


def write_corpus(options: PretrainingOptions) -> pd.DataFrame:
    """Return documents about pretraining's own schemas (column `text`)."""
    from sqlreason.synthesis.corpus import write_documents
    from sqlreason.synthesis.schema.annotated_schema import PRETRAINING, load_annotated_schemas

    annotated_schemas = load_annotated_schemas(PRETRAINING)
    documents = itertools.islice(write_documents(annotated_schemas, options.seed), options.documents)
    corpus = pd.DataFrame({"text": list(tqdm(documents, total=options.documents, desc="corpus", unit="doc"))})
    corpus.attrs["schemas"] = [annotated_schema.name for annotated_schema in annotated_schemas]
    logger.info("%d documents, %.1f million characters", len(corpus), corpus["text"].str.len().sum() / 1e6)
    return corpus


def pretrain_student(
    corpus: pd.DataFrame, checkpoints: Path, options: PretrainingOptions
) -> tuple[TrainedModel, pd.DataFrame]:
    """Return a tiny Llama trained on the corpus, from scratch or from `options.start`, and its history.

    Running it again with the same options goes on from the last checkpoint.
    """
    from sqlreason.students.training import pretraining

    texts = corpus["text"].tolist()
    model, tokenizer, earlier = _start(texts, options)
    plan = pretraining.PretrainingPlan(
        tokens=options.tokens,
        learning_rate=options.learning_rate,
        batch_rows=options.batch_size,
        row_tokens=options.sequence_length,
        seed=options.seed,
    )
    folder = checkpoints / "pretraining"
    model, history = pretraining.pretrain(texts, tokenizer, plan, model=model, folder=folder)
    return _with_card(model, tokenizer, corpus, pd.DataFrame(history), options.seed, earlier)


def _start(texts: list[str], options: PretrainingOptions) -> tuple[Any, Any, list[dict[str, Any]]]:
    """The untrained student, or an earlier one; its tokenizer; what its earlier trainings were."""
    from sqlreason.students.training import tiny

    if options.start is None:
        tokenizer = tiny.train_tokenizer(texts[:TOKENIZER_SAMPLE], options.vocabulary)
        shape = {"hidden_size": options.hidden, "layers": options.layers}
        return tiny.tiny_model(tokenizer, options.seed, **shape), tokenizer, []
    student = Checkpoint(options.start)
    return student.load_model(), student.load_tokenizer(), student.facts["trainings"]


def _with_card(
    model: Any, tokenizer: Any, corpus: pd.DataFrame, history: pd.DataFrame, seed: int, earlier: list[dict[str, Any]]
) -> tuple[TrainedModel, pd.DataFrame]:
    import torch

    last = history.iloc[-1]
    training = {
        "documents": len(corpus),
        "seed": seed,
        "tokens": int(last["tokens"]),
        "steps": int(last["step"]),
        "minutes": last["seconds"] / 60,
        "threads": torch.get_num_threads(),
        "loss": last["loss"],
    }
    facts = {
        "parameters": sum(parameter.numel() for parameter in model.parameters()) / 1e6,
        "vocabulary": len(tokenizer),
        "schemas": corpus.attrs["schemas"],
        "trainings": [*earlier, training],
    }
    rows = "\n".join(TRAINING_ROW.format(**row) for row in facts["trainings"])
    card = CARD.format(**{**facts, "schemas": len(facts["schemas"]), "rows": rows})
    return TrainedModel(model, tokenizer, card, facts), history
