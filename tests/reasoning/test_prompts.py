import pytest
import yaml

from sqlreason.reasoning.format import parse
from sqlreason.reasoning.prompts import Prompt, PromptOverBudget, build_messages, escape, schema_text
from sqlreason.sql.parsing.schema import SchemaError

ENTRY = {
    "name": "p",
    "version": 1,
    "system": "Write {dialect}.",
    "user": "{schema}\n\nQuestion: {question}\n\nA hint:\n{gold}",
}
SHOP = """
CREATE TABLE customers (id INT PRIMARY KEY, city TEXT COMMENT 'where they live');
CREATE TABLE orders (id INT PRIMARY KEY, customer_id INT REFERENCES customers (id), total REAL);
CREATE TABLE items (id INT, order_id INT REFERENCES orders (id), sku TEXT);
CREATE TABLE weather (day TEXT, rain REAL);
INSERT INTO customers VALUES (1, 'Lyon'), (2, 'Paris');
"""


def test_messages_hold_the_question_the_schema_and_the_dialect():
    system, user = build_messages(Prompt.from_mapping(ENTRY), "How many?", "CREATE TABLE t (a INT);")
    assert system == {"role": "system", "content": "Write SQLite."}
    assert user == {"role": "user", "content": "CREATE TABLE t (a INT);\n\nQuestion: How many?"}


def test_the_gold_is_shown_only_in_hinted_mode():
    prompt = Prompt.from_mapping(ENTRY)
    hinted = build_messages(prompt, "How many?", "s", gold="SELECT 1")[1]["content"]
    assert hinted.endswith("A hint:\nSELECT 1")
    assert "hint" not in build_messages(prompt, "How many?", "s")[1]["content"]


def test_a_gold_for_a_prompt_without_a_place_for_it_is_refused():
    prompt = Prompt.from_mapping({**ENTRY, "user": "{schema} {question}"})
    with pytest.raises(ValueError, match=r"no \{gold\}"):
        build_messages(prompt, "q", "s", gold="SELECT 1")


@pytest.mark.parametrize(
    "change",
    [
        {"user": "{question}"},
        {"user": "{question} {schema} {name}"},
        {"system": "{question}"},
        {"version": "one"},
        {"extra": 1},
    ],
)
def test_a_faulty_prompt_is_refused_with_what_is_accepted(change):
    with pytest.raises(ValueError, match=r"user needs|A prompt has"):
        Prompt.from_mapping({**ENTRY, **change})


def test_the_fingerprint_follows_what_the_model_sees():
    prompt = Prompt.from_mapping(ENTRY)
    assert prompt.fingerprint == Prompt.from_mapping({**ENTRY, "name": "other", "version": 2}).fingerprint
    assert prompt.fingerprint != Prompt.from_mapping({**ENTRY, "system": "Write."}).fingerprint


def test_braces_in_schema_and_question_stay_as_they_are():
    user = build_messages(Prompt.from_mapping(ENTRY), "What is {x}?", "-- {gold}")[1]["content"]
    assert "What is {x}?" in user and "-- {gold}" in user


@pytest.mark.parametrize(
    "token",
    [
        "<|eot_id|>",
        "<think>",
        "</think>",
        "<sql>",
        "</sql>",
        "<|im_start|>",
        "<start_of_turn>",
        "<s>",
        "</s>",
        "[INST]",
        "[/INST]",
        "<<SYS>>",
        "<\uff5cend▁of▁sentence\uff5c>",
        "<bos>",
    ],
)
def test_template_tokens_in_names_values_and_questions_are_harmless(token):
    prompt = Prompt.from_mapping(ENTRY)
    schema = f'CREATE TABLE t ("{token}" INT);'
    user = build_messages(prompt, f"Which {token}?", schema, gold=f"SELECT '{token}'")
    assert token not in user[1]["content"]
    assert escape(escape(token)) == escape(token)


def test_comparisons_in_a_schema_are_not_escaped():
    assert escape("CHECK (a <b AND c> s OR a<s)") == "CHECK (a <b AND c> s OR a<s)"


