"""Which tables a question speaks of: what a student is shown of a database that has no room in its prompt.

Schema linking by words alone, so that it needs no model and costs a millisecond. Words are compared by their stems
(Porter 2) and weighed by how few tables share them.

1. A table whose whole name stands in the question is taken: `InvoiceLine` where it says "invoice lines".
2. While words are left that columns explain, by their names or by texts that stand in the question, the table that
   explains most of them is taken (greedy cover). What refers to another table is that one's word.
3. So are the tables through which foreign keys tie these to one another (a Steiner tree, Mehlhorn 1988).

What the question only implies is not found: a synonym, a value that is not among the rows of the schema.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise

import networkx
from networkx.algorithms.approximation import steiner_tree
from snowballstemmer import stemmer

from sqlreason.sql.parsing.schema import Schema, Table
from sqlreason.text.words import ASKING

_STEMMER = stemmer("english")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_WORD = re.compile(r"[^\W_]+")
#: What a word weighs that stands in the name of a table, beside one in the name of a column.
_OF_A_NAME = 3.0
#: The weight of explained words from which a table is taken; a word that all tables have weighs log 2, a little more.
_LEAST = 0.5


def tables_of_question(question: str, schema: Schema) -> list[str]:
    """Return the tables that a question speaks of, the surest first, and those that tie them; none where it names none.

    Args:
        question: In English.
        schema: Of the database, as `reasoning.prompts.prompt_schema` reads it: with the foreign keys that names tell.

    Example:
        >>> from sqlreason.sql.parsing.schema import parse_schema
        >>> shop = parse_schema(
        ...     "CREATE TABLE Customer (Id INT PRIMARY KEY, Country TEXT);"
        ...     "CREATE TABLE Invoice (Id INT PRIMARY KEY, CustomerId INT REFERENCES Customer (Id), Total REAL);"
        ...     "CREATE TABLE Playlist (Id INT PRIMARY KEY, Name TEXT);"
        ... )
        >>> tables_of_question("What is the total of all invoices by country?", shop)
        ['Invoice', 'Customer']
    """
    words = stems(question)
    asked = set(words).difference(stems(*ASKING)) | _compounds(question)
    names = _telling_names(schema)
    columns = {
        table.name: _words_of_columns(table) | _words_of_values(table, question.lower(), words)
        for table in schema.tables
    }
    spread = Counter(word for name in names for word in names[name] | columns[name])
    weight = {word: math.log(1 + len(names) / tables) for word, tables in spread.items()}
    ties = _foreign_keys(schema)

    def explained(name: str, words: set[str]) -> float:
        of_name = sum(weight[word] for word in names[name] & words) / max(1, len(names[name]))
        return _OF_A_NAME * of_name + sum(weight[word] for word in columns[name] & words)

    chosen = [name for name in names if names[name] and names[name] <= asked]
    left = asked.difference(*(names[name] | columns[name] for name in chosen))
    while others := [name for name in names if name not in chosen]:
        best = max(others, key=lambda name: (explained(name, left), _is_tied(ties, name, chosen), ties.degree(name)))
        if explained(best, left) < _LEAST:
            break
        chosen.append(best)
        left -= names[best] | columns[best]
    return [*chosen, *sorted(_between(ties, chosen).difference(chosen))]


def heart(schema: Schema) -> str:
    """Return the table that most foreign keys lead to or from."""
    return str(max(dict(_foreign_keys(schema).degree).items(), key=lambda item: item[1])[0])


def stems(*texts: str) -> list[str]:
    """Return the stems of words, those of `snake_case` and `camelCase` apart.

    Example:
        >>> stems("Invoice lines", "BillingCity", "tbl_people")
        ['invoic', 'line', 'bill', 'citi', 'tbl', 'peopl']
    """
    words = _WORD.findall(_HUMP.sub(" ", " ".join(texts)).lower())
    return [str(word) for word in _STEMMER.stemWords(words)]


def _compounds(question: str) -> set[str]:
    """The stems of each two words that follow one another, written as one: "order details" for `orderdetails`."""
    words = _WORD.findall(question.lower())
    return set(_STEMMER.stemWords([first + second for first, second in pairwise(words)]))


def _telling_names(schema: Schema) -> dict[str, set[str]]:
    """The stems of each table's name without those that most names share, such as a prefix."""
    words = {table.name: set(stems(table.name)) for table in schema.tables}
    shared = Counter(word for own in words.values() for word in own)
    common = {word for word, tables in shared.items() if tables > max(1, len(words) / 2)}
    return {name: own - common or own for name, own in words.items()}


def _words_of_columns(table: Table) -> set[str]:
    """The stems of its columns; what refers to another table is that one's word."""
    references = {name for key in table.foreign_keys for name in key.columns}
    return set(stems(*(column.name for column in table.columns if column.name not in references)))


def _words_of_values(table: Table, sentence: str, words: list[str]) -> set[str]:
    """The stems of those of its texts that a sentence, in lower case and in stems, holds whole, such as a name."""
    asked = f" {' '.join(words)} "
    texts = {cell for row in table.rows for cell in row if isinstance(cell, str) and cell.lower() in sentence}
    values = [stems(text) for text in texts]
    return {word for value in values if value and f" {' '.join(value)} " in asked for word in value}


def _foreign_keys(schema: Schema) -> networkx.Graph:
    spelled = {table.name.lower(): table.name for table in schema.tables}
    ties = networkx.Graph()
    ties.add_nodes_from(spelled.values())
    for table in schema.tables:
        targets = (spelled.get(key.table.lower(), table.name) for key in table.foreign_keys)
        ties.add_edges_from((table.name, target) for target in targets if target != table.name)
    return ties


def _is_tied(ties: networkx.Graph, name: str, chosen: Iterable[str]) -> bool:
    return any(ties.has_edge(name, other) for other in chosen)


def _between(ties: networkx.Graph, chosen: Iterable[str]) -> set[str]:
    """The tables on the foreign keys that tie the chosen ones, as few as may be."""
    found: set[str] = set()
    for part in networkx.connected_components(ties):
        if len(inside := [name for name in chosen if name in part]) > 1:
            found |= set(steiner_tree(ties.subgraph(part), inside).nodes)
    return found
