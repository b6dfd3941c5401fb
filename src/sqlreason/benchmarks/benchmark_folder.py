"""Folders of published benchmarks as they are distributed: questions, golds and where each one's databases lie.

Spider (Yu et al. 2018): `dev.json`, `train_spider.json` and `train_others.json`, `test.json`;
`database/<db_id>/<db_id>.sqlite`, and beside it the databases of the test suites (Zhong et al. 2020). Its variants ask
other questions of the same databases: `spider-realistic.json`, `spider-DK.json`, and Spider-Syn's `dev.json`, whose
question is called `SpiderSynQuestion`. BIRD (Li et al. 2023): `dev.json`, `train.json`, `mini_dev_sqlite.json`, with
`evidence`, `difficulty`, `question_id`; `dev_databases/<db_id>/<db_id>.sqlite`, `database_description/*.csv` beside it.
Databases may lie one folder deeper, as the archives unpack.

A question that cannot be used, for its database is not there, stays a row with a status. Nothing is executed here.
"""

from __future__ import annotations

import csv
import io
import json
import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from sqlreason.benchmarks.hardness import HARDNESS, hardness
from sqlreason.data.sources import marked_encoding
from sqlreason.errors import BadInput
from sqlreason.text.cells import LONGEST_CELL, as_text

logger = logging.getLogger(__name__)

FORMATS = ("spider", "bird")
#: The classes of a benchmark's questions, from the least to the most.
CLASSES = {"spider": HARDNESS, "bird": ("simple", "moderate", "challenging")}
#: Files of questions by format and split, the first that is there; several in one entry belong together.
_FILES: dict[str, dict[str, tuple[tuple[str, ...], ...]]] = {
    "spider": {
        "dev": (
            *(("dev.json",), ("spider-realistic.json",), ("spider_realistic.json",), ("spider-DK.json",)),
            *(("Spider-DK.json",), ("spider_dk.json",), ("dev_syn.json",)),
        ),
        "train": (("train_spider.json", "train_others.json"), ("train_spider.json",), ("train.json",)),
        "test": (("test.json",), ("test_data/dev.json",)),
    },
    "bird": {
        "dev": (
            *(("dev.json",), ("mini_dev_sqlite.json",), ("mini_dev_data/mini_dev_sqlite.json",)),
            *(("dev/dev.json",), ("MINIDEV/mini_dev_sqlite.json",)),
        ),
        "train": (("train.json",), ("train/train.json",)),
        "test": (("test.json",), ("test/test.json",)),
    },
}
SPLITS = ("dev", "train", "test")
#: Folders of databases by split, the first that is there.
_DATABASES = {
    "dev": ("database", "dev_databases", "databases"),
    "train": ("database", "train_databases", "databases"),
    "test": ("test_database", "test_databases", "database", "databases"),
}
_QUESTION = ("SpiderSynQuestion", "question", "utterance")
_GOLD = ("query", "SQL", "sql")
#: Encodings of texts that are no UTF-8; the last reads anything.
_ENCODINGS = ("cp1252", "latin-1")


class BenchmarkQuestion(NamedTuple):
    """A question of a benchmark.

    Attributes:
        id: `question_id` where the benchmark has one, else its place in the file, from 0.
        db_id: Its database's name.
        question: The question as published.
        evidence: The hint that BIRD gives with it; "" elsewhere.
        gold: The gold query.
        difficulty: Spider's hardness, BIRD's difficulty; "" where there is none.
        database: The one database: where it is, or should be.
        suite: The databases of its test suite beside the one, in their order.
        status: "ok", or no_gold, no_database.
        reason: Why it is not "ok".
    """

    id: str
    db_id: str
    question: str
    evidence: str
    gold: str
    difficulty: str
    database: Path
    suite: tuple[Path, ...]
    status: str
    reason: str

    @property
    def url(self) -> str:
        """The one database as the engine takes it."""
        return url_of(self.database)

    @property
    def suite_urls(self) -> tuple[str, ...]:
        """The one database and those of its suite; empty where it has none."""
        return tuple(map(url_of, (self.database, *self.suite))) if self.suite else ()


