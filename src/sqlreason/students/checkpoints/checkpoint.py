"""A base model by name: where its tokenizer and weights come from, and who it is.

Covers reading checkpoints in transformers' layout (a folder, or a name on the hub) and writing a trained
student as one. A Checkpoint is a light value: nothing is loaded, and torch is not imported, before a loading
method is called.
"""

from __future__ import annotations

import gc
import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from sqlreason.errors import BadInput
from sqlreason.students.checkpoints import checkpoint_files
from sqlreason.students.checkpoints.architecture import longest_input
from sqlreason.students.checkpoints.chat import Chat, cuts_alike, keeps_text, open_chat

if TYPE_CHECKING:
    import torch
    from torch import nn
    from transformers import BitsAndBytesConfig, PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

QUANTIZATIONS = ("nf4",)
DTYPES = ("auto", "float32", "bfloat16", "float16")
MANIFEST = "manifest.json"
GENERATION = "generation_config.json"
_SAMPLES, _SAMPLED_BYTES = 16, 1 << 20  # of each weights file, for the identity of folders without a manifest


class CheckpointError(BadInput):
    """A checkpoint is missing, incomplete or out of reach."""


@dataclass(frozen=True)
class Checkpoint:
    """A base model: a folder, or a name on the hub with the revision (commit) that is meant.

    Attributes:
        name: The folder, or the name on the hub.
        revision: The commit that is meant.
        template_arguments: Further arguments of its chat template, such as `enable_thinking`.
        plain_template: Whether it gets the project's plain chat template if it was published without one.
    """

    name: str
    revision: str | None = None
    template_arguments: Mapping[str, Any] = field(default_factory=dict, hash=False)
    plain_template: bool = False

    def spoken_to(self, template_arguments: Mapping[str, Any], plain_template: bool) -> Checkpoint:
        """Return the same model with these ways of its chat template."""
        return replace(self, template_arguments=dict(template_arguments), plain_template=plain_template)

    @property
    def folder(self) -> Path | None:
        """The local folder, or None for a name on the hub.

        Raises:
            CheckpointError: if the name is a path but no complete folder.
        """
        path = Path(self.name)
        if path.is_dir():
            if not (path / "config.json").exists():
                raise CheckpointError(
                    f"{path} has no config.json, so it is no transformers checkpoint; "
                    f"point the catalog entry at the folder that holds config.json and model.safetensors"
                )
            return path
        if self.name.count("/") > 1 or self.name.startswith((".", "/")):
            raise CheckpointError(f"no folder {self.name}; give an existing one or a hub name such as org/model")
        return None

    @property
    def identity(self) -> str:
        """Who the model is, independent of the machine: hub name and revision, or folder name and content hash."""
        folder = self.folder
        if folder is None:
            return f"{self.name}@{self.revision or 'main'}"
        return f"{folder.resolve().name}@{_content_hash(folder)}"

    @property
    def origin(self) -> str | None:
        """What the model lost before it came here, in a sentence; None unless it was made of a GGUF file."""
        from sqlreason.students.checkpoints import dequantisation

        folder = self.folder
        if folder is None or not (folder / MANIFEST).exists():
            return None
        facts = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["facts"]
        origin = facts.get(dequantisation.ORIGIN)
        return dequantisation.describe(origin) if origin else None

    @property
    def window(self) -> int | None:
        """How many tokens the model reads, by its configuration; None where that sets no limit.

        Raises:
            CheckpointError: if it is not there, or the hub is out of reach.
        """
        return longest_input(self.load_config())

    def load_tokenizer(self) -> PreTrainedTokenizerBase:
        """Load the tokenizer.

        In a folder, transformers chooses its class by names in configuration files, and for some (R1's distilled Llama)
        takes one that loses all spaces; then tokenizer.json is taken as it stands.

        Raises:
            CheckpointError: if it is not there, or the hub is out of reach.
        """
        from transformers import AutoTokenizer, PreTrainedTokenizerFast

        if self.folder and not checkpoint_files.has_tokenizer(self.folder):
            raise CheckpointError(
                f"{self.name} has no tokenizer (tokenizer.json); copy that of the model that it was made of into it"
            )
        tokenizer = self._load(AutoTokenizer)
        if self.folder and type(tokenizer) is not PreTrainedTokenizerFast and (self.folder / "tokenizer.json").exists():
            as_it_stands = self._load(PreTrainedTokenizerFast)
            return tokenizer if cuts_alike(tokenizer, as_it_stands) else as_it_stands
        return tokenizer if keeps_text(tokenizer) else self._load(PreTrainedTokenizerFast)

    def load_chat(self) -> Chat:
        """Load the tokenizer with its chat template, and find out how they are used.

        Raises:
            CheckpointError: if it is not there, or the hub is out of reach.
            ChatError: if it cannot be used for questions and answers.
        """
        return open_chat(self.load_tokenizer(), self._declared_ends(), self.template_arguments, self.plain_template)

    def _declared_ends(self) -> list[int]:
        """The ids that end an answer by the model's generation configuration; by its configuration without one."""
        from transformers import GenerationConfig

        if self.folder and not (self.folder / GENERATION).exists():
            declared = self.load_config().get_text_config().eos_token_id
        else:
            try:
                declared = GenerationConfig.from_pretrained(self.name, revision=self.revision or "main").eos_token_id
            except OSError as error:
                if self.folder:  # it is there and no JSON
                    raise CheckpointError(f"{self.folder / GENERATION} cannot be read: {error}; mend it") from error
                declared = self.load_config().get_text_config().eos_token_id
        ends = declared if isinstance(declared, list) else [] if declared is None else [declared]
        if not all(isinstance(end, int) for end in ends):
            raise CheckpointError(f"{self.name} declares eos_token_id={declared!r}; numbers of tokens are needed")
        return ends

    def load_config(self) -> PretrainedConfig:
        """Load the model's configuration.

        Raises:
            CheckpointError: if it is not there, or the hub is out of reach.
        """
        from transformers import AutoConfig

        return self._load(AutoConfig)

    def load_model(
        self, dtype: str = "float32", quantization: str | None = None, device: str | None = None
    ) -> PreTrainedModel:
        """Load the causal language model.

        Args:
            dtype: One of `DTYPES` ("auto" as in `choose_dtype`); with a quantization the type of the computation.
            quantization: None or "nf4" (4 bits, double quantization, by bitsandbytes).
            device: Where to put it, as in `choose_device`.

        Raises:
            CheckpointError: if it is not there, or the hub is out of reach.
            ValueError: for another dtype or quantization.
        """
        import torch
        from transformers import AutoModelForCausalLM

        device = device or choose_device()
        arguments: dict[str, Any] = {"dtype": getattr(torch, choose_dtype(dtype))}
        if quantization is not None:
            arguments["quantization_config"] = _quantization(quantization, arguments["dtype"])
        model, loading = self._load(AutoModelForCausalLM, device_map=device, output_loading_info=True, **arguments)
        if missing := sorted(loading["missing_keys"]):  # transformers makes them up and goes on
            raise CheckpointError(
                f"{self.name} lacks {len(missing)} of the weights that config.json asks for (the first: {missing[0]}); "
                "download it anew, or correct that file"
            )
        if quantization is not None:
            avoid_cpu_kernel(model)
        model.checkpoint_identity = self.identity
        return model

    def _load(self, loader: Any, **arguments: Any) -> Any:
        self.folder  # noqa: B018 - a folder that is not complete is refused here, in plain words
        try:
            return loader.from_pretrained(self.name, revision=self.revision or "main", **arguments)
        except OSError as error:
            raise CheckpointError(
                f"cannot load {self.name} (revision {self.revision or 'main'}): {str(error).splitlines()[0]}. "
                f"If this machine is offline (HF_HUB_OFFLINE), download the model once or name a local folder."
            ) from error
        except Exception as error:  # torn or foreign files end in exceptions of every kind
            if type(error).__name__ == "OutOfMemoryError":
                raise
            what = loader.__name__.removeprefix("Auto").removesuffix("ForCausalLM").lower()
            said = " ".join(str(error).split())[:300]
            raise CheckpointError(
                f"the {what} of {self.name} (revision {self.revision or 'main'}) cannot be used: "
                f"{type(error).__name__}: {said}. Its files are torn, missing or of a kind that these versions of "
                "transformers and tokenizers do not know; download it anew, or name another model."
            ) from error


