"""What a user can get wrong: every message says what was given and what to do, and nothing is spent before it."""

import json
import shutil
import tarfile
from copy import deepcopy
from functools import reduce
from operator import getitem

import pandas as pd
import pytest
import yaml
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project

from kedro_in_process import error_part
from sqlreason.data.tables import TABLES
from sqlreason.errors import failures
from sqlreason.options.checks import find_faults
from sqlreason.preflight import machine

CHECKPOINT = "sqlreason.datasets.checkpoint_dataset.CheckpointDataset"
QUICK = (
    "distillation.questions=null,split.grpo_share=0.0,preprocessing.grpo_prompts=8,preprocessing.evaluation_prompts=8"
)


@pytest.fixture(scope="module")
def copy(project_copies):
    return project_copies("bad")


@pytest.fixture(scope="module")
def questions(copy):
    return pd.read_parquet(copy.folder / "data/01_raw/questions/train.parquet").head(80)


def make_environment(copy, name, catalog=None, root=None):
    """An environment like demo with other catalog entries."""
    folder = copy.folder / "conf" / name
    shutil.copytree(copy.folder / "conf/demo", folder)
    entries = yaml.safe_load((folder / "catalog.yml").read_text()) | (catalog or {})
    (folder / "catalog.yml").write_text(yaml.safe_dump(entries))
    (folder / "globals.yml").write_text(f"root: {root or f'data/{name}'}\n")


def source(entry, type_, path, **more):
    """A catalog entry for a question table, as short as a user writes it."""
    return {entry: {"type": type_, "filepath": path, **more}}


def refusal(copy, *arguments):
    """What `kedro run` prints when it refuses: a few lines, no traceback, and exit status 1."""
    code, output = copy.run("run", *arguments)
    assert code == 1 and "Traceback" not in output and len(error_part(output)) <= failures.LINES
    return output


def spent(copy, name):
    """Whether an environment asked its teacher anything."""
    return any((copy.folder / "data" / name).rglob("*.sqlite*"))


# ------------------------------------------------------------------------------------------------- parameters
@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("sfft.trl.seed=1", "sfft is unknown; known are distillation, evaluation"),
        ("sft.trl.optim=adamw_8bits", "sft.trl.optim = 'adamw_8bits': input should be 'adamw_torch'"),
        ("sft.epochs=1", "sft has lora, share_prefixes, trl; did you mean sft.trl.num_train_epochs?"),
        ("sft.trl.num_train_epoch=1", "sft.trl.num_train_epoch is no argument of SFTConfig in trl "),
        ("grpo.trl.learning_rat=1e-5", "; did you mean learning_rate?"),
        ("grpo.trl.lr_scheduler_type=cosin", "lr_scheduler_type = 'cosin': input should be 'linear', 'cosine'"),
        ("grpo.trl.neftune_noise_alpha=loud", "grpo.trl.neftune_noise_alpha = 'loud': input should be a valid number"),
        ("grpo.trl.top_k=5", "grpo.trl.top_k is an argument of GRPOConfig that cannot be chosen here"),
        ("grpo.trl.reward_weights=2", "cannot be chosen here; it follows from grpo.rewards"),
        ("sft.lora.size=3", "sft.lora.size is unknown; sft.lora has alpha, dropout, rank, target_modules"),
        ("sft.trl.num_train_epochs=many", "sft.trl.num_train_epochs = 'many': input should be a valid number"),
        ("sft.trl.num_train_epochs=true", "num_train_epochs = True: input should be a number, not true or false"),
        ("sft=3", "sft = 3: input should be a valid dictionary"),
        ("preprocessing.workers=0", "preprocessing.workers = 0: input should be greater than 0"),
        ("student.backend=magic", "student.backend = 'magic': input should be 'transformers' or 'unsloth'"),
        ("sft.trl.max_steps=4", "sft.trl: give exactly one of num_train_epochs and max_steps, not num"),
        ("grpo.rewards.beauty=1.0", "unknown rewards ['beauty']; known are ['arctic', 'check_sql_reward', "),
        ("grpo.trl.num_generations=7", "64 completions a step and rank are no whole groups of num_generations=7"),
    ],
)
def test_a_faulty_parameter_is_named_with_what_would_be_accepted(copy, given, told):
    output = refusal(copy, "--params", given)
    assert told in output
    assert "conf/base/parameters.yml" in output


