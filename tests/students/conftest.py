"""A very tiny Llama with its tokenizer, made once: big enough to train, small enough for a second."""

import copy
import json
from pathlib import Path

import pandas as pd
import pytest
from trainings import of_sft

from sqlreason.students.checkpoints.adapter import Adapter
from sqlreason.students.checkpoints.chat import open_chat
from sqlreason.students.checkpoints.checkpoint import Checkpoint, TrainedModel, write_checkpoint
from sqlreason.students.training import early_stopping, sft
from tiny_student import pretraining, tiny

TABLES = ("singer", "concert", "stadium", "album", "employee", "flight", "airport", "student")
COLUMNS = ("name", "age", "city", "price", "year", "title", "salary", "country")


def _question(i: int) -> dict[str, str]:
    table, column, other = TABLES[i % 8], COLUMNS[i // 3 % 8], COLUMNS[(i // 3 + 1 + i % 5) % 8]
    prompt = [
        {"role": "system", "content": "Answer with a query."},
        {
            "role": "user",
            "content": f"CREATE TABLE {table} ({column} TEXT, {other} INTEGER)\nShow {column} of {table}.",
        },
    ]
    thought = f"The table is {table}; show {column}."
    completion = f"<think>\n{thought}\n</think>\n<sql>\nSELECT {column} FROM {table}\n</sql>"
    return {"id": str(i), "prompt": json.dumps(prompt), "completion": completion}


@pytest.fixture(scope="session")
def examples() -> pd.DataFrame:
    return pd.DataFrame([_question(i) for i in range(48)])


@pytest.fixture(scope="session")
def texts(examples: pd.DataFrame) -> list[str]:
    return [_render(json.loads(row.prompt), row.completion) for row in examples.itertuples()]


@pytest.fixture(scope="session")
def tokenizer(texts: list[str]):
    return tiny.train_tokenizer([*texts, "0123456789"], vocab_size=512)


@pytest.fixture(scope="session")
def chat(tokenizer):
    return open_chat(copy.deepcopy(tokenizer))


@pytest.fixture(scope="session")
def untrained(tokenizer):
    shape = {"hidden_size": 32, "layers": 2, "heads": 4, "key_value_heads": 2, "intermediate_size": 64}
    return tiny.tiny_model(tokenizer, **shape, positions=256)


@pytest.fixture(scope="session")
def checkpoint(untrained, tokenizer, texts: list[str], tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    """Knows the manner of the answers, but not yet their content: the loss has fallen from 6.2 to about 1."""
    plan = pretraining.PretrainingPlan(tokens=60_000, row_tokens=128, learning_rate=5e-3)
    model, _ = pretraining.pretrain(texts, tokenizer, plan, model=copy.deepcopy(untrained))
    folder: Path = tmp_path_factory.mktemp("models") / "very_tiny"
    return write_checkpoint(TrainedModel(model, tokenizer, "# Very tiny\n", {"made": "for tests"}), folder)


@pytest.fixture(scope="session")
def start(checkpoint: Checkpoint, examples: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Adapter:
    """An adapter after four steps of SFT, from which GRPO starts."""
    options = of_sft(learning_rate=1e-2, max_steps=4, dtype="float32")
    folder, lora = tmp_path_factory.mktemp("sft"), {"rank": 4, "alpha": 8}
    return sft.train_sft(checkpoint, examples, fingerprint="abc", workdir=folder, lora=lora, **options)[0]


@pytest.fixture
def no_alarm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no collapse end a training: these students write until they are cut off, and soon leave their reference."""
    monkeypatch.setattr(early_stopping, "COLLAPSES", ())


def _render(prompt: list[dict[str, str]], completion: str) -> str:
    turns = [*prompt, {"role": "assistant", "content": completion}]
    headed = [f"{tiny.HEADER_START}{t['role']}{tiny.HEADER_END}\n\n{t['content']}{tiny.EOT}" for t in turns]
    return tiny.BOS + "".join(headed)
