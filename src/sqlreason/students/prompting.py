"""The student's prompts within its token budget: one prompt text, one tokenizer, one way of counting.

A schema that is too long is shrunk by rule (sample rows, comments, then unrelated tables), never by cutting
tokens; a prompt that does not fit at its smallest is refused.
"""

from typing import Any

from sqlreason.reasoning import prompts
from sqlreason.sql import queries

Messages = list[dict[str, str]]


class StudentPrompts:
    """Builds chat messages for questions, and counts tokens with the chat template included.

    Args:
        prompt: The prompt text.
        tokenizer: The student's tokenizer, with a chat template.
        max_prompt_tokens: Budget for prompt and template.
        sample_rows: Rows of each table shown at most.
    """

    def __init__(self, prompt: prompts.Prompt, tokenizer: Any, *, max_prompt_tokens: int, sample_rows: int):
        self.prompt = prompt
        self.tokenizer = tokenizer
        self.max_prompt_tokens = max_prompt_tokens
        self.sample_rows = sample_rows

    def messages(self, question: str, context: str, gold: str = "") -> Messages:
        """Return the chat messages for a question; the tables that `gold` reads survive any shrinking.

        Raises:
            ValueError: If the context does not parse, or the prompt is over budget at its smallest.
        """
        def build(schema: str) -> Messages:
            return prompts.build_messages(self.prompt, question, schema)

        schema = prompts.schema_text(
            context,
            keep=queries.tables_of(gold) if gold else (),
            budget=lambda text: self.count_prompt(build(text)) <= self.max_prompt_tokens,
            sample_rows=self.sample_rows,
        )
        return build(schema)

    def count_prompt(self, messages: Messages) -> int:
        """Return the tokens of the rendered prompt, up to where the answer begins."""
        return len(self._ids(messages, add_generation_prompt=True))

    def count_completion(self, messages: Messages, completion: str) -> int:
        """Return the tokens of the answer, the end of turn included."""
        answered = [*messages, {"role": "assistant", "content": completion}]
        return len(self._ids(answered)) - self.count_prompt(messages)

    def _ids(self, messages: Messages, **options: Any) -> list[int]:
        return self.tokenizer.apply_chat_template(messages, tokenize=True, return_dict=False, **options)
