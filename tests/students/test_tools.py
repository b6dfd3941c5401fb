"""A student with tools: how it is spoken to, how its episodes go, two steps of GRPO, the evaluation and `ask`."""

import json
import sqlite3
from contextlib import closing
from importlib.resources import files
from pathlib import Path

import pandas as pd
import pytest

from environments.trl_steps import CONTEXT, GOLD, TEMPLATE
from sqlreason.data.tables import check_columns
from sqlreason.environments import SessionFactory, ToolLimits
from sqlreason.environments.session import TOOLS
from sqlreason.environments.tool_calls import write_call as call_in_text
from sqlreason.options.checks import find_faults
from sqlreason.options.parameters import PARAMETERS
from sqlreason.pipelines.evaluation import nodes as evaluation_nodes
from sqlreason.pipelines.grpo import nodes as grpo_nodes
from sqlreason.reasoning.format import render
from sqlreason.reasoning.prompts import Prompt
from sqlreason.reporting import comparison, report
from sqlreason.rewards import make_rewards
from sqlreason.sql.databases.preparation import prepare
from sqlreason.sql.verifier import Task
from sqlreason.students import evaluation, question_answering
from sqlreason.students.checkpoints.chat import NOT_TRAINED, ChatError, open_chat
from sqlreason.students.checkpoints.checkpoint import TrainedModel, write_checkpoint
from sqlreason.students.checkpoints.tool_chat import tool_limits, with_tools
from sqlreason.students.generation.episodes import USED, Episode, Turns, play
from sqlreason.students.prompting import StudentPrompts, prompt_fingerprint
from sqlreason.students.training import grpo, initial_adapters
from students.trainings import of_grpo

PROMPT = Prompt.from_mapping({"name": "p", "version": 1, "system": "Answer.", "user": "{schema}\n{question}"})
QUESTION = "Who is over 30?"
TASK = Task("q", GOLD, (CONTEXT,))
LOOK = ("run_sql", {"query": "SELECT * FROM users"})
SUBMIT = ("submit", {"query": GOLD})
LIMITS = ToolLimits(calls=3, rows=5, characters=400, sample_rows=1)


