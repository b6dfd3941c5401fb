"""A very tiny Llama with its tokenizer, made once: big enough to train, small enough for a second."""

import json
from pathlib import Path

import pandas as pd
import pytest

from sqlreason.students import tiny
from sqlreason.students.checkpoint import Checkpoint, TrainedModel, write_checkpoint

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
    return [f"{row.prompt} {row.completion} 1234567890 <|eot_id|>" for row in examples.itertuples()]


@pytest.fixture(scope="session")
def tokenizer(texts: list[str]):
    return tiny.train_tokenizer(texts, vocab_size=512)


@pytest.fixture(scope="session")
def checkpoint(tokenizer, tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    model = tiny.tiny_model(
        tokenizer, hidden_size=32, layers=2, heads=4, key_value_heads=2, intermediate_size=64, positions=256
    )
    folder: Path = tmp_path_factory.mktemp("models") / "very_tiny"
    return write_checkpoint(TrainedModel(model, tokenizer, "# Very tiny\n", {"made": "for tests"}), folder)
