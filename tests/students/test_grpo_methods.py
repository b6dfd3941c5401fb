"""Where GRPO begins, its curriculum, who teaches in its place, and what is refused before anything is trained."""

import dataclasses
import json

import pandas as pd
import pytest
import yaml
from pydantic import ValidationError
from trainings import of_sft

from sqlreason.data import splits
from sqlreason.options.checks import Chosen, find_contradictions
from sqlreason.options.distillation_options import SplitOptions
from sqlreason.options.grpo_options import GRPOOptions
from sqlreason.options.preprocessing_options import PreprocessingOptions
from sqlreason.options.sft_options import SFTOptions, StudentOptions
from sqlreason.pipelines.grpo import nodes
from sqlreason.sql.verifier import Task
from sqlreason.students.checkpoints.checkpoint import Checkpoint
from sqlreason.students.checkpoints.shared_vocabulary import VocabularyError
from sqlreason.students.generation import decoding
from sqlreason.students.training import initial_adapters, on_policy_distillation, sft
from sqlreason.students.training.curriculum import choose_curriculum

CONTEXT = "CREATE TABLE singer (name TEXT, age INT); INSERT INTO singer VALUES ('Ada', 36), ('Bob', 25), ('Cy', 41);"
GOLD = "SELECT name FROM singer"
SMALL = {
    "dev_prompts": 0,
    "forecast": {"prompts": 4, "samples": 2, "temperatures": [1.0], "processes": 1, "on_no_go": "warn"},
}
SMALL_STEPS = {
    "num_generations": 2, "per_device_train_batch_size": 4, "gradient_accumulation_steps": 1,
    "max_completion_length": 8, "max_steps": 2, "optim": "adamw_torch", "beta": 0.0,
    "mask_truncated_completions": False, "learning_rate": 1e-2, "save_steps": 1, "gradient_checkpointing": False,
    "warmup_steps": 0.0,
}  # fmt: skip
LORA = {"rank": 4, "alpha": 8}


@pytest.fixture
def recommended(project):
    return yaml.safe_load((project / "conf/base/parameters.yml").read_text(encoding="utf-8"))


@pytest.fixture
def options(recommended):
    """`options(**changes)`: the recommended parameters of GRPO, made small; `trl` and `distillation` are amended."""
    known = recommended["grpo"]

    def make(trl=None, distillation=None, **changes):
        changes["trl"] = {**known["trl"], **SMALL_STEPS, **(trl or {})}
        changes["distillation"] = {**known["distillation"], **(distillation or {})}
        return GRPOOptions(**{**known, **SMALL, **changes})

    return make


