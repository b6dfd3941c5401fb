"""A teacher that looks before it answers: its conversations, what is kept of them, and what the student learns."""

import json
from types import SimpleNamespace

import pandas as pd
import pytest

from environments.trl_steps import TEMPLATE
from sqlreason.data.tables import check_columns
from sqlreason.environments.tool_calls import find_calls, write_call
from sqlreason.pipelines.distillation import nodes as distillation
from sqlreason.pipelines.preprocessing import nodes as preprocessing
from sqlreason.pipelines.sft import nodes as sft_nodes
from sqlreason.reasoning.format import parse
from sqlreason.students.checkpoints.adapter import Adapter
from sqlreason.students.checkpoints.chat import NOT_TRAINED, open_chat
from sqlreason.students.checkpoints.tool_chat import tool_limits, with_tools
from sqlreason.students.training import sft
from sqlreason.teachers.asking import TeacherError
from sqlreason.teachers.journal.journal import Journal
from sqlreason.teachers.prices import Prices
from sqlreason.teachers.teacher import Teacher
from teachers.conftest import chat_server as chat_server
from teachers.conftest import reply

LONG = 700  # tokens of a conversation, tables as the tools show them included
SCRIPT = Teacher("scripted", "", {"error_rate": 0.3, "format_error_rate": 0.0, "seed": 1, "probe_rate": 1.0})


@pytest.fixture(scope="module")
def looking(options):
    """The demo's distillation, with tools."""
    return options("distillation", questions=None, environment="tools")


@pytest.fixture(scope="module")
def prompts(questions, question_split, prompt_text, looking):
    texts = (prompt_text("teacher"), prompt_text("teacher_plan"))
    return distillation.build_teacher_prompts(questions, question_split, *texts, looking)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("journals")


@pytest.fixture(scope="module")
def completions(prompts, questions, looking, folder):
    return ask(SCRIPT, prompts, questions, looking, folder / "script.sqlite")


def ask(teacher, prompts, questions, options, journal):
    estimate = distillation.estimate_teaching(prompts, questions, teacher, journal, options)
    return distillation.ask_teacher(prompts, questions, teacher, estimate, journal, options)


@pytest.fixture(scope="module")
def verified(prompts, completions, questions, databases, preparing, looking):
    traces = distillation.read_completions(prompts, completions)
    return traces, preprocessing.verify_traces(traces, questions, databases, preparing(), looking)


@pytest.fixture(scope="module")
def student_with_tools(base_model):
    """The tiny student whose template speaks of tools; the tests use its tokenizer."""
    chat = base_model.load_chat()
    chat.tokenizer.chat_template = TEMPLATE
    speaking = open_chat(chat.tokenizer)
    return SimpleNamespace(spoken_to=lambda **_: SimpleNamespace(load_chat=lambda: speaking))


@pytest.fixture(scope="module")
def kept(verified, databases, questions, question_split, prompt_text, student_with_tools, student, preparing):
    given = (databases, questions, question_split, prompt_text("student"), student_with_tools, student)
    return preprocessing.filter_traces(*verified, *given, preparing(max_completion_tokens=LONG))


def test_the_prompt_says_that_there_are_tools_and_the_answer_is_a_conversation_with_them(prompts, completions):
    assert prompts["messages"].str.contains("look at the database with tools").all()
    check_columns(completions, "cot_completions", "cot_completions")
    assert completions["status"].eq("ok").all() and completions["turns"].ge(2).all()
    assert completions["tool_errors"].sum() == 0 and completions["tool_calls"].max() >= 3
    for row in completions.itertuples():
        said = json.loads(row.conversation)
        calls = [call for message in said if message["role"] == "assistant" for call in find_calls(message["content"])]
        assert len(calls) == row.tool_calls and calls[0][0] == "describe_table" and calls[-1][0] == "submit"
        assert parse(row.text).sql == calls[-1][1]["query"] and parse(row.text).think
    probed = completions["conversation"].str.contains("SELECT DISTINCT")
    assert 0 < probed.sum() < len(completions)  # where the query compares with a text


def test_every_turn_is_in_the_journal_and_none_is_asked_twice(prompts, completions, questions, looking, folder):
    with Journal(folder / "script.sqlite") as journal:
        first = [entry.created for entry in journal]
    assert len(first) == completions["turns"].sum()
    again = ask(SCRIPT, prompts, questions, looking, folder / "script.sqlite")
    with Journal(folder / "script.sqlite") as journal:
        assert [entry.created for entry in journal] == first
    pd.testing.assert_frame_equal(again, completions)


