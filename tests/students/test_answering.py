"""Several processes answer as one does."""

import json
from concurrent.futures import Future

import pytest

from sqlreason.students.generation import generator
from sqlreason.students.generation.decoding import Generation

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

    def submit(self, _, conversations, *__):
        done = Future()
        done.set_result([[Generation("a", 1, True, 4.0)] for _ in conversations])
        return done

    def shutdown(self, **_):
        pass


def test_seconds_side_by_side_are_counted_once(checkpoint, conversations, monkeypatch):
    monkeypatch.setattr(generator, "ProcessPoolExecutor", _Instantly)
    options = {"dtype": "float32", "quantization": None, "batch_size": 4, "max_new_tokens": 1}
    written = generator.answer(checkpoint, None, conversations, processes=2, **options)
    assert [answer.seconds for answer in written] == [2.0] * 6
