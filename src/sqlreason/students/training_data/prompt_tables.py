"""Prompts with their tasks, for GRPO and for the evaluation: questions whose gold can be trusted, within the budget."""

import logging
from collections.abc import Mapping
from typing import Any

import pandas as pd
from tqdm import tqdm

from sqlreason.data.tables import TABLES, records, to_json
from sqlreason.errors import BadInput
from sqlreason.reasoning.prompts import PromptOverBudget
from sqlreason.sql.verifier import Task
from sqlreason.students.prompting import Messages, StudentPrompts

logger = logging.getLogger(__name__)


def prompt_table(table: str, questions: pd.DataFrame, tasks: Mapping[str, Task], build: StudentPrompts) -> pd.DataFrame:
    """Return a table of prompts.

    A schema over the budget is shrunk around the tables of the gold in training, and in the evaluation around those of
    which the question speaks: who asks does not know the query.

    Args:
        table: `grpo_prompts` or `evaluation_prompts`.
        questions: Rows of the question table.
        tasks: By question; those without one are left out.
        build: Builds the prompts and counts their tokens.

    Raises:
        BadInput: If no question is left.
    """
    rows, long, unbuilt = [], 0, 0
    usable = records(questions[questions["id"].isin(tasks)])
    for question in tqdm(usable, desc=table.replace("_", " "), unit="question"):
        try:
            dialect = tasks[question["id"]].dialect
            messages = _messages(build, question, dialect, with_gold=table == "grpo_prompts")
        except PromptOverBudget:
            long += 1
            continue
        except Exception:  # one question that no prompt can be built of costs itself alone
            logger.debug("the prompt of %s", question["id"], exc_info=True)
            unbuilt += 1
            continue
        made = {"gold_sql": question["sql"], "prompt": to_json(messages), "task": tasks[question["id"]].to_json()}
        rows.append({**question, **made})
    if not rows:
        raise BadInput(
            f"{table}: none of {len(questions)} questions can be used: {long} are over max_prompt_tokens="
            f"{build.max_prompt_tokens}, {unbuilt} have a schema or gold that no prompt can be built of, "
            f"{len(questions) - long - unbuilt} have no trusted gold (reasons in the catalog entry "
            "`test_databases`); raise preprocessing.max_prompt_tokens, or take more questions"
        )
    told = "%s: %d of %d questions, %d over the token budget, %d without a prompt"
    logger.info(told, table, len(rows), len(questions), long, unbuilt)
    return pd.DataFrame(rows)[list(TABLES[table].columns)]


def _messages(build: StudentPrompts, question: Mapping[str, Any], dialect: str, with_gold: bool) -> Messages:
    asked, context = question["sql_prompt"], question["sql_context"]
    if with_gold:
        return build.messages(asked, context, question["sql"], dialect=dialect)
    return build.messages_without_gold(asked, context, dialect)
