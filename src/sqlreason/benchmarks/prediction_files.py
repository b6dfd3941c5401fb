r"""Files of predictions that any model made, in the formats in which they are passed on.

* Spider's `pred.txt`: a query a line, in the order of the questions, with or without a tab and the database's name.
* BIRD's `predict_dev.json`: an object from the question's number to `SQL\t----- bird -----\tdb_id`.
* The records of IBM's text2sql-eval-toolkit: a list with `predictions`, by pipeline; each pipeline is a run.
* JSON lines, a list of JSON objects, CSV, TSV: a column with the question (`id`, `question_id`, or its place: `index`),
  one with the query; a column `run`, where there is one, separates runs. Without the former the order counts.

A file that cannot belong to the benchmark is refused with a sentence; what is wrong with single predictions is counted.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from sqlreason.benchmarks.benchmark_folder import Benchmark, decoded
from sqlreason.errors import BadInput
from sqlreason.text.cells import LONGEST_CELL, as_text
from sqlreason.text.counts import counted

#: What BIRD writes between a query and its database.
BIRD_MARK = "\t----- bird -----\t"
#: Columns that name the question, and those that give its place in the benchmark; in the order of preference.
_IDS, _PLACES = ("id", "question_id", "qid", "instance_id"), ("index", "idx", "sql_idx")
_QUERIES = (
    *("prediction", "predicted_sql", "pred_sql", "predicted", "pred", "sql_pred", "generated_sql", "predicted_query"),
    *("completion", "SQL", "sql", "query"),
)
#: Columns that hold predictions in some files, and the benchmark's own golds in others.
_GOLDS = ("SQL", "sql", "query")
#: Texts that stand beside a question in the benchmarks' own files.
_OF_THE_QUESTION = ("db_id", "question", "evidence", "difficulty", "hardness", "gold", "gold_sql", "external_knowledge")
_RUNS = ("run", "model")
#: Between the cells of a table, by the file's ending.
_DELIMITERS = {".csv": ",", ".tsv": "\t"}


@dataclass(frozen=True)
class Predictions:
    """One model's queries for a benchmark.

    Attributes:
        name: The run's: the file's name, and the pipeline's where a file holds several.
        sql: The query by question; "" is an empty prediction. A question without a prediction is not in it.
        problems: Ids by what is wrong with them: missing, empty, duplicate (the first counts), unknown_id (left out).
    """

    name: str
    sql: dict[str, str]
    problems: dict[str, list[str]] = field(default_factory=dict)


class _Row(NamedTuple):
    """A prediction as a file gives it: the question's id or place (None: by order), and its database where named."""

    id: str | None
    sql: str
    db_id: str = ""
    placed: bool = False


def read_predictions(path: str | Path, benchmark: Benchmark) -> list[Predictions]:
    """Read a file of predictions; several runs where it holds several.

    Args:
        path: The file; what is in it decides on its format, its ending only between CSV and lines of SQL.
        benchmark: What the predictions are for.

    Raises:
        BadInput: There is no such file, it is in no known format, or it is for other questions.
    """
    file = Path(path)
    if not file.is_file():
        raise BadInput(f"there is no file of predictions '{file}'")
    text = decoded(file.read_bytes())
    if not text.strip():
        raise BadInput(f"'{file}' is empty; give one prediction for each question")
    runs = _runs(file, text, benchmark)
    return [_matched(file, name or file.stem, rows, benchmark) for name, rows in runs.items()]


def read_runs(
    paths: Sequence[str | Path], against: str | Path | None, benchmark: Benchmark
) -> tuple[list[Predictions], str | None]:
    """Read files of predictions, each run under a name of its own.

    Args:
        paths: The files.
        against: A file beside which the others are tested; it becomes the first run.
        benchmark: What the predictions are for.

    Returns:
        The runs, and the name of the one beside which the others are tested, if it was given.

    Raises:
        BadInput: As `read_predictions`.
    """
    files = [*((against,) if against is not None else ()), *paths]
    runs: dict[str, Predictions] = {}
    for path in files:
        for run in read_predictions(path, benchmark):
            name = run.name if run.name not in runs else f"{Path(path).parent.name}/{run.name}"
            name = name if name not in runs else f"{run.name} ({len(runs) + 1})"
            runs[name] = replace(run, name=name)
    return list(runs.values()), next(iter(runs)) if against is not None else None


