"""Question tables as the world has them, from a file or the catalog: odd encodings, line ends, ids and cells."""

import json

import pandas as pd
import pytest

from sqlreason.data.sources import questions_of, read_file, read_lines
from sqlreason.data.tables import check_columns
from sqlreason.preflight.requirements import locate_fault
from sqlreason.text.cells import as_text

ROW = {"id": "1", "sql_prompt": "p", "sql_context": "CREATE TABLE t (a INT);", "sql": "SELECT a FROM t"}
LINE = json.dumps(ROW)


def read(tmp_path, content, name="q.jsonl"):
    (tmp_path / name).write_bytes(content)
    return [row[:3] for row in questions_of(read_file(tmp_path / name), name)]


ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-32"]


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\n\n"])
def test_json_lines_are_read_by_the_mark_of_their_encoding_and_with_any_line_end(tmp_path, encoding, end):
    lines = [json.dumps({**ROW, "id": f"ü{n}"}, ensure_ascii=False) for n in range(3)]
    found = read(tmp_path, end.join(lines).encode(encoding))
    assert [id_ for id_, _, _ in found] == ["ü0", "ü1", "ü2"]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_csv_is_read_by_the_mark_of_its_encoding(tmp_path, encoding):
    text = pd.DataFrame([{**ROW, "id": "NA"}]).to_csv(index=False)
    assert read(tmp_path, text.encode(encoding), "q.csv") == [("NA", ROW["sql_context"], ROW["sql"])]


SEPARATORS = ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e"]


@pytest.mark.parametrize("separator", SEPARATORS, ids=ascii)
def test_what_unicode_calls_a_line_end_ends_no_line_within_a_string(tmp_path, separator):
    text = f"SELECT '{separator}'"
    raw = json.dumps({**ROW, "sql": text}, ensure_ascii=separator < " ")  # JSON wants control characters escaped
    assert read(tmp_path, f"{raw}\n{raw}".encode()) == [("1", ROW["sql_context"], text)] * 2
    assert locate_fault({"filepath": str(tmp_path / "q.jsonl"), "load_args": {"lines": True}}) == ""


def test_the_line_that_is_no_json_is_counted_as_an_editor_counts_it(tmp_path):
    path = tmp_path / "q.jsonl"
    first = json.dumps({**ROW, "sql": "\u2028" * 5}, ensure_ascii=False)
    path.write_text(f"{first}\n\n{LINE[:-3]}", encoding="utf-8")
    with pytest.raises(ValueError, match="line 3 is not JSON"):
        read_file(path)
    assert "line 3 is no JSON" in locate_fault({"filepath": str(path), "load_args": {"lines": True}})
    assert [number for number, _ in read_lines(path)] == [1, 3]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (None, ""), (float("nan"), ""), (pd.NA, ""), (7, "7"), ("", ""), ("\ud800", "\ufffd"), ("a\udc00b", "a\ufffdb"),
        ("\ud83d\ude00", "\U0001f600"), ("\U0001f600 \u202e ü\x00", "\U0001f600 \u202e ü\x00"),
        (["CREATE TABLE t (a INT);", "DROP TABLE t;"], "CREATE TABLE t (a INT);\nDROP TABLE t;"),
    ],
    ids=ascii,
)  # fmt: skip
def test_a_cell_becomes_text_that_every_file_can_hold(tmp_path, cell, text):
    assert as_text(cell) == text
    frame = pd.DataFrame({name: pd.Series([value], dtype=object) for name, value in (ROW | {"sql": cell}).items()})
    checked = check_columns(frame.assign(sql_complexity="c"), "questions", "q")
    assert checked["sql"].tolist() == [text]
    checked.to_parquet(tmp_path / "t.parquet")
    checked.to_csv(tmp_path / "t.csv", index=False)
    assert pd.read_parquet(tmp_path / "t.parquet")["sql"].tolist() == [text]


def test_half_a_character_in_a_file_costs_no_row(tmp_path):
    content = "\n".join(json.dumps({**ROW, "id": str(n), "sql": "SELECT '\ud800'"}) for n in range(2))
    assert [sql for _, _, sql in read(tmp_path, content.encode())] == ["SELECT '\ufffd'"] * 2


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("q.jsonl", f"[{LINE}]".encode(), "line 1 holds a list; each line must be an object"),
        ("q.jsonl", f"{LINE},\n{LINE}".encode(), "line 1 is not JSON (Extra data"),
        ("q.jsonl", b"[" * 100_000, "line 1 is not JSON"),
        ("q.jsonl", LINE.replace("p", "ö").encode("cp1252"), "save it in UTF-8"),
        ("q.csv", "id,sql_context,sql\n1,ö,s\n".encode("cp1252"), "save it in UTF-8"),
        ("q.csv", b"ID,SQL_CONTEXT,SQL\n1,c,s\n", "lacks the columns ['sql_context', 'sql']; it has ['ID', 'SQL', "),
        ("q.tsv", b"id\tsql\n", "ends in .tsv; known are .parquet, .csv, .jsonl"),
        ("q.parquet", b"PAR1", "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(tmp_path, name, content, told):
    with pytest.raises(ValueError) as error:
        read(tmp_path, content, name)
    assert told in str(error.value) and name in str(error.value)


def test_the_catalog_says_how_a_file_with_a_mark_is_read(tmp_path):
    path = tmp_path / "q.jsonl"
    path.write_text(LINE, encoding="utf-8-sig")
    entry = {"filepath": str(path), "load_args": {"lines": True}}
    assert "add encoding: utf-8-sig to the entry's load_args" in locate_fault(entry)
    with pytest.raises(ValueError):
        pd.read_json(path, **entry["load_args"])
    assert pd.read_json(path, encoding="utf-8-sig", **entry["load_args"])["sql"].tolist() == [ROW["sql"]]


@pytest.mark.parametrize(("encoding", "told"), [("utf-8", ""), ("utf-8-sig", ""), ("utf-16", "add encoding: utf-16")])
def test_the_catalog_says_how_a_csv_in_another_encoding_is_read(tmp_path, encoding, told):
    path = tmp_path / "q.csv"
    path.write_text("id\n1\n", encoding=encoding)
    assert told in locate_fault({"filepath": str(path)}) and (told or locate_fault({"filepath": str(path)}) == "")


def test_a_key_that_pandas_takes_for_missing_is_told_with_the_remedy(tmp_path):
    path = tmp_path / "q.csv"
    pd.DataFrame([{**ROW, "id": "NA", "sql_complexity": ""}]).to_csv(path, index=False)
    with pytest.raises(ValueError, match=r"1 rows have no id.*such as NA, add keep_default_na: false"):
        check_columns(pd.read_csv(path), "questions", "q")
    assert check_columns(pd.read_csv(path, keep_default_na=False), "questions", "q")["id"].tolist() == ["NA"]
