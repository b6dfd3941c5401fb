"""How runs fail: with a message of a few lines, whatever is wrong, and with the right exception for who catches it."""

import importlib
import inspect
import os
import pkgutil
import re
import shutil
import sqlite3
import sys

import pandas as pd
import pytest
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project
from kedro.io.core import DatasetError

import sqlreason
from kedro_in_process import error_part
from sqlreason import errors
from sqlreason.errors import BadInput, failures
from sqlreason.teachers.prices import Prices
from test_bad_input import CHECKPOINT, make_environment, source

TEACHER = "sqlreason.datasets.teacher_dataset.TeacherDataset"
SMALL = "preprocessing.databases=1,preprocessing.evaluation_prompts=4,preprocessing.grpo_prompts=4"
FEW = f"distillation.questions=12,{SMALL}"
ASK = ("--pipelines=distillation", "--params", FEW)
PREPARE = ("--pipelines=distillation,preprocessing", "--params", FEW)
COSTLY = {"usd_per_million_input": 90000.0, "usd_per_million_output": 90000.0, "source": "a test", "date": "2026-01-01"}


# ------------------------------------------------------------------------------------------------------ the tree
def all_exceptions():
    """Every exception class that a module of the package defines, by its module's name below the package."""
    for found in pkgutil.walk_packages(sqlreason.__path__, "sqlreason."):
        try:
            module = importlib.import_module(found.name)
        except ModuleNotFoundError as absent:  # an adapter of a library that the project does without
            assert absent.name in {"openenv", "skyrl_gym", "verifiers"}
            continue
        for name, value in vars(module).items():
            if inspect.isclass(value) and issubclass(value, BaseException) and value.__module__ == module.__name__:
                yield module.__name__.removeprefix("sqlreason."), name, value


def test_the_docstring_lists_every_exception_of_the_package_and_from_what_it_derives():
    listed, above = {}, {}
    for line in errors.__doc__.splitlines():
        if entry := re.match(r"( +)([A-Z_]\w+)(?: {2,}([a-z_.]+) {2,}\S)?", line):
            depth, name = len(entry[1]), entry[2]
            above[depth] = name
            listed[name] = (entry[3] or "errors", above.get(depth - 4, ""))
    found = {name: (module, kind.__bases__[0].__name__) for module, name, kind in all_exceptions()}
    outside = {name for name, (_, base) in found.items() if base not in found}
    signals = {"EngineError", "WorkerDied", "OverBudget", "_Foreign", "Unsuitable"}
    assert outside == {"SqlReasonError", "Unreadable", "UnreadableReply", "UnstorableEntry", *signals}
    assert listed == {name: (module, base if base in found else "") for name, (module, base) in found.items()}


def test_the_lowest_module_needs_nothing_but_itself():
    assert "import" not in inspect.getsource(errors).partition('"""\n\n\n')[2]


# ------------------------------------------------------------------------------------------- how an error is told
def raised(error, cause=None):
    """The exception with a traceback, as a deep call would leave it."""

    def deep(depth):
        rows = ["a row of somebody's data"] * 1000
        if depth:
            return deep(depth - 1)
        raise error from cause if rows else None

    with pytest.raises(type(error)) as caught:
        deep(40)
    return caught.value


def kedro_error(cause):
    return DatasetError(f"Failed while saving data to dataset a.b.ParquetDataset({'x=1, ' * 3000}).\n{cause}"), cause


