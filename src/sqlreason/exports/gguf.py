"""GGUF files, for llama.cpp, and Modelfiles, for Ollama.

What is written of which family stands in `gguf_families`; a model of another is an export without a GGUF file. Before
the weights are written, llama.cpp reads the vocabulary alone and has to cut our prompts into the student's tokens
(`pretokenizers`), and to write them by the chat template that the file holds (`served_template`).
"""

import logging
from dataclasses import dataclass
from pathlib import Path

from sqlreason.exports import gguf_families, gguf_vocabulary, pretokenizers, quantizing, served_template
from sqlreason.exports.gguf_families import GgufError, NoGgufError
from sqlreason.exports.quantizing import PRECISIONS
from sqlreason.students.checkpoints.chat import Chat
from sqlreason.students.checkpoints.checkpoint import Checkpoint

__all__ = ["GgufError", "GgufModel", "GgufRequest", "NoGgufError", "check_precision", "render_modelfile", "write_gguf"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class GgufModel:
    """A GGUF file with what is needed to serve it.

    Attributes:
        path: The file; None where this program writes none of such a model.
        modelfile: Text of the Modelfile that stands beside it.
    """

    path: Path | None
    modelfile: str


@dataclass(frozen=True)
class GgufRequest:
    """What a GGUF file is to be made of; nothing is read or written before the catalog saves it.

    Attributes:
        checkpoint: The merged model, in a folder.
        precision: One of `quantizing.PRECISIONS`.
        system: System message of the Modelfile.
        name: Of the model, in the file's metadata.
    """

    checkpoint: Checkpoint
    precision: str
    system: str
    name: str


def write_gguf(request: GgufRequest, folder: Path) -> GgufModel:
    """Write model.gguf and Modelfile into a folder.

    Raises:
        GgufError: For an unknown precision.
        NoGgufError: For a model of another architecture, or whose prompts llama.cpp would read otherwise.
    """
    import gguf

    check_precision(request.precision)
    config, chat, name = request.checkpoint.load_config(), request.checkpoint.load_chat(), request.checkpoint.name
    family = gguf_families.find_family(config, name)
    cut = pretokenizers.find_cutting(chat, config.vocab_size)
    if cut is None:
        raise NoGgufError(
            f"llama.cpp cuts text into the tokens of {name} by none of its ways that are tried here; use its "
            "convert_hf_to_gguf.py"
        )
    template = served_template.find_template(chat, config.vocab_size, cut)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "model.gguf"
    writer = gguf.GGUFWriter(path, gguf.MODEL_ARCH_NAMES[gguf.MODEL_ARCH[family.name]], use_temp_file=True)
    writer.add_name(request.name)
    writer.add_file_type(gguf.LlamaFileType[quantizing.file_type(request.precision)])
    gguf_families.describe(writer, family, config)
    gguf_vocabulary.add_vocabulary(writer, chat, config.vocab_size, cut)
    writer.add_chat_template(template)
    tied = bool(config.tie_word_embeddings)
    for tensor, values in gguf_families.list_tensors(Path(name), family, config):
        kind = quantizing.choose_type(request.precision, tensor, values.shape, config.num_hidden_layers, tied)
        writer.add_tensor(tensor, quantizing.quantize(values, kind), raw_dtype=kind)
    gguf_vocabulary.finish(writer)
    model = GgufModel(path, render_modelfile(chat, request.system))
    (folder / "Modelfile").write_text(model.modelfile, encoding="utf-8")
    logger.info("export: %s in %s, %.1f MB", path.name, request.precision, path.stat().st_size / 1e6)
    return model


def check_precision(precision: str) -> None:
    """Refuse a precision that cannot be written here.

    Raises:
        GgufError: If it is unknown.
    """
    if precision not in PRECISIONS:
        raise GgufError(f"precision={precision!r} is unknown; accepted: {', '.join(PRECISIONS)}")


def render_modelfile(chat: Chat, system: str) -> str:
    """Return a Modelfile whose template is the one of the training, for one question and its answer.

    The template is found by rendering the tokenizer's own around marks; Ollama adds the BOS itself.
    """
    marks = {"system": "\x02system\x02", "user": "\x02user\x02"}
    turns = [{"role": role, "content": mark} for role, mark in marks.items()]
    tokenizer, end = chat.tokenizer, str(chat.tokenizer.convert_ids_to_tokens(chat.end))
    template = chat.prompt_text(turns).removeprefix((tokenizer.bos_token or "") if chat.adds_bos else "")
    template += "{{ .Response }}" + end
    template = template.replace(marks["system"], "{{ .System }}").replace(marks["user"], "{{ .Prompt }}")
    stops = "".join(f'PARAMETER stop "{token}"\n' for token in chat.facts["ends"])
    return f'FROM ./model.gguf\nTEMPLATE """{template}"""\nSYSTEM """{system}"""\n{stops}PARAMETER temperature 0\n'
