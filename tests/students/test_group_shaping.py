"""Groups that teach nothing are replaced, a trace joins those that failed, blame falls on tokens; very tiny Llama."""

import json

import pandas as pd
import pytest
import torch
from rewarding import OnlyTrace, Parity
from trainings import SHORT, of_grpo

from sqlreason.students.training import group_shaping, grpo, mixed_policy, token_credit
from sqlreason.students.training.group_shaping import GroupShaping
from sqlreason.students.training.grpo_trainer import make_trainer
from sqlreason.students.training.prompt_posterior import PromptPosterior
from sqlreason.students.training.rollouts import Recorder, Writer
from sqlreason.students.training.transformers_backend import load_student
from sqlreason.students.training.work_folder import Stage

GROUP, LIMIT = 4, 64
OPTIONS = {
    **SHORT, "num_generations": GROUP, "max_completion_length": LIMIT, "learning_rate": 5e-3,
    "per_device_train_batch_size": 4, "mask_truncated_completions": False, "scale_rewards": "none",
}  # fmt: skip
pytestmark = pytest.mark.usefixtures("no_alarm")


@pytest.fixture(scope="module")
def prompts(examples):
    told = examples["completion"].str.extract(
        r"<think>\n(?P<teacher_think>.*)\n</think>\n<sql>\n(?P<gold_sql>.*)\n</sql>"
    )
    return pd.concat([examples[["id", "prompt"]], told], axis=1).head(24)


def train(checkpoint, start, prompts, workdir, reward, shaping, **changes):
    options = of_grpo(**{**OPTIONS, "max_steps": 4, "beta": 0.0, **changes})
    rewards = {"rewards": [reward], "weights": [1.0]}
    return grpo.train_grpo(checkpoint, start, prompts, workdir=workdir, shaping=shaping, **rewards, **options)


def make(checkpoint, start, prompts, folder, shaping, reward=None, **changes):
    """A trainer that has not begun."""
    trl = of_grpo(**{**OPTIONS, "beta": 0.0, "max_steps": 1, **changes})["trl"]
    model, chat = load_student(
        checkpoint, start, dtype="float32", quantization=None, gradient_checkpointing=False, seed=0
    )
    recorder = Recorder([reward or OnlyTrace()], [1.0], folder / "rollouts", GROUP, chat)
    writer = Writer(group_shaping.Sampling(LIMIT, 1.0, GROUP), 0, chat)
    stage = Stage("grpo", folder, {}, resume=False)
    return make_trainer(stage, model, chat, prompts, recorder, [1.0], writer, trl, shaping)


def test_prompts_near_the_middle_are_chosen_and_what_was_believed_is_found_again(tmp_path):
    ids = [f"{kind}{n}" for kind in ("easy", "even", "hard") for n in range(20)]
    known = {id_: {"easy": (30, 0), "even": (15, 15), "hard": (0, 30)}[id_[:4]] for id_ in ids}
    beliefs = PromptPosterior(ids, tmp_path, known)
    chosen = beliefs.choose(10, excluded={"even0"}, seed=(1, 2))
    assert all(id_.startswith("even") for id_ in chosen) and "even0" not in chosen
    assert beliefs.choose(10, {"even0"}, (1, 2)) == chosen != beliefs.choose(10, {"even0"}, (1, 3))
    beliefs.observe("even0", 4, 0)
    assert beliefs.rate("even0") == (1 + 7.5 + 4, 1 + 7.5)
    beliefs.remember(3)
    for step, rate in ((2, (16.0, 16.0)), (3, (12.5, 8.5))):
        again = PromptPosterior(ids, tmp_path, known)
        again.recall(step)
        assert again.rate("even0") == rate


def test_groups_without_variance_are_replaced_by_prompts_that_have_some(checkpoint, start, prompts, tmp_path):
    plain = train(checkpoint, start, prompts, tmp_path, Parity(), GroupShaping())
    rounds = train(checkpoint, start, prompts, tmp_path, Parity(), GroupShaping(dynamic_sampling=3))
    assert plain[1]["zero_variance_share"].mean() > rounds[1]["zero_variance_share"].mean()
    assert plain[1]["replaced_groups"].tolist() == [0] * 4 and rounds[1]["replaced_groups"].sum() > 0
    written, kept = rounds[1]["generated_tokens"].sum(), plain[1]["generated_tokens"].sum()
    assert written == pytest.approx(kept * (8 + rounds[1]["replaced_groups"].sum()) / 8, rel=0.2)
    learned = rounds[2].drop_duplicates(["step", "id"])
    assert (learned["id"].astype(int) % 2 == 0).mean() > 0.7  # the others never differ
    means = rounds[2].groupby("step")["reward"].mean()
    assert means.tolist() == pytest.approx(rounds[1]["reward"].tolist(), abs=1e-5)


