"""On-policy distillation on a very tiny Llama: the teacher reads its own prompt, the student comes nearer to it."""

import json

import pandas as pd
import pytest
import torch
from rewarding import LetterReward
from trainings import SHORT, of_distillation, of_sft

from sqlreason.reasoning.prompts import check_hint, with_hint
from sqlreason.sql.verifier import Task
from sqlreason.students.checkpoints import shared_vocabulary
from sqlreason.students.checkpoints.checkpoint import TrainedModel, write_checkpoint
from sqlreason.students.training import distillation_trainer, on_policy_distillation, sft
from sqlreason.students.training.on_policy_distillation import Teacher
from sqlreason.students.training.trainer_arguments import TrainingError
from tiny_student import tiny

OPTIONS = {**SHORT, "max_completion_length": 12, "learning_rate": 1e-2, "per_device_train_batch_size": 4}
HINT = "The query is:\n{gold}"
pytestmark = pytest.mark.usefixtures("no_alarm")


def train_start(checkpoint, examples, folder, steps):
    options = {"lora": {"rank": 4, "alpha": 8}, "learning_rate": 1e-2, "max_steps": steps, "dtype": "float32"}
    return sft.train_sft(checkpoint, examples, fingerprint="abc", workdir=folder, **of_sft(**options))[0]


@pytest.fixture(scope="module")
def start(checkpoint, examples, tmp_path_factory):
    return train_start(checkpoint, examples, tmp_path_factory.mktemp("start"), 1)


@pytest.fixture(scope="module")
def prompts(examples):
    shown = [json.dumps(with_hint(json.loads(text), HINT, "SELECT name")) for text in examples["prompt"]]
    return examples.assign(teacher_prompt=shown)[["id", "prompt", "teacher_prompt"]]


@pytest.fixture(scope="module")
def teacher(checkpoint, examples, prompts, tmp_path_factory):
    """Answers otherwise than the student does."""
    hinted = examples.assign(prompt=prompts["teacher_prompt"], completion="The gold is known.")
    return Teacher(checkpoint, train_start(checkpoint, hinted, tmp_path_factory.mktemp("teacher"), 8))


def train(checkpoint, start, teacher, prompts, workdir, reward=None, **changes):
    given = {"rewards": [reward or LetterReward()], "weights": [2.0], "workdir": workdir, **OPTIONS, **changes}
    return on_policy_distillation.train_distillation(checkpoint, start, teacher, prompts, **of_distillation(**given))


def test_the_student_comes_nearer_to_its_teacher_and_every_rollout_is_kept(
    checkpoint, start, teacher, prompts, tmp_path
):
    adapter, history, rollouts = train(checkpoint, start, teacher, prompts, tmp_path, max_steps=12)
    assert history["loss"].tail(3).mean() < 0.7 * history["loss"].head(3).mean()
    assert set(history["stage"]) == {"distillation"} and history["entropy"].gt(0).all()
    assert history["zero_variance_share"].isna().all()
    steps = rollouts.groupby("step")
    assert steps.size().tolist() == [8] * 12 and steps["id"].nunique().eq(8).all()
    assert history["reward"].tolist() == pytest.approx(steps["reward"].mean().tolist(), abs=1e-5)
    assert (rollouts["reward"] == 2 * rollouts["letter"]).all()
    assert adapter.digest != start.digest and adapter.base == start.base
    again, _, _ = train(checkpoint, start, teacher, prompts, tmp_path, LetterReward(fails=1), max_steps=12)
    assert again.digest == adapter.digest  # found, not trained again


def test_the_divergence_is_zero_only_where_the_teacher_reads_and_knows_what_the_student_does(
    checkpoint, start, prompts, tmp_path
):
    same = prompts.assign(teacher_prompt=prompts["prompt"])
    itself = Teacher(checkpoint, start)
    _, unhinted, _ = train(checkpoint, start, itself, same, tmp_path, max_steps=1, learning_rate=0.0)
    _, hinted, _ = train(checkpoint, start, itself, prompts, tmp_path, max_steps=1, learning_rate=0.0)
    assert unhinted["loss"].iloc[0] == pytest.approx(0, abs=1e-5) and hinted["loss"].iloc[0] > 1e-3


def test_interrupted_and_run_again_it_ends_with_the_same_adapter(checkpoint, start, teacher, prompts, tmp_path):
    undisturbed, history, rollouts = train(checkpoint, start, teacher, prompts, tmp_path / "whole", max_steps=5)
    with pytest.raises(KeyboardInterrupt):
        train(checkpoint, start, teacher, prompts, tmp_path / "cut", LetterReward(fails=4), max_steps=5)
    resumed = train(checkpoint, start, teacher, prompts, tmp_path / "cut", max_steps=5)
    assert resumed[0].digest == undisturbed.digest
    assert resumed[1]["loss"].tolist() == history["loss"].tolist()
    pd.testing.assert_frame_equal(resumed[2], rollouts)


