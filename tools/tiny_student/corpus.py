"""Documents on which the tiny student is pretrained: schemas, questions, SQL and English about SQL.

They are chats and plain texts in many layouts, so that the student knows the roles of a chat, reads schemas,
answers in SQL and writes English reasoning. The layout of the project's traces (`<think>`, `<sql>`) is not among
them, and neither is a held-out schema: both are left for fine-tuning and the evaluation.
"""

import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TypeVar

from sqlreason.reasoning.explanation import explain_query
from sqlreason.synthesis.queries.grammar import NothingFits
from sqlreason.synthesis.questions import Question, ask
from sqlreason.synthesis.schema.annotated_schema import AnnotatedSchema
from sqlreason.synthesis.schema.augmentation import vary
from tiny_student.invention import invent

# Of the schemas, all of which are varied: a student that meets the same names again and again learns them by heart
# (tried: after two million tokens on schemas as they are it answered every question with tables of the training set),
# and one that knew the training schemas answered 86 % of their questions before GRPO could teach it anything.
SHARE_INVENTED = 0.45

SYSTEMS = (
    "",
    "You are a helpful assistant.",
    "You answer questions about databases.",
    "You are an expert in SQL.",
    "Answer with a SQL query.",
    "You translate questions into SQL.",
)
ASKS = (
    "{schema}\n\n{question}",
    "{schema}\n\nQuestion: {question}",
    "Schema:\n{schema}\n\nQuestion: {question}",
    "Database:\n{schema}\n\n{question}",
    "{question}\n\n{schema}",
    "Tables:\n{schema}\n\nWrite SQL for: {question}",
    "Given these tables\n{schema}\nanswer: {question}",
)
# How reasoning and query stand in one answer; `{words}` is the reasoning, `{sql}` the query.
REASONED = (
    "Steps:\n{words}\n\nSQL:\n{sql}",
    "{words}\n\n{sql}",
    "{words}\n```sql\n{sql}\n```",
    "Plan: {words}\nQuery: {sql}",
    "Reasoning: {words}\n\nAnswer: {sql}",
    "[reasoning]\n{words}\n[query]\n{sql}",
    "(plan)\n{words}\n(/plan)\n(query)\n{sql}\n(/query)",
    "# think\n{words}\n# sql\n{sql}",
)
TAGS = (
    "plan", "query", "reasoning", "answer", "steps", "code", "analysis", "statement", "notes", "result", "idea",
    "command", "draft", "final", "a", "b", "p", "pre", "thoughts", "output", "logic", "select", "why", "how",
)  # fmt: skip
EXCHANGES = (1, 1, 2, 2, 3)
BARE = ("{sql}", "{sql};", "```sql\n{sql}\n```", "SQL: {sql}", "The query is:\n{sql}")
EXPLAIN = (
    "Explain this query.\n{sql}",
    "What does this SQL do?\n\n{sql}",
    "{schema}\n\nExplain: {sql}",
    "Describe step by step what happens here:\n{sql}",
)
TELL_QUESTION = ("{schema}\n\nWhich question does this answer?\n{sql}", "Put this query into a question: {sql}")
PLAIN = (
    "{schema}\n\n-- {question}\n{sql};\n",
    "/* {question} */\n{sql};\n",
    "{schema}\n\nQuestion: {question}\nSQL: {sql}\n",
    "Question: {question}\nTables:\n{schema}\nExplanation: {words}\nSQL: {sql}\n",
    "{sql}\n-- {words}\n",
)


# One more question about the schema of the document, at every call.
Asker = Callable[[], Question]
Writer = Callable[[Asker, random.Random], str]
Answer = Callable[[Question], str]
Choice = TypeVar("Choice")


def write_documents(annotated_schemas: Sequence[AnnotatedSchema], seed: int) -> Iterator[str]:
    """Yield documents without end; the same annotated schemas and seed give the same documents.

    Args:
        annotated_schemas: Schemas that the student may see; they are varied (names, columns, tables) at every use.
        seed: Draws schemas, questions, words and layouts.

    Yields:
        Texts; a chat carries the special tokens of the chat template.
    """
    rng = random.Random(seed)
    while True:
        write = _draw(WRITERS, rng)
        annotated_schema = _draw_schema(annotated_schemas, rng)
        try:
            yield write(partial(ask, annotated_schema, rng), rng)
        except NothingFits:  # a variation may have lost every column worth asking about
            continue


def _draw_schema(annotated_schemas: Sequence[AnnotatedSchema], rng: random.Random) -> AnnotatedSchema:
    """A variation of a schema, or one with invented names."""
    annotated_schema = vary(rng.choice(annotated_schemas), rng, annotated_schemas)
    return invent(annotated_schema, rng) if rng.random() < SHARE_INVENTED else annotated_schema