def _runs(file: Path, text: str, benchmark: Benchmark) -> dict[str, list[_Row]]:
    if file.suffix.lower() in _DELIMITERS:
        return _of_records(file, _csv_rows(file, text), benchmark)
    if text.lstrip()[0] not in "[{":
        return {"": _of_lines(file, text, benchmark)}
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return _of_records(file, _json_lines(file, text), benchmark)
    if isinstance(content, dict) and not set(content) & {*_IDS, *_PLACES, *_QUERIES}:
        return {"": [_of_bird(file, name, value) for name, value in content.items()]}
    records = content if isinstance(content, list) else [content]  # a file of one JSON line is an object
    if records and all(isinstance(record, dict) and "predictions" in record for record in records):
        return _of_ibm(file, records)
    return _of_records(file, records, benchmark)


def _csv_rows(file: Path, text: str) -> list[Any]:
    csv.field_size_limit(LONGEST_CELL)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=_DELIMITERS[file.suffix.lower()])
    try:
        return list(reader)
    except csv.Error as error:
        raise BadInput(f"'{file}', line {reader.line_num} is not CSV ({error})") from None


def _json_lines(file: Path, text: str) -> list[Any]:
    records = []
    for number, line in enumerate(text.split("\n"), 1):
        try:
            records += [json.loads(line)] if line.strip() else []
        except (ValueError, RecursionError) as error:
            raise BadInput(f"'{file}', line {number} is not JSON ({error})") from None
    return records


def _of_lines(file: Path, text: str, benchmark: Benchmark) -> list[_Row]:
    """Read Spider's lines: an empty one is an empty prediction where the number of lines says so."""
    wanted = len(benchmark.questions)
    lines = text.replace("\r\n", "\n").split("\n")  # the last is empty: of a file that ends, or a prediction
    if len(lines) == wanted + 1 and not lines[-1].strip():
        lines = lines[:-1]
    if len(lines) != wanted:
        lines = [line for line in lines if line.strip()]
    if len(lines) != wanted:
        told = f"'{file}' has {counted(len(lines), 'line')}, {benchmark.format} {benchmark.split} has "
        raise BadInput(
            f"{told}{counted(wanted, 'question')}; give one line for each, an empty one where there is no prediction"
        )
    names = {question.db_id for question in benchmark.questions}
    return [_line(line, names) for line in lines]


def _line(line: str, names: set[str]) -> _Row:
    sql, tab, name = line.rstrip().rpartition("\t")
    return _Row(None, sql, name) if tab and name in names else _Row(None, line)


def _of_bird(file: Path, name: str, value: object) -> _Row:
    if not isinstance(value, str | None | int | float):
        raise BadInput(f"'{file}', {name!r} holds a {type(value).__name__}; a prediction of BIRD is a text")
    sql, _, db_id = _as_sql(value).partition(BIRD_MARK)
    return _Row(name, sql, db_id.strip())


def _of_ibm(file: Path, records: Sequence[Mapping[str, Any]]) -> dict[str, list[_Row]]:
    runs: dict[str, list[_Row]] = {}
    for record in records:
        if not isinstance(record["predictions"], dict):
            given = type(record["predictions"]).__name__
            raise BadInput(f"'{file}' holds predictions that are a {given}, not an object")
        for name, made in record["predictions"].items():
            sql = made.get("predicted_sql") if isinstance(made, dict) else made
            runs.setdefault(name, []).append(_row(record, sql))
    if not runs:
        raise BadInput(f"'{file}' holds records without any prediction")
    return runs


def _of_records(file: Path, records: Iterable[Any], benchmark: Benchmark) -> dict[str, list[_Row]]:
    records = list(records)
    runs: dict[str, list[_Row]] = {}
    for number, record in enumerate(records, 1):
        if not isinstance(record, dict):
            raise BadInput(f"'{file}', row {number} is a {type(record).__name__}; each must be an object")
        query = next((name for name in _QUERIES if name in record), None)
        if query is None:
            given = ", ".join(sorted(map(str, record)))
            raise BadInput(f"'{file}', row {number} has {given}; its query is looked for in {', '.join(_QUERIES)}")
        run = next((as_text(record[name]) for name in _RUNS if name in record), "")
        runs.setdefault(run, []).append(_row(record, record[query]))
    if not runs:
        raise BadInput(f"'{file}' holds no predictions")
    _refuse_golds(file, records, benchmark)
    return runs


