import pandas as pd
import pytest

from sqlreason.data import splits


def _questions(schemas, per_schema=4):
    rows = [
        {"sql_context": f"CREATE TABLE t{i} (a INT, b{i} TEXT);", "sql": f"SELECT {'a, ' * j}a FROM t{i}"}
        for i in range(schemas)
        for j in range(per_schema)
    ]
    return pd.DataFrame(rows)


def test_questions_of_one_schema_share_a_key():
    keys = splits.group_keys(_questions(8))
    assert keys.nunique() == 8
    assert keys.groupby(keys).size().eq(4).all()


def test_rows_do_not_matter_for_the_key_of_a_schema():
    questions = _questions(6)
    filled = questions.assign(sql_context=[f"{c} INSERT INTO t{i // 4} VALUES (1, 'x');" for i, c in
                                           enumerate(questions["sql_context"])])  # fmt: skip
    assert splits.group_keys(questions).tolist() == splits.group_keys(filled).tolist()


def test_with_few_schemas_templates_are_the_groups():
    assert splits.group_keys(_questions(1, per_schema=5)).nunique() == 5


def test_a_context_that_does_not_parse_is_a_group_of_its_own():
    questions = _questions(6)
    questions.loc[0, "sql_context"] = "CREATE TABLE ((("
    assert splits.group_keys(questions).nunique() == 7


def test_reserved_groups_are_whole_and_repeatable():
    keys = splits.group_keys(_questions(200))
    reserved = splits.reserve(keys, 0.4, seed=1)
    assert not set(keys[reserved]) & set(keys[~reserved])
    assert reserved.equals(splits.reserve(keys, 0.4, seed=1))
    assert not reserved.equals(splits.reserve(keys, 0.4, seed=2))
    assert reserved.mean() == pytest.approx(0.4, abs=0.12)


def test_adding_questions_moves_none():
    keys = splits.group_keys(_questions(50))
    fewer = keys.iloc[:100]
    assert splits.reserve(fewer, 0.5, 3).tolist() == splits.reserve(keys, 0.5, 3).iloc[:100].tolist()


def test_as_few_whole_groups_are_held_back_as_give_the_wanted_rows():
    keys = splits.group_keys(_questions(30))  # four questions a schema
    for seed in range(20):
        held = splits.hold_back(keys, 30, most=0.5, seed=seed)
        assert held.sum() == 32 and not set(keys[held]) & set(keys[~held])
    assert not splits.hold_back(keys, 30, 0.5, seed=1).equals(splits.hold_back(keys, 30, 0.5, seed=2))


def test_a_group_that_is_too_large_to_be_held_back_is_passed_over():
    keys = pd.Series(["large"] * 80 + ["a"] * 10 + ["b"] * 10)
    for seed in range(20):
        assert set(keys[splits.hold_back(keys, 50, most=0.25, seed=seed)]) == {"a", "b"}
    assert not splits.hold_back(keys, 50, most=0.05, seed=1).any()


@pytest.mark.parametrize(("share", "expected"), [(0.0, False), (1.0, True)])
def test_nothing_or_everything_can_be_reserved(share, expected):
    assert (splits.reserve(splits.group_keys(_questions(6)), share, 1) == expected).all()


def test_each_question_is_for_the_teacher_or_for_grpo_and_whole_groups_go_together():
    table = splits.split_questions(_questions(50).assign(id=[str(n) for n in range(200)]), 0.4, seed=1)
    assert (table["for_teacher"] != table["for_grpo"]).all()
    assert table.groupby("group")["for_grpo"].nunique().eq(1).all()


def test_where_nothing_is_kept_back_both_use_everything():
    table = splits.split_questions(_questions(6).assign(id=[str(n) for n in range(24)]), 0.0, seed=1)
    assert table["for_teacher"].all() and table["for_grpo"].all()


def test_rows_between_the_definitions_change_no_key_and_their_quotes_hide_nothing():
    first, second = "CREATE TABLE t (a TEXT, n INT)", "CREATE TABLE u (b REAL)"
    contexts = [
        f"{first}; {second};",
        f"{first}; INSERT INTO t (a, n) VALUES ('it''s; CREATE TABLE x (y INT)', -1), (NULL, 2.5); {second};",
        f"{first}; INSERT INTO t VALUES ('a', 1); {second}; insert into u values (1.5)",
        f"{first}; INSERT INTO t SELECT 'a', 1; {second}",
    ]
    assert splits.fingerprints(pd.Series(contexts)).nunique() == 1
    assert splits.fingerprints(pd.Series([contexts[0], f"{first}; INSERT INTO t VALUES ('a', 1);"])).nunique() == 2


def test_questions_without_a_gold_or_a_context_have_their_groups_too():
    texts = [("CREATE TABLE t (a INT)", "SELECT a FROM t"), (None, None), ("x'zz", "x'")]
    table = pd.DataFrame(texts, columns=["sql_context", "sql"]).assign(id=["1", "2", "3"])
    split = splits.split_questions(table, 0.5, seed=0)
    assert split["id"].tolist() == ["1", "2", "3"] and split["group"].notna().all()
