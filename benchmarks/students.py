"""Which students work: each family of `tests/families` through rows, SFT, GRPO, generation and export.

    python benchmarks/students.py                       # all; published tokenizers are fetched, and left out offline
    python benchmarks/students.py --families llama3_1,qwen3 --write

Tokenizers and templates are the published ones, or stand-ins that behave like them; weights are random and small, of
the family's own architecture. What is shown is that tokens, masks, ends and layers are right, not that anything is
learned.
`--write` puts the table into docs/students.md.
"""

import argparse
import json
import sys
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT / "tests"))

from families import PUBLISHED, STANDINS, Family, Unavailable  # noqa: E402
from sqlreason.exports import gguf, merging  # noqa: E402
from sqlreason.students.checkpoints.adapter import Adapter  # noqa: E402
from sqlreason.students.checkpoints.chat import ChatError  # noqa: E402
from sqlreason.students.checkpoints.checkpoint import Checkpoint, write_checkpoint  # noqa: E402
from sqlreason.students.generation import decoding  # noqa: E402
from sqlreason.students.training import grpo, row_checks, sft  # noqa: E402
from sqlreason.students.training.setup import Setup  # noqa: E402

PAGE, RESULTS = PROJECT / "docs/students.md", PROJECT / "benchmarks/results/students.json"
BEGIN, END = "<!-- students: begin -->", "<!-- students: end -->"
SYSTEM = {"role": "system", "content": "Think, then answer with one query."}
ANSWER = '<think>\nx < {n} and "é"\n</think>\n<sql>\nSELECT "a" , b FROM t WHERE c >= {n}\n</sql>'
NEW_TOKENS = 40  # more than the windows of the small models


class Length:
    """A reward that differs between completions, so that GRPO has something to learn from."""

    __name__ = "length"

    def __call__(self, completions: Sequence[Any], **_: Any) -> list[float]:
        """Return the length in hundreds of characters."""
        return [len(completion[-1]["content"]) / 100 for completion in completions]


def examples(rows: int = 4) -> pd.DataFrame:
    """Prompts of unequal length, with answers."""
    asked = [
        {"role": "user", "content": f"CREATE TABLE t (a, b, c)\nWhich a{' at last' * 6 * n}?"} for n in range(rows)
    ]
    return pd.DataFrame(
        [
            {"id": str(n), "prompt": json.dumps([SYSTEM, turn]), "completion": ANSWER.format(n=n)}
            for n, turn in enumerate(asked)
        ]
    )


def try_family(family: Family, scratch: Path) -> dict[str, str]:
    """Return what became of each step: "yes", or why not."""
    checkpoint = Checkpoint(str(family.student(scratch / "student")))
    plain = False
    try:
        chat = checkpoint.load_chat()
    except ChatError as error:
        if "plain_template" not in str(error):
            return {"chosen": f"refused: {str(error).partition('; ')[2] or error}"}
        checkpoint, plain = checkpoint.spoken_to({}, True), True
        chat = checkpoint.load_chat()
    facts = chat.facts
    found = {
        "chosen": f"end {facts['end_of_turn']}; padding {facts['padding']}"
        + ("; system text joins the user's turn" if chat.joins_system else "")
        + ("; the prompt opens `<think>`" if chat.opening else "")
        + ("; plain template" if plain else ""),
        "rows": "yes" if rows_are_exact(chat, examples()) else "NO",
    }
    found["trains"], adapter = train(checkpoint, scratch)
    found["generates"] = compare_generation(checkpoint, chat)
    found["exports"] = export(checkpoint, adapter, scratch) if adapter else ""
    return found


def rows_are_exact(chat: Any, table: pd.DataFrame) -> bool:
    """Whether a row is the template's own prompt, the answer's own tokens and an end, and is read as it was written."""
    for row, made in zip(table.itertuples(), sft.make_rows(chat, table), strict=True):
        trained = [label for label in made["labels"] if label != row_checks.NOT_TRAINED]
        asked = made["input_ids"][: -len(trained)]
        right = asked == chat.prompt_ids(json.loads(row.prompt)) and chat.read(trained) == row.completion
        if not (right and chat.is_finished(trained) and chat.opening + chat.tokenizer.decode(trained[:-1])):
            return False
    return True