@dataclass(frozen=True, eq=False)
class TrainedModel:
    """A model that was made here, with what its folder says about it."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    card: str
    facts: Mapping[str, Any] = field(default_factory=dict)


def write_checkpoint(trained: TrainedModel, folder: Path) -> Checkpoint:
    """Write model (bfloat16), tokenizer, README.md and manifest; the folder appears or is replaced as a whole."""
    import torch

    folder = Path(folder)
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    precision = trained.model.dtype
    cast("nn.Module", trained.model).to(torch.bfloat16)
    trained.model.save_pretrained(part)
    cast("nn.Module", trained.model).to(precision)
    _save_tokenizer(trained.tokenizer, part)
    (part / "README.md").write_text(trained.card, encoding="utf-8")
    manifest = {"facts": dict(trained.facts), "weights": _weights_hash(part, whole=True)}
    (part / MANIFEST).write_text(json.dumps(manifest, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    if folder.exists():
        shutil.rmtree(folder)
    part.rename(folder)
    return Checkpoint(str(folder))


def _save_tokenizer(tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    """Save a tokenizer so that it is read as it is; some classes, as that of Llama 2, come back with another cut."""
    from transformers import AutoTokenizer

    tokenizer.save_pretrained(folder)
    if cuts_alike(tokenizer, AutoTokenizer.from_pretrained(folder)):
        return
    path = folder / "tokenizer_config.json"
    settings = json.loads(path.read_text(encoding="utf-8"))
    settings["tokenizer_class"] = "PreTrainedTokenizerFast"  # which takes tokenizer.json as it stands
    path.write_text(json.dumps(settings, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def choose_dtype(dtype: str) -> str:
    """Resolve "auto" into bfloat16 where the GPU, or else the CPU, multiplies it in hardware, and float32 elsewhere.

    Raises:
        ValueError: for a name that is not in `DTYPES`.
    """
    import torch

    from sqlreason.students.checkpoints import cpu

    if dtype not in DTYPES:
        raise BadInput(f"dtype={dtype!r} is unknown; accepted: {', '.join(DTYPES)}")
    if dtype != "auto":
        return dtype
    supported = torch.cuda.is_bf16_supported() if torch.cuda.is_available() else cpu.supports_bfloat16()
    return "bfloat16" if supported else "float32"


def choose_device() -> str | None:
    """This rank's GPU, or the CPU where there is none; None where accelerate shards the model (FSDP, DeepSpeed)."""
    import torch

    if any(os.environ.get(f"ACCELERATE_USE_{name}", "").lower() == "true" for name in ("FSDP", "DEEPSPEED")):
        return None
    return f"cuda:{os.environ.get('LOCAL_RANK', 0)}" if torch.cuda.is_available() else "cpu"


