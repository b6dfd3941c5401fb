"""Several processes answer as one does."""

import json

import pytest

from sqlreason.students import answering

SAMPLED = {"max_new_tokens": 12, "temperature": 1.0, "samples": 2, "seed": 3}


@pytest.fixture(scope="module")
def conversations(examples):
    return [json.loads(prompt) for prompt in examples["prompt"].head(6)]


@pytest.mark.parametrize("sampling", [{"max_new_tokens": 12}, SAMPLED], ids=["greedy", "sampled"])
def test_two_processes_write_what_one_writes(checkpoint, conversations, sampling):
    options = {"dtype": "float32", "quantization": None, "batch_size": 4, **sampling}
    done = []
    one = answering.answer(checkpoint, None, conversations, **options)
    two = answering.answer(checkpoint, None, conversations, processes=2, progress=done.append, **options)
    assert [answer.text for answer in two] == [answer.text for answer in one]
    assert sum(done) == len(one) == 6 * sampling.get("samples", 1)
