"""Credentials in every spelling that providers and people give them."""

import base64
import logging
import time
from urllib.parse import quote

import pytest
from kedro.io import DatasetError

from sqlreason.datasets.teacher_dataset import TeacherDataset
from sqlreason.teachers.clients.call_errors import judge
from sqlreason.teachers.journal.journal import Journal
from sqlreason.teachers.teacher import Teacher
from sqlreason.text.redaction import MARK, holds_credential, redact

from .conftest import reply
from .test_asking import put

VALUE = "Zq9+/x=secretvalue42"  # of the environment; nothing in its shape tells it
HIDDEN = {
    "as it is": VALUE,
    "percent-encoded": quote(VALUE, safe=""),
    "percent-encoded twice": quote(quote(VALUE, safe=""), safe=""),
    "percent-encoded in small letters": quote(VALUE, safe="").lower().replace("zq9", "Zq9"),
    "as HTML has it": VALUE.replace("+", "&#43;").replace("=", "&#x3d;"),
    "as JSON may have it": VALUE.replace("+", "\\u002b").replace("=", "\\u003D"),
    "split by a line end": f"{VALUE[:9]}\n{VALUE[9:]}",
    "split by the line end of Windows and spaces": f"{VALUE[:9]}\r\n   {VALUE[9:]}",
    "split by an escape": f"{VALUE[:9]}\\n{VALUE[9:]}",
    "split by an encoded line end": quote(f"{VALUE[:9]}\n{VALUE[9:]}", safe=""),
}
SECRET = "aB3dE6gH9jK2mN5pQ8rS"
PAIR = base64.b64encode(f"user:{SECRET}".encode()).decode()
SHAPED = {
    "openai": f"sk-proj-{SECRET}",
    "openai, percent-encoded": f"sk%2Dproj%2D{SECRET}",
    "openai, going on behind a line end": f"sk-proj-{SECRET[:10]}\n{SECRET[10:]}",
    "hugging face": f"hf_{SECRET}",
    "github": f"github_pat_11AAA_{SECRET}",
    "github, older": f"ghp_{SECRET}",
    "gitlab": f"glpat-{SECRET}",
    "slack": f"xoxb-{SECRET}",
    "google": f"AIzaSy{SECRET}",
    "aws": f"AKIA{SECRET.upper()}",
    "web token": f"eyJhbGciOiJI.{SECRET}.{SECRET}",
    "bearer": f"Bearer {SECRET}",
    "bearer, percent-encoded": f"Authorization%3A%20Bearer%20{SECRET}",
    "basic": f"Authorization: Basic {PAIR}",
    "a bare header": f"authorization: {SECRET}",
    "an own header": f"x-api-key: {SECRET}",
    "a header in a dictionary": f"{{'X-Api-Key': '{SECRET}'}}",
    "json": f'{{"api_key": "{SECRET}"}}',
    "a query": f"https://host.example/v1?version=1&api_key={SECRET}&x=1",
    "a query of google's": f"https://host.example/v1?key={SECRET}",
    "a signature": f"https://host.example/blob?sig={SECRET}",
    "a user": f"https://{SECRET}@host.example/v1",
    "a password": f"https://someone:{SECRET}@host.example/v1",
    "a user, percent-encoded": f"https%3A%2F%2F{SECRET}%40host.example",
    "nvidia": f"nvapi-{SECRET}",
    "replicate": f"r8_{SECRET}",
    "npm": f"npm_{SECRET}{SECRET}",
    "google, short-lived": f"ya29.a0{SECRET}",
    "in a sentence": f"Incorrect API key provided: {SECRET}",
    "in a sentence, quoted": f"the token '{SECRET}'",
    "a header of its own scheme": f"Authorization: Token {SECRET}",
    "a cookie": f"Cookie: theme=dark; session={SECRET}",
    "json within json": f'{{\\"api_key\\":\\"{SECRET}\\"}}',
    "a variable in capitals": f"PGPASSWORD={SECRET}",
    "a setting of azure's": f"AccountKey={SECRET}==",
    "a credential in a query": f"https://host.example/?X-Amz-Credential={SECRET}%2F2024",
    "a private key": f"-----BEGIN RSA PRIVATE KEY-----\n{SECRET}\n-----END RSA PRIVATE KEY-----",
    "a setting": f"aws_secret_access_key = {SECRET}",
}


@pytest.fixture(autouse=True)
def secret_in_the_environment(monkeypatch):
    monkeypatch.setenv("SOME_PROVIDER_KEY", VALUE)


