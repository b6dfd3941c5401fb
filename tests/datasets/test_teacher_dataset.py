import inspect
import subprocess
import sys

import pytest
from kedro.io import DataCatalog
from kedro.io.core import DatasetError

from sqlreason.datasets.teacher_dataset import TeacherDataset
from sqlreason.teachers.clients.client_settings import ACCEPTED
from sqlreason.teachers.teacher import _MODEL_FIELDS, SECRET_NAME, TEACHERS

ENTRY = {
    "kind": "OpenAILLM",
    "model": "some-model",
    "arguments": {"base_url": "http://localhost:8000/v1"},
    "generation": {"temperature": 0.7, "max_new_tokens": 64},
    "prices": {"usd_per_million_input": 1, "usd_per_million_output": 2.5, "source": "a page", "date": 20250501},
}


def test_an_entry_of_the_catalog_loads_as_a_value():
    config = {"teacher": {"type": "sqlreason.datasets.teacher_dataset.TeacherDataset", **ENTRY}}
    teacher = DataCatalog.from_config(config).load("teacher")
    assert (teacher.kind, teacher.name, teacher.max_new_tokens) == ("OpenAILLM", "some-model", 64)
    assert teacher.prices.of_tokens(1_000_000, 2_000_000) == pytest.approx(6.0)


def test_loading_imports_neither_distilabel_nor_torch():
    code = (
        "import sys; from sqlreason.datasets.teacher_dataset import TeacherDataset;"
        "TeacherDataset(kind='OpenAILLM', model='m').load();"
        "sys.exit(any(name in sys.modules for name in ('distilabel', 'torch', 'openai')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_scripted_teacher_needs_no_model():
    teacher = TeacherDataset(kind="scripted", arguments={"error_rate": 0.2, "seed": 7}).load()
    assert teacher.name == "scripted" and teacher.prices.free


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"kind": "OpenAI"}, r"accepted are scripted, OpenAILLM"),
        ({"model": ""}, "needs the name of its model"),
        ({"prices": {"usd_per_token": 1}}, "accept usd_per_million_input"),
        ({"prices": {"usd_per_hour": "8"}}, "number of US dollars"),
        ({"arguments": {"api_key": "sk-123"}}, "environment variable"),
        ({"arguments": {"default_headers": {"Authorization": "Bearer x"}}}, "environment variable"),
        ({"arguments": {"base_url": "https://me:pass@host/v1"}}, "environment variable"),
        ({"kind": "scripted", "arguments": {"error_share": 0.1}}, "accepted are error_rate"),
        ({"arguments": {"base_ulr": "http://localhost:8000/v1"}}, r"no argument base_ulr \(did you mean base_url\?\)"),
        ({"generation": {"temprature": 0.7}}, r"no generation option temprature \(did you mean temperature\?\)"),
        ({"arguments": {"base_url": "http://localhost:80a0/v1"}}, "'http://localhost:80a0/v1' is no address such as"),
        ({"arguments": {"base_url": ["http://a/v1", "localhost:8000/v1"]}}, "'localhost:8000/v1' is no address such"),
    ],
)
def test_a_faulty_entry_is_refused_with_what_is_accepted(change, told):
    with pytest.raises(DatasetError, match=told):
        TeacherDataset(**{**ENTRY, **change})


def test_what_each_client_accepts_is_known_without_it():
    from distilabel.models import llms

    assert set(ACCEPTED) == set(TEACHERS) - {"MistralLLM"}
    for kind in set(ACCEPTED) - {"scripted"}:
        client = getattr(llms, kind)
        unset = {"jobs_ids", "use_offline_batch_generation", "generation_kwargs", *_MODEL_FIELDS}
        arguments = {name for name in set(client.model_fields) - unset if not SECRET_NAME.search(name)}
        call = getattr(client, "agenerate", client.generate)
        options = set(inspect.signature(call).parameters) - {"self", "input", "inputs", "num_generations"}
        assert [set(names.split()) for names in ACCEPTED[kind]] == [arguments, options], kind


def test_a_refused_credential_is_not_repeated_in_the_error():
    with pytest.raises(DatasetError) as caught:
        TeacherDataset(**{**ENTRY, "arguments": {"api_key": "sk-123"}})
    assert "sk-123" not in str(caught.value)


def test_a_credential_of_the_environment_is_in_no_description(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-456")
    dataset = TeacherDataset(**ENTRY)
    llm = dataset.load().connect()
    assert llm.api_key.get_secret_value() == "sk-456"
    assert "sk-456" not in repr(dataset) + str(dataset._describe()) + repr(dataset.load()) + repr(llm)


def test_saving_is_refused():
    with pytest.raises(DatasetError, match="Edit the entry"):
        TeacherDataset(**ENTRY).save("anything")
