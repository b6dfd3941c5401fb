import random

import pytest

from sqlreason.teachers.clients.call_errors import LONGEST_PAUSE, judge
from sqlreason.teachers.clients.replies import read_reply
from sqlreason.teachers.clients.response_capture import capture_responses, start_capture
from sqlreason.teachers.teacher import TEACHERS, Teacher


@pytest.mark.parametrize("kind", [kind for kind in TEACHERS if kind != "scripted"])
def test_every_kind_is_a_class_of_distilabel_that_takes_a_model_by_name(kind):
    from distilabel.models import llms

    assert {"model", "model_id", "model_path"} & set(getattr(llms, kind).model_fields)


def test_unknown_arguments_and_options_are_refused_with_those_that_exist(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "not-a-key")
    with pytest.raises(ValueError, match=r"no argument url; accepted are .*base_url"):
        Teacher("OpenAILLM", "m", {"url": "http://localhost"}).connect()
    with pytest.raises(ValueError, match=r"no generation option heat; accepted are .*temperature"):
        Teacher("OpenAILLM", "m", sampling={"heat": 1}).connect()


def test_hugging_face_needs_an_address_because_its_look_up_is_gone(monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "not-a-token")
    with pytest.raises(ValueError, match="base_url or endpoint_name"):
        Teacher("InferenceEndpointsLLM", "org/m").connect()


def test_our_retries_replace_those_of_the_client(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "not-a-key")
    assert Teacher("OpenAILLM", "m").connect().max_retries == 0
    assert Teacher("OpenAILLM", "m", {"max_retries": 2}).connect().max_retries == 2


def test_where_a_model_is_reached_is_no_part_of_its_identity():
    here = Teacher("OpenAILLM", "m", {"base_url": "http://localhost:1"})
    assert here.identity() == Teacher("OpenAILLM", "m", {"base_url": "http://localhost:2"}).identity()


@pytest.mark.parametrize("option", ["max_new_tokens", "max_tokens"])
def test_the_longest_answer_is_known_to_the_budget_whatever_the_client_calls_it(option):
    assert Teacher("LiteLLM", "m", sampling={option: 50}).max_new_tokens == 50


class Refused(Exception):
    def __init__(self, status_code, headers=None):
        super().__init__("told so")
        self.status_code = status_code
        self.response = type("Response", (), {"headers": headers or {}})()


@pytest.mark.parametrize(
    ("error", "transient", "fatal"),
    [
        (Refused(429), True, False),
        (Refused(503), True, False),
        (Refused(529), True, False),
        (Refused(408), True, False),
        (Refused(400), False, False),
        (Refused(422), False, False),
        (Refused(401), False, True),
        (Refused(404), False, True),
        (TimeoutError(), True, False),
        (ConnectionResetError("gone"), True, False),
        (type("APIConnectionError", (Exception,), {})("gone"), True, False),
        (ValueError("empty answer"), False, False),
        (TypeError("create() got an unexpected keyword argument"), False, True),
    ],
)
def test_faults_are_told_apart(error, transient, fatal):
    fault = judge(error)
    assert (fault.transient, fault.fatal) == (transient, fatal)
    assert fault.reason


def test_pauses_double_with_jitter_and_respect_the_provider():
    rng = random.Random(0)
    fault = judge(Refused(429))
    pauses = [[fault.pause(attempt, 1.0, rng) for _ in range(50)] for attempt in (1, 2, 3, 20)]
    for longest, drawn in zip((1.0, 2.0, 4.0, LONGEST_PAUSE), pauses, strict=True):
        assert longest / 2 <= min(drawn) < max(drawn) <= longest
    assert judge(Refused(429, {"retry-after": "90"})).pause(1, 1.0, rng) == 90.0
    assert judge(Refused(429, {"retry-after": "Wed, 21 Oct 2026"})).retry_after == 0.0


@pytest.mark.parametrize(
    ("path", "response", "heard"),
    [
        (
            ("chat", "completions", "create"),
            {"id": "1", "choices": [{"finish_reason": "length", "message": {"reasoning": "hm"}}]},
            ("length", "hm", "1"),
        ),
        (("messages", "create"), {"id": "2", "stop_reason": "max_tokens"}, ("length", "", "2")),
        (("chat_completion",), {"choices": [{"finish_reason": "stop", "message": {}}]}, ("stop", "", "")),
        (("chat",), {"done_reason": "stop", "message": {"thinking": "hm"}}, ("stop", "hm", "")),
    ],
)
def test_responses_of_other_clients_are_overheard(path, response, heard):
    import asyncio
    from types import SimpleNamespace

    async def call():
        return response

    client = call
    for name in reversed(path):
        client = SimpleNamespace(**{name: client})
    llm = SimpleNamespace(_aclient=client)

    async def ask():
        capture_responses(llm)
        note, target = start_capture(), llm._aclient
        for name in path:
            target = getattr(target, name)
        assert await target() is response
        return note

    reply = read_reply(asyncio.run(ask()).response, {}, 0)
    assert (reply.finish_reason, reply.reasoning, reply.request_id) == heard