HINT = "(SQLREASON_TRACEBACK=1 shows the whole traceback.)"
DISK = "the disk is full"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        ((BadInput("sft.trl.num_train_epochs is 0; give more"),), "Error: sft.trl.num_train_epochs is 0; give more"),
        ((BadInput("\n".join(f"fault {n}" for n in range(900)) + "\nCorrect --params."),), "Correct --params."),
        ((BadInput("x" * 1_000_000),), "Error: xxx"),
        ((RuntimeError("outer"), BadInput("the inner sentence")), "Error: the inner sentence"),
        (kedro_error(OSError(28, "No space left on device")), DISK),
        (kedro_error(TypeError("int64 is not JSON")), "to dataset a.b.ParquetDataset: TypeError: int64 is not JSON"),
        (kedro_error(BadInput("the table lacks `id`")), "Error: the table lacks `id`"),
        ((DatasetError("Saving 'None' to a 'Dataset' is not allowed"),), "Error: Saving 'None' to a"),
        ((RuntimeError("I/O error: No space left on device (os error 28)"),), DISK),
        ((sqlite3.OperationalError("disk I/O error"),), "distillation.journal"),
        ((FileNotFoundError(2, "No such file or directory", "a.csv"),), "FileNotFoundError: [Errno 2]"),
        ((MemoryError(),), "Error: MemoryError"),
        ((ExceptionGroup("tasks", [BadInput("of a task")]),), "Error: of a task"),
    ],
)
def test_what_a_user_can_mend_is_told_in_few_lines_without_a_traceback(error, told):
    lines = failures.render(raised(*error)).splitlines()
    assert told in "\n".join(lines) and lines[-1].endswith(f" {HINT}")
    assert len(lines) <= failures.LINES and max(map(len, lines)) < 1100
    assert not any(line.startswith("Traceback") or "somebody" in line for line in lines)


@pytest.mark.parametrize(
    "error",
    [
        (KeyError("x"),),
        (ValueError(),),
        (RecursionError("\n".join("a long text" for _ in range(900))),),
        (RuntimeError("\n" * 100), KeyError("x\n" * 100)),
        (ExceptionGroup("tasks", [KeyError("x")]),),
    ],
)
def test_a_fault_of_the_program_is_a_short_traceback_without_locals(error):
    failed = raised(*error)
    failed.add_note("The run stopped at a_node. The same command goes on.")
    lines = failures.render(failed).splitlines()
    assert lines[0].startswith("Error: this is a fault of the program") and lines[1].startswith("Traceback")
    assert lines[-1] == f"The run stopped at a_node. The same command goes on. {HINT}"
    assert len(lines) <= failures.LINES and "somebody's data" not in "".join(lines[2:]).replace('rows = ["a row of', "")


def test_what_a_terminal_would_obey_is_shown_and_not_obeyed():
    text = failures.render(BadInput("no column \x1b[31m\u202ered\x9b2J"))
    assert r"\x1b[31m\u202ered\x9b2J" in text and text.removesuffix("\n").isprintable()


def test_the_last_calls_within_the_package_are_shown_however_deep_the_library_is_that_raised():
    class Deep:
        def __str__(self, depth=40):
            return self.__str__(depth - 1) if depth else {}["x"]

    with pytest.raises(KeyError) as caught:
        Prices.from_mapping({"source": Deep()})
    shown = "\n".join(failures.shorten(caught.value))
    assert "prices.py" in shown and "in from_mapping" in shown and "calls):" in shown


@pytest.mark.parametrize(("given", "whole"), [("1", True), ("true", True), ("0", False), ("", False), ("no", False)])
def test_the_switch_shows_the_whole_traceback_before_the_message_and_no_locals(monkeypatch, given, whole):
    monkeypatch.setenv(failures.SWITCH, given)
    text = failures.render(raised(BadInput("a sentence")))
    assert (text.count("in deep") > 3 or "Previous line repeated" in text) == whole
    assert "somebody" not in text
    assert text.splitlines()[-1] == ("Error: a sentence" if whole else f"Error: a sentence {HINT}")


def test_an_exception_that_cannot_be_told_is_told_by_its_type(capsys):
    class Odd(Exception):
        def __str__(self):
            raise RuntimeError("no text")

    failures._write(Odd, Odd(), None)
    assert "Odd" in capsys.readouterr().err


def test_distilabel_leaves_the_hook_of_the_interpreter_alone():
    from sqlreason.teachers.clients.scripted import Script, connect_script

    hook = sys.excepthook
    connect_script(Script({}))
    assert "distilabel" in sys.modules and sys.excepthook is hook


