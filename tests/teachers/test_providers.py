"""Further clients of distilabel against a server on loopback that speaks their provider's wire format.

Their packages are distilabel's extras and not in the lock; a test skips where its package is missing.
"""

import json
from dataclasses import asdict

import pytest

from sqlreason.teachers.answers import read_answer
from sqlreason.teachers.asking import Request, ask
from sqlreason.teachers.journal.journal import Journal
from sqlreason.teachers.teacher import Teacher

from .conftest import ANSWER, refusal, reply

MESSAGES = [{"role": "system", "content": "You write SQL."}, {"role": "user", "content": "How many?"}]


def anthropic_reply(stop_reason="end_turn"):
    return 200, {}, {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "m", "stop_reason": stop_reason,
        "stop_sequence": None, "content": [{"type": "text", "text": ANSWER}],
        "usage": {"input_tokens": 100, "output_tokens": 50},
    }  # fmt: skip


def put(teacher, folder, **options):
    requests = [Request(f"id{n}", json.dumps([*MESSAGES[:1], {"role": "user", "content": f"Q{n}"}])) for n in range(4)]
    settings = {"concurrency": 1, "pause_seconds": 0.01, "max_failed_share": 0.25, "progress": lambda _: None}
    with Journal(folder / "journal.sqlite") as journal:
        return ask(teacher, requests, journal, **{**settings, **options})


def check(completions):
    """The second was refused, the third was tried again, the last one was cut off."""
    assert [c.status for c in completions] == ["ok", "failed", "ok", "ok"]
    assert [c.finish_reason for c in completions][-1] == "length" and completions[0].finish_reason != "length"
    assert "400" in completions[1].reason
    for done in completions:
        if done.status == "ok":
            read = read_answer({**asdict(done), "finish_reason": "stop"})  # LiteLLM moves <think> into `reasoning`
            assert (read.think, read.sql) == ("Count the rows of t.", "SELECT COUNT(*) FROM t"), done
            assert (done.prompt_tokens, done.completion_tokens) == (100, 50) and done.request_id


def behave(good, cut):
    """Calls 2 and 3 go wrong; so the fifth answers the fourth question."""
    return lambda number, body: {2: refusal(400), 3: refusal(529), 5: cut}.get(number) or good


def test_anthropic(chat_server, tmp_path, monkeypatch):
    anthropic = pytest.importorskip("anthropic", reason="pip install 'sqlreason[anthropic]'")
    if int(anthropic.__version__.split(".")[0]) >= 1:
        pytest.skip("from 1.0 on Anthropic's client takes no temperature, which distilabel's AnthropicLLM always gives")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "not-a-key")
    server = chat_server(behave(anthropic_reply(), anthropic_reply("max_tokens")))
    address = {"base_url": server.url.removesuffix("/v1")}
    check(put(Teacher("AnthropicLLM", "claude-haiku-4-5", address, {"max_tokens": 50}), tmp_path))
    assert server.bodies[0]["system"] == "You write SQL." and server.bodies[0]["max_tokens"] == 50
    assert server.paths[0] == "/v1/messages" and server.bodies[0]["model"] == "claude-haiku-4-5"


def test_groq(chat_server, tmp_path, monkeypatch):
    pytest.importorskip("groq", reason="pip install 'sqlreason[groq]'")
    monkeypatch.setenv("GROQ_API_KEY", "not-a-key")
    server = chat_server(behave(reply(), reply(finish_reason="length")))
    address = {"base_url": server.url.removesuffix("/v1")}
    check(put(Teacher("GroqLLM", "m", address, {"max_new_tokens": 50}), tmp_path))
    assert server.paths[0] == "/openai/v1/chat/completions" and server.bodies[0]["max_tokens"] == 50


def test_litellm(chat_server, tmp_path):
    pytest.importorskip("litellm", reason="pip install litellm in an environment of its own: it asks for openai<3")
    server = chat_server(behave(reply(), reply(finish_reason="length")))
    sampling = {"max_tokens": 50, "api_base": server.url}
    check(put(Teacher("LiteLLM", "openai/m", {}, sampling), tmp_path))
    assert server.bodies[0]["model"] == "m" and server.bodies[0]["max_tokens"] == 50


def test_mistral_is_reached_as_an_openai_compatible_server(chat_server, tmp_path):
    with pytest.raises(ValueError, match=r"OpenAILLM.*https://api\.mistral\.ai/v1"):
        Teacher("MistralLLM", "mistral-large-latest").connect()
    server = chat_server(behave(reply(), reply(finish_reason="length")))
    check(put(Teacher("OpenAILLM", "mistral-large-latest", {"base_url": server.url}, {"max_new_tokens": 50}), tmp_path))