def train(checkpoint: Checkpoint, scratch: Path) -> tuple[str, Adapter | None]:
    """Two steps of SFT, then one of GRPO with a reference."""
    common = {"learning_rate": 1e-3, "per_device_train_batch_size": 4, "gradient_checkpointing": False}
    done, setup = [], Setup(dtype="float32")
    try:
        adapter, history = sft.train_sft(
            checkpoint, examples(), fingerprint="f", workdir=scratch / "sft", lora={"rank": 2}, setup=setup,
            trl={**common, "max_steps": 2},
        )  # fmt: skip
        done.append(f"SFT, loss {history['loss'].iloc[-1]:.1f}")
        options = {**common, "num_generations": 2, "max_completion_length": 8, "beta": 0.02, "max_steps": 1}
        trained, _, rollouts = grpo.train_grpo(
            checkpoint, adapter, examples()[["id", "prompt"]], rewards=[Length()], weights=[1.0],
            workdir=scratch / "grpo", setup=setup, trl=options,
        )  # fmt: skip
        done.append(f"GRPO, {len(rollouts)} rollouts")
    except Exception as error:  # the table is to say what does not work
        return "; ".join([*done, f"NO: {type(error).__name__}: {str(error).splitlines()[0][:120]}"]), None
    return "; ".join(done), trained


def compare_generation(checkpoint: Checkpoint, chat: Any) -> str:
    """Whether greedy answers, written in one batch, are those of transformers' generate, one by one."""
    import torch

    model = checkpoint.load_model("float32")
    conversations = [json.loads(text) for text in examples()["prompt"]]
    ours = decoding.generate(model, chat, conversations, NEW_TOKENS, batch_size=4)
    model.set_attn_implementation("eager")  # transformers' sdpa leaves out the cap of Gemma 2's attention
    same = 0
    for answer, messages in zip(ours, conversations, strict=True):
        prompt = torch.tensor([chat.prompt_ids(messages)])
        written = model.generate(
            prompt, attention_mask=torch.ones_like(prompt), max_new_tokens=NEW_TOKENS, do_sample=False,
            eos_token_id=list(chat.ends), pad_token_id=chat.padding.id, repetition_penalty=1.0,
        )  # fmt: skip
        same += answer.text == chat.read(written[0, prompt.shape[1] :].tolist())
    return "yes" if same == len(ours) else f"NO: {same} of {len(ours)}"


def export(checkpoint: Checkpoint, adapter: Adapter, scratch: Path) -> str:
    """Whether the merged folder has the tokens, padding and ends of the training; and whether GGUF is written."""
    try:
        merged = write_checkpoint(merging.merge(checkpoint, adapter, "", trained_on=checkpoint), scratch / "merged")
        chat, before = merged.load_chat(), checkpoint.load_chat()
        conversations = [json.loads(text) for text in examples()["prompt"]]
        if [chat.prompt_ids(turn) for turn in conversations] != [before.prompt_ids(turn) for turn in conversations]:
            return "NO: other tokens"
        if (chat.padding.id, chat.ends) != (before.padding.id, before.ends):
            return "NO: other padding or ends"
    except Exception as error:  # as above
        return f"NO: {type(error).__name__}: {str(error).splitlines()[0][:120]}"
    try:
        gguf.write_gguf(gguf.GgufRequest(merged, "f16", SYSTEM["content"], "student"), scratch / "gguf")
    except gguf.GgufError:
        return "merged"
    return "merged, GGUF"


def table(found: dict[str, dict[str, str]]) -> str:
    """The table in Markdown."""
    head = "| family | tokenizer | rows exact | trains | generates as `generate` | exports | what was chosen |"
    lines = [head, "| --- | --- | --- | --- | --- | --- | --- |"]
    for name, row in found.items():
        family = (PUBLISHED if row["tokenizer"] == "published" else STANDINS)[name]
        cells = [row.get(column, "") for column in ("rows", "trains", "generates", "exports", "chosen")]
        shown = " | ".join(cell.replace("|", "\\|") for cell in cells)
        lines.append(f"| {name} ({family.architecture}) | {row['tokenizer']} | {shown} |")
    return "\n".join(lines)


def main() -> None:
    """Try the families, print the table, and write it if asked to."""
    reader = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    reader.add_argument("--families", help="names, by commas; all by default")
    reader.add_argument("--write", action="store_true", help="into docs/students.md and benchmarks/results")
    chosen = reader.parse_args()
    warnings.filterwarnings("ignore")
    wanted = chosen.families.split(",") if chosen.families else None
    kept = json.loads(RESULTS.read_text(encoding="utf-8")) if wanted and RESULTS.exists() else {}
    found: dict[str, dict[str, str]] = {name: row for name, row in kept.items() if name not in wanted}
    for kind, families in (("published", PUBLISHED), ("stand-in", STANDINS)):
        for name, family in families.items():
            if (wanted and name not in wanted) or name in found:
                continue
            with tempfile.TemporaryDirectory() as scratch:
                try:
                    found[name] = {"tokenizer": kind, **try_family(family, Path(scratch))}
                except Unavailable as error:
                    print(f"{name}: {error}", file=sys.stderr)
                    continue
            print(name, json.dumps(found[name], ensure_ascii=False), flush=True)
    print(table(found))
    if chosen.write:
        RESULTS.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}\n{table(found)}\n{END}{rest.partition(END)[2]}", encoding="utf-8")


if __name__ == "__main__":
    main()