# --------------------------------------------------------------------------------------------- commands that fail
@pytest.fixture(scope="module")
def copy(project_copies):
    """A copy with environments that are faulty in one way each."""
    copy = project_copies("errors")
    questions = pd.read_parquet(copy.folder / "data/01_raw/questions/train.parquet").head(40)
    questions.to_parquet(copy.folder / "few.parquet")
    questions.drop(columns="sql").to_csv(copy.folder / "columns.csv", index=False)
    questions.head(0).to_csv(copy.folder / "empty.csv", index=False)
    (copy.folder / "torn.jsonl").write_text('{"id": 1}\n{"id": 2, "sql_pro')
    (copy.folder / "noise.parquet").write_bytes(os.urandom(4000))
    (copy.folder / "long.sql").write_text("".join(f"CREATE TABLE t{n} (a{n} INT, b{n} TEXT);" for n in range(900)))
    (copy.folder / "wide.sql").write_text(f"CREATE TABLE t ({', '.join(f'a{n} INT' for n in range(900))});")
    few = source("sql_questions", "pandas.ParquetDataset", "few.parquet")
    for name, entries in environments(copy).items():
        make_environment(copy, name, {**few, **entries})
    for name, text in {"yaml": "sft: {epochs: 1", "interpolation": "sft: {epochs: '${nowhere:x}'}"}.items():
        make_environment(copy, name)
        (copy.folder / "conf" / name / "parameters.yml").write_text(text)
    make_environment(copy, "catalog_yaml")
    (copy.folder / "conf/catalog_yaml/catalog.yml").write_text("teacher: {kind: scripted\n")
    return copy


def environments(copy):
    """Catalog entries of environments with one fault each."""
    for part in ("no_config", "no_tokenizer", "torn_tokenizer"):
        shutil.copytree(copy.folder / "data/06_models/tiny_student", copy.folder / part)
    (copy.folder / "no_config/config.json").unlink()
    (copy.folder / "no_tokenizer/tokenizer.json").unlink()
    (copy.folder / "torn_tokenizer/tokenizer.json").write_text('{"version": "1.0", "trunc')
    models = {name: {"base_model": {"type": CHECKPOINT, "path": name}} for name in ("no_config", "no_tokenizer")}
    client = {"type": TEACHER, "kind": "OpenAILLM", "model": "m"}
    script = {"type": TEACHER, "kind": "scripted"}
    return models | {
        "few": {},
        "torn_tokenizer": {"base_model": {"type": CHECKPOINT, "path": "torn_tokenizer"}},
        "special": {},
        "columns": source("sql_questions", "pandas.CSVDataset", "columns.csv"),
        "empty": source("sql_questions", "pandas.CSVDataset", "empty.csv"),
        "absent": source("sql_questions", "pandas.CSVDataset", "absent.csv"),
        "noise": source("sql_questions", "pandas.ParquetDataset", "noise.parquet"),
        "torn": source("sql_questions", "pandas.JSONDataset", "torn.jsonl", load_args={"lines": True}),
        "arguments": source("sql_questions", "pandas.CSVDataset", "columns.csv", no_such_argument=1),
        "no_type": {"sql_questions": {"type": "pandas.NoSuchDataset", "filepath": "columns.csv"}},
        "no_price": {"teacher": client},
        "no_server": {
            "teacher": client | {"arguments": {"base_url": "http://127.0.0.1:9/v1"}, "prices": {"usd_per_hour": 0.0}}
        },
        "costly": {"teacher": script | {"prices": COSTLY}},
        "wrong": {"teacher": script | {"arguments": {"error_rate": 1.0, "format_error_rate": 1.0}}},
    }  # fmt: skip


