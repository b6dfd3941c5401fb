"""Nodes of synthesis: the embedded questions, composed from the hand-written schemas."""

import logging

import pandas as pd

from sqlreason import splits
from sqlreason.options import SynthesisOptions
from sqlreason.sql.execution import Verifier
from sqlreason.synthesis.blueprint import load_blueprints
from sqlreason.synthesis.questions import make_questions, split_blueprints

logger = logging.getLogger(__name__)


def make_question_sets(options: SynthesisOptions) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return training and held-out questions that share no schema; every gold runs and answers something.

    Args:
        options: Sizes, the share of schemas held out, seed.

    Returns:
        Two question tables.

    Raises:
        RuntimeError: If the two share a schema.
    """
    train, heldout = split_blueprints(load_blueprints(), options.heldout_share, options.seed)
    with Verifier(workers=options.workers) as verifier:
        tables = [
            make_questions(blueprints, -(-wanted // len(blueprints)), verifier, options.seed).head(wanted)
            for blueprints, wanted in ((train, options.train_questions), (heldout, options.heldout_questions))
        ]
    shared = splits.overlap(*(splits.group_keys(table) for table in tables))
    if shared:
        raise RuntimeError(f"{shared} schemas occur in both parts; the hand-written schemas must differ")
    logger.info("%d training and %d held-out questions, no shared schema", *map(len, tables))
    return tables[0], tables[1]
