"""GRPO on a very tiny Llama: rewards rise, resume is exact, the reference is the SFT student."""

import dataclasses
import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from rewarding import ExactReward, LetterReward
from trainings import SHORT, of_grpo

from sqlreason.sql.verifier import Task
from sqlreason.students.checkpoints.adapter import Adapter, AdapterError
from sqlreason.students.training import early_stopping, grpo, rollouts
from sqlreason.students.training.dev_evaluator import DevEvaluator
from sqlreason.students.training.rollouts import Recorder
from sqlreason.students.training.trainer_arguments import TrainingError

OPTIONS = {
    **SHORT, "num_generations": 4, "max_completion_length": 12, "learning_rate": 5e-3,
    "per_device_train_batch_size": 8, "mask_truncated_completions": False,
}  # fmt: skip
EVERY_COLLAPSE = early_stopping.COLLAPSES
pytestmark = pytest.mark.usefixtures("no_alarm")


@pytest.fixture(scope="module")
def prompts(examples):
    return examples.head(16).assign(answer=examples["completion"])[["id", "prompt", "answer"]]


def train(checkpoint, start, prompts, workdir, **changes):
    rewards = {"rewards": [LetterReward(), ExactReward()], "weights": [1.0, 2.0]}
    return grpo.train_grpo(checkpoint, start, prompts, workdir=workdir, **of_grpo(**{**rewards, **OPTIONS, **changes}))


def test_fewer_prompts_than_a_step_asks_are_refused(checkpoint, start, prompts, tmp_path):
    with pytest.raises(ValueError, match="3 prompts are too few for one step of 4 groups"):
        train(checkpoint, start, prompts.head(3), tmp_path, max_steps=1)


@pytest.mark.parametrize("beta", [0.0, 0.05])
def test_the_reward_rises_and_every_rollout_is_kept(checkpoint, start, prompts, tmp_path, beta):
    adapter, history, rollouts = train(checkpoint, start, prompts, tmp_path, max_steps=24, beta=beta)
    assert history["reward"].tail(4).mean() > 2 * history["reward"].head(4).mean()
    assert history["kl"].iloc[0] == pytest.approx(0, abs=1e-6)
    assert (history["kl"].iloc[-1] > 0) == (beta > 0)
    assert {"rewards/letter/mean", "rewards/exact/mean", "zero_variance_share", "clipped_share", "entropy"} <= {
        *history
    }
    assert len(rollouts) == 24 * 16 and list(rollouts.columns[:4]) == ["step", "id", "completion", "reward"]
    means = rollouts.groupby("step")["reward"].mean()
    assert means.tolist() == pytest.approx(history["reward"].tolist(), abs=1e-5)
    assert adapter.base == start.base and adapter.digest != start.digest
    assert adapter.config["r"] == start.config["r"]


def test_without_shuffling_the_prompts_come_in_their_order(checkpoint, start, prompts, tmp_path):
    _, _, rollouts = train(checkpoint, start, prompts, tmp_path, max_steps=2, shuffle=False)
    assert list(dict.fromkeys(rollouts["id"])) == prompts["id"].head(8).tolist()


def test_the_training_ends_where_its_tokens_are_spent(checkpoint, start, prompts, tmp_path):
    whole = train(checkpoint, start, prompts, tmp_path, max_steps=6)[1]["generated_tokens"]
    budget = int(whole.head(3).sum())
    history = train(checkpoint, start, prompts, tmp_path, max_steps=6, token_budget=budget)[1]
    assert history["generated_tokens"].tolist() == whole.head(3).tolist()