KEY = {"environment": {"OPENAI_API_KEY": "none"}}
SPLIT = "sqlreason.data.splits:group_keys"
FAILING = [
    ("unknown parameter", ("run", "--params", "sfft.trl.seed=1"), {}, "sfft is unknown"),
    ("wrong type", ("run", "--params", "sft.trl.num_train_epochs=many"), {}, "sft.trl.num_train_epochs = 'many'"),
    ("unknown node", ("run", "--nodes=nope"), {}, "does not contain nodes named ['nope']"),
    ("unknown pipeline", ("run", "--pipelines=nope"), {}, "there are distillation"),
    ("unknown environment", ("run", "--env=nope"), {}, "no environment 'nope'"),
    ("broken parameters.yml", ("run", "--env=yaml"), {}, "parameters.yml"),
    ("interpolation of nothing", ("run", "--env=interpolation"), {}, "nowhere"),
    ("broken catalog.yml", ("run", "--env=catalog_yaml"), {}, "catalog.yml"),
    ("missing file", ("run", "--env=absent"), {}, "absent.csv"),
    ("wrong columns", ("run", "--env=columns"), {}, "lacks the columns ['sql']"),
    ("broken JSONL line", ("run", "--env=torn"), {}, "line 2 is no JSON"),
    ("no parquet", ("run", "--env=noise"), {}, "noise.parquet"),
    ("empty table", ("run", "--env=empty"), {}, "has no rows"),
    ("unknown argument of an entry", ("run", "--env=arguments"), {}, "no_such_argument"),
    ("unknown type of an entry", ("run", "--env=no_type"), {}, "NoSuchDataset"),
    ("model without config.json", ("run", "--env=no_config"), {}, "has no config.json"),
    ("inputs that were never made", ("run", "--pipelines=grpo"), {}, "first run the pipeline that makes it"),
    ("teacher without a price", ("run", "--env=no_price", *ASK), KEY, "The price of m is unknown"),
    ("teacher without a server", ("run", "--env=no_server", *ASK), KEY, "12 of 12 requests failed"),
    ("budget over mid-run", ("run", "--env=costly", ASK[0], "--params", f"{FEW},distillation.budget.max_usd=40"), {},
     "US dollars are spent"),
    ("full disk, a table", ("run", "--env=few", *ASK), {"max_file_bytes": 2000}, DISK),
    ("full disk, the journal", ("run", "--env=few", *ASK), {"max_file_bytes": 30000}, "journal"),
    ("fault of the program", ("run", "--env=few", *ASK), {"broken": SPLIT}, "KeyError"),
    ("sql audit, no file", ("sql", "audit", "nowhere.csv"), {}, "nowhere.csv"),
    ("sql audit, no entry", ("sql", "audit", "nowhere"), {}, "no catalog entry"),
    ("sql audit, wrong columns", ("sql", "audit", "columns.csv"), {}, "lacks the columns ['sql']"),
    ("sql audit, no parquet", ("sql", "audit", "noise.parquet"), {}, "noise.parquet"),
    ("sql audit, broken entry", ("sql", "audit", "sql_questions", "--env=torn"), {}, "sql_questions"),
    ("sql audit, fault of the program", ("sql", "audit", "few.parquet"),
     {"broken": "sqlreason.data.sources:questions_of"}, "KeyError"),
    ("sql explain, unknown preset", ("sql", "explain", "--context=CREATE TABLE t (a INT)", "--gold=SELECT a FROM t",
     "--candidate=SELECT 1", "--preset=nope"), {}, "no preset is called 'nope'"),
    ("sql explain, bad gold", ("sql", "explain", "--context=CREATE TABLE t (a INT)", "--gold=SELEC",
     "--candidate=SELECT 1"), {}, "the gold cannot be used"),
    ("doctor, unknown environment", ("doctor", "--env=nope"), {}, "no environment 'nope'"),
    ("doctor, fault of the program", ("doctor",), {"broken": "sqlreason.preflight:check_environment"}, "KeyError"),
    ("ask, no student", ("sqlreason", "ask", "How many?", "--database=long.sql"), {}, "no trained student yet"),
    ("ask, no database", ("sqlreason", "ask", "How many?", "--database=absent.sql"), {}, "absent.sql"),
    ("catalog, broken", ("catalog", "describe-datasets", "--env=catalog_yaml"), {}, "catalog.yml"),
]  # fmt: skip
SLOW = [
    ("all completions rejected", ("run", "--env=wrong", *PREPARE), {}, "no trace is left for the student"),
    ("model without tokenizer", ("run", "--env=no_tokenizer", *PREPARE), {}, "tokenizer"),
    ("torn tokenizer", ("run", "--env=torn_tokenizer", *PREPARE), {}, "tokenizer"),
    ("ask, long table", ("sqlreason", "ask", "How many?", "--database=wide.sql", "--student=base"), {}, "one table"),
]  # fmt: skip
LENGTHS = {}