def test_stopped_half_way_dynamic_sampling_goes_on_as_it_would_have(checkpoint, start, prompts, tmp_path):
    shaping = GroupShaping(dynamic_sampling=2)
    whole = train(checkpoint, start, prompts, tmp_path / "whole", Parity(), shaping, max_steps=5)
    with pytest.raises(KeyboardInterrupt):
        train(checkpoint, start, prompts, tmp_path / "stopped", Parity(fails=10), shaping, max_steps=5)
    assert list(tmp_path.glob("stopped/*/checkpoint-*/complete"))
    resumed = train(checkpoint, start, prompts, tmp_path / "stopped", Parity(), shaping, max_steps=5)
    assert resumed[0].digest == whole[0].digest
    pd.testing.assert_frame_equal(resumed[2], whole[2])
    assert resumed[1]["generated_tokens"].tolist() == whole[1]["generated_tokens"].tolist()


def test_the_training_ends_where_its_tokens_are_spent(checkpoint, start, prompts, tmp_path):
    plain = train(checkpoint, start, prompts, tmp_path, Parity(), GroupShaping(), max_steps=6)[1]
    budget = int(plain["generated_tokens"].head(3).sum())
    history = train(checkpoint, start, prompts, tmp_path, Parity(), GroupShaping(token_budget=budget), max_steps=6)[1]
    assert history["generated_tokens"].tolist() == plain["generated_tokens"].head(3).tolist()


@pytest.mark.parametrize("beta", [0.0, 0.05])
def test_a_trace_joins_each_group_that_failed_and_is_learned(checkpoint, start, prompts, tmp_path, beta):
    shaping = GroupShaping(trace_in_failed_groups=True)
    alone = train(checkpoint, start, prompts, tmp_path, OnlyTrace(), GroupShaping(), max_steps=1)
    assert alone[2]["reward"].max() == 0  # nothing to learn from
    _, history, rollouts = train(checkpoint, start, prompts, tmp_path, OnlyTrace(), shaping, max_steps=6, beta=beta)
    assert history["joined_traces"].iloc[0] == 2 and history["kl"].iloc[0] == pytest.approx(0, abs=1e-6)
    traces = rollouts[rollouts["trace"]]
    assert (traces["reward"] == 1.0).all() and (traces["advantage"] == 0.75).all()
    assert traces["completion"].iloc[0].startswith("<think>\n") and rollouts.groupby("step")["trace"].sum().max() <= 2
    credit = traces["credit"].iloc[0]
    assert min(credit) > 0 and max(credit) <= 0.75 / 4  # gamma pi / (pi + gamma)^2 is a quarter at most


def test_the_gradient_of_a_mixed_group_is_that_of_the_mixed_policy_objective(checkpoint, start, prompts, tmp_path):
    """Closed form: -1/Z (sum_on A log pi + sum_off A f(pi)), as the ratio of a fresh completion to itself is 1."""
    trainer = make(checkpoint, start, prompts, tmp_path, GroupShaping(trace_in_failed_groups=True))
    batch = scored(trainer, prompts)
    assert batch["advantages"].shape == batch["completion_ids"].shape
    traces = torch.tensor([row["trace"] for row in trainer.asked])
    assert traces.tolist() == [False, False, False, True] * 2
    found = gradient(trainer, trainer._compute_loss(trainer.model, batch))
    logps = log_probabilities(trainer, batch)
    mask, advantage = batch["completion_mask"], torch.where(traces, 0.75, -0.25)[:, None]
    probabilities = logps.exp()
    shaped = probabilities / (probabilities + 0.1)
    terms = torch.where(traces[:, None], shaped, logps) * advantage * mask
    wanted = gradient(trainer, -terms.sum() / mask.sum())
    torch.testing.assert_close(found, wanted, atol=1e-6, rtol=1e-3)


def test_the_weight_of_a_trace_is_the_derivative_of_the_shaping():
    logps = torch.tensor([-0.01, -2.3, -9.0], requires_grad=True)
    mixed_policy.shape(logps.exp()).sum().backward()
    torch.testing.assert_close(mixed_policy.weights(logps.detach()), logps.grad)


