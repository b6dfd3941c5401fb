"""Where GRPO begins, its phases, and what is refused before anything is trained."""

import pandas as pd
import pytest
import yaml
from pydantic import ValidationError

from sqlreason.options import GRPOOptions, StudentOptions
from sqlreason.pipelines.grpo import methods, nodes
from sqlreason.sql.execution import Task
from sqlreason.students import generation, starts

CONTEXT = "CREATE TABLE singer (name TEXT, age INT); INSERT INTO singer VALUES ('Ada', 36), ('Bob', 25), ('Cy', 41);"
GOLD = "SELECT name FROM singer"
SMALL = {
    "num_generations": 2, "batch_size": 4, "gradient_accumulation": 1, "max_completion_tokens": 8, "max_steps": 2,
    "optimizer": "adamw_torch", "beta": 0.0, "mask_truncated_completions": False, "learning_rate": 1e-2,
    "dev_prompts": 0, "save_steps": 1, "gradient_checkpointing": False, "warmup_ratio": 0.0,
    "forecast": {"prompts": 4, "samples": 2, "temperatures": [1.0], "processes": 1, "on_no_go": "warn"},
}  # fmt: skip
LORA = {"rank": 4, "alpha": 8}


@pytest.fixture
def options(project):
    """`options(**changes)`: the recommended parameters of GRPO, made small."""
    known = yaml.safe_load((project / "conf/base/parameters.yml").read_text(encoding="utf-8"))["grpo"]
    return lambda **changes: GRPOOptions(**{**known, **SMALL, **changes})


@pytest.fixture
def student(tmp_path):
    return StudentOptions(
        backend="transformers", quantization=None, dtype="float32", launch="process", ranks=1, accelerate=None,
        checkpoints=str(tmp_path), resume=True,
    )  # fmt: skip


@pytest.fixture(scope="module")
def prompts(examples):
    task = Task("t", GOLD, (CONTEXT,)).to_json()
    return examples.head(6).drop(columns="completion").assign(task=task, sql_context=CONTEXT, sql=GOLD)


@pytest.fixture(scope="module")
def blank(checkpoint):
    return starts.untrained(checkpoint, "abc", LORA, "float32")


def test_an_untrained_start_answers_as_the_base_model_does(checkpoint, blank, examples):
    conversations = generation.parse_conversations(examples["prompt"].head(4))
    model, tokenizer = checkpoint.load_model("float32"), checkpoint.load_tokenizer()
    bare = [answer.text for answer in generation.generate(model, tokenizer, conversations, 8, 4)]
    adapted = blank.apply(model)
    assert [answer.text for answer in generation.generate(adapted, tokenizer, conversations, 8, 4)] == bare
    assert blank.base == checkpoint.identity and blank.config["r"] == 4


def test_the_grammar_alone_is_learned_from_a_few_examples(checkpoint, blank, examples, tmp_path):
    adapter = starts.format_only(
        checkpoint, examples, 8, fingerprint="abc", workdir=tmp_path, lora=LORA, batch_size=4, max_steps=2,
        learning_rate=1e-2, dtype="float32",
    )
    assert adapter.facts["examples"] == 8 and adapter.digest != blank.digest


def test_each_phase_goes_on_from_the_one_before_with_a_curriculum_of_its_own(
    checkpoint, blank, prompts, student, options, monkeypatch
):
    profiled, phases = [], []

    def profile(base, adapter, *rest):
        profiled.append(adapter)
        return sample_profile(base, adapter, *rest)

    def train(base, adapter, *rest):
        trained = train_phase(base, adapter, *rest)
        phases.append((adapter, trained[0]))
        return trained

    sample_profile, train_phase = methods.sample_profile, methods._train_phase
    monkeypatch.setattr(methods, "sample_profile", profile)
    monkeypatch.setattr(methods, "_train_phase", train)
    chosen = options(curriculum="mixed", phases=2, rewards={"match_format_approximately": 1.0})
    first = sample_profile(checkpoint, blank, prompts, student, chosen, [1.0])
    adapter, history, rollouts = methods.train_grpo(checkpoint, blank, prompts, first, student, chosen)
    assert phases[0][0] is blank and phases[1][0] is profiled[0] is phases[0][1] and len(profiled) == 1
    assert history["step"].tolist() == [1, 2] and rollouts["step"].tolist() == [1] * 4 + [2] * 4
    assert adapter.facts["steps"] == adapter.facts["best_step"] == 2


def test_the_steps_of_the_phases_add_up(options):
    assert methods._steps(options(max_steps=10, phases=3, curriculum="mixed")) == [3, 3, 4]
    assert methods._steps(options(max_steps=None, epochs=1.0)) == [None]


REFUSED = [
    ({"phases": 2}, "a GRPO with a curriculum"),
    ({"phases": 3, "curriculum": "mixed"}, "at least as many max_steps"),
    ({"phases": 2, "curriculum": "mixed", "method": "rft"}, "phases=2"),
    ({"start": "sft"}, "'full', 'format_only' or 'none'"),
    ({"max_steps": 5, "epochs": 1.0}, "exactly one of epochs and max_steps"),
    ({"rewards": {"executes": 1.0}}, "unknown rewards"),
]


@pytest.mark.parametrize(("changes", "told"), REFUSED, ids=[case[1] for case in REFUSED])
def test_contradictions_are_refused_in_words(options, changes, told):
    with pytest.raises(ValidationError, match=told):
        options(**changes)


def test_likeness_to_a_teacher_that_was_not_asked_is_refused(options):
    chosen = options(rewards={"execution": 1.0, "teacher_similarity": 0.2})
    with pytest.raises(ValueError, match=r"none of 2 prompts.*split.grpo_share: 0"):
        nodes.certify_rewards(pd.DataFrame({"id": ["1", "2"], "teacher_think": ["", ""]}), chosen)
