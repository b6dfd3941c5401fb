"""What a model is told at the beginning of an episode; a trainer with a prompt of its own needs none of it.

The project's own pipelines take their prompts from the catalog; of here they have the word about tools (`invite`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlreason.errors import BadInput
from sqlreason.reasoning.prompts import Prompt, build_messages, escape, schema_text
from sqlreason.sql.parsing.tables import SchemaError

SINGLE = Prompt(
    name="environment, single-turn",
    version=1,
    system="You answer questions about a database with one {dialect} query. Reply in exactly this form, with nothing "
    "before or behind it:\n<think>\nwhich tables, columns and conditions the question needs\n</think>\n"
    "<sql>\nthe query\n</sql>",
    user="{schema}\n\n{question}",
)

TOOLS = (
    "You answer questions about a database with one SQL query. You do not see the database: look at it with the tools "
    "list_tables, describe_table and run_sql. When you are sure, give the query that answers the question to submit; "
    "it can be called once."
)

TOOLS_IN_TEXT = (
    TOOLS + " Call a tool by writing\n"
    '<tool_call>{{"name": "describe_table", "arguments": {{"table": "…"}}}}</tool_call>\n'
    "The tools: list_tables(), describe_table(table), run_sql(query), submit(query)."
).format()


#: What a prompt says of tools that shows the schema and tells of answers already.
BESIDE = "Before you answer you may look at the database with tools; a query given to submit is an answer too."

#: Likewise, for a teacher, whose reasoning is what a student is to learn.
BESIDE_FOR_TEACHERS = f"{BESIDE} Write your reasoning, in <think></think>, into the turn that gives the answer."


def opening_messages(
    question: str, context: str, tools: bool = False, in_text: bool = False, sample_rows: int = 3
) -> list[dict[str, str]]:
    """Return the chat messages that open an episode.

    Args:
        question: In plain language.
        context: DDL and INSERT statements; shown in single-turn alone.
        tools: Whether the model looks by itself.
        in_text: Whether it calls tools in its text, since the trainer tells it of none (`tool_calls`).
        sample_rows: Rows of a table that single-turn shows.

    Raises:
        ValueError: If the definitions cannot be read, which single-turn shows.

    Example:
        >>> opening_messages("How many users?", "CREATE TABLE users (name TEXT)")[-1]["content"].splitlines()
        ['CREATE TABLE users (name TEXT);', '', 'How many users?']
        >>> opening_messages("How many users?", "", tools=True)[-1]
        {'role': 'user', 'content': 'How many users?'}
    """
    if tools:
        system = TOOLS_IN_TEXT if in_text else TOOLS
        return [{"role": "system", "content": system}, {"role": "user", "content": escape(question)}]
    try:
        schema = schema_text(context, sample_rows=sample_rows)
    except SchemaError as error:
        raise BadInput(f"the schema cannot be shown ({error}); let the model look with tools") from None
    return build_messages(SINGLE, question, schema)


def invite(messages: Sequence[Mapping[str, str]], word: str = BESIDE) -> list[Mapping[str, str]]:
    """Return a prompt of one's own with a word about tools behind its system text; a question alone gets a system text.

    Example:
        >>> invite([{"role": "system", "content": "Answer."}, {"role": "user", "content": "Who?"}])[0]["content"]
        'Answer. Before you answer you may look at the database with tools; a query given to submit is an answer too.'
    """
    head, *others = messages
    if head["role"] != "system":
        return [{"role": "system", "content": word}, *messages]
    return [{**head, "content": f"{head['content'].rstrip()} {word}"}, *others]