def test_even_credit_gives_the_plain_loss_and_gradient(checkpoint, start, prompts, tmp_path, monkeypatch):
    """Where no clause can be blamed; what is written here is no query at all."""
    plain = make(checkpoint, start, prompts, tmp_path / "plain", GroupShaping(), Parity())
    shaped = make(checkpoint, start, prompts, tmp_path / "shaped", GroupShaping(credit="clause"), Parity())
    batches = [scored(trainer, prompts) for trainer in (plain, shaped)]
    assert (batches[0]["completion_ids"] == batches[1]["completion_ids"]).all()
    assert batches[1]["advantages"].shape == batches[1]["completion_ids"].shape
    losses = [t._compute_loss(t.model, b) for t, b in zip((plain, shaped), batches, strict=True)]
    torch.testing.assert_close(*losses)
    torch.testing.assert_close(*map(gradient, (plain, shaped), losses))


def test_blame_falls_on_the_tokens_of_the_clause_and_of_its_sentence(chat):
    text = "<think>\nRead the rows of singer. Show age.\n</think>\n<sql>\nSELECT age FROM singer\n</sql>"
    ids = chat.completion_ids(text)
    factors = token_credit.clause_factors(chat, ids, "SELECT name FROM singer")
    assert sum(factors) == pytest.approx(len(ids))
    spans = chat.token_spans(ids)
    heavy = "".join(text[a:b] for (a, b), factor in zip(spans, factors, strict=True) if factor > 1)
    assert heavy == "Show age.SELECT age" or heavy == " Show age.SELECT age"
    assert token_credit.clause_factors(chat, ids, "SELECT age FROM singer") == [1.0] * len(ids)


def test_credit_is_kept_beside_the_rollouts(checkpoint, start, prompts, tmp_path):
    _, _, rollouts = train(checkpoint, start, prompts, tmp_path, Parity(), GroupShaping(credit="clause"), max_steps=1)
    for advantage, credit in zip(rollouts["advantage"], rollouts["credit"], strict=True):
        assert sum(credit) == pytest.approx(advantage * len(credit), abs=1e-5)


@pytest.mark.parametrize(
    ("shaping", "changes", "told"),
    [
        (GroupShaping(dynamic_sampling=1), {"use_vllm": True}, "completions of our own writing"),
        (GroupShaping(trace_in_failed_groups=True), {"num_iterations": 2}, "set num_iterations: 1"),
        (GroupShaping(credit="clause"), {"importance_sampling_level": "sequence"}, "importance_sampling_level: token"),
    ],
)
def test_what_cannot_be_shaped_is_refused(checkpoint, start, prompts, tmp_path, shaping, changes, told):
    with pytest.raises(ValueError, match=told):
        train(checkpoint, start, prompts, tmp_path, Parity(), shaping, **changes)


def scored(trainer, prompts):
    """The batch of a first step over two prompts."""
    rows = group_shaping.read_rows(prompts.head(2))
    trainer.model.train()
    trainer.current_gradient_accumulation_steps = trainer.args.gradient_accumulation_steps
    return trainer._generate_and_score_completions([dict(row) for row in rows for _ in range(GROUP)])


def gradient(trainer, loss):
    weights = [weight for weight in trainer.model.parameters() if weight.requires_grad]
    return torch.cat([part.flatten() for part in torch.autograd.grad(loss, weights)])


def log_probabilities(trainer, batch):
    """Of each completion token, by a plain forward pass of each row."""
    rows = []
    for place in range(len(batch["completion_ids"])):
        asked = batch["prompt_ids"][place][batch["prompt_mask"][place].bool()]
        said = batch["completion_ids"][place][batch["completion_mask"][place].bool()]
        logits = trainer.model(torch.cat([asked, said])[None]).logits[0, len(asked) - 1 : -1].float()
        logps = logits.log_softmax(-1).gather(-1, said[:, None])[:, 0]
        rows.append(torch.nn.functional.pad(logps, (0, batch["completion_ids"].shape[1] - len(said))))
    return torch.stack(rows)


def test_a_trace_is_the_teachers_reasoning_or_the_golds_own():
    row = {"gold_sql": "SELECT name FROM singer;", "teacher_think": "Names."}
    assert group_shaping.write_trace(row) == "<think>\nNames.\n</think>\n<sql>\nSELECT name FROM singer\n</sql>"
    assert "singer" in group_shaping.write_trace({**row, "teacher_think": ""}).split("</think>")[0]
    assert json.dumps(group_shaping.GroupShaping().options) == "{}"