@dataclass(frozen=True)
class Benchmark:
    """A split of a benchmark.

    Attributes:
        format: "spider" or "bird"; also the preset by whose rules it is judged.
        folder: Where it lies.
        split: Which part.
        files: The files that its questions stand in.
        questions: In their order.
    """

    format: str
    folder: Path
    split: str
    files: tuple[Path, ...]
    questions: tuple[BenchmarkQuestion, ...]

    @property
    def classes(self) -> list[str]:
        """The classes of difficulty that occur, from the least to the most."""
        found = {question.difficulty for question in self.questions} - {""}
        known = [name for name in CLASSES[self.format] if name in found]
        return known + sorted(found - set(known))

    def statuses(self) -> dict[str, int]:
        """Return how many questions have which status."""
        return dict(Counter(question.status for question in self.questions).most_common())


def url_of(path: Path) -> str:
    """Return a SQLite file as the engine takes a database."""
    return f"sqlite:///{path.resolve()}"


def read_benchmark(folder: str | Path, format: str = "", split: str = "", suite: str | Path | None = None) -> Benchmark:
    """Read a split of a benchmark.

    Args:
        folder: Folder of the benchmark as it was unpacked, or one of its files of questions.
        format: "spider" or "bird"; "" finds out.
        split: "dev", "train" or "test"; "" takes the first of these that is there.
        suite: Folder of the test suites, `<db_id>/*.sqlite` in it, where they do not lie beside the databases.

    Raises:
        BadInput: There is no such folder, format, split or file, or the file holds no questions.
    """
    place = Path(folder)
    for name, given, known in (("format", format, FORMATS), ("split", split, SPLITS)):
        if given and given not in known:
            raise BadInput(f"no {name} of a benchmark is called {given!r}; known are {', '.join(known)}")
    if not place.exists():
        raise BadInput(f"there is no folder '{place}'; give the folder of a benchmark that holds its dev.json")
    single, place = (place, place.parent) if place.is_file() else (None, place)
    if suite is not None and not Path(suite).is_dir():
        raise BadInput(f"there is no folder '{suite}' of test suites; give one that holds <db_id>/*.sqlite")
    chosen = [(split or _split_of(single), (single,))] if single else _found(place, format, split)
    split, files = chosen[0]
    records = [record for file in files for record in _records(file)]
    kind = format or _format_of(place, records)
    databases = _databases(place, split)
    ids = [as_text(record["question_id"]) if "question_id" in record else str(i) for i, record in enumerate(records)]
    if repeated := [name for name, times in Counter(ids).items() if times > 1]:
        raise BadInput(f"'{files[0]}' repeats the question_id {repeated[0]!r}; every question needs its own")
    finder = _Finder(databases, None if suite is None else Path(suite))
    questions = tuple(_question(id_, record, kind, finder) for id_, record in zip(ids, records, strict=True))
    return Benchmark(kind, place, split, tuple(files), questions)


def _split_of(file: Path) -> str:
    return next((split for split in ("train", "test") if split in file.stem.lower()), "dev")


def _found(place: Path, format: str, split: str) -> list[tuple[str, tuple[Path, ...]]]:
    """Return the splits that are there with their files, those of the formats in question."""
    looked: list[str] = []
    for name in (split,) if split else SPLITS:
        for kind in (format,) if format else FORMATS:
            for names in _FILES[kind][name]:
                files = tuple(place / file for file in names)
                if all(file.is_file() for file in files):
                    return [(name, files)]
                looked += names
    told = ", ".join(dict.fromkeys(looked))
    raise BadInput(f"'{place}' holds none of {told}; give the folder of a benchmark, or its file of questions")


def _records(file: Path) -> list[dict[str, Any]]:
    try:
        text = file.read_bytes().decode("utf-8-sig")
        lines = [line for line in text.split("\n") if line.strip()] if file.suffix == ".jsonl" else []
        found = [json.loads(line) for line in lines] or json.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        raise BadInput(f"'{file}' cannot be read: {error}") from None
    if not isinstance(found, list) or not found or not all(isinstance(record, dict) for record in found):
        raise BadInput(f"'{file}' holds no list of questions")
    if "db_id" not in found[0] or not _first(found[0], _QUESTION):
        raise BadInput(f"'{file}' holds {sorted(found[0])}; a question of Spider or BIRD has question and db_id")
    return found


def _format_of(place: Path, records: Sequence[Mapping[str, Any]]) -> str:
    marks = ("evidence", "difficulty", "SQL")
    return "bird" if any(mark in records[0] for mark in marks) or (place / "dev_databases").is_dir() else "spider"