def train_and_kill(checkpoint, start, prompts, tmp_path, workdir, **changes):
    """Trains in a process that is killed as soon as there is a checkpoint."""
    options = of_grpo(**{**OPTIONS, **changes})
    inputs = tmp_path / "inputs.pickle"
    inputs.write_bytes(pickle.dumps((checkpoint, start, prompts)))
    script = (
        "import pickle, pathlib\n"
        "from sqlreason.students.training import grpo\n"
        "from sqlreason.students.training.launch import Launch\n"
        "from sqlreason.students.training.setup import Setup\n"
        "from rewarding import ExactReward, LetterReward\n"
        f"inputs = pickle.loads(pathlib.Path({str(inputs)!r}).read_bytes())\n"
        "rewards = {'rewards': [LetterReward(), ExactReward()], 'weights': [1.0, 2.0]}\n"
        f"grpo.train_grpo(*inputs, workdir={str(workdir)!r}, **rewards, **{options!r})\n"
    )
    tests = str(Path(__file__).parents[1])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([tests, *sys.path])}
    child = subprocess.Popen([sys.executable, "-c", script], env=environment)
    while not list(workdir.glob("*/checkpoint-*/complete")) and child.poll() is None:
        time.sleep(0.02)
    child.send_signal(signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL, "the training was over before it could be killed"


def train_and_interrupt(checkpoint, start, prompts, tmp_path, workdir, **changes):
    """Trains in this process until a reward is interrupted behind the second checkpoint."""
    rewards = {"rewards": [LetterReward(fails=6), ExactReward()], "weights": [1.0, 2.0]}
    with pytest.raises(KeyboardInterrupt):
        train(checkpoint, start, prompts, workdir, **rewards, **changes)
    assert list(workdir.glob("*/checkpoint-*/complete"))


@pytest.mark.slow
@pytest.mark.parametrize(("stop", "beta"), [(train_and_interrupt, 0.0), (train_and_kill, 0.05)])
def test_stopped_half_way_and_run_again_it_ends_with_the_same_adapter(checkpoint, start, prompts, tmp_path, stop, beta):
    # with beta > 0 a checkpoint also holds the reference, and transformers 5.17 restores that alone
    schedule = {"max_steps": 9, "beta": beta}
    undisturbed, history, rollouts = train(checkpoint, start, prompts, tmp_path / "whole", **schedule)
    stop(checkpoint, start, prompts, tmp_path, tmp_path / "stopped", **schedule)
    assert not list(tmp_path.glob("stopped/*/result"))
    resumed = train(checkpoint, start, prompts, tmp_path / "stopped", **schedule)
    assert resumed[0].digest == undisturbed.digest
    assert resumed[1]["reward"].tolist() == history["reward"].tolist()
    pd.testing.assert_frame_equal(resumed[2], rollouts)


def test_the_gold_completion_tokenized_and_read_as_the_trainer_does_earns_the_full_reward(
    checkpoint, prompts, tmp_path
):
    chat = checkpoint.load_chat()
    ids = [chat.completion_ids(answer) for answer in prompts["answer"]]
    recorder = rollouts.Recorder([ExactReward()], [1.0], tmp_path, 1, chat)
    (reward,) = recorder.wrapped()
    as_trl = [[{"role": "assistant", "content": "what trl decoded"}]] * len(ids)
    assert reward(as_trl, completion_ids=ids, answer=prompts["answer"], id=prompts["id"]) == [1.0] * len(prompts)
    assert recorder.table["completion"] == prompts["answer"].tolist()


def test_no_signal_for_long_stops_the_training(checkpoint, start, prompts, tmp_path, monkeypatch, caplog):
    short = dataclasses.replace(EVERY_COLLAPSE[0], steps=3)
    monkeypatch.setattr(early_stopping, "COLLAPSES", (short,))
    _, history, _ = grpo.train_grpo(
        checkpoint,
        start,
        prompts,
        rewards=[ExactReward()],
        weights=[1.0],
        workdir=tmp_path,
        **of_grpo(max_steps=9, **OPTIONS),
    )
    assert len(history) == 3 and "nothing could be learned" in caplog.text


def test_a_policy_that_differs_from_its_reference_at_first_is_an_error():
    early_stopping.check_first_kl(step=1, kl=0.0)
    early_stopping.check_first_kl(step=2, kl=0.5)
    with pytest.raises(TrainingError, match="not the SFT student"):
        early_stopping.check_first_kl(step=1, kl=0.5)


def test_an_adapter_of_another_base_is_refused(checkpoint, start, prompts, tmp_path):
    with pytest.raises(AdapterError, match="trained on other@1"):
        train(checkpoint, dataclasses.replace(start, base="other@1"), prompts, tmp_path, max_steps=1)


def test_completions_of_a_step_must_be_whole_groups(checkpoint, start, prompts, tmp_path):
    with pytest.raises(ValueError, match="num_generations"):
        train(checkpoint, start, prompts, tmp_path, max_steps=1, num_generations=6)


def test_an_unknown_knob_is_refused_by_name(checkpoint, start, prompts, tmp_path):
    trl = {**of_grpo(**OPTIONS)["trl"], "max_prompt_length": 10}
    with pytest.raises(ValueError, match=r"max_prompt_length is no argument of GRPOConfig .* did you mean"):
        grpo.train_grpo(checkpoint, start, prompts, rewards=[], weights=[], workdir=tmp_path, trl=trl)


@pytest.fixture
def dev(examples):
    task = Task(
        "t", "SELECT name FROM singer", ("CREATE TABLE singer (name TEXT); INSERT INTO singer VALUES ('Ada');",)
    )
    return examples.tail(4).assign(task=task.to_json())[["prompt", "task"]]


def test_dev_accuracy_is_told_and_the_best_adapter_is_returned(checkpoint, start, prompts, tmp_path, dev, monkeypatch):
    scores = iter([0.25, 0.5, 0.25, 0.25, 0.0])
    kept = {}

    def evaluate(self, model, tokenizer, step):
        score = next(scores)
        best = score >= max(self.scores.values(), default=-1)
        self.scores[step] = score
        self._keep(model if best else None)
        kept[step] = Adapter.from_model(model, "", "").digest
        return score

    monkeypatch.setattr(DevEvaluator, "evaluate", evaluate)
    adapter, history, _ = train(checkpoint, start, prompts, tmp_path, max_steps=12, dev=dev, dev_steps=2, patience=2)
    assert history["dev_accuracy"].dropna().tolist() == [0.5, 0.25, 0.25]
    assert len(history) == 6 and adapter.facts["best_step"] == 2
    assert adapter.digest == kept[2] != kept[6]


def test_an_examination_answers_greedily_and_leaves_the_training_as_it_was(checkpoint, start, prompts, tmp_path, dev):
    plain = train(checkpoint, start, prompts, tmp_path / "plain", max_steps=2)
    evaluated = train(checkpoint, start, prompts, tmp_path / "examined", max_steps=2, dev=dev, dev_steps=1)
    pd.testing.assert_frame_equal(plain[2], evaluated[2])
    assert evaluated[1]["dev_accuracy"].between(0, 1).all()
    assert evaluated[0].digest == plain[0].digest  # equal scores: the latest counts as the best


def test_groups_without_variance_are_counted_group_by_group(tmp_path):
    recorder = Recorder([ExactReward()], [1.0], tmp_path, group=2)
    recorder.table = {"id": list("aabb"), "completion": [""] * 4, "exact": [0.0, 0.0, 0.0, 1.0]}
    assert recorder.zero_variance_share() == 0.5


def test_rewards_are_told_which_completions_were_cut_off(tmp_path, chat):
    told = {}

    def reward(completions, finished, **columns):
        told["finished"] = finished
        return [0.0] * len(completions)

    (noted,) = Recorder([reward], [1.0], tmp_path, group=2, chat=chat).wrapped()
    noted(["a", "b"], completion_ids=[[1, chat.end], [1, 2]], id=["1", "1"])
    assert told["finished"] == [True, False]


@pytest.mark.parametrize(
    ("figure", "value", "told"),
    [
        ("zero_variance_share", 0.9, "nothing could be learned"),
        ("completions/clipped_ratio", 0.6, "did not end their turn"),
        ("kl", 3.0, "left its reference"),
        ("entropy", 0.001, "raise the temperature"),
    ],
)
def test_each_collapse_is_seen_after_its_steps_and_says_what_to_change(figure, value, told):
    (collapse,) = [collapse for collapse in EVERY_COLLAPSE if collapse.figure == figure]
    entries = [{figure: value, "reward": 0.0}] * collapse.steps
    assert collapse.is_reached(entries) and told in collapse.sentence()
    assert not collapse.is_reached(entries[1:])
    assert not collapse.is_reached([*entries[1:], {figure: None, "reward": 0.0}])