def release_memory() -> None:
    """Give back what models took that nobody holds any more: a training in a process of its own needs the GPU's."""
    import torch

    from sqlreason.students.checkpoints import cpu

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    cpu.release_memory()


def avoid_cpu_kernel(model: PreTrainedModel) -> None:
    """Switch off bitsandbytes' AVX512-BF16 kernel, whose LoRA gradients are wrong after an evaluation pass."""
    for module in model.modules():
        if hasattr(module, "support_avx512bf16_for_cpu"):
            setattr(module, "support_avx512bf16_for_cpu", False)  # noqa: B010 - modules are typed as if they had none


def _quantization(name: str, dtype: torch.dtype) -> BitsAndBytesConfig:
    from transformers import BitsAndBytesConfig

    if name not in QUANTIZATIONS:
        raise BadInput(f"quantization={name!r} is unknown; accepted: none or {', '.join(QUANTIZATIONS)}")
    return BitsAndBytesConfig(  # type: ignore[no-untyped-call]
        load_in_4bit=True,
        bnb_4bit_quant_type=name,
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=dtype,
        bnb_4bit_quant_storage=dtype if choose_device() is None else None,  # FSDP shards tensors of one type only
    )


def _content_hash(folder: Path) -> str:
    manifest = folder / MANIFEST
    weights = json.loads(manifest.read_text(encoding="utf-8"))["weights"] if manifest.exists() else None
    return str(weights or _weights_hash(folder, whole=False))


def _weights_hash(folder: Path, whole: bool) -> str:
    digest = hashlib.sha256((folder / "config.json").read_bytes())
    for path in sorted([*folder.glob("*.safetensors"), *folder.glob("*.bin")]):
        digest.update(f"{path.name} {path.stat().st_size}".encode())
        with path.open("rb") as stream:
            for place in (0,) if whole else range(_SAMPLES):
                stream.seek(path.stat().st_size * place // _SAMPLES)
                digest.update(stream.read() if whole else stream.read(_SAMPLED_BYTES))
    return digest.hexdigest()[:16]