def _databases(place: Path, split: str) -> Path:
    """Return the folder of databases: the first that is there, in the folder or one deeper, else where it should be."""
    names = _DATABASES[split]
    return next(_folders(place, names), place / names[0])


def _folders(place: Path, names: Sequence[str]) -> Iterator[Path]:
    around = place.resolve().parent  # a variant of Spider may lie beside it
    for root in chain([place], _inside(place), [around], _inside(around)):
        for name in names:
            if _is_folder(root / name):
                nested = root / name / name  # as BIRD's archives unpack
                yield nested if _is_folder(nested) else root / name


def _inside(root: Path) -> Iterator[Path]:
    """The folders in a folder, listed when the first is asked for; none where that is not allowed."""
    try:
        found = sorted(path for path in root.iterdir() if _is_folder(path))
    except OSError:
        return
    yield from found


def _is_folder(path: Path) -> bool:
    """Whether there is a folder, as far as we may look."""
    try:
        return path.is_dir()
    except OSError:
        return False


class _Finder:
    """Where databases lie; each folder is looked at once."""

    def __init__(self, databases: Path, suite: Path | None) -> None:
        self._databases, self._suite = databases, suite
        self.of = lru_cache(maxsize=None)(self._of)

    def _of(self, db_id: str) -> tuple[Path, tuple[Path, ...], str]:
        """Return the database, its suite, and why there is none."""
        folder = self._databases / db_id
        one = folder / f"{db_id}.sqlite"
        if not db_id or not one.is_file():
            return one, (), f"there is no database {one}" if db_id else "the question names no database (db_id)"
        suite = self._suite / db_id if self._suite is not None else folder
        others = sorted(path for path in suite.glob("*.sqlite") if path.is_file() and path.name != one.name)
        return one, tuple(others), ""


def _first(record: Mapping[str, Any], names: Sequence[str]) -> str:
    return next((as_text(record[name]) for name in names if isinstance(record.get(name), str)), "")


def _question(id_: str, record: Mapping[str, Any], kind: str, finder: _Finder) -> BenchmarkQuestion:
    db_id, gold = as_text(record.get("db_id")), _first(record, _GOLD).strip()
    database, suite, reason = finder.of(db_id)
    status = "no_database" if reason else "ok"
    if not gold:
        status, reason = "no_gold", "the question has no gold query"
    difficulty = as_text(record.get("difficulty")) if kind == "bird" else hardness(gold)
    words = _first(record, _QUESTION), as_text(record.get("evidence"))
    return BenchmarkQuestion(id_, db_id, *words, gold, difficulty, database, suite, status, reason)


def column_descriptions(database: Path) -> dict[tuple[str, str], str]:
    """Return what BIRD's `database_description/*.csv` beside a database say of its columns.

    The files come in several encodings and with lines that break the format; what cannot be read is left out.

    Returns:
        Sentences by table and column, as the files spell them.
    """
    found: dict[tuple[str, str], str] = {}
    folder = database.parent / "database_description"
    for file in sorted(folder.glob("*.csv")) if folder.is_dir() else ():
        for row in _rows(file):
            cells = {(name or "").strip().lower(): (text or "") for name, text in row.items() if isinstance(text, str)}
            column = cells.get("original_column_name", "").strip()
            parts = (cells.get("column_description", ""), cells.get("value_description", ""))
            if column and (told := "; ".join(" ".join(part.split()) for part in parts if part.strip())):
                found[file.stem, column] = told
    return found


def _rows(file: Path) -> Iterator[dict[str | None, Any]]:
    try:
        csv.field_size_limit(LONGEST_CELL)
        yield from csv.DictReader(io.StringIO(decoded(file.read_bytes()), newline=""))
    except (OSError, csv.Error) as error:
        logger.warning("%s cannot be read any further: %s", file, error)


def decoded(raw: bytes) -> str:
    """Return a file's text, in the encoding that its first bytes name, else whichever of the usual ones it is in."""
    for encoding in (marked_encoding(raw), *_ENCODINGS[:-1]):
        try:
            return raw.decode(encoding).replace("\0", "")
        except UnicodeDecodeError:
            continue
    return raw.decode(_ENCODINGS[-1]).replace("\0", "")
