"""The student's prompts within its token budget: one prompt text, one tokenizer, one way of counting.

A schema that is too long is shrunk by rule (sample rows, comments, then unrelated tables), never by cutting
tokens; a prompt that does not fit at its smallest is refused.
"""

import hashlib
import json
from bisect import bisect_left
from collections.abc import Collection, Sequence
from functools import cached_property

from sqlreason.reasoning import prompts
from sqlreason.reasoning.matched_values import MatchedValue, matched_values
from sqlreason.sql.databases.question_values import StoredText, with_texts
from sqlreason.sql.parsing import queries
from sqlreason.sql.parsing.dialects import NAMES
from sqlreason.sql.parsing.schema import spelled
from sqlreason.students.checkpoints.chat import Chat
from sqlreason.students.checkpoints.checkpoint import Checkpoint
from sqlreason.students.checkpoints.tool_chat import ToolChat, with_tools
from sqlreason.students.schema_linking import heart, tables_of_question

Messages = list[dict[str, str]]


def prompt_fingerprint(prompt: prompts.Prompt, checkpoint: Checkpoint) -> str:
    """Return what tells one student prompt from another: its text, and the ways of the chat template it is put into.

    Args:
        prompt: The prompt text.
        checkpoint: The student; where its template has no arguments of the user's, the text alone counts.
    """
    if not checkpoint.template_arguments and not checkpoint.plain_template:
        return prompt.fingerprint
    ways = [prompt.fingerprint, dict(checkpoint.template_arguments), checkpoint.plain_template]
    return hashlib.sha256(json.dumps(ways, sort_keys=True).encode()).hexdigest()[: len(prompt.fingerprint)]


def is_shown(table: str, text: str, dialect: str = "") -> bool:
    """Return whether a prompt, or the schema in it, shows a table."""
    return f"CREATE TABLE {spelled(table, dialect)} (" in text


class StudentPrompts:
    """Builds chat messages for questions, and counts tokens with the chat template included.

    Args:
        prompt: The prompt text.
        chat: The student's tokenizer with its chat template.
        max_prompt_tokens: Budget for prompt and template.
        sample_rows: Rows of each table shown at most.
        max_tables: Tables shown at most to who does not know the gold; None for no limit.
    """

    def __init__(
        self,
        prompt: prompts.Prompt,
        chat: Chat,
        *,
        max_prompt_tokens: int,
        sample_rows: int,
        max_tables: int | None = None,
    ):
        self.prompt = prompt
        self.chat = chat
        self.max_prompt_tokens = max_prompt_tokens
        self.sample_rows = sample_rows
        self.max_tables = max_tables

    def messages(
        self,
        question: str,
        context: str,
        gold: str = "",
        tables: Collection[str] = (),
        dialect: str = "",
        most: int | None = None,
        texts: Sequence[StoredText] = (),
    ) -> Messages:
        """Return the chat messages for a question; the tables that `gold` reads survive any shrinking, as do `tables`.

        Args:
            question: In plain language.
            context: DDL and INSERT statements.
            gold: The gold query, for the tables that it reads.
            tables: Others to keep.
            dialect: "duckdb" or "postgres" where the answer is to be in the SQL of these (`Task.dialect`).
            most: Tables to show at most, the nearest to those; None for no limit.
            texts: Of the database that the question holds, beside those in the context.

        Raises:
            ValueError: If the context does not parse, or lacks one of the tables.
            PromptOverBudget: If the prompt is over budget at its smallest.
        """
        sizes = []
        values = self.values_of(question, context, dialect, texts)

        def build(schema: str) -> Messages:
            told = [f"-- {v.condition(dialect)}" for v in values if is_shown(v.table, schema, dialect)]
            return prompts.build_messages(self.prompt, question, schema, NAMES[dialect], values=told)

        def fits(schema: str) -> bool:
            sizes.append(self.count_prompt(build(schema)))
            return sizes[-1] <= self.max_prompt_tokens

        try:
            schema = prompts.schema_text(
                context,
                keep={*tables, *(queries.tables_of(gold) if gold else ())},
                budget=fits,
                sample_rows=self.sample_rows,
                dialect=dialect,
                most=most,
            )
        except prompts.PromptOverBudget as error:
            raise prompts.PromptOverBudget(
                f"the prompt has {min(sizes):,} tokens at its shortest, more than preprocessing.max_prompt_tokens = "
                f"{self.max_prompt_tokens:,}"
            ) from error
        return build(schema)

    def messages_without_gold(
        self, question: str, context: str, dialect: str = "", texts: Sequence[StoredText] = ()
    ) -> Messages:
        """Return the messages for a question as its asker knows it: of a large schema, the tables that it speaks of.

        A schema of more than `max_tables` is shown with these alone, or around its heart where it names none; one over
        the token budget with these and what is near to them.

        Args:
            question: In English.
            context: DDL and INSERT statements.
            dialect: As of `messages`.
            texts: As of `messages`.

        Raises:
            ValueError: If the context does not parse.
            PromptOverBudget: If the prompt is over budget at its smallest.
        """
        schema = with_texts(prompts.prompt_schema(context, dialect), texts)
        found = tables_of_question(question, schema)[: self.max_tables]
        named = found or [heart(schema)]
        is_large = self.max_tables is not None and len(schema.tables) > self.max_tables

        def build(count: int) -> Messages:
            most = (count if found else self.max_tables) if is_large else None
            return self.messages(question, context, tables=named[:count], dialect=dialect, most=most, texts=texts)

        def has_room(count: int) -> bool:
            try:
                return bool(build(count))
            except prompts.PromptOverBudget:
                return False

        try:
            return build(len(named))
        except prompts.PromptOverBudget:
            fewer = range(len(named) - 1, 1, -1)  # the surest ones, as many as have room
            return build(max(1, len(named) - 1 - bisect_left(fewer, True, key=has_room)))

    def values_of(
        self, question: str, context: str, dialect: str = "", texts: Sequence[StoredText] = ()
    ) -> list[MatchedValue]:
        """Return the values that a question holds, for a prompt that has a place for them; arguments as of `messages`.

        Raises:
            ValueError: If the context does not parse.
        """
        if not self.prompt.tells_values:
            return []
        return matched_values(question, with_texts(prompts.prompt_schema(context, dialect), texts))

    def count_prompt(self, messages: Messages) -> int:
        """Return the tokens of the rendered prompt, up to where the answer begins."""
        return len(self.chat.prompt_ids(messages))

    def count_completion(self, completion: str) -> int:
        """Return the tokens of the answer, the end of turn included."""
        return len(self.chat.completion_ids(completion))

    def count_lesson(self, messages: Messages, lesson: Messages) -> int:
        """Return the tokens of a conversation with tools behind its prompt, those of the tools included.

        Raises:
            ChatError: If the student's template has no tools, or a call would not be read back.
        """
        chat = self._with_tools
        return len(chat.lesson_row(messages, lesson)["input_ids"]) - len(chat.prompt_ids(messages))

    @cached_property
    def _with_tools(self) -> ToolChat:
        return with_tools(self.chat)
