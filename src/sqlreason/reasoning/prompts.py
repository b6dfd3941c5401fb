"""The one prompt builder: distillation, fine-tuning, rewards, evaluation and asking all word a question here.

A prompt comes from the catalog (YAML: name, version, system, user); what the model sees of it is its
fingerprint. The schema is shrunk by rule, never cut by tokens. Chat templates are the tokenizer's business.
"""

import hashlib
import re
from bisect import bisect_left
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import astuple, dataclass, fields, replace
from functools import partial
from string import Formatter
from typing import Any

from sqlreason.errors import BadInput
from sqlreason.reasoning.format import ParsedAnswer, render
from sqlreason.sql.parsing.queries import tables_in_order
from sqlreason.sql.parsing.schema import Schema, SchemaError, as_postgres, distances, render_ddl, schema_of
from sqlreason.sql.parsing.undeclared_keys import with_inferred_keys

REQUIRED_FIELDS = ("question", "schema")
FIELDS = (*REQUIRED_FIELDS, "dialect", "gold", "values")

# What our grammar and chat templates give a meaning to: Llama 2 and 3, ChatML, Gemma, Mistral, and DeepSeek,
# which writes its tokens with U+FF5C.
_SPECIAL = re.compile(
    r"<(\|[^<>|]*\||\uff5c[^<>\uff5c]*\uff5c|/?(?:think|sql|s|bos|eos|pad|unk|start_of_turn|end_of_turn))>"
    r"|\[(/?INST)\]|<<(/?SYS)>>",
    re.IGNORECASE,
)

# What the student is told of a query that does not run, and how a repaired answer begins. Both are fixed: a student
# that was taught one wording is asked in it.
_REPAIR = "The database says: {error}\n\nAnswer again, in the same form."
_REPAIRED = "The database says: {error}. {think}"


class PromptOverBudget(BadInput):
    """A schema that stays too long even when only the tables that must be kept are left."""


@dataclass(frozen=True)
class Example:
    """A question with its answer, shown to a model before the question that it is asked."""

    question: str
    schema: str
    think: str
    sql: str

    @classmethod
    def from_mapping(cls, entry: Mapping[str, Any]) -> "Example":
        """An example from a catalog entry.

        Raises:
            ValueError: A key is missing or unknown.
        """
        wanted = [item.name for item in fields(cls)]
        if set(entry) != set(wanted):
            raise BadInput(f"An example of a prompt has {', '.join(wanted)}, not {', '.join(map(str, entry))}.")
        return cls(**{name: str(entry[name]).strip() for name in wanted})


@dataclass(frozen=True)
class Prompt:
    """The wording of a question to a model.

    Attributes:
        name: What the prompt is called in reports.
        version: Counts its revisions.
        system: The system message; may hold ``{dialect}``.
        user: The user message; holds ``{question}`` and ``{schema}``, may hold ``{dialect}`` and ``{gold}``.
            A paragraph with ``{gold}`` is a hint and is left out where no gold is given; a line with ``{values}``
            tells values of the database that stand in the question, and is left out where there are none.
        examples: Shown before the question, as turns of the conversation.
    """

    name: str
    version: int
    system: str
    user: str
    examples: tuple[Example, ...] = ()

    @classmethod
    def from_mapping(cls, entry: Mapping[str, Any]) -> "Prompt":
        """A prompt from a catalog entry.

        Raises:
            ValueError: A key is missing or unknown, or a placeholder is.
        """
        shown = tuple(Example.from_mapping(example) for example in entry.get("examples", ()))
        entry = {key: value for key, value in entry.items() if key != "examples"}
        wanted = {"name": str, "version": int, "system": str, "user": str}
        if set(entry) != set(wanted) or not all(isinstance(entry[key], kind) for key, kind in wanted.items()):
            given = ", ".join(f"{key}: {type(value).__name__}" for key, value in entry.items())
            raise BadInput(
                f"A prompt has name, system and user (str), version (int) and perhaps examples, not {given}."
            )
        prompt = cls(entry["name"], entry["version"], entry["system"].strip(), entry["user"].strip(), shown)
        _check_placeholders(prompt)
        return prompt

    @property
    def tells_values(self) -> bool:
        """Whether it has a place for values of the database that stand in the question."""
        return "values" in _placeholders(self.user)

    @property
    def fingerprint(self) -> str:
        """A hash of what a model sees of the prompt; adapters and answer files carry it."""
        parts = [self.system, self.user, *(text for example in self.examples for text in astuple(example))]
        return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:16]


