"""The files of a checkpoint's folder: what is missing or torn, told from names and headers alone."""

import json
from collections.abc import Iterator
from pathlib import Path

_SAFE, _OLD = "model.safetensors", "pytorch_model.bin"
_TOKENIZERS = ("tokenizer.json", "*.model", "vocab.*", "tekken.json", "tokenizer_config.json")
_POINTER = b"version https://git-lfs"


def has_tokenizer(folder: Path) -> bool:
    """Return whether a file of a tokenizer lies there."""
    return any(any(folder.glob(pattern)) for pattern in _TOKENIZERS)


def find_faults(folder: Path) -> Iterator[str]:
    """Yield what is wrong with the files of the weights: none there, one of several missing, one cut off.

    Whether they are the weights that config.json describes is not looked at.
    """
    whole = [folder / name for name in (_SAFE, _OLD) if (folder / name).exists()]
    indices = [folder / f"{name}.index.json" for name in (_SAFE, _OLD) if (folder / f"{name}.index.json").exists()]
    if not whole and not indices:
        yield f"{folder} has no weights ({_SAFE}, or {_SAFE}.index.json with its parts)"
        return
    for path in whole[:1] or _parts(indices[0]):
        yield from _look_at(path)


def _parts(index: Path) -> list[Path]:
    named = json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()
    return [index.parent / name for name in sorted(set(named))]


def _look_at(path: Path) -> Iterator[str]:
    from safetensors import SafetensorError, safe_open

    if not path.exists():
        yield f"{path} is missing, which {path.parent.name} needs beside its other weights"
        return
    with path.open("rb") as stream:
        if stream.read(len(_POINTER)) == _POINTER:
            yield f"{path} is a pointer of git-lfs and not the weights: run `git lfs pull` in its folder"
            return
    if path.suffix == ".safetensors":
        try:
            with safe_open(path, framework="np"):
                pass
        except (OSError, SafetensorError) as error:
            yield f"{path} is torn ({error})"
