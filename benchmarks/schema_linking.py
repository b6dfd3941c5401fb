"""How often the tables of the gold query are among those that are found by the words of its question.

    python benchmarks/schema_linking.py data/01_raw/questions/heldout.parquet ../shared/real/spider3
    python benchmarks/schema_linking.py benchmarks/questions/chinook.jsonl --database ../shared/real/chinook.sqlite

`found` are the tables that `students/schema_linking.py` names; `within 4` are these filled up to four by the nearest
over foreign keys. Questions whose gold reads no table are left out.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

import pandas as pd
from real_questions import read_questions

from sqlreason.reasoning.prompts import prompt_schema
from sqlreason.reporting import statistics
from sqlreason.sql.parsing.queries import tables_of
from sqlreason.sql.parsing.schema import Schema, SchemaError, distances
from sqlreason.students.schema_linking import tables_of_question

SIZES = (2, 4)


@dataclass(frozen=True)
class Linked:
    """A question's schema, the tables of its gold and those that were found, by lower-case name."""

    schema: Schema
    gold: frozenset[str]
    found: tuple[str, ...]

    def is_within(self, size: int) -> bool:
        """Whether the gold's tables are among so many, the nearest to those found."""
        away = distances(self.schema, self.found)
        near = sorted((table.name.lower() for table in self.schema.tables), key=lambda name: away.get(name, len(away)))
        return self.gold <= {*self.found, *near[: max(size, len(self.found))]}


def link(questions: pd.DataFrame) -> Iterator[Linked]:
    """Yield the questions whose schema can be read and whose gold reads one of its tables."""
    for row in questions.to_dict("records"):
        try:
            schema = prompt_schema(row["sql_context"])
        except SchemaError:
            continue
        known = {table.name.lower() for table in schema.tables}
        if gold := frozenset(known & {name.lower() for name in tables_of(row["sql"])}):
            found = tuple(name.lower() for name in tables_of_question(row["sql_prompt"], schema))
            yield Linked(schema, gold, found)


def line(name: str, questions: list[Linked]) -> str:
    """A row of the table."""
    hits = [[each.gold <= set(each.found) for each in questions]]
    hits += [[each.is_within(size) for each in questions] for size in SIZES]
    shares = [statistics.wilson(sum(own), len(own)) for own in hits]
    told = [f"{100 * share.value:.1f} % ({100 * share.low:.1f} … {100 * share.high:.1f})" for share in shares]
    sizes = f"{mean(len(each.found) for each in questions):.1f} of {mean(len(q.schema.tables) for q in questions):.1f}"
    return f"| {name} | {len(questions)} | {sizes} | {' | '.join(told)} |"


def main() -> None:
    """Show the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("places", nargs="+", type=Path, help="folders in Spider's layout, tables in gretel's columns")
    parser.add_argument("--database", type=Path, help="a SQLite file: the context of a table that has none")
    given = parser.parse_args()
    columns = ("questions", "n", "tables found", "the gold's are found", *(f"within {size}" for size in SIZES))
    print(f"| {' | '.join(columns)} |", "| --- " * len(columns) + "|", sep="\n")
    for place in given.places:
        print(line(place.stem, list(link(read_questions(place, given.database)))))


if __name__ == "__main__":
    main()