@pytest.mark.parametrize("spelling", HIDDEN)
def test_a_value_of_the_environment_is_found_in_every_spelling(spelling):
    cleaned = redact(f"the key {HIDDEN[spelling]} is wrong")
    assert cleaned == f"the key {MARK} is wrong"


@pytest.mark.parametrize("spelling", SHAPED)
def test_what_looks_like_a_key_or_is_named_as_one_is_taken_out(spelling):
    cleaned = redact(f"refused ({SHAPED[spelling]}) by the server")
    assert MARK in cleaned and cleaned.startswith("refused (") and cleaned.endswith("by the server")
    assert not any(part in cleaned for part in (SECRET, SECRET.upper(), SECRET[10:], PAIR))
    assert redact(cleaned) == cleaned


@pytest.mark.parametrize(
    "text",
    [
        "the model gpt-4 does not exist", "max_tokens: 1000000", "completion_tokens=5000000", "Unexpected token: <",
        "basic authentication is required", "https://host.example/v1/chat?version=2", "no such column: 'pk'",
        "100% done",
    ],
)  # fmt: skip
def test_other_texts_stay_as_they_are(text):
    assert redact(text) == text and not holds_credential(text)


@pytest.mark.parametrize("spelling", [*HIDDEN, *SHAPED])
def test_no_reason_holds_a_credential(spelling):
    text = {**HIDDEN, **SHAPED}[spelling]
    reason = judge(ValueError(f"wrong: {text} \ud800")).reason
    assert MARK in reason and not any(part in reason for part in (SECRET, SECRET[10:], VALUE, VALUE[9:], PAIR))
    reason.encode("utf-8")


@pytest.mark.parametrize("spelling", [name for name in SHAPED if not name.startswith(("a bare", "bearer"))])
def test_a_setting_that_holds_a_credential_is_refused_and_the_message_does_not_quote_it(spelling):
    for settings in (
        {"arguments": {"base_url": SHAPED[spelling]}},
        {"arguments": {"base_url": ["http://host.example/v1", SHAPED[spelling]]}},
        {"arguments": {"extra": {"deep": [SHAPED[spelling]]}}},
        {"sampling": {"extra_body": {"address": SHAPED[spelling]}}},
    ):
        with pytest.raises(ValueError, match="looks like a credential, or holds one: take it out") as error:
            Teacher("OpenAILLM", "m", **settings)
        assert SECRET not in str(error.value)


def test_the_catalog_refuses_an_address_with_a_token_in_it():
    with pytest.raises(DatasetError, match="'base_url' of the teacher looks like a credential"):
        TeacherDataset(kind="OpenAILLM", model="m", arguments={"base_url": f"https://host.example/v1?api_key={SECRET}"})


@pytest.mark.parametrize(
    "address",
    [
        "http://localhost:11434/v1", "https://api.mistral.ai/v1", "https://my-key.openai.azure.com/",
        "https://host.example/v1?api-version=2024-02-01",
    ],
)  # fmt: skip
def test_an_address_without_a_secret_is_taken(address, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "localhost")  # a word that servers without keys are given
    assert Teacher("OpenAILLM", "hf-internal-testing/tiny", {"base_url": address}).arguments["base_url"] == address


def test_a_credential_in_the_name_of_a_call_is_not_stored(chat_server, tmp_path, caplog):
    server = chat_server(lambda number, body: (200, {}, {**reply()[2], "id": f"call?api_key={SECRET}"}))
    with caplog.at_level(logging.DEBUG, logger="sqlreason"):
        put(server, tmp_path, 1)
    with Journal(tmp_path / "journal.sqlite") as journal:
        assert [entry.request_id for entry in journal] == [f"call?api_key={MARK}"]
    assert SECRET not in caplog.text and all(SECRET.encode() not in path.read_bytes() for path in tmp_path.iterdir())


@pytest.mark.parametrize("piece", ["sk-", "key=", "://", "Bearer ", "basic ", "eyJaaaaaaaaa.", "%25", "a\\n", "Z\n"])
def test_searching_takes_time_in_proportion_to_length(piece):
    def seconds(count):
        began = time.process_time()
        redact(piece * count)
        holds_credential(piece * count)
        return time.process_time() - began

    # sixteen times the length; a search that goes back for each piece takes 256 times as long
    assert min(seconds(16_000) for _ in range(2)) < 80 * max(min(seconds(1_000) for _ in range(3)), 5e-4)