def build_messages(
    prompt: Prompt,
    question: str,
    schema: str,
    dialect: str = "SQLite",
    gold: str | None = None,
    values: Sequence[str] = (),
) -> list[dict[str, str]]:
    """The chat messages that ask a question.

    Args:
        prompt: The wording.
        question: The question in plain language.
        schema: The schema as ``schema_text`` renders it.
        dialect: The SQL dialect of the answer.
        gold: The right query, shown as a hint; the prompt must have a place for it.
        values: Lines that tell values of the database, for a prompt that has a place for them.

    Raises:
        ValueError: A gold is given to a prompt without ``{gold}``.
    """
    if gold is not None and "gold" not in _placeholders(prompt.user):
        raise BadInput(f"Prompt {prompt.name!r} has no {{gold}} for a hint; add it or ask without a gold.")
    bare = _without_hint(prompt.user)
    turns = [{"role": "system", "content": prompt.system.format(dialect=escape(dialect))}]
    for shown in prompt.examples:
        turns.append({"role": "user", "content": _worded(bare, shown.question, shown.schema, dialect)})
        turns.append({"role": "assistant", "content": render(shown.think, shown.sql)})
    user = prompt.user if gold is not None else bare
    told = "\n".join(values)
    return [*turns, {"role": "user", "content": _worded(user, question, schema, dialect, gold or "", told)}]


def build_self_repair(messages: Sequence[Mapping[str, str]], failed: ParsedAnswer, error: str) -> list[dict[str, str]]:
    """The chat messages that ask once more, after an answer whose query did not run.

    Args:
        messages: Those that asked for the answer.
        failed: The answer; well formed.
        error: What the engine says about its query.
    """
    return [
        *map(dict, messages),
        {"role": "assistant", "content": render(escape(failed.think), escape(failed.sql))},
        {"role": "user", "content": _REPAIR.format(error=escape(error))},
    ]


def repaired_reasoning(error: str, think: str) -> str:
    """The reasoning of a repaired answer: first what the engine said, then the right plan."""
    return _REPAIRED.format(error=escape(error).rstrip("."), think=think)


def with_hint(messages: Sequence[Mapping[str, str]], hint: str, gold: str) -> list[dict[str, str]]:
    """The same conversation, its last message followed by a paragraph that shows the right query.

    Args:
        messages: Chat messages of a question that was asked without a gold.
        hint: The paragraph, with ``{gold}``.
        gold: The right query.
    """
    *before, last = map(dict, messages)
    return [*before, {**last, "content": f"{last['content']}\n\n{hint.format(gold=escape(gold))}"}]


def check_hint(hint: str) -> None:
    """Refuse a hint that does not show the gold.

    Raises:
        ValueError: If ``{gold}`` is not the one placeholder.
    """
    found = sorted(_placeholders(hint))
    if found != ["gold"]:
        raise BadInput(f"The hint {hint!r} has the placeholders {found}; it needs {{gold}} and no other.")


def schema_text(
    context: str,
    keep: Collection[str] = (),
    budget: Callable[[str], bool] | None = None,
    sample_rows: int = 0,
    dialect: str = "",
    most: int | None = None,
) -> str:
    """The schema for a prompt, shrunk until it fits: sample rows go first, then comments, then far tables.

    Args:
        context: DDL and INSERT statements.
        keep: Tables that must survive, usually those of the gold. Other tables are dropped by their distance
            from these over foreign keys, the farthest first; without any, no table is dropped.
        budget: Says whether a text is short enough; None accepts any.
        sample_rows: How many rows of each table to show at best.
        dialect: "duckdb" or "postgres" where the context is read, and its names are written, as these do.
        most: Tables to show at most, beside those of ``keep`` the nearest to them; None for no limit.

    Raises:
        SchemaError: The context cannot be read, or lacks a table of ``keep``.
        PromptOverBudget: Nothing more may be dropped.
    """
    schema = prompt_schema(context, dialect)
    keep = _behind_views(schema, keep)
    missing = sorted(name for name in keep if schema.table(name) is None)
    if missing:
        known = ", ".join(table.name for table in schema.tables)
        raise SchemaError(f"The schema has no table {', '.join(missing)}; it has {known}.")
    near_first, needed = _near_first(schema, keep)
    shown = near_first if most is None or not keep else near_first[: max(most, needed)]
    writings = _ever_shorter(schema, shown, needed, sample_rows, dialect)
    if budget is None:
        return writings[0]()
    place = bisect_left(writings, True, key=lambda write: budget(write()))
    if place < len(writings):
        return writings[place]()
    raise PromptOverBudget(
        f"The schema is over budget even at its shortest ({len(writings[-1]())} characters, {len(keep)} tables kept); "
        "raise the budget or leave the question out."
    )


