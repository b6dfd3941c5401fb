"""The chain from end to end in a copy of the project: small, but with every real component and no network."""

import json

import pytest

pytestmark = pytest.mark.slow

SMALL = ",".join([
    "distillation.questions=60", "preprocessing.grpo_prompts=16", "preprocessing.evaluation_prompts=24",
    "sft.trl.num_train_epochs=null", "sft.trl.max_steps=4",
    "sft.trl.per_device_train_batch_size=8", "sft.trl.save_steps=2",
    "grpo.trl.max_steps=2", "grpo.trl.per_device_train_batch_size=16",
    "grpo.trl.gradient_accumulation_steps=2", "grpo.trl.num_generations=4",
    "grpo.trl.save_steps=1", "grpo.forecast.prompts=4",
    "grpo.trl.max_completion_length=48", "evaluation.max_completion_tokens=48",
    "grpo.forecast.processes=1", "evaluation.processes=1",  # several are tests/students/test_answering.py's
])  # fmt: skip


@pytest.fixture(scope="module")
def chain(project_copies):
    copy = project_copies("chain")
    copy.output = copy.kedro("run", "--params", SMALL)
    return copy


def test_it_ends_with_the_table_the_bill_the_seconds_and_the_report(chain):
    end = chain.output[-3000:]
    for word in ("base", "SFT", "GRPO", "Bill: 0.00 USD", "Seconds per stage: distillation", "Report: "):
        assert word in end


def test_the_report_is_one_file_that_needs_no_network_and_says_that_the_teacher_is_scripted(chain):
    page = chain.load("evaluation_report")
    assert "scripted" in page
    assert "<script src=" not in page and "<link" not in page


def test_every_question_asked_is_accounted_for(chain):
    asked, kept = chain.load("raw_prompts"), chain.load("filtered_traces")
    rejected = chain.load("rejected_traces")
    assert sorted([*kept["id"], *rejected["id"]]) == sorted(asked["id"])
    assert (rejected["reason"] != "").all()


def test_no_schema_is_shared_between_teacher_grpo_and_examination(chain):
    from sqlreason.sql.parsing.schema import parse_schema

    questions = chain.load("sql_questions").set_index("id")
    contexts = [
        questions.loc[chain.load("raw_prompts")["id"], "sql_context"],
        chain.load("grpo_prompts")["sql_context"],
        chain.load("evaluation_prompts")["sql_context"],
    ]
    schemas = [{parse_schema(context).fingerprint for context in part} for part in contexts]
    assert not schemas[0] & schemas[1] | schemas[0] & schemas[2] | schemas[1] & schemas[2]


def test_adapters_have_pefts_own_layout_and_a_manifest(chain):
    for stage in ("sft", "grpo"):
        (folder,) = (chain.folder / f"data/demo/06_models/{stage}_adapter").iterdir()
        (adapter,) = folder.iterdir()
        assert {"adapter_config.json", "adapter_model.safetensors", "manifest.json"} <= {
            path.name for path in adapter.iterdir()
        }


def test_the_reference_of_the_kl_is_the_sft_student(chain):
    assert chain.load("grpo_history")["kl"].iloc[0] == pytest.approx(0.0, abs=1e-3)


def test_the_run_record_names_versions_and_seconds(chain):
    record = chain.load("run_record")
    assert record["packages"]["trl"] and record["seconds_per_stage"]["sft"] > 0
    assert json.dumps(record)


def test_a_single_pipeline_runs_on_what_the_others_left(chain):
    output = chain.kedro("run", "--pipeline=sft", "--params", SMALL)
    assert "Seconds per stage: sft" in output


def test_an_earlier_version_can_be_loaded(chain):
    versions = sorted(p.name for p in (chain.folder / "data/demo/06_models/sft_adapter").iterdir())
    output = chain.kedro("run", "--pipelines=grpo", "--params", SMALL, "--load-versions", f"sft_adapter:{versions[0]}")
    assert "Seconds per stage: grpo" in output


def test_a_part_of_the_chain_can_be_named_by_its_first_node(chain):
    first = "--from-nodes=evaluation.compare_students,evaluation.compute_costs"
    assert "Report: " in chain.kedro("run", first, "--params", SMALL)
