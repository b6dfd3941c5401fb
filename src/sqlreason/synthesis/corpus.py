"""Documents on which the tiny student is pretrained: schemas, questions, SQL and English about SQL.

They are chats and plain texts in many layouts, so that the student knows the roles of a chat, reads schemas,
answers in SQL and writes English reasoning. The layout of the project's traces (`<think>`, `<sql>`) is not among
them, and neither is a held-out schema: both are left for fine-tuning and the examination.
"""

import random
import re
from collections.abc import Callable, Iterator, Sequence

from sqlreason.reasoning.explanation import explain_query
from sqlreason.synthesis.augmentation import vary
from sqlreason.synthesis.blueprint import Blueprint
from sqlreason.synthesis.grammar import NothingFits
from sqlreason.synthesis.invention import invent
from sqlreason.synthesis.questions import Question, ask

# Shares of the schemas. A student that meets the same names again and again learns them by heart (tried: after two
# million tokens on schemas as they are it answered every question with tables of the training set).
SHARE_INVENTED = 0.35
SHARE_VARIED = 0.5

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


def write_documents(blueprints: Sequence[Blueprint], seed: int, stage: str = "language") -> Iterator[str]:
    """Yield documents without end; the same blueprints, seed and stage give the same documents.

    Args:
        blueprints: Schemas that the student may see; each is varied (names, columns, tables) at every use.
        seed: Draws schemas, questions, words and layouts.
        stage: A key of `STAGES`.

    Yields:
        Texts; a chat carries the special tokens of the chat template.
    """
    rng = random.Random(seed)
    writers, weights = zip(*STAGES[stage].items(), strict=True)
    for question in _questions(blueprints, rng):
        (writer,) = rng.choices(writers, weights)
        yield writer(question, rng)


def _questions(blueprints: Sequence[Blueprint], rng: random.Random) -> Iterator[Question]:
    """Questions about schemas as they are, varied and invented, in the shares named above."""
    while True:
        blueprint = rng.choice(blueprints)
        kind = rng.random()
        if kind < SHARE_INVENTED + SHARE_VARIED:
            blueprint = vary(blueprint, rng, blueprints)
        if kind < SHARE_INVENTED:
            blueprint = invent(blueprint, rng)
        try:
            yield ask(blueprint, rng)
        except NothingFits:  # a variation may have lost every column worth asking about
            continue


def _answer_in_sql(question: Question, rng: random.Random) -> str:
    return _chat(_ask(question, rng), rng.choice(BARE).format(sql=question.sql), rng)


def _answer_with_reasoning(question: Question, rng: random.Random) -> str:
    style = rng.choice(("plan", "plan", "steps", "outline", "sentence"))
    words = explain_query(question.sql, rng, style=style)
    return _chat(_ask(question, rng), rng.choice(REASONED).format(words=words, sql=question.sql), rng)


def _answer_in_markup(question: Question, rng: random.Random) -> str:
    """Reasoning and query between tags: a tag is closed by its own name, one part follows the other."""
    words = explain_query(question.sql, rng, style=rng.choice(("plan", "plan", "plan", "sentence", "outline")))
    first, second = rng.sample(TAGS, 2)
    end = rng.choice(("\n", "\n", "", " "))
    parts = [f"<{tag}>{end}{text}{end}</{tag}>" for tag, text in ((first, words), (second, question.sql))]
    kept = parts if rng.random() < 0.85 else parts[1:]
    return _chat(_ask(question, rng), rng.choice(("\n", "\n", "", " ")).join(kept), rng)


def _explain(question: Question, rng: random.Random) -> str:
    words = explain_query(question.sql, rng, style=rng.choice(("plan", "steps", "sentence", "outline")))
    return _chat(rng.choice(EXPLAIN).format(sql=question.sql, schema=question.schema), words, rng)


def _tell_question(question: Question, rng: random.Random) -> str:
    return _chat(rng.choice(TELL_QUESTION).format(sql=question.sql, schema=question.schema), question.prompt, rng)


def _read_schema(question: Question, rng: random.Random) -> str:
    """A question about the schema itself: teaches to find a table and to copy its columns."""
    tables = re.findall(r"CREATE TABLE (\S+) \((.*)\)", question.schema)
    name, columns = rng.choice(tables)
    if rng.random() < 0.3:
        return _chat(f"{question.schema}\n\nWhich tables are there?", ", ".join(t for t, _ in tables), rng)
    names = [part.split()[0] for part in re.split(r",\s*(?![^()]*\))", columns)]
    kept = [column for column in names if column.upper() not in {"FOREIGN", "PRIMARY", "UNIQUE", "CHECK"}]
    return _chat(f"{question.schema}\n\nWhich columns does {name} have?", ", ".join(kept), rng)


def _copy_schema(question: Question, rng: random.Random) -> str:
    """The tables again, in another order: nothing but copying, which is what a small student learns last."""
    lines = question.schema.splitlines()
    rng.shuffle(lines)
    ask = rng.choice(("{schema}\n\nRepeat these tables.", "Write down this schema:\n{schema}", "Copy:\n{schema}"))
    return _chat(ask.format(schema=question.schema), "\n".join(lines), rng)


def _plain_text(question: Question, rng: random.Random) -> str:
    words = explain_query(question.sql, rng, style=rng.choice(("plan", "sentence")))
    layout = rng.choice(PLAIN)
    return layout.format(schema=question.schema, question=question.prompt, sql=question.sql, words=words)


# Shares of each stage's mixture. Reasoning before SQL weighs most: it is what fine-tuning has to build on.
_LANGUAGE: dict[Callable[[Question, random.Random], str], float] = {
    _answer_in_sql: 0.30,
    _answer_with_reasoning: 0.40,
    _explain: 0.08,
    _tell_question: 0.03,
    _read_schema: 0.05,
    _copy_schema: 0.06,
    _plain_text: 0.08,
}
# A token that was never written cannot be learned by an adapter: all such tokens share one embedding (tried: an SFT
# student without this stage reasoned well and wrote `RUEthinkRUE` for `<think>`).
_MARKUP: dict[Callable[[Question, random.Random], str], float] = {
    _answer_in_markup: 0.55,
    _answer_in_sql: 0.10,
    _answer_with_reasoning: 0.25,
    _read_schema: 0.05,
    _plain_text: 0.05,
}
STAGES = {"language": _LANGUAGE, "markup": _MARKUP}


def _ask(question: Question, rng: random.Random) -> str:
    return rng.choice(ASKS).format(schema=question.schema, question=question.prompt)


def _chat(user: str, assistant: str, rng: random.Random) -> str:
    """Return one exchange in the roles of Llama 3's chat template."""
    system = rng.choice(SYSTEMS)
    turns = [("system", system)] if system else []
    turns += [("user", user), ("assistant", assistant)]
    body = "".join(f"<|start_header_id|>{role}<|end_header_id|>\n\n{text}<|eot_id|>" for role, text in turns)
    return "<|begin_of_text|>" + body
