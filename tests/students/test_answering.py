"""Several processes answer as one does, and one that was killed goes on where it was."""

import json
from concurrent.futures import Future

import pytest
import torch

from sqlreason.students.generation import decoding, generator
from sqlreason.students.generation.answer_store import AnswerStore, kept_until_done
from sqlreason.students.generation.decoding import Generation
from sqlreason.students.generation.episodes import Conversation

GREEDY = {"max_new_tokens": 12}
SAMPLED = {**GREEDY, "temperature": 1.0, "samples": 2, "seed": 3}


@pytest.fixture(scope="module")
def conversations(examples):
    return [json.loads(prompt) for prompt in examples["prompt"].head(6)]


def test_two_processes_write_what_one_writes(checkpoint, conversations):
    options = {"dtype": "float32", "quantization": None, "batch_size": 4}
    with (
        generator.Generator(checkpoint, None, **options) as one,
        generator.Generator(checkpoint, None, processes=2, **options) as two,
    ):
        for sampling in (GREEDY, SAMPLED):
            done = []
            written = one.answer(conversations, **sampling)
            shared = two.answer(conversations, progress=done.append, **sampling)
            assert [answer.text for answer in shared] == [answer.text for answer in written]
            assert sum(done) == len(written) == 6 * sampling.get("samples", 1)


class _Instantly:
    """An executor whose processes need four seconds for each answer."""

    def __init__(self, *_):
        pass

    def submit(self, _, batch, *__):
        done = Future()
        done.set_result([[Generation("a", 1, True, 4.0)] for _ in batch.conversations])
        return done

    def shutdown(self, **_):
        pass


def test_seconds_side_by_side_are_counted_once(checkpoint, conversations, monkeypatch):
    monkeypatch.setattr(generator, "make_pool", _Instantly)
    options = {"dtype": "float32", "quantization": None, "batch_size": 4, "max_new_tokens": 1}
    written = generator.answer(checkpoint, None, conversations, processes=2, **options)
    assert [answer.seconds for answer in written] == [2.0] * 6


def test_processes_share_the_threads_that_one_would_have(monkeypatch):
    given = []
    monkeypatch.setattr(torch, "get_num_threads", lambda: 5)
    monkeypatch.setattr(torch, "set_num_threads", given.append)
    monkeypatch.setattr(generator, "_load", lambda *loading: loading)
    monkeypatch.setattr(generator, "_student", None, raising=False)
    for processes in (2, 8):
        generator._work_for(processes, "checkpoint")
    assert given == [2, 1] and generator._student == ("checkpoint",)


OPTIONS = {"dtype": "float32", "quantization": None, "batch_size": 2}


@pytest.fixture
def asked(monkeypatch):
    """Conversations that reach the model, a list for each batch."""
    reached, written = [], decoding.generate

    def generate(model, chat, conversations, **options):
        reached.append(conversations)
        if len(reached) == generate.killed_at:
            raise KeyboardInterrupt
        return written(model, chat, conversations, **options)

    generate.killed_at = None
    monkeypatch.setattr(decoding, "generate", generate)
    generate.reached = reached
    return generate


@pytest.mark.parametrize("sampling", [GREEDY, SAMPLED], ids=["greedy", "sampled"])
def test_killed_answering_goes_on_with_what_it_has(checkpoint, conversations, asked, tmp_path, sampling):
    alone = generator.answer(checkpoint, None, conversations, **OPTIONS, **sampling)
    folder, asked.killed_at = tmp_path / "answers" / "base", len(asked.reached) + 2
    with pytest.raises(KeyboardInterrupt), kept_until_done(tmp_path, "base") as kept:
        generator.answer(checkpoint, None, conversations, kept=kept, **OPTIONS, **sampling)
    assert len(list(folder.glob("*.json"))) == 1
    before, done = len(asked.reached), []
    with kept_until_done(tmp_path, "base") as kept:
        again = generator.answer(
            checkpoint, None, conversations, kept=kept, progress=done.append, **OPTIONS, **sampling
        )
    assert [answer.text for answer in again] == [answer.text for answer in alone]
    batches = -(-len(alone) // 2)
    assert len(asked.reached) - before == batches - 1 and sum(done) == len(alone)
    assert not folder.exists()


def test_what_was_asked_otherwise_is_not_taken_for_it(checkpoint, conversations, asked, tmp_path):
    kept = AnswerStore(tmp_path)
    for changed in ({}, {"max_new_tokens": 5}, {"temperature": 1.0}, {"batch_size": 1}):
        before = len(asked.reached)
        generator.answer(checkpoint, None, conversations[:2], kept=kept, **{**OPTIONS, **GREEDY, **changed})
        assert len(asked.reached) > before


def test_another_way_of_the_template_is_not_taken_for_it(checkpoint, conversations, asked, tmp_path):
    kept = AnswerStore(tmp_path)
    for plain_template in (False, True):
        spoken_to, before = checkpoint.spoken_to({}, plain_template), len(asked.reached)
        generator.answer(spoken_to, None, conversations[:2], kept=kept, **OPTIONS, **GREEDY)
        assert len(asked.reached) > before


def test_answers_are_kept_as_they_were_and_a_full_disk_is_told(tmp_path, caplog):
    single = Generation("a", 1, True, 0.5)
    looked = Conversation("b", 2, False, 0.25, turns=2, tool_calls=1, tool_errors=0, tool_tokens=9, conversation="[]")
    store = AnswerStore(tmp_path / "answers")
    store.keep({"seed": 1}, [[single, looked]])
    assert store.find({"seed": 1}) == [[single, looked]] and store.find({"seed": 2}) is None
    (tmp_path / "file").touch()
    AnswerStore(tmp_path / "file").keep({"seed": 1}, [[single]])
    assert "answers cannot be kept" in caplog.text