def test_all_faults_are_told_at_once(copy):
    output = refusal(copy, "--params", "sft.trl.epoch=1,grpo.trl.beta=-1,distillation.mode=loud")
    assert all(name in output for name in ("sft.trl.epoch", "grpo.trl.beta", "distillation.mode"))


def test_a_missing_parameter_is_named():
    faults = find_faults({"prices": {"hardware": "x"}})
    assert "prices.training_usd_per_hour is missing" in faults


@pytest.fixture(scope="module")
def base_parameters(project):
    bootstrap_project(project)
    with KedroSession.create(project, env="base") as session:
        return session.load_context().config_loader["parameters"]


def test_no_environment_contradicts_itself(project):
    bootstrap_project(project)
    for folder in (project / "conf").iterdir():
        if (folder / "parameters.yml").exists():
            with KedroSession.create(project, env=folder.name) as session:
                assert find_faults(session.load_context().config_loader["parameters"]) == [], folder.name


def test_an_environment_takes_out_a_reward_that_it_inherits(project):
    """The article's three alone, without base's `execution`, which would tell right from wrong."""
    bootstrap_project(project)
    with KedroSession.create(project, env="article") as session:
        rewards = session.load_context().params["grpo"].rewards
    assert set(rewards) == {"match_format_exactly", "match_format_approximately", "check_sql_reward"}


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ("grpo.rewards.execution=0", "grpo.rewards.execution = 0: input should be greater than 0"),
        ("grpo.rewards.execution=.nan", "input should be a finite number"),
        ("grpo.rewards.execution=null", "grpo.rewards = {}: dictionary should have at least 1 item"),
        ("grpo.forecast.temperatures=[0.0]", "grpo.forecast.temperatures.0 = 0.0: input should be greater than 0"),
        ("split.grpo_share=1.0", "split.grpo_share = 1.0: input should be less than 1"),
        ("synthesis.mix.windows=-1", "synthesis.mix.windows = -1: input should be greater than or equal to 0"),
    ],
)
def test_a_number_that_would_stop_a_run_late_is_refused(base_parameters, params, told):
    name, _, value = params.partition("=")
    *path, last = name.split(".")
    changed = deepcopy(base_parameters)
    reduce(getitem, path, changed)[last] = yaml.safe_load(value)
    assert told in "\n".join(find_faults(changed))


def test_rewards_that_can_be_gamed_stop_a_run_before_the_teacher_is_asked(copy):
    taken_out = "grpo.rewards.execution=null,grpo.rewards.format=1.0"
    output = refusal(copy, "--params", taken_out)
    assert "do not tell right from wrong" in output and "exploits earn as much as the worst correct answer" in output
    assert not spent(copy, "demo")


RANKS = {"backend": "transformers", "launch": "ranks", "ranks": 2}


@pytest.mark.parametrize(
    ("student", "grpo", "told"),
    [
        ({"launch": "ranks", "ranks": 2}, {}, "backend=unsloth trains in a process of its own, on one GPU"),
        ({"launch": "process"}, {}, "set launch=child, or backend=transformers"),
        ({**RANKS, "ranks": 3}, {}, "sft.trl.gradient_accumulation_steps = 2 forward passes"),
        (RANKS, {"trl": {"per_device_train_batch_size": 4}}, "4 completions a step and rank are no"),
        ({**RANKS, "accelerate": "none.yaml"}, {}, "none.yaml is no file; make one with `accelerate config`"),
        ({}, {"trl": {"use_vllm": True}}, "grpo.trl.use_vllm = True with student.quantization = 'nf4'"),
        ({}, {"trl": {"use_vllm": True, "beta": 0}}, "grpo.trl.use_vllm = True with student.backend = 'unsloth'"),
        ({}, {"trl": {"num_iterations": 2}}, "grpo.trl.save_steps = 25 must be a multiple of num_iterations = 2"),
        ({}, {"trl": {"beta": 0}}, "grpo.dev_prompts = 128 with student.backend = 'unsloth' and grpo.trl.beta = 0"),
    ],
)  # fmt: skip
def test_what_only_a_training_would_notice_is_told_before_the_teacher_is_paid(base_parameters, student, grpo, told):
    assert find_faults(base_parameters) == []
    grpo = {**grpo, "trl": {**base_parameters["grpo"]["trl"], **grpo.get("trl", {})}}
    changes = {"student": student, "grpo": grpo}
    given = base_parameters | {name: {**base_parameters[name], **change} for name, change in changes.items()}
    assert told in "\n".join(find_faults(given))


