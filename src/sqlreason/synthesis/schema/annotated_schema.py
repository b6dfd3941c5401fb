"""Annotated schemas: hand-written schemas whose columns know their meaning and their plausible values.

An annotated schema says more than DDL: the English noun of a table's rows, the kind of every column, its range or
values, its unit. Rows are drawn in `population`, queries are composed in `grammar`.
"""

import hashlib
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from sqlreason.errors import BadInput
from sqlreason.synthesis.english import phrase_of, role_of

KINDS = ("key", "name", "category", "int", "real", "date", "bool", "ref")
SCHEMAS = Path(__file__).parents[1] / "schemas"
# Three sets that share no schema: SFT and GRPO teach on the first; the tiny student was brought up on the second, over
# variations of which others are taught as well (`varied.py`); the third is for the evaluation alone.
TRAINING, PRETRAINING, HELDOUT = (SCHEMAS / part for part in ("training", "pretraining", "heldout"))

# Column types as they are met in the wild; each annotated schema keeps one spelling per kind, picked by its style
# number.
_TYPE_SPELLINGS: dict[str, tuple[str, ...]] = {
    "key": ("INTEGER", "INT"),
    "int": ("INTEGER", "INT"),
    "name": ("TEXT", "VARCHAR(100)", "VARCHAR(255)"),
    "category": ("TEXT", "VARCHAR(50)", "VARCHAR(255)"),
    "real": ("REAL", "FLOAT", "DECIMAL(10, 2)"),
    "date": ("DATE",),
    "bool": ("BOOLEAN",),
}
# Words in the phrase of a whole number that tell a calendar year from a measure of 1500 to 2100.
_YEARS = frozenset([
    "year", "years", "season", "built", "founded", "established", "since", "born", "birth", "death", "opened",
    "released", "release", "vintage", "published", "launched", "introduced", "debut", "joined", "completed", "date",
])  # fmt: skip
# Words in a column's phrase whose values cannot sensibly be added up.
_NOT_ADDITIVE = frozenset(
    [
        "rating",
        "score",
        "age",
        "level",
        "grade",
        "percent",
        "percentage",
        "pct",
        "rate",
        "share",
        "ratio",
        "year",
        "price",
        "temperature",
        "temp",
        "per",
        "rank",
        "floor",
        "number",
        "version",
        "speed",
        "latitude",
        "longitude",
        "density",
        "ph",
        "size",
        "depth",
        "height",
        "width",
        "altitude",
        "elevation",
        "stars",
    ]
)


class Unsuitable(Exception):
    """The annotated schema or its rows have nothing that fits the kind of question; another is to be tried."""


class SchemaFileError(BadInput):
    """A schema file breaks the notation; the message names the file and the place."""


@dataclass(frozen=True)
class ColumnPlan:
    """One column with its meaning.

    `low` and `high` bound int, real and date columns (dates as ISO text); `values` feed name and category columns,
    and keys that are texts; `target` is the table that a ref points to and `role` the English noun of the row found
    there. `type` is the SQL type as a user's database declares it, empty where the annotated schema spells it;
    `has_time` marks dates with a time of day; `reason` says why no question mentions the column.
    """

    name: str
    kind: str
    phrase: str
    unit: str = ""
    values: tuple[str, ...] = ()
    low: Any = None
    high: Any = None
    target: str = ""
    role: str = ""
    optional: bool = False
    type: str = ""
    has_time: bool = False
    reason: str = ""

    @property
    def is_text(self) -> bool:
        """Return whether the column holds names or categories."""
        return self.kind in ("name", "category")

    @property
    def is_year(self) -> bool:
        """Return whether the whole numbers are calendar years."""
        told = not self.unit and not _YEARS.isdisjoint(self.phrase.lower().split())
        return told and self.kind == "int" and self.low >= 1500 and self.high <= 2100

    @property
    def is_measure(self) -> bool:
        """Return whether the column holds a quantity: a number that is not a year."""
        return self.kind in ("int", "real") and not self.is_year

    @property
    def is_additive(self) -> bool:
        """Return whether a sum over rows means something."""
        return self.is_measure and not _NOT_ADDITIVE.intersection(self.phrase.lower().replace("number of", "").split())


@dataclass(frozen=True)
class TablePlan:
    """One table with the English noun of its rows.

    `unasked` are columns that stand in the schema and in no question, such as images; `order` names all columns where
    these stand among the others; `primary` names the columns of a primary key that is no single column.
    """

    name: str
    singular: str
    plural: str
    columns: tuple[ColumnPlan, ...]
    unasked: tuple[ColumnPlan, ...] = ()
    order: tuple[str, ...] = ()
    primary: tuple[str, ...] = ()

    @cached_property
    def definition(self) -> tuple[ColumnPlan, ...]:
        """Return all columns, those that no question mentions among them."""
        found = {column.name: column for column in self.columns + self.unasked}
        return tuple(found[name] for name in self.order or found)

    @cached_property
    def key(self) -> ColumnPlan:
        """Return the primary key column.

        Raises:
            Unsuitable: The table has no key of one column; kinds of questions that need one give up.
        """
        if not self.key_name:
            raise Unsuitable
        return self.column(self.key_name)

    @cached_property
    def key_name(self) -> str:
        """Return the name of the key column; empty where there is none."""
        return next((column.name for column in self.columns if column.kind == "key"), "")

    @cached_property
    def references(self) -> tuple[ColumnPlan, ...]:
        """Return the foreign key columns."""
        return tuple(column for column in self.columns if column.kind == "ref")

    def column(self, name: str) -> ColumnPlan:
        """Return the column called `name`."""
        return next(column for column in self.columns if column.name == name)


