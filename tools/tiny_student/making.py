"""The recipe of the tiny student: write the corpus, train the tokenizer, train the model from scratch."""

import itertools
import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from tqdm import tqdm

from sqlreason.students.checkpoints.checkpoint import MANIFEST, Checkpoint, TrainedModel
from sqlreason.synthesis.schema.annotated_schema import PRETRAINING, load_annotated_schemas
from tiny_student import pretraining, tiny
from tiny_student.corpus import write_documents

logger = logging.getLogger(__name__)

TOKENIZER_SAMPLE = 20_000  # documents; more change no merge that matters and cost seconds

CARD = """---
license: apache-2.0
---
# The tiny student of sqlreason

A Llama of {parameters:.1f} million parameters, trained from scratch by `tools/tiny_student` (one row
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


@dataclass(frozen=True)
class Recipe:
    """How the student learns the language of schemas, questions, explanations and SQL.

    Attributes:
        start: The folder of an earlier student that goes on learning, with its tokenizer; without one from scratch.
        documents: Documents of the corpus, each seen once: 14.3 million tokens.
        vocabulary: Tokens of the tokenizer.
        hidden: Width; with 6 layers 5.5 million parameters, 11 MB.
        layers: Depth.
        tokens: Length of the training; about 50 minutes on one core with bfloat16.
        sequence_length: Tokens of a row; 1 % of the documents are longer.
        batch_size: Rows of a step: 5,120 tokens.
        learning_rate: Muon's for matrices, AdamW's for the rest; at 1e-2 names were not copied after 4.5 M tokens.
        seed: Draws corpus, weights and order.
    """

    start: str | None = None
    documents: int = 48_000
    vocabulary: int = 4096
    hidden: int = 256
    layers: int = 6
    tokens: int = 14_000_000
    sequence_length: int = 640
    batch_size: int = 8
    learning_rate: float = 4e-3
    seed: int = 11


def write_corpus(recipe: Recipe) -> pd.DataFrame:
    """Return documents about the student's own schemas (column `text`)."""
    annotated_schemas = load_annotated_schemas(PRETRAINING)
    documents = itertools.islice(write_documents(annotated_schemas, recipe.seed), recipe.documents)
    corpus = pd.DataFrame({"text": list(tqdm(documents, total=recipe.documents, desc="corpus", unit="doc"))})
    corpus.attrs["schemas"] = [annotated_schema.name for annotated_schema in annotated_schemas]
    logger.info("%d documents, %.1f million characters", len(corpus), corpus["text"].str.len().sum() / 1e6)
    return corpus


def pretrain_student(corpus: pd.DataFrame, checkpoints: Path, recipe: Recipe) -> tuple[TrainedModel, pd.DataFrame]:
    """Return a tiny Llama trained on the corpus, from scratch or from `recipe.start`, and its history.

    Running it again with the same recipe goes on from the last checkpoint.
    """
    texts = corpus["text"].tolist()
    model, tokenizer, earlier = _start(texts, recipe)
    plan = pretraining.PretrainingPlan(
        tokens=recipe.tokens,
        learning_rate=recipe.learning_rate,
        batch_rows=recipe.batch_size,
        row_tokens=recipe.sequence_length,
        seed=recipe.seed,
    )
    model, history = pretraining.pretrain(texts, tokenizer, plan, model=model, folder=checkpoints)
    return _with_card(model, tokenizer, corpus, pd.DataFrame(history), recipe.seed, earlier)


def _start(texts: list[str], recipe: Recipe) -> tuple[Any, Any, list[dict[str, Any]]]:
    """The untrained student, or an earlier one; its tokenizer; what its earlier trainings were."""
    if recipe.start is None:
        tokenizer = tiny.train_tokenizer(texts[:TOKENIZER_SAMPLE], recipe.vocabulary)
        shape = {"hidden_size": recipe.hidden, "layers": recipe.layers}
        return tiny.tiny_model(tokenizer, recipe.seed, **shape), tokenizer, []
    student = Checkpoint(recipe.start)
    manifest = json.loads((Path(recipe.start) / MANIFEST).read_text(encoding="utf-8"))
    return student.load_model(), student.load_tokenizer(), manifest["facts"]["trainings"]


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