def test_a_second_order_of_the_rows_is_refused_and_so_is_an_attention_without_masks(base_parameters):
    trl = {**base_parameters["sft"]["trl"], "train_sampling_strategy": "group_by_length"}
    given = {**base_parameters, "sft": {**base_parameters["sft"], "trl": trl, "share_prefixes": True}}
    first, second = find_faults(given)
    assert "leave one of the two out" in first and "student.backend=transformers" in second


def test_a_faulty_parameter_of_an_environment_is_named_as_well(copy):
    make_environment(copy, "typo")
    (copy.folder / "conf/typo/parameters.yml").write_text("grpo: {trl: {num_generation: 4}}\nextra: {a: 1}\n")
    output = refusal(copy, "--env=typo")
    assert "grpo.trl.num_generation is no argument of GRPOConfig" in output and "extra is unknown" in output


def test_an_environment_that_does_not_exist_is_named_with_those_that_do(copy):
    output = refusal(copy, "--env=nowhere")
    assert "no environment 'nowhere'; conf/ has article, base, bird, cluster, cluster14b, demo" in output


def test_an_entry_that_nothing_reads_is_named_with_the_one_that_was_meant(copy):
    make_environment(copy, "slip", source("sql_question", "pandas.CSVDataset", "mine.csv"))
    assert "nothing reads these entries of the catalog: sql_question (did you mean sql_questions?)" in refusal(
        copy, "--env=slip"
    )


def test_a_run_by_settings_in_an_archive_is_refused_as_one_by_a_folder(copy, tmp_path):
    with tarfile.open(tmp_path / "conf.tar.gz", "w:gz") as archive:
        archive.add(copy.folder / "conf", "conf")
    output = refusal(copy, f"--conf-source={tmp_path / 'conf.tar.gz'}", "--pipelines=sft")
    assert "'sft_examples'" in output and "first run the pipeline that makes it" in output


def test_a_pipeline_that_does_not_exist_is_named_with_those_that_do(copy):
    output = refusal(copy, "--pipelines=distilation")
    assert "distilation" in output and "there are distillation, evaluation, export, grpo" in output


def test_a_data_folder_that_cannot_be_written_is_named(copy):
    (copy.folder / "occupied").write_text("a file where a folder should be")
    make_environment(copy, "unwritable", root="occupied/data")
    output = refusal(copy, "--env=unwritable")
    assert "occupied/data cannot be written (Not a directory)" in output
    assert "set `root` in conf/<environment>/globals.yml" in output


# ---------------------------------------------------------------------------------------------------- sources
def test_a_missing_column_of_the_examination_is_told_before_the_teacher_is_asked(copy, questions):
    questions.drop(columns="sql").to_csv(copy.folder / "no_gold.csv", index=False)
    make_environment(copy, "columns", source("heldout_questions", "pandas.CSVDataset", "no_gold.csv"))
    output = refusal(copy, "--env=columns")
    assert "'heldout_questions' lacks the columns ['sql']; it has ['domain', 'id'," in output
    assert "no_gold.csv" in output and "Rename the columns" in output
    assert not spent(copy, "columns")


@pytest.mark.parametrize(
    ("name", "type_", "text", "told"),
    [
        ("headers.csv", "pandas.CSVDataset", "id,sql\n", "has no rows; point its filepath to a source that has some"),
        ("void.csv", "pandas.CSVDataset", "", "No columns to parse from file"),
        ("void.jsonl", "pandas.JSONDataset", "", "has no rows; point its filepath to a source that has some"),
        (
            "torn.jsonl",
            "pandas.JSONDataset",
            '{"id": 1}\n\n{"id": 2, "sql_pro',
            "line 3 is no JSON: Unterminated string",
        ),
        ("marked.jsonl", "pandas.JSONDataset", "\ufeff{}", "add encoding: utf-8-sig to the entry's load_args"),
        ("absent.csv", "pandas.CSVDataset", None, "No such file or directory"),
    ],
)
def test_a_source_that_cannot_be_read_is_named_with_its_file(copy, name, type_, text, told):
    if text is not None:
        (copy.folder / name).write_text(text)
    lines = {"load_args": {"lines": True}} if type_ == "pandas.JSONDataset" else {}
    env = name.replace(".", "_")
    make_environment(copy, env, source("sql_questions", type_, name, **lines))
    output = refusal(copy, f"--env={env}")
    assert told in output and "'sql_questions'" in output and name in output
    assert not spent(copy, env)