def prompt_schema(context: str, dialect: str = "") -> Schema:
    """Return the schema that a prompt shows: names as the engine keeps them, foreign keys that nobody declared as well.

    Args:
        context: DDL and INSERT statements.
        dialect: As of `schema_text`.

    Raises:
        SchemaError: The context cannot be read.
    """
    schema = with_inferred_keys(schema_of(context, dialect))
    return as_postgres(schema, context) if dialect == "postgres" else schema


def escape(text: str) -> str:
    """Text in which template tokens and the tags of our grammar are mere words, such as ``< think >``."""
    return _SPECIAL.sub(lambda match: f"{match[0][0]} {match[0][1:-1]} {match[0][-1]}", text)


def _worded(user: str, question: str, schema: str, dialect: str, gold: str = "", values: str = "") -> str:
    given = {"question": question, "schema": schema, "dialect": dialect, "gold": gold, "values": values}
    template = user if values else _without_values(user)
    return template.format(**{key: escape(value) for key, value in given.items()})


def _placeholders(text: str) -> set[str]:
    return {field for _, field, _, _ in Formatter().parse(text) if field is not None}


def _check_placeholders(prompt: Prompt) -> None:
    found = _placeholders(prompt.user)
    if not set(REQUIRED_FIELDS) <= found <= set(FIELDS) or not _placeholders(prompt.system) <= {"dialect"}:
        raise BadInput(
            f"Prompt {prompt.name!r} has the placeholders {sorted(found)} in user and "
            f"{sorted(_placeholders(prompt.system))} in system; user needs {{question}} and {{schema}} and "
            "may have {dialect}, {gold} and {values}, system may have {dialect}; write a literal brace twice."
        )
    lines = [line for line in prompt.user.split("\n") if "values" in _placeholders(line)]
    if any(line.strip() != "{values}" for line in lines):
        raise BadInput(
            f"Prompt {prompt.name!r} has {{values}} in the line {lines[0]!r}; give it a line of its own, which is left "
            "out where no value is found."
        )


def _without_hint(user: str) -> str:
    """The user message without the paragraphs that show the gold."""
    paragraphs = re.split(r"\n\s*\n", user)
    return "\n\n".join(part for part in paragraphs if "gold" not in _placeholders(part))


def _without_values(user: str) -> str:
    """The user message without the lines that tell values."""
    return "\n".join(line for line in user.split("\n") if "values" not in _placeholders(line))


def _near_first(schema: Schema, keep: Collection[str]) -> tuple[list[str], int]:
    """The names of the tables, the farthest by foreign keys last, and how many of them must stay: all without any."""
    names, away = [table.name for table in schema.tables], distances(schema, keep)
    near_first = sorted(reversed(names), key=lambda name: away.get(name.lower(), len(names)))
    return near_first, sum(steps == 0 for steps in away.values()) or len(names)


def _ever_shorter(
    schema: Schema, near_first: Sequence[str], needed: int, sample_rows: int, dialect: str
) -> list[Callable[[], str]]:
    """The ways to write a schema, each shorter than the one before; the first ``needed`` of its tables are in all."""
    write = partial(render_ddl, dialect=dialect)
    all_of_it = None if len(near_first) == len(schema.tables) else near_first
    with_rows = [partial(write, schema, all_of_it, count) for count in range(sample_rows, -1, -1)]
    bare = replace(
        schema,
        tables=tuple(
            replace(table, columns=tuple(replace(column, comment=None) for column in table.columns))
            for table in schema.tables
        ),
    )
    return [*with_rows, *(partial(write, bare, near_first[:count]) for count in range(len(near_first), needed - 1, -1))]


def _behind_views(schema: Schema, keep: Collection[str]) -> set[str]:
    """The names of ``keep``, with the tables that a view reads in place of the view; these show the view too."""
    # the first table of a CREATE VIEW is the view itself
    reads = {names[0].lower(): names[1:] for text in schema.views if (names := tables_in_order(text))}
    found, waiting, seen = set(), list(keep), set()
    while waiting:
        name = waiting.pop()
        if name.lower() in reads and name.lower() not in seen:
            seen.add(name.lower())
            waiting += reads[name.lower()]
        elif name.lower() not in reads:
            found.add(name)
    return found