@dataclass(frozen=True)
class AnnotatedSchema:
    """A schema with meaning; `style` picks the spelling of column types and the first key values."""

    name: str
    domain: str
    tables: tuple[TablePlan, ...]
    style: int = 0

    def table(self, name: str) -> TablePlan:
        """Return the table called `name`."""
        return next(table for table in self.tables if table.name == name)

    def type_of(self, column: ColumnPlan) -> str:
        """Return the SQL type of a column: its own, else spelled as this annotated schema spells it."""
        if column.type:
            return column.type
        spellings = _TYPE_SPELLINGS["int" if column.kind == "ref" else column.kind]
        return spellings[self.style % len(spellings)]

    @cached_property
    def creation_order(self) -> tuple[TablePlan, ...]:
        """Return the tables with every referenced table before those that refer to it, as far as cycles allow."""
        ordered: list[TablePlan] = []
        waiting = list(self.tables)
        while waiting:
            done = {table.name for table in ordered}
            free = [t for t in waiting if all(r.target in done | {t.name} for r in t.references)]
            ordered.append((free or waiting)[0])
            waiting.remove(ordered[-1])
        return tuple(ordered)

    @cached_property
    def fingerprint(self) -> str:
        """Return a hash of the sorted table and column names: equal for schemas that differ in order or types only."""
        names = sorted(f"{t.name}({','.join(sorted(c.name for c in t.columns))})".lower() for t in self.tables)
        return hashlib.sha256(";".join(names).encode()).hexdigest()[:16]


def load_annotated_schemas(folder: str | Path = SCHEMAS) -> list[AnnotatedSchema]:
    """Read every schema of the YAML files under a folder, by default all that come with the package.

    Raises:
        SchemaFileError: A file breaks the notation or two schemas share a name.
    """
    annotated_schemas = [
        annotated_schema for path in sorted(Path(folder).rglob("*.yaml")) for annotated_schema in _read_file(path)
    ]
    names = [annotated_schema.name for annotated_schema in annotated_schemas]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise SchemaFileError(f"schema names must be unique; used twice: {', '.join(twice)}")
    return annotated_schemas


def _read_file(path: Path) -> list[AnnotatedSchema]:
    """Read the schemas of one file."""
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    try:
        return [read_annotated_schema(schema, content["domain"]) for schema in content["schemas"]]
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise SchemaFileError(f"{path.name}: {type(error).__name__}: {error}") from error


def read_annotated_schema(schema: Mapping[str, Any], domain: str) -> AnnotatedSchema:
    """Build one annotated schema from its mapping in a schema file.

    Raises:
        SchemaFileError: A column has an unknown kind, a table has no key, or a ref points nowhere.
    """
    nouns = {name: _nouns(table["noun"]) for name, table in schema["tables"].items()}
    tables = [
        TablePlan(name, *nouns[name], tuple(_read_columns(table["columns"], name, nouns)))
        for name, table in schema["tables"].items()
    ]
    for table in tables:
        if sum(column.kind == "key" for column in table.columns) != 1:
            raise SchemaFileError(f"table {table.name} of schema {schema['name']} needs exactly one key column")
    keys = {table.name: table.key.name for table in tables}
    named = tuple(replace(t, columns=tuple(_with_role(c, t.name, nouns, keys) for c in t.columns)) for t in tables)
    return AnnotatedSchema(schema["name"], domain, named, zlib.crc32(schema["name"].encode()))


def _with_role(
    column: ColumnPlan, table: str, nouns: Mapping[str, tuple[str, str]], keys: Mapping[str, str]
) -> ColumnPlan:
    """Give a ref its role; one that is called like the key it points to says no more than the noun."""
    if column.kind != "ref":
        return column
    noun = nouns[column.target][0]
    told = column.name != keys[column.target]
    return replace(column, role=role_of(column.phrase, noun, column.target == table) if told else noun)


def _nouns(text: str) -> tuple[str, str]:
    """Split `customer / customers` into singular and plural."""
    singular, _, plural = text.partition("/")
    return singular.strip(), plural.strip()


def _read_columns(columns: Mapping[str, Any], table: str, nouns: Mapping[str, tuple[str, str]]) -> list[ColumnPlan]:
    """Build the columns of one table."""
    plans = []
    for name, spec in columns.items():
        details = {spec: None} if isinstance(spec, str) else dict(spec)
        kind = next((kind for kind in KINDS if kind in details), "")
        if not kind:
            raise SchemaFileError(f"column {table}.{name} is {spec!r}; a kind is one of {', '.join(KINDS)}")
        target = str(details["ref"]) if kind == "ref" else ""
        if target and target not in nouns:
            raise SchemaFileError(f"column {table}.{name} refers to {target}, which is no table of the schema")
        plans.append(_column(name, kind, details))
    return plans


def _column(name: str, kind: str, details: Mapping[str, Any]) -> ColumnPlan:
    """Build one column, a ref still without its role."""
    content = details[kind]
    bounds = tuple(_bound(value) for value in content) if kind in ("int", "real", "date") else (None, None)
    return ColumnPlan(
        name=name,
        kind=kind,
        phrase=str(details.get("phrase") or phrase_of(name)),
        unit=str(details.get("unit", "")),
        values=tuple(str(value) for value in content) if kind in ("name", "category") else (),
        low=bounds[0],
        high=bounds[1],
        target=str(content) if kind == "ref" else "",
        optional=bool(details.get("optional", False)),
    )


def _bound(value: Any) -> Any:
    """Return a bound as a number, or a date as ISO text (YAML reads bare dates as date objects)."""
    return value if isinstance(value, (int, float)) else str(value)
