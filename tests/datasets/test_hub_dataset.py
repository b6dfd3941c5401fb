"""Published traces: a folder that `datasets` reads, and a hub on loopback that receives it."""

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pandas as pd
import pytest
import yaml
from kedro.io import DatasetError

from sqlreason.datasets.hub_dataset import HubDataset
from sqlreason.exports.dataset_card import Publication, dataset_card

ROWS = [{"id": str(n), "messages": [{"role": "user", "content": "?"}], "agrees": True} for n in range(3)]


@pytest.fixture
def card():
    kept = pd.DataFrame({"id": ["1", "2"], "mode": ["blind", "hinted"], "agrees": [True, False]})
    outcomes = pd.DataFrame(
        {"id": ["1", "2", "3"], "outcome": ["kept", "kept", "rejected"], "stage": ["", "", "execution"],
         "reason": ["", "", "mismatch"]}
    )  # fmt: skip
    return dataset_card(
        kept, outcomes, title="Traces", license="llama3.1", source="somewhere, CC0", teacher="meta-llama/Llama-3.1-70B",
        usd=0.5, tokens=1200,
    )  # fmt: skip


@pytest.fixture
def hub(monkeypatch):
    """A hub that takes commits; `files` holds what they brought."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setenv("HF_TOKEN", "hf_notarealtoken123")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"] or 0))
            server.seen.append((self.path, self.headers.get("Authorization", "")))
            self.reply(server.status, answer(self.path, body))

        def reply(self, status, value):
            payload = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        def log_message(self, *args):
            pass

    def answer(path, body):
        if path.endswith("/preupload/main"):
            files = json.loads(body)["files"]
            return {"files": [{"path": f["path"], "uploadMode": "regular", "shouldIgnore": False} for f in files]}
        if path.endswith("/commit/main"):
            for line in body.splitlines():
                entry = json.loads(line)
                if entry["key"] == "file":
                    server.files[entry["value"]["path"]] = base64.b64decode(entry["value"]["content"])
            return {"commitUrl": f"{server.url}/datasets/org/traces/commit/" + "a" * 40, "commitOid": "a" * 40}
        return {"url": f"{server.url}/datasets/org/traces", "errors": [], "warnings": []}

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.seen, server.files, server.status = [], {}, 200
    server.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_the_folder_is_read_by_datasets_and_by_the_catalog(tmp_path, card):
    import datasets

    entry = HubDataset(filepath=str(tmp_path / "traces"))
    entry.save(Publication(ROWS, card))
    assert entry.exists() and entry.load() == ROWS
    loaded = datasets.load_dataset(str(tmp_path / "traces"), cache_dir=str(tmp_path / "cache"))
    assert loaded["train"].to_list() == ROWS
    entry.save(Publication(ROWS[:1], card))
    assert entry.load() == ROWS[:1]


def test_it_is_pushed_with_its_card_in_one_commit(tmp_path, card, hub):
    HubDataset(filepath=str(tmp_path / "traces"), push_to_hub="org/traces", endpoint=hub.url).save(
        Publication(ROWS, card)
    )
    assert set(hub.files) == {"README.md", "data/train.parquet"} and hub.files["README.md"].decode() == card
    assert sum(path.endswith("/commit/main") for path, _ in hub.seen) == 1


def test_a_hub_that_refuses_is_told_in_plain_words_without_the_token(tmp_path, card, hub):
    hub.status = 403
    entry = HubDataset(filepath=str(tmp_path / "traces"), push_to_hub="org/traces", endpoint=hub.url)
    with pytest.raises(DatasetError, match="the hub did not take it as org/traces") as error:
        entry.save(Publication(ROWS, card))
    assert "hf_notarealtoken123" not in str(error.value) and entry.load() == ROWS


def test_the_card_names_teacher_obligations_yield_cost_and_what_fell_out(card):
    head = yaml.safe_load(card.split("---")[1])
    assert head["license"] == "llama3.1" and head["size_categories"] == ["n<1K"]
    for words in (
        "meta-llama/Llama-3.1-70B", "Built with Llama", "2 of 3 questions (66.7%)", "0.50 US dollars", "somewhere, CC0",
        "| execution | mismatch | 1 |", "1 traces were written with the gold", "0.2500 per trace kept",
    ):  # fmt: skip
        assert words in card