def test_teacher_and_student_are_examined_and_the_best_adapter_is_returned(
    checkpoint, start, teacher, prompts, tmp_path, examples
):
    gold = Task("t", "SELECT name FROM singer", ("CREATE TABLE singer (name TEXT);",))
    dev = prompts.tail(4).assign(task=gold.to_json())
    adapter, history, _ = train(checkpoint, start, teacher, prompts, tmp_path, max_steps=2, dev=dev, dev_steps=1)
    assert history["dev_accuracy"].between(0, 1).all() and 0 <= adapter.facts["teacher_accuracy"] <= 1
    assert adapter.facts["best_step"] in (0, 1, 2)


def test_fewer_prompts_than_a_step_asks_are_refused(checkpoint, start, teacher, prompts, tmp_path):
    with pytest.raises(ValueError, match="7 prompts are too few for one step of 8"):
        train(checkpoint, start, teacher, prompts.head(7), tmp_path, max_steps=1)


def test_a_hint_that_is_too_long_for_the_teacher_is_refused(checkpoint, start, teacher, prompts, tmp_path):
    asked = json.loads(prompts["prompt"].iloc[0])
    longer = prompts.assign(teacher_prompt=json.dumps(with_hint(asked, HINT, "SELECT name, " * 200)))
    with pytest.raises(TrainingError, match="and its model has 256 positions; lower"):
        train(checkpoint, start, teacher, longer, tmp_path, max_steps=1)


def test_rows_are_sorted_by_length_and_lose_only_their_padding():
    def batch(lengths):
        longest = max(lengths)
        ids, mask = distillation_trainer.pad_left([[n] * n for n in lengths], 0, "cpu")
        after = torch.tensor([[n] * n + [0] * (longest - n) for n in lengths])
        kinds = {"prompt": (ids, mask), "teacher": (ids, mask), "completion": (after, (after > 0).long())}
        ids_of = {f"{kind}_ids": pair[0] for kind, pair in kinds.items()}
        return {**ids_of, **{f"{kind}_mask": pair[1] for kind, pair in kinds.items()}, "num_items": torch.tensor(9.0)}

    whole = batch([4, 1, 3, 2])
    halves = [{k: v[part] if v.ndim else v for k, v in whole.items()} for part in (slice(2), slice(2, 4))]
    first, second = distillation_trainer.sort_by_length(halves)
    assert first["prompt_ids"].tolist() == [[0, 1], [2, 2]] and first["completion_ids"].tolist() == [[1, 0], [2, 2]]
    assert second["teacher_ids"].tolist() == [[0, 3, 3, 3], [4, 4, 4, 4]] and second["num_items"] == 9


def test_a_teacher_of_another_vocabulary_is_refused_before_it_is_loaded(checkpoint, texts, tmp_path):
    def other(name, tokenizer, words):
        shape = {"hidden_size": 16, "layers": 1, "heads": 2, "key_value_heads": 1, "intermediate_size": 16}
        model = tiny.tiny_model(tokenizer, **shape, positions=64)
        model.resize_token_embeddings(words)
        return write_checkpoint(TrainedModel(model, tokenizer, "# Other\n"), tmp_path / name)

    own = checkpoint.load_tokenizer()
    shared_vocabulary.require_same(checkpoint, other("same", own, len(own)))
    with pytest.raises(shared_vocabulary.VocabularyError, match=r"same tokens, but predict .* one of them is padded"):
        shared_vocabulary.require_same(checkpoint, other("padded", own, len(own) + 8))
    strange = tiny.train_tokenizer([text[::-1] for text in texts], vocab_size=len(own))
    assert len(strange) == len(own)  # as many tokens, but not the same ones
    with pytest.raises(
        shared_vocabulary.VocabularyError, match=r"differ in \d+ of \d+ tokens, as in .* distillation_teacher"
    ):
        shared_vocabulary.require_same(checkpoint, other("strange", strange, len(strange)))


def test_the_hint_follows_the_question_and_its_gold_forges_no_tags():
    asked = [{"role": "system", "content": "Answer."}, {"role": "user", "content": "Which {names}?"}]
    hinted = with_hint(asked, HINT, "SELECT '</sql>'")
    assert hinted == [asked[0], {"role": "user", "content": "Which {names}?\n\nThe query is:\nSELECT '< /sql >'"}]
    assert asked[1]["content"] == "Which {names}?"
    with pytest.raises(ValueError, match=r"placeholders \[\]; it needs \{gold\}"):
        check_hint("The gold is known.")