def _refuse_golds(file: Path, records: Sequence[Mapping[str, Any]], benchmark: Benchmark) -> None:
    """Refuse the benchmark's own records with predictions in a column of another name: their golds are all right.

    Raises:
        BadInput: All queries are golds of the benchmark, in a column named like its own, beside texts of another name.
    """
    golds = {question.gold.strip() for question in benchmark.questions}
    query = next(name for name in _QUERIES if name in records[0])
    if query not in _GOLDS or not all(_as_sql(record.get(query)).strip() in golds for record in records):
        return
    told = {*_IDS, *_PLACES, *_RUNS, *_QUERIES, *_OF_THE_QUESTION}
    others = sorted(name for name, value in records[0].items() if isinstance(value, str) and name not in told)
    if others:
        raise BadInput(
            f"'{file}' has the benchmark's own gold queries in '{query}'; give the predictions, which may be "
            f"{' or '.join(others)}, in a column 'prediction'"
        )


def _row(record: Mapping[str, Any], sql: object) -> _Row:
    name = next((name for name in (*_IDS, *_PLACES) if name in record), None)
    id_ = as_text(record[name]).strip() if name is not None else None
    return _Row(id_, _as_sql(sql), as_text(record.get("db_id")), placed=name in _PLACES)


def _as_sql(value: object) -> str:
    return as_text(value) if isinstance(value, str) else ""


def _matched(file: Path, name: str, rows: Sequence[_Row], benchmark: Benchmark) -> Predictions:
    """Give each prediction to its question."""
    questions = benchmark.questions
    if all(row.id is None for row in rows) and len(rows) != len(questions):
        told = (
            f"'{file}' has {counted(len(rows), 'prediction')} without an id, {benchmark.format} {benchmark.split} has "
        )
        raise BadInput(f"{told}{counted(len(questions), 'question')}; give one for each, or a column id")
    known = {question.id: question for question in questions}
    places = {str(place): question.id for place, question in enumerate(questions)}
    numbered = _are_places(file, {row.id for row in rows if row.id is not None and not row.placed}, known, places)
    sql: dict[str, str] = {}
    problems: dict[str, list[str]] = {}
    for place, row in enumerate(rows):
        given = str(place) if row.id is None else row.id
        id_ = places.get(given, given) if row.id is None or row.placed or numbered else given
        if id_ not in known:
            problems.setdefault("unknown_id", []).append(given)
        elif id_ in sql:
            problems.setdefault("duplicate", []).append(id_)
        else:
            _require_database(file, id_, row.db_id, known[id_].db_id)
            sql[id_] = row.sql.strip()
    if not sql:
        asked = f"{benchmark.format} {benchmark.split}"
        raise BadInput(f"none of the ids in '{file}' is a question of {asked}, e.g. {problems['unknown_id'][0]!r}")
    problems["empty"] = [id_ for id_, text in sql.items() if not text.strip("; \t\n")]
    problems["missing"] = [question.id for question in questions if question.id not in sql]
    return Predictions(name, sql, {kind: ids for kind, ids in problems.items() if ids})


def _are_places(file: Path, ids: set[str], known: Collection[str], places: Mapping[str, str]) -> bool:
    """Return whether ids are places: a subset such as BIRD's mini-dev numbers predictions from 0 on, beside its ids.

    Raises:
        BadInput: They may be either, and would name different questions.
    """
    as_ids, as_places = ids <= set(known), ids <= set(places)
    if as_ids and as_places and ids != set(known) and any(places[id_] != id_ for id_ in ids):
        raise BadInput(
            f"the numbers in '{file}' may be ids of questions or their places from 0 on; give an entry for each of the "
            f"{len(known)} questions, an empty text where there is no prediction, or a column index in place of id"
        )
    return as_places if as_ids != as_places else not ids & set(known)


def _require_database(file: Path, id_: str, given: str, wanted: str) -> None:
    if given and given.rsplit("/", 1)[-1] != wanted:
        told = f"'{file}' names the database {given!r} for question {id_}, which is on {wanted!r}"
        raise BadInput(f"{told}; its predictions are for other questions, or in another order")
