"""What a script comes to: its tables, keys and rows after the last statement, whatever was altered on the way.

Reads the DDL of SQLite, MySQL, PostgreSQL and SQL Server alike. What a text alone cannot tell (`UPDATE`, `INSERT …
SELECT`) is kept as a step for a database to run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sqlglot.tokenizer_core import Token, TokenType

from sqlreason.sql.parsing.alterations import alter, comment_on, index, rename_column, split_actions
from sqlreason.sql.parsing.batches import statements_of
from sqlreason.sql.parsing.ddl import Definition, bracketed, cells, qualified, read_table, word_of
from sqlreason.sql.parsing.filled_tables import Filled
from sqlreason.sql.parsing.inserts import Cell, Inserted, is_last_number, read_insert, written_table
from sqlreason.sql.parsing.selections import copied_rows, shown_columns
from sqlreason.sql.parsing.statements import split_tokens, text_of
from sqlreason.sql.parsing.tables import SchemaError, Table, identifier
from sqlreason.sql.parsing.type_definitions import Kinds

#: What SQLite calls the tables behind a virtual one (FTS3 to 5, R*Tree), after its name and a `_`.
SHADOWS = frozenset(
    ("data", "idx", "content", "docsize", "config", "segments", "segdir", "stat", "node", "parent", "rowid")
)


class Script:
    """The state of a database while its script goes on.

    Args:
        text: The script, cleaned (see `dumps`).
        dialect: How it is read.

    Attributes:
        tables: By name in lower case.
        views: The texts of its views, likewise.
        indices: The texts of its indices.
        steps: What fills the tables, in order: rows of one, or a statement that only a database can run.
        partial: Whether some rows are known to a database only.
    """

    def __init__(self, text: str, dialect: str) -> None:
        self.text, self.dialect = text, dialect
        self.tables: dict[str, Filled] = {}
        self.views: dict[str, str] = {}
        self.indices: list[str] = []
        self.steps: list[tuple[Filled, list[list[Cell]]] | str] = []
        self.partial = False
        self._kinds = Kinds()
        self._last: Cell = None  # the number that was last given to a counted column
        self._homes: dict[str, str] = {}  # partitions and virtual tables by the table that they belong to; "" for none
        takers: dict[str, Callable[[list[Token]], None]] = {
            "CREATE": self._create,
            "INSERT": self._insert,
            "ALTER": self._alter,
            "DROP": self._drop,
            "COMMENT": lambda tokens: comment_on(self.tables, text, tokens),
            "RENAME": self._rename,
        }
        for tokens in statements_of(text, dialect):
            try:
                self._take(tokens, takers)
            except (IndexError, ValueError) as error:
                if isinstance(error, SchemaError):
                    raise
                raise SchemaError(f"the statement {text_of(text, tokens)[:60]!r} ends in the middle") from None

    def _take(self, tokens: list[Token], takers: dict[str, Callable[[list[Token]], None]]) -> None:
        word = word_of(tokens[0])
        if taker := takers.get(word):
            taker(tokens)
        elif word in ("EXEC", "EXECUTE") and "sp_rename" in text_of(self.text, tokens).lower():
            self._sp_rename(tokens)
        elif word in ("UPDATE", "DELETE", "REPLACE", "MERGE", "WITH", "TRUNCATE"):
            self._leave_to_the_database(tokens)

    def _leave_to_the_database(self, tokens: list[Token]) -> None:
        self.steps.append(text_of(self.text, tokens))
        self.partial = True
        if (filled := self.tables.get(self._home(written_table(tokens)))) is not None:
            filled.is_known = False

    # ------------------------------------------------------------------------------------------------ CREATE
    def _create(self, tokens: list[Token]) -> None:
        head = [token.token_type for token in tokens[:6]]
        words = [word_of(token) for token in tokens[:6]]
        if {"TRIGGER", "PROCEDURE", "PROC", "FUNCTION"} & set(words):
            return
        if "VIRTUAL" in words[:2]:
            self._homes[_name_after(tokens, words, "TABLE")[0].lower()] = ""
        elif TokenType.TABLE in head[:5]:
            self._create_table(tokens, head.index(TokenType.TABLE) + 1)
        elif TokenType.VIEW in head or "VIEW" in map(word_of, tokens):
            self._create_view(tokens)
        elif TokenType.INDEX in head:
            self.indices += [text] if (text := index(self.tables, tokens)) else []
        elif {"TYPE", "DOMAIN", "SEQUENCE"} & set(words[:3]):
            self._kinds.take(self.text, tokens)

    def _create_table(self, tokens: list[Token], start: int) -> None:
        while start < len(tokens) - 1 and word_of(tokens[start]) in ("IF", "NOT", "EXISTS"):
            start += 1
        start += qualified(tokens[start:])
        name, rest = tokens[start].text, tokens[start + 1 :]
        words = [word_of(token) for token in rest[:3]]
        if words[:2] == ["PARTITION", "OF"]:
            self._homes[name.lower()] = rest[2 + qualified(rest[2:])].text.lower()
            return
        if self._is_shadow(name) or name.lower() in self.tables:
            return
        if "LIKE" in words[:2]:
            table = self._alike(name, rest)
        elif words[:1] in (["AS"], ["SELECT"]) or words[:2] == ["(", "SELECT"]:
            self._fill_from(_query_of(self.text, rest), Filled(self._selected(name, rest)))
            return
        else:
            parents = [self.tables[key].table for parent in _inherited(rest) if (key := parent.lower()) in self.tables]
            above = tuple(column for parent in parents for column in parent.columns)
            bare = parents and word_of(rest[1]) == ")"
            table = Table(name, ()) if bare else replace(read_table(self.text, tokens[start:]), name=name)
            table = replace(table, columns=(*above, *table.columns))
        filled = Filled(self._kinds.resolved(table), keeps_zero="NO_AUTO_VALUE_ON_ZERO" in self.text)
        self.tables[name.lower()] = filled
        if "AUTO_INCREMENT" in (last := [word_of(token) for token in rest]):
            filled.start(rest[len(last) - 1 - last[::-1].index("AUTO_INCREMENT") :])

    def _fill_from(self, query: str, filled: Filled) -> None:
        """Add a table made of a query, with its rows or with the statement that finds them."""
        rows = copied_rows(query, self.tables, self.dialect)
        self.tables[filled.table.name.lower()] = filled
        if rows is not None:
            self.steps.append((filled, filled.put((), rows, self.dialect)))
        else:
            self.steps.append(f"INSERT INTO {identifier(filled.table.name)} {query}")
            self.partial, filled.is_known = True, False

    def _alike(self, name: str, rest: list[Token]) -> Table:
        place = next(i for i, token in enumerate(rest) if word_of(token) == "LIKE") + 1
        place += qualified(rest[place:])
        other = self.tables.get(rest[place].text.lower())
        if other is None:
            raise SchemaError(f"the table {name} is to be like {rest[place].text}, which is not there")
        definition = Definition(other.table)
        for item in next(iter(cells(rest)), [])[1:] if word_of(rest[0]) == "(" else []:
            definition.take(self.text, item)
        return definition.table(name)

    def _selected(self, name: str, rest: list[Token]) -> Table:
        known = {key: filled.table for key, filled in self.tables.items()}
        columns = shown_columns(_query_of(self.text, rest), known, self.dialect)
        if not columns:
            raise SchemaError(f"the columns of {name} cannot be told from its SELECT")
        return Table(name, columns)

    def _is_shadow(self, name: str) -> bool:
        """Whether a table belongs to a virtual one, whose contents SQLite keeps in it."""
        own, _, part = name.lower().rpartition("_")
        return self._homes.get(own) == "" and part in SHADOWS

    def _create_view(self, tokens: list[Token]) -> None:
        place = next(i for i, token in enumerate(tokens) if word_of(token) == "VIEW") + 1
        while word_of(tokens[place]) in ("IF", "NOT", "EXISTS"):
            place += 1
        plain = [word_of(token) for token in tokens[1:place]]
        head = "CREATE VIEW" if {"MATERIALIZED", "ALGORITHM", "DEFINER", "SQL"} & set(plain) else ""
        body = text_of(self.text, tokens[place:] if head else tokens)
        self.views[tokens[place + qualified(tokens[place:])].text.lower()] = f"{head} {body}".strip()

    # ------------------------------------------------------------------------------------------- what changes it
    def _insert(self, tokens: list[Token]) -> None:
        read = read_insert(self.text, tokens)
        if read is None and (copied := self._copied(tokens)) is not None:
            read = copied
        if read is None:
            self._leave_to_the_database(tokens)
            return
        name = read.table.lower()
        if name in ("sqlite_master", "sqlite_schema"):
            self._homes |= {str(row[1]).lower(): "" for row in read.rows if len(row) == 5}
            return
        filled = self.tables.get(self._home(name))
        if filled is None:
            return
        given = [[self._last if is_last_number(cell) else cell for cell in row] for row in read.rows]
        rows = filled.put(read.columns, given, self.dialect)
        self.steps.append((filled, rows))
        counted = [place for place, column in enumerate(filled.table.columns) if column.counted]
        self._last = rows[0][counted[0]] if counted and rows else self._last

    def _copied(self, tokens: list[Token]) -> Inserted | None:
        """An INSERT … SELECT that does nothing but copy, as rows: what it reads may be dropped later."""
        words = [word_of(token) for token in tokens]
        if "SELECT" not in words or "INTO" not in words:
            return None
        start, query = words.index("INTO") + 1, words.index("SELECT")
        start += qualified(tokens[start:])
        rows = copied_rows(text_of(self.text, tokens[query:]), self.tables, self.dialect)
        columns = bracketed(tokens[start + 1 : query]) if "(" in words[start:query] else ()
        return None if rows is None or start >= query else Inserted(tokens[start].text, columns, rows)

    def _home(self, name: str) -> str:
        return self._home(self._homes[name]) if self._homes.get(name) else name

    def _alter(self, tokens: list[Token]) -> None:
        words = [word_of(token) for token in tokens]
        if words[1] != "TABLE":
            return
        place = 2
        while words[place] in ("IF", "EXISTS", "ONLY"):
            place += 1
        place += qualified(tokens[place:])
        name, actions = tokens[place].text.lower(), split_actions(tokens[place + 1 :])
        filled = self.tables.get(name)
        if filled is None:
            return
        for action in actions:
            said = [word_of(token) for token in action[:3]]
            if said[0] == "RENAME" and (len(action) == 2 or said[1:2] in (["TO"], ["AS"])):
                self._renamed(name, action[-1].text)
                name = filled.table.name.lower()
            elif said[0] == "AUTO_INCREMENT":
                filled.start(action)
            elif said[:2] == ["ATTACH", "PARTITION"]:
                self._attach(action[2 + qualified(action[2:])].text.lower(), name)
            else:
                alter(filled, self.text, action, self.dialect)
        filled.table = self._kinds.resolved(filled.table)

    def _attach(self, child: str, parent: str) -> None:
        if (gone := self.tables.pop(child, None)) is not None:
            self._homes[child] = parent
            self.tables[parent].rows += gone.rows
            steps = [step for step in self.steps if not isinstance(step, str) and step[0] is gone]
            for step in steps:
                self.steps[self.steps.index(step)] = (self.tables[parent], step[1])

    def _renamed(self, old: str, new: str) -> None:
        """Give a table another name, which those that refer to it follow."""
        if old not in self.tables:
            return
        self.tables = {new.lower() if key == old else key: filled for key, filled in self.tables.items()}
        self.tables[new.lower()].table = replace(self.tables[new.lower()].table, name=new)
        for filled in self.tables.values():
            keys = (replace(k, table=new) if k.table.lower() == old else k for k in filled.table.foreign_keys)
            filled.table = replace(filled.table, foreign_keys=tuple(keys))

    def _rename(self, tokens: list[Token]) -> None:
        """MySQL's RENAME TABLE a TO b, c TO d, which the tokeniser leaves as one text."""
        rest = (split_tokens(tokens[1].text, self.dialect) or [[]])[0] if len(tokens) == 2 else tokens[1:]
        if rest and word_of(rest[0]) == "TABLE":
            for pair in split_actions(rest[1:]):
                self._renamed(pair[qualified(pair)].text.lower(), pair[-1].text)

    def _sp_rename(self, tokens: list[Token]) -> None:
        """SQL Server's: a table, or a column written table.column."""
        written = split_tokens(text_of(self.text, tokens), "sqlite")[0]
        texts = [token.text for token in written if token.token_type in (TokenType.STRING, TokenType.NATIONAL_STRING)]
        if len(texts) < 2:
            return
        parts = [part.strip('[]"') for part in texts[0].split(".")]
        if texts[2:] and texts[2].upper() == "COLUMN" and len(parts) > 1 and parts[-2].lower() in self.tables:
            filled = self.tables[parts[-2].lower()]
            rename_column(filled, parts[-1], texts[1])
        else:
            self._renamed(parts[-1].lower(), texts[1])

    def _drop(self, tokens: list[Token]) -> None:
        words = [word_of(token) for token in tokens]
        if len(words) < 3 or words[1] not in ("TABLE", "VIEW"):
            return
        start = 4 if words[2:4] == ["IF", "EXISTS"] else 2
        for named in split_actions(tokens[start:]):
            name = named[qualified(named)].text.lower()
            gone = self.tables.pop(name, None) if words[1] == "TABLE" else self.views.pop(name, None)
            self.steps = [step for step in self.steps if isinstance(step, str) or step[0] is not gone]


def _name_after(tokens: list[Token], words: list[str], word: str) -> tuple[str, int]:
    place = words.index(word) + 1
    while word_of(tokens[place]) in ("IF", "NOT", "EXISTS"):
        place += 1
    place += qualified(tokens[place:])
    return tokens[place].text, place


def _inherited(rest: list[Token]) -> tuple[str, ...]:
    words = [word_of(token) for token in rest]
    return bracketed(rest[words.index("INHERITS") :]) if "INHERITS" in words else ()


def _query_of(text: str, rest: list[Token]) -> str:
    """The SELECT of a CREATE TABLE … AS."""
    start = 1 if word_of(rest[0]) == "AS" else 0
    return text_of(text, rest[start:])