def test_a_wrong_query_is_rejected_and_what_is_kept_ends_with_its_submission(verified, kept):
    _, checked = verified
    filtered, rejected = kept
    assert checked["replay"].eq("").all() and not checked["agrees"].all()
    assert set(filtered["id"]) <= set(checked.loc[checked["agrees"], "id"])
    wrong = set(checked.loc[~checked["agrees"], "id"])
    assert wrong <= set(rejected["id"]) and len(filtered) > 3
    for row in filtered.itertuples():
        lesson = json.loads(row.conversation)
        assert [message["role"] for message in lesson] == ["assistant", *["tool", "assistant"] * (len(lesson) // 2)]
        assert all(len(find_calls(message["content"])) == 1 for message in lesson[::2])
        assert find_calls(lesson[-1]["content"]) == [("submit", {"query": parse(row.completion).sql})]
    check_columns(filtered, "filtered_traces", "filtered_traces")


def test_a_conversation_whose_tools_say_something_else_now_is_rejected(
    verified, databases, questions, question_split, prompt_text, student_with_tools, student, preparing, looking
):
    traces, _ = verified
    told = traces["conversation"].map(lambda text: text.replace("CREATE TABLE", "CREATE TABEL"))
    checked = preprocessing.verify_traces(traces.assign(conversation=told), questions, databases, preparing(), looking)
    assert checked["replay"].str.startswith("describe_table does not say 'CREATE TABEL").all()
    given = (databases, questions, question_split, prompt_text("student"), student_with_tools, student)
    with pytest.raises(ValueError, match="'replay': "):
        preprocessing.filter_traces(traces, checked, *given, preparing())


def test_a_hinted_conversation_that_mentions_the_hint_leaks_the_gold(
    verified, databases, questions, question_split, prompt_text, student_with_tools, student, preparing
):
    traces, checked = verified
    given = (databases, questions, question_split, prompt_text("student"), student_with_tools, student)
    said = [{"role": "assistant", "content": "The given query counts."}]
    hinted = checked.assign(mode="hinted")
    hinted.loc[0, "conversation"] = json.dumps([*said, *json.loads(hinted.loc[0, "conversation"])])
    _, rejected = preprocessing.filter_traces(traces, hinted, *given, preparing(max_completion_tokens=LONG))
    assert rejected.set_index("id")["reason"].eq("leaks_gold").pipe(lambda leaks: leaks.index[leaks].tolist()) == [
        hinted.loc[0, "id"]
    ]


def test_the_student_learns_its_own_turns_and_nothing_that_tools_say(
    kept, verified, questions, databases, prompt_text, student_with_tools, student, preparing
):
    filtered, _ = kept
    features = preprocessing.extract_features(questions, filtered)
    given = (prompt_text("student"), student_with_tools, student)
    examples = preprocessing.build_sft_examples(filtered, features, verified[1], databases, *given, preparing())
    check_columns(examples, "sft_examples", "sft_examples")
    chat = with_tools(student_with_tools.spoken_to().load_chat())
    for row, example in zip(sft.make_rows(chat, examples), examples.itertuples(), strict=True):
        lesson = json.loads(example.conversation)
        trained = [label for label in row["labels"] if label != NOT_TRAINED]
        read = chat.tokenizer.decode(trained)
        assert trained.count(chat.end) == len(lesson[::2]) and "describe_table" in read
        assert not any(message["content"] in read for message in lesson[1::2])
        assert all(message["content"] in chat.tokenizer.decode(row["input_ids"]) for message in lesson[1::2])
    tokens = filtered.set_index("id").loc[examples["id"], "completion_tokens"]
    row = chat.lesson_row(json.loads(example.prompt), lesson)
    assert tokens.iloc[-1] == len(row["input_ids"]) - len(chat.prompt_ids(json.loads(example.prompt)))


def test_examples_with_tools_are_not_trained_on_by_parameters_without(options, prompt_text):
    examples = pd.DataFrame({"id": ["1"], "prompt": ["[]"], "completion": [""], "conversation": ["[]"]})
    given = (prompt_text("student"), None, options("student"), options("sft"))
    with pytest.raises(ValueError, match=r"made with tools and distillation\.environment is 'single'"):
        sft_nodes.train_student(None, examples, *given, options("distillation"))
    with pytest.raises(ValueError, match="made without tools"):
        wanted = options("distillation", environment="tools")
        sft_nodes.train_student(None, examples.drop(columns="conversation"), *given, wanted)


@pytest.mark.parametrize("kind", ["AnthropicLLM", "GroqLLM"])
def test_a_teacher_that_cannot_be_told_of_tools_is_refused_before_it_is_asked(
    prompts, questions, looking, tmp_path, kind
):
    teacher = Teacher(kind, "m", prices=Prices.from_mapping({"usd_per_hour": 0}))
    with pytest.raises(ValueError, match=f"{kind} cannot be asked with tools.*OpenAILLM"):
        distillation.estimate_teaching(prompts, questions, teacher, tmp_path / "journal.sqlite", looking)


@pytest.fixture
def spending(looking):
    """Those options with money to spend."""
    budget = looking.budget.model_copy(update={"max_usd": 5.0})
    return looking.model_copy(update={"budget": budget, "max_failed_share": 0.5, "attempts": 1})


def paid(server):
    prices = Prices.from_mapping({"usd_per_million_input": 10.0, "usd_per_million_output": 10.0})
    return Teacher("OpenAILLM", "m", {"base_url": server.url}, {"max_new_tokens": 300}, prices)


def test_a_teacher_of_openais_language_is_told_of_tools_and_its_calls_are_answered(
    chat_server, prompts, questions, spending, tmp_path
):
    golds = dict(zip(questions["sql_prompt"], questions["sql"], strict=True))

    def call(name, **arguments):
        return {"id": "x", "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}

    def behave(number, body):
        asked = next(message["content"] for message in body["messages"] if message["role"] == "user")
        gold = next(sql for question, sql in golds.items() if question in asked)
        if body["messages"][-1]["role"] == "user":
            return reply(None, "tool_calls", tool_calls=[call("list_tables"), call("run_sql", query="SELECT 1 AS x")])
        return reply("Count the rows.", "tool_calls", tool_calls=[call("submit", query=gold)])

    server = chat_server(behave)
    few = prompts.head(2)
    rows = ask(paid(server), few, questions, spending, tmp_path / "journal.sqlite")
    assert rows["status"].eq("ok").all() and rows["turns"].tolist() == [2, 2] and rows["tool_calls"].tolist() == [3, 3]
    assert rows["prompt_tokens"].tolist() == [200, 200] and rows["usd"].tolist() == pytest.approx([0.003, 0.003])
    traces = distillation.read_completions(few, rows)
    assert traces["think"].eq("Count the rows.").all() and set(traces["sql"]) <= set(golds.values())
    tools = {tool["function"]["name"] for tool in server.bodies[0]["tools"]}
    assert tools == {"list_tables", "describe_table", "run_sql", "submit"}
    second = next(body for body in server.bodies if body["messages"][-1]["role"] == "tool")
    asked, *results = second["messages"][-3:]
    assert [each["function"]["name"] for each in asked["tool_calls"]] == ["list_tables", "run_sql"]
    assert [each["id"] for each in asked["tool_calls"]] == [each["tool_call_id"] for each in results]
    assert results[1]["content"] == "x\n1\n(1 row)"
    ask(paid(server), few, questions, spending, tmp_path / "journal.sqlite")
    assert len(server.bodies) == 4


def test_a_teacher_that_only_looks_ends_and_a_turn_that_fails_costs_its_conversation_alone(
    chat_server, prompts, questions, spending, tmp_path
):
    looks = write_call("list_tables", {})
    bad = json.loads(prompts["messages"].iloc[0])[-1]["content"]

    def behave(number, body):
        told = [message["content"] for message in body["messages"]]
        return (400, {}, {"error": {"message": "no"}}) if bad in told and len(told) > 3 else reply(looks)

    server = chat_server(behave)
    rows = ask(paid(server), prompts.head(3), questions, spending, tmp_path / "journal.sqlite")
    assert rows["status"].tolist() == ["failed", "ok", "ok"] and rows["turns"].tolist() == [1, 7, 7]
    assert rows["tool_errors"].tolist()[1:] == [2, 2]  # no calls are left
    traces = distillation.read_completions(prompts.head(3), rows)
    assert traces["status"].tolist() == ["failed", "rejected", "rejected"]
    with pytest.raises(TeacherError, match="1 of 3 requests failed"):
        strict = spending.model_copy(update={"max_failed_share": 0.1})
        ask(paid(server), prompts.head(3), questions, strict, tmp_path / "journal.sqlite")


def test_sft_on_conversations_gives_an_adapter_that_is_asked_with_tools(
    kept, base_model, prompt_text, options, looking, tmp_path
):
    from sqlreason.students.checkpoints.checkpoint import TrainedModel, write_checkpoint

    model, tokenizer = base_model.load_model("float32"), base_model.load_chat().tokenizer
    tokenizer.chat_template = TEMPLATE
    speaking = write_checkpoint(TrainedModel(model, tokenizer, "# It speaks\n", {"made": "for tests"}), tmp_path / "m")
    examples = kept[0].head(4)[["id", "prompt", "completion", "conversation"]]
    few = {"max_steps": 1, "num_train_epochs": None, "per_device_train_batch_size": 2, "save_steps": 1}
    chosen = options("sft")
    chosen = chosen.model_copy(update={"trl": chosen.trl.model_copy(update=few)})
    given = (prompt_text("student"), tmp_path / "checkpoints", options("student"), chosen, looking)
    adapter, history = sft_nodes.train_student(speaking, examples, *given)
    assert isinstance(adapter, Adapter) and tool_limits(adapter) == looking.tools.limits and len(history) == 1
    page = sft_nodes.show_tokens(speaking, examples, options("student"))
    assert page.count('class="trained special"') == len(json.loads(examples["conversation"].iloc[0])[::2])