@pytest.fixture(scope="module")
def tokenizer(project):
    """The tiny student's, with a template that has tools."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(project / "data/06_models/tiny_student")
    tokenizer.chat_template = TEMPLATE
    return tokenizer


@pytest.fixture(scope="module")
def chat(tokenizer):
    return with_tools(open_chat(tokenizer))


@pytest.fixture(scope="module")
def sessions():
    with SessionFactory(limits=LIMITS) as factory:
        yield factory


def turn(chat, *said):
    """The ids of a turn: a text, or a call as this template writes it."""
    text = "".join(one if isinstance(one, str) else write_call(*one) for one in said)
    return [*chat.tokenizer(text, add_special_tokens=False)["input_ids"], chat.end]


def write_call(name, arguments):
    return json.dumps({"name": name, "parameters": arguments})


def started(chat, sessions, limit, *said):
    episode = Episode(chat, chat.prompt_ids([{"role": "user", "content": QUESTION}]), sessions.open(task=TASK), limit)
    episode.take(turn(chat, *said))
    return episode


def written(chat, *turns, seen=None):
    """Writes these turns one after the other, whatever was said."""
    waiting = list(turns)

    def write(rows, room, number):
        if seen is not None:
            seen.append((rows, room, number))
        return Turns([turn(chat, *waiting.pop(0)) for _ in rows])

    return write


@pytest.mark.parametrize("name", ["qwen3", "llama3_2"])
def test_a_published_template_tells_of_the_tools_and_its_calls_are_read(published, name):
    plain = open_chat(published(name).load())
    chat = with_tools(plain)
    messages = [{"role": "system", "content": "Answer."}, {"role": "user", "content": QUESTION}]
    asked = chat.prompt_text(messages)
    assert all(tool in asked for tool in TOOLS) and "look at the database with tools" in asked and QUESTION in asked
    assert plain.prompt_text(messages) == open_chat(published(name).load()).prompt_text(messages)
    key = "arguments" if name == "qwen3" else "parameters"
    call = json.dumps({"name": "run_sql", key: {"query": 'SELECT "é" FROM t WHERE a < 3'}}, ensure_ascii=False)
    text = f"<think>\nLook.\n</think>\n<tool_call>\n{call}\n</tool_call>" if name == "qwen3" else call
    prompt = chat.prompt_ids(messages)
    assert chat.read_calls(turn(chat, text), prompt) == [("run_sql", {"query": 'SELECT "é" FROM t WHERE a < 3'})]
    assert chat.read_calls(turn(chat, render("Read t.", "SELECT 1")), prompt) == []
    told = chat.tokenizer.decode(chat.result_ids([("run_sql", "a\n<1>"), ("list_tables", "t")]))
    assert "<1>" in told and told.endswith(chat.prompt_text(messages)[-len("assistant\n") :])
    assert chat.facts["tools"] == list(TOOLS) and "tools" not in plain.facts


@pytest.mark.parametrize(
    ("template", "name"), [("qwen2_5", "qwen3"), ("qwen3_5_think", "qwen3"), ("llama3_1", "llama3_2")]
)
def test_templates_that_trl_carries_speak_of_tools(published, template, name):
    tokenizer = published(name).load()
    folder = Path(str(files("trl"))) / "chat_templates"
    tokenizer.chat_template = (folder / f"{template}.jinja").read_text(encoding="utf-8")
    chat = with_tools(open_chat(tokenizer))
    prompt = [{"role": "user", "content": QUESTION}]
    assert all(tool in chat.prompt_text(prompt) for tool in TOOLS)
    assert chat.prompt_ids(prompt)[-5:] == chat.result_ids([(*LOOK[:1], "a\n1")])[-5:]


LESSON = [
    {"role": "assistant", "content": "I look.\n" + call_in_text("run_sql", {"query": 'SELECT "é" FROM users'})},
    {"role": "tool", "name": "run_sql", "content": "name | Ada"},
    {"role": "assistant", "content": call_in_text("list_tables", {})},
    {"role": "tool", "name": "list_tables", "content": "users (name, age)"},
    {"role": "assistant", "content": "<think>\nRead users.\n</think>\n" + call_in_text("submit", {"query": GOLD})},
]


@pytest.mark.parametrize(
    ("template", "name"),
    [(None, "qwen3"), (None, "llama3_2"), ("qwen2_5", "qwen3"), ("qwen3_5_think", "qwen3"), ("llama3_1", "llama3_2")],
)
def test_a_lesson_is_written_as_an_episode_reads_it_and_trains_what_the_student_says(
    published, sessions, template, name
):
    tokenizer = published(name).load()
    if template is not None:
        folder = Path(str(files("trl"))) / "chat_templates"
        tokenizer.chat_template = (folder / f"{template}.jinja").read_text(encoding="utf-8")
    chat = with_tools(open_chat(tokenizer))
    messages = [{"role": "user", "content": QUESTION}]
    row = chat.lesson_row(messages, LESSON)
    turns, said = [], chat.prompt_ids(messages)
    assert row["input_ids"][: len(said)] == said
    episode = Episode(chat, said, sessions.open(task=TASK), 4_000)
    for message in LESSON[::2]:
        turns.append(chat._turn_ids(message["content"], episode.row))
        episode.take(turns[-1])
        told = [message["content"] for message in LESSON[1::2]]
        going = episode.goes_on()
        assert going == (len(turns) < 3)
    assert [call.tool for call in episode.session.calls] == ["run_sql", "list_tables", "submit"]
    assert episode.text == render("Read users.", GOLD) and episode.finished
    assert [label for label in row["labels"] if label != NOT_TRAINED] == [number for turn in turns for number in turn]
    read = chat.tokenizer.decode(row["input_ids"])
    assert all(text in read for text in told) and row["input_ids"][-1] == chat.end


@pytest.mark.parametrize("name", ["llama3", "gemma3", "mistral_nemo", "deepseek_v3"])
def test_a_template_that_cannot_speak_of_tools_is_refused_in_a_sentence(published, name):
    with pytest.raises(ChatError, match=r"does not write .*; set .* and grpo\.environment to single"):
        with_tools(open_chat(published(name).load()))


def test_an_episode_goes_from_a_look_to_a_submission(chat, sessions):
    episode, seen = started(chat, sessions, 400, ("list_tables", {})), []
    play([episode], written(chat, ("I look. ", LOOK), (SUBMIT,), ("never",), seen=seen))
    assert [message["role"] for message in episode.messages] == ["assistant", "tool"] * 3
    assert episode.messages[1]["content"] == "users (name, age)" and "Ada | 36" in episode.messages[3]["content"]
    assert episode.finished and episode.text == render("…", GOLD) and episode.session.reward() == 1.0
    assert {name: episode.told[name] for name in USED[:3]} == {"turns": 3, "tool_calls": 3, "tool_errors": 0}
    rows = [rows[0] for rows, _, _ in seen]
    assert rows[1][: len(rows[0])] == rows[0] and episode.row[: len(rows[1])] == rows[1]  # nothing is cut anew
    own = [token for token, mine in zip(episode.ids, episode.own, strict=True) if mine]
    assert own == turn(chat, ("list_tables", {})) + turn(chat, "I look. ", LOOK) + turn(chat, SUBMIT)
    assert episode.told["tool_tokens"] == len(episode.ids) - len(own) > 0
    assert [room for _, room, _ in seen] == [400 - (len(row) - len(episode.prompt)) for row in rows]


def test_the_reasoning_of_the_turn_that_submits_is_that_of_the_answer(chat, sessions):
    for said, answer in {
        "<think>\nRead users.\n</think>\n": render("Read users.", GOLD),
        "<think>\n</think>": render("…", GOLD),
        "<think>One <sql> too many.</think>": render("…", GOLD),
        "No tags. ": render("…", GOLD),
    }.items():
        episode = started(chat, sessions, 400, said, SUBMIT)
        play([episode], written(chat))
        assert episode.finished and episode.text == answer


def test_an_answer_in_the_grammar_ends_an_episode_too(chat, sessions):
    episode = started(chat, sessions, 400, LOOK)
    play([episode], written(chat, (render("Read users.", GOLD),)))
    assert episode.finished and episode.text == render("Read users.", GOLD) and not episode.session.done


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (("drop", {}), "there is no tool 'drop'"),
        (("run_sql", {"sql": "SELECT 1"}), "run_sql takes query"),
        (("run_sql", {"query": "SELECT agee FROM users"}), "no such column: agee"),
    ],
)
def test_a_wrong_call_is_told_and_counted(chat, sessions, call, told):
    episode = started(chat, sessions, 600, call)
    play([episode], written(chat, (SUBMIT,)))
    assert told in episode.messages[1]["content"] and episode.told["tool_errors"] == 1 and episode.finished


def test_without_room_or_without_an_end_an_episode_has_no_answer(chat, sessions):
    short = started(chat, sessions, len(turn(chat, LOOK)) + 5, LOOK)
    cut = Episode(chat, [1], sessions.open(task=TASK), 4)
    cut.take(turn(chat, LOOK))
    play([short, cut], written(chat))
    assert not short.finished and not cut.finished and cut.told["tool_calls"] == 0 and len(cut.ids) == 4
    assert not short.session.done and len(short.ids) <= short.limit


def test_log_probabilities_stand_beside_the_tokens_that_they_are_of(chat, sessions):
    episode = Episode(chat, [1], sessions.open(task=TASK), 400)
    first, last = turn(chat, LOOK), turn(chat, SUBMIT)
    episode.take(first, [-1.0] * len(first))
    play([episode], lambda rows, room, number: Turns([last], [[-2.0] * len(last)]))
    assert len(episode.logps) == len(episode.ids) == len(episode.own)
    assert [value == 0.0 for value in episode.logps] == [not own for own in episode.own]


@pytest.fixture(scope="module")
def looking(project, tokenizer, chat, sessions, tmp_path_factory):
    """The tiny student, which has learned one conversation by heart: it looks and then submits."""
    import torch
    from transformers import AutoModelForCausalLM

    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_pretrained(project / "data/06_models/tiny_student", dtype=torch.float32)
    episode = Episode(chat, chat.prompt_ids(json.loads(row_of(chat)["prompt"])), sessions.open(task=TASK), 400)
    episode.take(turn(chat, LOOK))
    play([episode], written(chat, (SUBMIT,)))
    ids = torch.tensor([episode.row])
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    for _ in range(30):
        model(ids, labels=ids).loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
    folder = tmp_path_factory.mktemp("models") / "looking"
    return write_checkpoint(TrainedModel(model, tokenizer, "# It looks\n", {"made": "for tests"}), folder)


def row_of(chat):
    build = StudentPrompts(PROMPT, chat, max_prompt_tokens=1_000, sample_rows=0)
    messages = build.messages(QUESTION, CONTEXT, GOLD)
    row = {"task": TASK.to_json(), "sql_context": CONTEXT, "gold_sql": GOLD, "sql_complexity": "simple"}
    return {"id": "q", "prompt": json.dumps(messages), **row}


@pytest.fixture(scope="module")
def trained(looking, chat, tmp_path_factory):
    """Adapter, history and rollouts of two steps with tools."""
    prompts = pd.DataFrame([{**row_of(chat), "id": str(i)} for i in range(4)])
    fingerprint = prompt_fingerprint(PROMPT, looking)
    start = initial_adapters.untrained(looking, fingerprint, {"rank": 4, "alpha": 8}, "float32", 0)
    options = of_grpo(
        num_generations=4, per_device_train_batch_size=4, gradient_accumulation_steps=2, max_steps=2,
        max_completion_length=200, temperature=0.8, learning_rate=1e-4, warmup_steps=0.0, save_steps=2,
        dtype="float32", rewards=make_rewards(["execution"]), weights=[1.0], dev=prompts.head(2), dev_steps=1,
        tools=LIMITS,
    )  # fmt: skip
    return grpo.train_grpo(looking, start, prompts, workdir=tmp_path_factory.mktemp("tools"), **options)


def test_grpo_takes_two_steps_in_which_the_student_looks_at_the_database(trained):
    adapter, history, rollouts = trained
    assert len(history) == 2 and {*USED, "dev_accuracy"} <= {*history} and history["tool_calls"].max() > 0
    assert len(rollouts) == 16 and {*USED, "conversation", "execution", "advantage"} <= {*rollouts}
    written = (8 * history["completion_length"]).round().tolist()  # by trl, without what tools said
    assert history["generated_tokens"].tolist() == written and min(written) > 0
    looked = rollouts[rollouts["tool_calls"] > 0]
    assert len(looked) > 0 and (looked["tool_tokens"] >= 0).all()
    right = rollouts[rollouts["reward"] == 1.0]
    assert len(right) > 0 and set(right["completion"]) == {render("…", GOLD)}
    said = [json.loads(text) for text in right["conversation"]]
    assert all(messages[-1] == {"role": "tool", "name": "submit", "content": "submitted"} for messages in said)
    assert tool_limits(adapter) == LIMITS and tool_limits(None) is None


def test_a_student_that_was_trained_with_tools_is_evaluated_with_them(looking, chat, trained):
    prompts = pd.DataFrame([{**row_of(chat), "id": str(i)} for i in range(2)])
    options = {"dtype": "float32", "quantization": None, "max_completion_tokens": 200, "batch_size": 2}
    tools = tool_limits(trained[0])
    answers = evaluation.answer_questions(looking, trained[0], prompts, self_repairs=2, tools=tools, **options)
    assert {*USED, "conversation"} <= {*answers} and (answers["tool_calls"] >= 2).all()
    assert answers["text"].tolist() == [render("…", GOLD)] * 2 and answers["finished"].all()
    scores = evaluation.score_answers(prompts, answers, workers=1)
    assert scores["agrees"].all() and {*USED} <= {*scores}
    shared = {**options, "batch_size": 1, "processes": 2}
    side_by_side = evaluation.answer_questions(looking, trained[0], prompts, tools=tools, **shared)
    assert side_by_side["conversation"].tolist() == answers["conversation"].tolist()
    without = evaluation.answer_questions(looking, None, prompts, **options)
    assert not {*USED} & {*without} and not {*USED} & {*evaluation.score_answers(prompts, without, workers=1)}


@pytest.mark.parametrize("votes", [1, 2])
def test_ask_lets_it_look_at_a_file_of_ones_own(looking, chat, trained, tmp_path, votes):
    with closing(sqlite3.connect(tmp_path / "own.sqlite")) as connection:
        connection.executescript(CONTEXT)
    database = question_answering.open_database(f"sqlite:///{tmp_path}/own.sqlite")
    prompts = StudentPrompts(PROMPT, looking.load_chat(), max_prompt_tokens=1_000, sample_rows=0)
    reply = question_answering.ask(
        looking, trained[0], prompts, QUESTION, database, votes=votes, temperature=0.3, max_completion_tokens=200,
        dtype="float32",
    )  # fmt: skip
    assert reply.sql == GOLD and reply.rows == (("Ada",), ("Cy",)) and not reply.fault
    assert reply.tool_calls >= 2 * votes


@pytest.fixture(scope="module")
def demo(project):
    """The parameters of the demo, with tools."""
    from kedro.framework.session import KedroSession
    from kedro.framework.startup import bootstrap_project

    bootstrap_project(project)
    with KedroSession.create(project, env="demo") as session:
        given = dict(session.load_context().config_loader["parameters"])
    trl = {
        "num_generations": 4, "per_device_train_batch_size": 4, "gradient_accumulation_steps": 2, "max_steps": 2,
        "max_completion_length": 200, "temperature": 0.8, "save_steps": 2, "beta": 0.0,
    }  # fmt: skip
    forecast = {"prompts": 2, "samples": 2, "temperatures": [0.7], "processes": 1, "on_no_go": "warn"}
    grpo = {"environment": "tools", "forecast": forecast, "dev_prompts": 0, "initial_adapter": "none"}
    given["grpo"] = {**given["grpo"], **grpo, "trl": {**given["grpo"]["trl"], **trl}}
    given["evaluation"] = {**given["evaluation"], "processes": 1, "batch_size": 2, "max_completion_tokens": 200}
    return given


def test_what_does_not_go_with_tools_is_told_before_anything_runs(demo):
    def faults(**sections):
        return find_faults({**demo, **{name: {**demo[name], **given} for name, given in sections.items()}})

    assert faults() == []
    (fault,) = faults(grpo={"method": "distillation"})
    assert "set grpo.method=grpo, or grpo.environment=single" in fault
    (fault,) = faults(student={"backend": "unsloth", "launch": "child"}, grpo={"dev_prompts": 0})
    assert "set student.backend=transformers, or grpo.environment=single" in fault
    ranks, vllm = {"launch": "ranks", "ranks": 2}, {**demo["grpo"]["trl"], "use_vllm": True}
    assert faults(student=ranks) == [] and faults(grpo={"trl": vllm}) == []
    (fault,) = faults(student=ranks, grpo={"trl": vllm})
    assert "student.ranks = 2 and grpo.trl.use_vllm" in fault
    (fault,) = faults(grpo={"environment": "multi"})
    assert "grpo.environment" in fault and "'single' or 'tools'" in fault
    trl = {**demo["grpo"]["trl"], "max_tool_calling_iterations": 3}
    (fault,) = faults(grpo={"trl": trl})
    assert "follows from grpo.tools.calls" in fault


def test_the_nodes_of_the_pipelines_train_ask_and_report_with_tools(demo, looking, chat, sessions, tmp_path):
    prompt = {"name": "p", "version": 1, "system": "Answer.", "user": "{schema}\n{question}"}
    task = prepare(sessions.verifier, "q", CONTEXT, GOLD).task.to_json()
    prompts = pd.DataFrame([{**row_of(chat), "id": str(i), "teacher_think": "", "task": task} for i in range(4)])
    student, sft, options = (PARAMETERS[name].model_validate(demo[name]) for name in ("student", "sft", "grpo"))
    exam = PARAMETERS["evaluation"].model_validate(demo["evaluation"])
    certification = grpo_nodes.certify_rewards(prompts, options)
    given = (looking, None, pd.DataFrame(), prompt, tmp_path, student, sft, options)
    start = grpo_nodes.choose_start(*given)
    profile, forecast = grpo_nodes.forecast_gains(looking, start, prompts, prompt, tmp_path, None, student, options)
    assert profile["right"].any() and profile["completion"].str.contains("<sql>").any()
    given = (certification, profile, forecast, pd.DataFrame(), None, prompt, tmp_path, student, sft, options)
    adapter, history, rollouts = grpo_nodes.train_student(looking, start, prompts, *given)
    check_columns(history, "grpo_history", "grpo_history")
    check_columns(rollouts, "grpo_rollouts", "grpo_rollouts")
    answers = {
        "base": evaluation_nodes.answer_as_base(looking, prompts, tmp_path, student, exam),
        "GRPO": evaluation_nodes.answer_with_adapter(looking, adapter, prompts, prompt, tmp_path, student, exam),
    }
    scores = {name: evaluation_nodes.score_answers(prompts, table, exam) for name, table in answers.items()}
    metrics = comparison.compare_students(scores)
    assert metrics["tool_calls"].isna().tolist() == [True, False] and metrics["turns"].iloc[1] >= 2
    facts = {"teacher": "t", "teacher_scripted": True, "demo": True}
    examples = pd.DataFrame(columns=sorted(report.EXAMPLE_COLUMNS))
    by_complexity = comparison.by_complexity(scores)
    page = report.render_report(metrics, by_complexity, pd.DataFrame(), facts, examples, {})
    assert "calls of tools" in page and "was trained with them" in page
    alone = report.render_report(
        comparison.compare_students({"base": scores["base"]}), by_complexity, pd.DataFrame(), facts, examples, {}
    )
    assert "calls of tools" not in alone