def test_a_source_that_is_no_table_is_told_with_types_that_read_one(copy, questions):
    questions.to_json(copy.folder / "list.json", orient="records")
    make_environment(copy, "list", source("sql_questions", "json.JSONDataset", "list.json"))
    output = refusal(copy, "--env=list")
    assert "'sql_questions' holds a list, no table; give it a type that reads one, such as pandas.CSVDataset" in output


def test_duplicate_ids_are_told(copy, questions):
    pd.concat([questions, questions.head(2)]).to_csv(copy.folder / "twice.csv", index=False)
    make_environment(copy, "twice", source("sql_questions", "pandas.CSVDataset", "twice.csv"))
    output = refusal(copy, "--env=twice")
    assert f"2 values of id occur more than once, e.g. {questions['id'].iloc[0]}" in output
    assert "every row needs its own" in output


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ({"path": "data/06_models/none"}, "there is no folder"),
        ({"path": "conf"}, "has no config.json, so it is no transformers checkpoint"),
        ({}, "give a model either as the path of a folder, or as hub (org/model)"),
    ],
)
def test_a_base_model_that_is_not_there_is_told_before_the_teacher_is_asked(copy, entry, told):
    env = f"model{len(told)}"
    make_environment(copy, env, {"base_model": {"type": CHECKPOINT, **entry}})
    output = refusal(copy, f"--env={env}")
    assert told in output and "'base_model'" in output
    assert not spent(copy, env)


def test_a_teacher_that_is_unknown_is_told(copy):
    entry = {"type": "sqlreason.datasets.teacher_dataset.TeacherDataset", "kind": "Oracle"}
    make_environment(copy, "oracle", {"teacher": entry})
    output = refusal(copy, "--env=oracle")
    assert "'teacher'" in output and "Oracle" in output and "scripted" in output


@pytest.mark.skipif(machine.has_gpu(), reason="this machine has a GPU")
def test_a_training_that_needs_a_gpu_is_refused_before_anything_else_is_looked_at(copy):
    output = refusal(copy, "--env=gpu12", "--pipelines=sft")
    assert "student.backend=unsloth needs an NVIDIA GPU and this machine has none" in output
    assert "set student.backend=transformers" in output and "Nothing has been started" in output


def test_a_pipeline_whose_inputs_were_never_made_says_so(copy):
    output = refusal(copy, "--pipelines=sft")
    assert "'sft_examples'" in output and "first run the pipeline that makes it" in output


# ------------------------------------------------------------------- rows that cannot be used, in a run that goes on
@pytest.fixture(scope="module")
def faulty_rows(copy, questions):
    """Sixty questions, some of them unusable, through distillation and preprocessing."""
    rows = questions.head(60).reset_index(drop=True).copy()
    rows["id"] = [f"q{number}" for number in range(len(rows))]
    rows.loc[0, "sql_context"] = "this is no CREATE TABLE"
    rows.loc[1, "sql_context"] = None
    rows.loc[2, "sql_prompt"] = ""
    rows.loc[3, "sql"] = "SELEC nothing"
    many = ", ".join(f"reading_number_{number} REAL" for number in range(400))
    rows.loc[4, ["sql_context", "sql"]] = [
        f"CREATE TABLE sensor ({many}); INSERT INTO sensor (reading_number_7) VALUES (1.5), (2.5);",
        "SELECT MAX(reading_number_7) FROM sensor",
    ]
    rows["sql_explanation"] = None
    rows.to_json(copy.folder / "faulty.jsonl", orient="records", lines=True)
    make_environment(
        copy, "faulty", source("sql_questions", "pandas.JSONDataset", "faulty.jsonl", load_args={"lines": True})
    )
    (copy.folder / "conf/faulty/catalog.yml").write_text(
        (copy.folder / "conf/faulty/catalog.yml").read_text().replace("error_rate: 0.1", "error_rate: 0.0")
    )
    copy.kedro("run", "--env=faulty", "--pipelines=distillation,preprocessing", "--params", QUICK)
    return {name: copy.load(name, "faulty") for name in ("raw_prompts", "rejected_traces", "filtered_traces")}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("id_", "stage", "reason"),
    [
        ("q0", "databases", "schema_error"),
        ("q1", "databases", "schema_error"),
        ("q2", "teacher", "question"),
        ("q3", "databases", "gold_error"),
        ("q4", "prompt", "over_budget"),
    ],
)
def test_an_unusable_row_falls_out_with_its_reason(faulty_rows, id_, stage, reason):
    row = faulty_rows["rejected_traces"].set_index("id").loc[id_]
    assert (row["stage"], row["reason"]) == (stage, reason)
    assert row["detail"]


