import pandas as pd
import pytest

from sqlreason.data.tables import TABLES, ColumnsValidator, data_dictionary


def _questions(**changes):
    columns = {name: ["x", "y"] for name in TABLES["questions"].columns}
    return pd.DataFrame({**columns, "id": [1, 2], **changes})


def test_a_source_with_other_columns_is_refused_by_name():
    frame = _questions().drop(columns=["sql_context"]).rename(columns={"sql": "query"})
    with pytest.raises(ValueError, match=r"'my_source' lacks the columns \['sql_context', 'sql'\]; it has .*query"):
        ColumnsValidator("my_source", "questions").validate(frame)


def test_an_empty_source_is_refused():
    with pytest.raises(ValueError, match="has no rows"):
        ColumnsValidator("sql_questions").validate(_questions().head(0))


def test_duplicate_ids_are_refused_and_named():
    with pytest.raises(ValueError, match=r"occur more than once, e\.g\. 7"):
        ColumnsValidator("sql_questions").validate(_questions(id=[7, 7]))


def test_missing_ids_are_refused():
    with pytest.raises(ValueError, match="1 rows have no id"):
        ColumnsValidator("sql_questions").validate(_questions(id=[1, None]))


def test_columns_that_no_stage_reads_may_be_missing_and_missing_cells_are_empty_text():
    frame = _questions(sql_context=["x", None]).drop(columns=["domain", "sql_explanation", "sql_task_type"])
    checked = ColumnsValidator("sql_questions").validate(frame)
    assert checked["domain"].tolist() == ["", ""]
    assert checked["sql_context"].tolist() == ["x", ""]


def test_ids_become_text_and_other_columns_stay():
    frame = ColumnsValidator("sql_questions").validate(_questions(extra=[1.5, 2.5]))
    assert frame["id"].tolist() == ["1", "2"]
    assert frame["extra"].tolist() == [1.5, 2.5]


def test_the_data_dictionary_in_docs_is_up_to_date(project):
    assert (project / "docs/data-dictionary.md").read_text(encoding="utf-8") == data_dictionary()


def test_the_dictionary_names_every_column_of_every_table():
    text = data_dictionary()
    assert all(f"| `{column}` |" in text for table in TABLES.values() for column in table.columns)