@pytest.fixture
def student():
    return StudentOptions(
        backend="transformers", quantization=None, dtype="float32", launch="process", ranks=1, accelerate=None,
        resume=True, chat_template={}, plain_template=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def prompts(examples):
    task = Task("t", GOLD, (CONTEXT,)).to_json()
    return examples.head(6).drop(columns="completion").assign(task=task, sql_context=CONTEXT, gold_sql=GOLD)


@pytest.fixture(scope="module")
def blank(checkpoint):
    return initial_adapters.untrained(checkpoint, "abc", LORA, "float32")


def test_an_untrained_start_answers_as_the_base_model_does(checkpoint, blank, examples):
    conversations = decoding.parse_conversations(examples["prompt"].head(4))
    model, chat = checkpoint.load_model("float32"), checkpoint.load_chat()
    bare = [answer.text for answer in decoding.generate(model, chat, conversations, 8, 4)]
    adapted = blank.apply(model)
    assert [answer.text for answer in decoding.generate(adapted, chat, conversations, 8, 4)] == bare
    assert blank.base == checkpoint.identity and blank.config["r"] == 4


def test_what_an_untrained_start_is_scaled_by_makes_another_training(checkpoint, blank):
    scaled = initial_adapters.untrained(checkpoint, "abc", {**LORA, "alpha": 64}, "float32")
    assert scaled.digest == blank.digest and scaled.start != blank.start
    trained = dataclasses.replace(scaled, facts={"stage": "sft"})
    assert trained.start == trained.digest


def test_the_grammar_alone_is_learned_from_a_few_examples(checkpoint, blank, examples, tmp_path):
    adapter = initial_adapters.format_only(
        checkpoint,
        examples,
        8,
        fingerprint="abc",
        workdir=tmp_path,
        lora=LORA,
        **of_sft(per_device_train_batch_size=4, max_steps=2, learning_rate=1e-2, dtype="float32"),
    )
    assert adapter.facts["examples"] == 8 and adapter.digest != blank.digest


def test_the_dev_evaluation_costs_the_training_few_prompts_and_shares_no_schema_with_it():
    contexts = [f"CREATE TABLE t{schema} (a INT, b{schema} TEXT);" for schema in range(12) for _ in range(5)]
    asked = pd.DataFrame({"sql_context": contexts, "sql": "SELECT a"})
    for seed in range(7, 17):
        trained, dev = splits.split_dev(asked, 8, 2, seed)
        assert len(dev) == 8 and len(trained) == 50
        assert not set(trained["sql_context"]) & set(dev["sql_context"])
    assert splits.split_dev(asked.head(5), 8, 2, 7)[1] is None  # one schema
    assert splits.split_dev(asked, 0, 2, 7)[1] is None


def test_the_curriculum_is_chosen_among_the_prompts_and_left_out_where_it_is_too_small_for_a_step(prompts):
    ids = prompts["id"].tolist()
    rates = {ids[0]: [True, True], **{id_: [True, False] for id_ in ids[1:4]}, ids[4]: [False, False]}
    profile = pd.DataFrame([{"id": id_, "temperature": 1.0, "right": right} for id_ in rates for right in rates[id_]])

    def chosen(name, fewest):
        return choose_curriculum(prompts, profile, name, 1.0, fewest)["id"].tolist()

    assert [chosen("mixed", 2), chosen("off", 2), chosen("mixed", 4)] == [ids[1:4], ids, ids]


@pytest.fixture
def sft_options(recommended):
    known = recommended["sft"]
    small = {"per_device_train_batch_size": 4, "gradient_accumulation_steps": 1, "optim": "adamw_torch"}
    return SFTOptions(**{**known, "trl": {**known["trl"], **small, "gradient_checkpointing": False}})


@pytest.fixture
def distilled(monkeypatch):
    """What a distillation is given in place of being made."""
    given = {}

    def note(base, adapter, teacher, prompts, **options):
        given.update(options, start=adapter, teacher=teacher, prompts=prompts)
        return adapter, pd.DataFrame({"seconds": [1.0]}), pd.DataFrame()

    monkeypatch.setattr(on_policy_distillation, "train_distillation", note)
    return given


def test_the_teacher_is_taught_with_the_query_of_each_example_and_reads_the_gold_of_each_prompt(
    checkpoint, blank, prompts, examples, student, sft_options, options, distilled, monkeypatch, tmp_path
):
    taught = {}

    def train_sft(base, shown, **given):
        taught.update(given, base=base, prompts=shown["prompt"].tolist(), completions=shown["completion"].tolist())
        return hinted, None

    hinted = dataclasses.replace(blank, facts={"seconds": 60.0})
    rest = (Checkpoint("no/model"), tmp_path, student, sft_options)
    monkeypatch.setattr(sft, "train_sft", train_sft)
    chosen = options(method="distillation", distillation={"hint": "Known:\n{gold}", "teacher_epochs": 0.5})
    adapter, history, _ = nodes.distil(checkpoint, blank, prompts, examples, *rest, chosen)
    assert adapter.facts["teacher_seconds"] == 60.0 and history["seconds"].tolist() == [61.0]
    asked = json.loads(examples["prompt"].iloc[0])[-1]["content"]
    query = examples["completion"].iloc[0].split("<sql>\n")[1].split("\n</sql>")[0]
    assert json.loads(taught["prompts"][0])[-1]["content"] == f"{asked}\n\nKnown:\n{query}"
    assert taught["completions"] == examples["completion"].tolist() and taught["start"] is blank
    assert taught["trl"]["num_train_epochs"] == 0.5 and "max_steps" not in taught["trl"]
    assert taught["base"] == checkpoint
    assert distilled["teacher"] == on_policy_distillation.Teacher(checkpoint, hinted)
    shown = distilled["prompts"]
    assert json.loads(shown["teacher_prompt"].iloc[0])[-1]["content"].endswith(f"\n\nKnown:\n{GOLD}")
    assert shown["prompt"].tolist() == prompts["prompt"].tolist()


def test_the_student_itself_teaches_as_it_is_where_it_is_not_taught_before(
    checkpoint, blank, prompts, examples, student, sft_options, options, distilled, tmp_path
):
    chosen = options(method="distillation", distillation={"teacher_epochs": 0})
    rest = (Checkpoint("no/model"), tmp_path, student, sft_options, chosen)
    nodes.distil(checkpoint, blank, prompts, examples, *rest)
    assert distilled["teacher"] == on_policy_distillation.Teacher(checkpoint, blank) and distilled["start"] is blank


def test_the_catalogs_teacher_must_have_the_students_vocabulary(
    checkpoint, blank, prompts, examples, student, sft_options, options, distilled, project, tmp_path
):
    chosen = options(
        method="distillation", distillation={"teacher": "distillation_teacher", "hint": None, "teacher_epochs": 0}
    )
    rest = (tmp_path, student, sft_options, chosen)
    other = Checkpoint(str(project / "data/06_models/tiny_student"))
    with pytest.raises(VocabularyError, match="tokens, as in"):
        nodes.distil(checkpoint, blank, prompts, examples, other, *rest)
    assert not distilled
    nodes.distil(checkpoint, blank, prompts, examples, checkpoint, *rest)
    assert distilled["teacher"] == on_policy_distillation.Teacher(checkpoint, None)
    assert distilled["prompts"]["teacher_prompt"].tolist() == prompts["prompt"].tolist()


def test_distillation_runs_through_the_node_and_asks_for_no_forecast(
    checkpoint, prompts, examples, student, sft_options, options, tmp_path
):
    prompt = {"name": "p", "version": 1, "system": "Answer.", "user": "{schema} {question}"}
    start = initial_adapters.untrained(checkpoint, nodes.Prompt.from_mapping(prompt).fingerprint, LORA, "float32")
    chosen = options(method="distillation", distillation={"teacher_epochs": 0.1})
    profile, forecast_table = nodes.forecast_gains(checkpoint, start, prompts, prompt, tmp_path, None, student, chosen)
    assert profile.empty and forecast_table.empty
    adapter, history, rollouts = nodes.train_student(
        checkpoint, start, prompts, pd.DataFrame(), profile, forecast_table, examples, Checkpoint("no/model"), prompt,
        tmp_path, student, sft_options, chosen,
    )  # fmt: skip
    assert history["step"].tolist() == [1, 2] and len(rollouts) == 8 and (history["loss"] > 0).all()
    assert adapter.facts["seconds"] > adapter.facts["teacher_seconds"] > 0


REFUSED = [
    ({"initial_adapter": "sft"}, "'full', 'format_only' or 'none'"),
    ({"rewards": {"executes": 1.0}}, "unknown rewards"),
    ({"distillation": {"hint": "It is {query}."}}, "needs {gold} and no other"),
    ({"distillation": {"beta": 2.0}}, "less than or equal to 1"),
]


@pytest.mark.parametrize(("changes", "told"), REFUSED, ids=[case[1] for case in REFUSED])
def test_values_that_are_not_accepted_are_refused_in_words(options, changes, told):
    with pytest.raises(ValidationError, match=told):
        options(**changes)


def test_any_argument_of_trl_is_passed_on_and_the_length_that_is_not_given_is_left_out(options):
    trl = options({"delta": 1.5, "learning_rate": 1e-5}).trl
    assert (trl.arguments["delta"], trl.arguments["learning_rate"], trl.arguments["max_steps"]) == (1.5, 1e-5, 2)
    assert "num_train_epochs" not in trl.arguments and trl.arguments["vllm_server_base_url"] is None
    assert trl.rows_of_a_step == 4
    assert not {"delta", "beta", "num_generations"} & set(trl.of_distillation) and trl.of_distillation["top_p"] == 1.0


CONTRADICTIONS = [
    ({"trl": {"max_steps": 5, "num_train_epochs": 1.0}}, "exactly one of num_train_epochs and max_steps"),
    ({"trl": {"num_iterations": 2}}, "save_steps = 1 must be a multiple of num_iterations = 2"),
    ({"method": "distillation", "curriculum": "mixed"}, "distillation learns from every answer"),
    ({"distillation": {"hint": None}}, "teaches itself nothing"),
    ({"rewards": {"teacher_similarity": 0.5}}, "set split.grpo_share=0, as the article does"),
]


@pytest.mark.parametrize(("changes", "told"), CONTRADICTIONS, ids=[case[1] for case in CONTRADICTIONS])
def test_contradictions_are_told_in_words(options, sft_options, student, recommended, changes, told):
    split = SplitOptions(**recommended["split"])
    shared = split, PreprocessingOptions(**recommended["preprocessing"]), student, sft_options
    assert not list(find_contradictions(Chosen(*shared, options())))
    assert told in "\n".join(find_contradictions(Chosen(*shared, options(**changes))))


def test_rows_that_unsloth_would_cut_are_refused(options, sft_options, student, recommended):
    budgets = [
        PreprocessingOptions(**{**recommended["preprocessing"], "max_prompt_tokens": most}) for most in (7000, 8000)
    ]
    unsloth = student.model_copy(update={"backend": "unsloth", "launch": "child"})
    split, others = SplitOptions(**recommended["split"]), (unsloth, sft_options, options())
    fits, cut = (
        [told for told in find_contradictions(Chosen(split, budget, *others)) if "rows of up to" in told]
        for budget in budgets
    )
    assert not fits and "8512 tokens" in cut[0] and "8192" in cut[0]


def test_likeness_to_a_teacher_that_was_not_asked_is_refused(options):
    chosen = options(rewards={"execution": 1.0, "teacher_similarity": 0.2})
    with pytest.raises(ValueError, match=r"none of 2 prompts.*split.grpo_share: 0"):
        nodes.certify_rewards(pd.DataFrame({"id": ["1", "2"], "teacher_think": ["", ""]}), chosen)