def test_the_schema_fits_as_it_is_where_there_is_no_budget():
    text = schema_text(SHOP, sample_rows=1)
    assert "'Lyon'" in text and "Paris" not in text and "weather" in text and "where they live" in text


def test_rows_go_first_then_comments_then_tables_by_foreign_key_distance():
    whole = schema_text(SHOP, keep=["Customers"], sample_rows=2)
    shorter = [whole]
    while len(shorter) < 7:  # each is the longest that is shorter than the one before
        limit = len(shorter[-1])
        shorter.append(schema_text(SHOP, ["Customers"], lambda text, limit=limit: len(text) < limit, sample_rows=2))
    assert [text.count("CREATE TABLE") for text in shorter] == [4, 4, 4, 4, 3, 2, 1]
    assert [text.count("-- (") for text in shorter] == [2, 1, 0, 0, 0, 0, 0]
    assert [text.count("where they live") for text in shorter] == [1, 1, 1, 0, 0, 0, 0]
    assert "weather" not in shorter[4] and "items" not in shorter[5] and "orders" not in shorter[6]
    with pytest.raises(PromptOverBudget, match="over budget"):
        schema_text(SHOP, ["Customers"], lambda text: len(text) < len(shorter[-1]), sample_rows=2)


def test_no_table_is_dropped_where_none_is_known_to_be_needed():
    with pytest.raises(PromptOverBudget):
        schema_text(SHOP, budget=lambda text: "weather" not in text)
    assert "weather" not in schema_text(SHOP, keep=["orders"], budget=lambda text: "weather" not in text)


def test_an_unreadable_context_and_an_unknown_table_are_schema_errors():
    with pytest.raises(SchemaError):
        schema_text("SELECT 1")
    with pytest.raises(SchemaError, match="no table cities"):
        schema_text(SHOP, keep=["cities"])


@pytest.mark.parametrize("name", ["teacher", "student"])
def test_the_prompts_of_the_catalog_are_valid(project, name):
    file = project / "data" / "01_raw" / "prompts" / f"{name}.yaml"
    prompt = Prompt.from_mapping(yaml.safe_load(file.read_text(encoding="utf-8")))
    messages = build_messages(prompt, "How many?", "CREATE TABLE t (a INT);")
    assert prompt.name == name
    assert "How many?" in messages[1]["content"] and "For you alone" not in messages[1]["content"]
    if name == "student":
        assert len(prompt.system.split()) <= 15


def test_a_view_that_is_kept_is_shown_with_the_tables_that_it_reads():
    context = (
        "CREATE TABLE singer (name TEXT); CREATE TABLE song (title TEXT); "
        "CREATE VIEW everyone AS SELECT name FROM singer; CREATE VIEW loud AS SELECT name FROM everyone;"
    )
    shown = schema_text(context, keep=["Loud"], budget=lambda text: "song" not in text)
    assert "CREATE TABLE singer" in shown and "VIEW everyone" in shown and "TABLE song" not in shown


def test_examples_come_before_the_question_and_change_the_fingerprint():
    example = {"question": "How many?", "schema": "CREATE TABLE a (b INT);", "think": "Count a.", "sql": "SELECT 1"}
    bare, shown = Prompt.from_mapping(ENTRY), Prompt.from_mapping({**ENTRY, "examples": [example]})
    messages = build_messages(shown, "And now?", "CREATE TABLE t (a INT);")
    assert [message["role"] for message in messages] == ["system", "user", "assistant", "user"]
    assert parse(messages[2]["content"]).sql == "SELECT 1" and "How many?" in messages[1]["content"]
    assert [messages[0], messages[-1]] == build_messages(bare, "And now?", "CREATE TABLE t (a INT);")
    assert bare.fingerprint != shown.fingerprint
    with pytest.raises(ValueError, match="An example of a prompt has question, schema, think, sql"):
        Prompt.from_mapping({**ENTRY, "examples": [{"question": "?"}]})