@pytest.mark.parametrize(
    ("name", "arguments", "more", "told"),
    [*FAILING, *(pytest.param(*case, marks=pytest.mark.slow) for case in SLOW)],
    ids=[case[0] for case in (*FAILING, *SLOW)],
)
def test_a_command_that_fails_says_why_in_few_lines(copy, name, arguments, more, told):
    code, output = copy.run(*arguments, **more)
    lines = error_part(output)
    LENGTHS[name] = len(lines)
    assert code != 0 and told in "\n".join(lines), output
    assert len(lines) <= failures.LINES and sum(map(len, lines)) < 4000, output
    assert ("Traceback" in output) == ("KeyError" in told) and "somebody" not in output


def test_who_calls_a_session_gets_the_exception_itself_with_the_note(copy, monkeypatch):
    monkeypatch.chdir(copy.folder)
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    bootstrap_project(copy.folder)
    hook = sys.excepthook
    few = {"distillation": {"questions": 12}}
    with (
        KedroSession.create(copy.folder, env="no_price", runtime_params=few) as session,
        pytest.raises(BadInput, match="price of m is unknown") as caught,
    ):
        session.run(pipeline_names=["distillation"])
    assert "The run stopped at distillation.estimate_teaching" in caught.value.__notes__[0]
    assert sys.excepthook is hook


TRAIN = "sft.trl.max_steps=1,sft.trl.num_train_epochs=null,student.launch"


@pytest.fixture(scope="module")
def trainable(copy):
    """After distillation and preprocessing: rows that can be trained on, and the same with one that cannot."""
    code, output = copy.run("run", "--env=few", *PREPARE)
    assert code == 0, output
    for env in ("faulty", "no_prompts"):
        shutil.copytree(copy.folder / "data/few", copy.folder / "data" / env)
        make_environment(copy, env)
    rows = copy.load("sft_examples", "faulty")
    copy.save("sft_examples", rows.assign(prompt="this is no JSON"), "faulty")
    return copy


@pytest.mark.slow
@pytest.mark.parametrize(
    ("env", "launch", "told"),
    [
        ("special", "ranks,student.ranks=2", "would be trained wrongly"),
        ("faulty", "child", "failed in its child process: this is a fault of the program"),
    ],
)
def test_what_stops_a_training_elsewhere_is_told_once(trainable, env, launch, told):
    folder = trainable.folder / "data" / env
    if not (folder / "05_model_input").exists():
        shutil.copytree(trainable.folder / "data/few/05_model_input", folder / "05_model_input")
    if env == "special":  # what only a training sees: a completion that holds a special token of the student
        path = folder / "05_model_input/sft_examples.parquet"
        examples = pd.read_parquet(path)
        completions = examples["completion"].str.replace("</think>", "<|eot_id|></think>", regex=False)
        examples.assign(completion=completions).to_parquet(path)
    output = trainable.kedro("run", f"--env={env}", "--nodes=sft.train_sft", "--params", f"{TRAIN}={launch}", code=1)
    lines = error_part(output)
    LENGTHS[f"training of {env}, launch={launch}"] = len(lines)
    assert sum(told in line for line in lines) == 1 and len(lines) <= failures.LINES, output
    assert sum(line.startswith("Traceback") for line in lines) == ("fault" in told), output
    assert "the same command goes on" in lines[-1]


@pytest.mark.slow
def test_a_grpo_without_prompts_says_so(trainable):
    path = trainable.folder / "data/no_prompts/05_model_input/grpo_prompts.parquet"
    pd.read_parquet(path).head(0).to_parquet(path)
    code, output = trainable.run("run", "--env=no_prompts", "--pipelines=grpo")
    lines = error_part(output)
    LENGTHS["GRPO without prompts"] = len(lines)
    assert code == 1 and len(lines) <= failures.LINES and "Traceback" not in output, output
    assert "grpo_prompts" in output


def test_the_longest_of_what_failing_commands_print_is_within_the_limit():
    """`pytest -s` shows the table."""
    for name, length in sorted(LENGTHS.items(), key=lambda item: -item[1]):
        print(f"{length:>4} lines  {name}")
    assert not LENGTHS or max(LENGTHS.values()) <= failures.LINES