def _converse(asker: Asker, rng: random.Random) -> str:
    """One to three questions about one schema, answered in one layout.

    More questions about the same tables teach to tell columns apart by the question, and put twice as many trained
    tokens into a row.
    """
    answer = _draw(ANSWERS, rng)(rng)
    questions = [asker() for _ in range(rng.choice(EXCHANGES))]
    users = [_ask(questions[0], rng), *(question.prompt for question in questions[1:])]
    return _chat([(user, answer(question)) for user, question in zip(users, questions, strict=True)], rng)


def _in_sql(rng: random.Random) -> Answer:
    layout = rng.choice(BARE)
    return lambda question: layout.format(sql=question.sql)


def _with_reasoning(rng: random.Random) -> Answer:
    layout, style = rng.choice(REASONED), rng.choice(("plan", "plan", "steps", "outline", "sentence"))
    return lambda question: layout.format(words=explain_query(question.sql, rng, style=style), sql=question.sql)


def _in_markup(rng: random.Random) -> Answer:
    """Reasoning and query between tags: a tag is closed by its own name, one part follows the other.

    A token that was never written cannot be learned by an adapter: all such tokens share one embedding (tried: an
    SFT student without tags in its pretraining reasoned well and wrote `RUEthinkRUE` for `<think>`).
    """
    style = rng.choice(("plan", "plan", "plan", "sentence", "outline"))
    end, gap = rng.choice(("\n", "\n", "", " ")), rng.choice(("\n", "\n", "", " "))
    first, second = rng.sample(TAGS, 2)
    reasoned = rng.random() < 0.85

    def answer(question: Question) -> str:
        words = explain_query(question.sql, rng, style=style)
        parts = [f"<{tag}>{end}{text}{end}</{tag}>" for tag, text in ((first, words), (second, question.sql))]
        return gap.join(parts if reasoned else parts[1:])

    return answer


def _explain(asker: Asker, rng: random.Random) -> str:
    question = asker()
    words = explain_query(question.sql, rng, style=rng.choice(("plan", "steps", "sentence", "outline")))
    return _chat([(rng.choice(EXPLAIN).format(sql=question.sql, schema=question.schema), words)], rng)


def _tell_question(asker: Asker, rng: random.Random) -> str:
    question = asker()
    user = rng.choice(TELL_QUESTION).format(sql=question.sql, schema=question.schema)
    return _chat([(user, question.prompt)], rng)


def _read_schema(asker: Asker, rng: random.Random) -> str:
    """A question about the schema itself: teaches to find a table and to copy its columns."""
    schema = asker().schema
    tables = re.findall(r"CREATE TABLE (\S+) \((.*)\)", schema)
    name, columns = rng.choice(tables)
    if rng.random() < 0.3:
        return _chat([(f"{schema}\n\nWhich tables are there?", ", ".join(t for t, _ in tables))], rng)
    names = [part.split()[0] for part in re.split(r",\s*(?![^()]*\))", columns)]
    kept = [column for column in names if column.upper() not in {"FOREIGN", "PRIMARY", "UNIQUE", "CHECK"}]
    return _chat([(f"{schema}\n\nWhich columns does {name} have?", ", ".join(kept))], rng)


def _copy_schema(asker: Asker, rng: random.Random) -> str:
    """The tables again, in another order: nothing but copying, which is what a small student learns last."""
    schema = asker().schema
    lines = schema.splitlines()
    rng.shuffle(lines)
    user = rng.choice(("{schema}\n\nRepeat these tables.", "Write down this schema:\n{schema}", "Copy:\n{schema}"))
    return _chat([(user.format(schema=schema), "\n".join(lines))], rng)


def _plain_text(asker: Asker, rng: random.Random) -> str:
    question = asker()
    words = explain_query(question.sql, rng, style=rng.choice(("plan", "sentence")))
    layout = rng.choice(PLAIN)
    return layout.format(schema=question.schema, question=question.prompt, sql=question.sql, words=words)


# Shares of the mixture. Reasoning before SQL weighs most: it is what fine-tuning has to build on.
ANSWERS: dict[Callable[[random.Random], Answer], float] = {_in_sql: 0.25, _with_reasoning: 0.4, _in_markup: 0.35}
WRITERS: dict[Writer, float] = {
    _converse: 0.78,
    _explain: 0.05,
    _tell_question: 0.02,
    _read_schema: 0.05,
    _copy_schema: 0.05,
    _plain_text: 0.05,
}


def _draw(shares: Mapping[Choice, float], rng: random.Random) -> Choice:
    return rng.choices(list(shares), list(shares.values()))[0]


def _ask(question: Question, rng: random.Random) -> str:
    return rng.choice(ASKS).format(schema=question.schema, question=question.prompt)


def _chat(exchanges: Sequence[tuple[str, str]], rng: random.Random) -> str:
    """Return (user, assistant) exchanges in the roles of Llama 3's chat template."""
    system = rng.choice(SYSTEMS)
    turns = [("system", system)] if system else []
    for user, assistant in exchanges:
        turns += [("user", user), ("assistant", assistant)]
    body = "".join(f"<|start_header_id|>{role}<|end_header_id|>\n\n{text}<|eot_id|>" for role, text in turns)
    return "<|begin_of_text|>" + body