@pytest.mark.slow
def test_the_other_rows_are_kept_and_every_row_is_accounted_for(faulty_rows):
    rejected, kept = faulty_rows["rejected_traces"], faulty_rows["filtered_traces"]
    assert sorted([*rejected["id"], *kept["id"]]) == sorted(faulty_rows["raw_prompts"]["id"])
    assert len(kept) > 45


@pytest.mark.slow
def test_what_costs_nothing_to_know_is_not_asked_of_the_teacher(faulty_rows):
    prompts = faulty_rows["raw_prompts"].set_index("id")
    assert prompts.loc[["q0", "q1", "q2"], "messages"].eq("").all()
    assert prompts.loc["q0", "reason"].startswith("context: ")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("node", "budget", "told"),
    [
        (
            "filter_traces",
            "preprocessing.max_completion_tokens=3",
            "no trace is left for the student; 60 rows fell out for: {'too_long': ",
        ),
        (
            "build_evaluation_prompts",
            "preprocessing.max_prompt_tokens=9",
            "evaluation_prompts: none of 8 questions can be used: 8 are over max_prompt_tokens=9",
        ),
    ],
)
def test_a_budget_that_nothing_meets_stops_with_the_reasons(copy, faulty_rows, node, budget, told):
    output = copy.kedro("run", "--env=faulty", f"--nodes=preprocessing.{node}", "--params", f"{QUICK},{budget}", code=1)
    last = output.strip().splitlines()[-2:]
    assert told in last[0] and "preprocessing.max_prompt_tokens" in last[0]
    assert "the same command goes on" in last[1]


@pytest.mark.slow
def test_a_budget_that_no_question_meets_is_told_before_anything_starts(copy, faulty_rows):
    few = f"{QUICK},preprocessing.max_prompt_tokens=9"
    output = copy.kedro("run", "--env=faulty", "--nodes=preprocessing.filter_traces", "--params", few, code=1)
    assert "questions that were looked at fits: the prompt has " in output and "Nothing has been started" in output


# --------------------------------------------------------------------------------------------------- adapters
@pytest.mark.slow
@pytest.mark.parametrize(
    ("base", "fingerprint", "told"),
    [
        ("other@1234", "irrelevant", "this adapter was trained on other@1234, the model at hand is tiny_student@"),
        (None, "0000", "this adapter was trained with prompt 0000, the prompt at hand is"),
    ],
)
def test_an_adapter_of_another_base_model_or_prompt_is_refused(copy, base, fingerprint, told):
    import torch

    from sqlreason.students.checkpoints.adapter import Adapter

    base = base or copy.load("base_model").identity
    tensors = {"base_model.model.lora_A.weight": torch.zeros(1, 1)}
    copy.save("initial_adapter", Adapter({"peft_type": "LORA", "r": 1}, tensors, base, fingerprint))
    columns = ["id", "prompt", "task", "gold_sql", "sql_context", "sql_complexity", "teacher_think"]
    copy.save("grpo_prompts", pd.DataFrame([dict.fromkeys(columns, "x") | {"prompt": json.dumps([])}]))
    entry = {"kind": "correct", "family": "", "name": "the gold", "completions": 1, "reason": "agrees", "passed": True}
    copy.save("certification", pd.DataFrame([entry | dict.fromkeys(["lowest", "mean", "highest"], 1.0)]))
    copy.save("sft_examples", pd.DataFrame([dict.fromkeys(TABLES["sft_examples"].columns, "x")]))
    for table in ("grpo_profile", "grpo_forecast"):
        copy.save(table, pd.DataFrame(columns=list(TABLES[table].columns)))
    output = copy.kedro("run", "--nodes=grpo.train_grpo", code=1)
    last = output.strip().splitlines()[-2:]
    assert told in last[0] and "anew" in last[0]
    assert "the same command goes on" in last[1]
