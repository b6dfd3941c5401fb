"""Nodes of pretraining: write the corpus, train the tokenizer, train the tiny student from scratch."""

import itertools
import logging
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from sqlreason.options import PretrainingOptions
from sqlreason.students.checkpoint import TrainedModel

logger = logging.getLogger(__name__)


def write_corpus(options: PretrainingOptions) -> pd.DataFrame:
    """Return `options.documents` documents about the training schemas (column `text`); no held-out schema occurs."""
    from sqlreason.synthesis.blueprint import load_blueprints
    from sqlreason.synthesis.corpus import write_documents
    from sqlreason.synthesis.questions import split_blueprints

    train, _ = split_blueprints(load_blueprints(), options.heldout_share, options.synthesis_seed)
    documents = itertools.islice(write_documents(train, options.seed), options.documents)
    corpus = pd.DataFrame({"text": list(tqdm(documents, total=options.documents, desc="corpus", unit="doc"))})
    logger.info("%d documents, %.1f million characters", len(corpus), corpus["text"].str.len().sum() / 1e6)
    return corpus


def pretrain_student(corpus: pd.DataFrame, options: PretrainingOptions) -> tuple[TrainedModel, pd.DataFrame]:
    """Return a tiny Llama trained from scratch on the corpus, with its tokenizer and card, and its history.

    Running it again with the same options goes on from the last checkpoint.
    """
    from sqlreason.students import tiny

    return tiny.pretrain_student(
        corpus["text"].tolist(),
        workdir=Path(options.checkpoints),
        **options.model_dump(exclude={"checkpoints", "documents", "heldout_share", "synthesis_seed"}),
    )
