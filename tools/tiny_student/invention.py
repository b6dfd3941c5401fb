"""Schemas of invented words: the same structure, but nothing that a student could know by heart.

A name such as `brolt_tanu` says nothing and occurs once, so that the only way to write it is to copy it from the
prompt. A small student that sees some of these learns to look names up instead of remembering likely ones.
"""

import random
from dataclasses import replace

from sqlglot.dialects import SQLite

from sqlreason.synthesis.names import AVOIDED
from sqlreason.synthesis.schema.annotated_schema import AnnotatedSchema, ColumnPlan, TablePlan

# What SQL reads as its own: an invented name must stand bare.
_TAKEN = AVOIDED | {word.lower() for word in SQLite.Tokenizer.KEYWORDS}

_ONSETS = (
    *"bcdfghjklmnprstvwz",
    *("bl", "br", "ch", "cl", "cr", "dr", "fl", "gl", "gr", "kl", "pl", "pr", "qu", "sh", "sk", "sl", "st", "th", "tr"),
)
_VOWELS = (*"aeiou", "ai", "ea", "ee", "oo", "ou")
_CODAS = ("", "", "", *"lnrstmxp", "nd", "rk", "lt", "st")


def invent(annotated_schema: AnnotatedSchema, rng: random.Random) -> AnnotatedSchema:
    """Return the annotated schema with invented names, nouns, phrases and texts; kinds, keys and references stay."""
    words = _Words(rng)
    nouns = {table.name: words.new() for table in annotated_schema.tables}
    plural = rng.random() < 0.5
    tables = {name: noun + "s" if plural else noun for name, noun in nouns.items()}
    keys = {name: f"{noun}_{rng.choice(('id', 'no', 'code', 'key'))}" for name, noun in nouns.items()}
    return AnnotatedSchema(
        annotated_schema.name,
        annotated_schema.domain,
        tuple(_table(table, nouns, tables, keys, words) for table in annotated_schema.tables),
        rng.randrange(720),
    )


def _table(
    table: TablePlan, nouns: dict[str, str], tables: dict[str, str], keys: dict[str, str], words: "_Words"
) -> TablePlan:
    columns, taken = [], {keys[table.name]}
    for column in table.columns:
        new = _column(column, table, nouns, tables, keys, words)
        if new.name not in taken or column.kind == "key":
            columns.append(new)
            taken.add(new.name)
    noun = nouns[table.name]
    return TablePlan(tables[table.name], noun, noun + "s", tuple(columns))


def _column(
    column: ColumnPlan,
    table: TablePlan,
    nouns: dict[str, str],
    tables: dict[str, str],
    keys: dict[str, str],
    words: "_Words",
) -> ColumnPlan:
    if column.kind == "key":
        name = keys[table.name]
        return replace(column, name=name, phrase=name.replace("_", " "))
    if column.kind == "ref":
        to_itself = column.target == table.name
        name = words.new() + "_id" if to_itself else keys[column.target]
        role = name.removesuffix("_id") if to_itself else nouns[column.target]
        return replace(column, name=name, phrase=name.replace("_", " "), target=tables[column.target], role=role)
    parts = [words.new() for _ in range(words.rng.choice((1, 1, 2)))]
    values = tuple(words.new().title() if column.kind == "name" else words.new() for _ in column.values)
    return replace(column, name="_".join(parts), phrase=" ".join(parts), unit="", values=values)


class _Words:
    """Invented words, none of them twice."""

    def __init__(self, rng: random.Random):
        self.rng = rng
        self._used: set[str] = set()

    def new(self) -> str:
        """Return a word of one or two syllables."""
        while True:
            syllables = self.rng.choice((1, 2, 2))
            word = "".join(self.rng.choice(_ONSETS) + self.rng.choice(_VOWELS) for _ in range(syllables))
            word += self.rng.choice(_CODAS)
            if word not in self._used and not {word, word + "s"} & _TAKEN and len(word) > 2:
                self._used.add(word)
                return word
