"""What the licences of base model and teachers ask of a model or of traces that are passed on.

For a model it covers Llama's, which the recipes use; for others the card says that their terms have to be read. This is
no legal advice, it keeps the known conditions from being forgotten.
"""

import re
from collections.abc import Mapping

from sqlreason.errors import BadInput

#: Llama's models and what is made of them by name; a size such as 8B is no version, and TinyLlama is none of Meta's.
_LLAMA = re.compile(r"(?<![a-z])(?:code)?llama[-_ ]?(\d+(?:\.\d+)?(?![\d.]*b))?", re.IGNORECASE)

_LLAMA_2_ANSWERS = (
    "Llama 2 Community License, section 1.b: these answers may not be used to improve other models than Llama 2's."
)

#: What providers ask of those who train on a model's answers, by a word in the model's name; the first that fits.
OF_ANSWERS = {
    "gpt-oss": "OpenAI's open weights are under Apache-2.0, which allows distillation; their usage policy applies.",
    "gpt": "OpenAI's terms of use forbid to use the answers to develop models that compete with OpenAI.",
    "claude": "Anthropic's commercial terms forbid to use the answers to train competing models without approval.",
    "gemini": "Google's Gemini API terms forbid to use the answers to develop models that compete with the service.",
    "deepseek": "DeepSeek's models are under the MIT licence, which allows distillation.",
    "qwen": "Qwen's models are mostly under Apache-2.0; look at the licence of the size that answered.",
    "mistral": "Mistral's terms and licences differ from model to model; look at that of the one that answered.",
    "scripted": "None: the traces were written by rule from the gold queries, not by a language model.",
}

LLAMA_ANSWERS = (
    "Llama Community License, section 1.b: a model trained on these answers carries 'Llama' at the beginning of "
    "its name, 'Built with Llama' is displayed, and the Acceptable Use Policy applies."
)

UNKNOWN = "Unknown for this teacher: read its licence and its provider's terms before you publish."


def duty_of_data(teacher: str) -> str:
    """Return the sentence for the card of a dataset.

    Args:
        teacher: Name of the model that wrote the answers.
    """
    if _LLAMA.search(teacher):
        return LLAMA_ANSWERS if _names_llama(teacher) else _LLAMA_2_ANSWERS
    return next((text for word, text in OF_ANSWERS.items() if word in teacher.lower()), UNKNOWN)


def obligations(models: Mapping[str, str]) -> list[str]:
    """Sentences for the model card.

    Args:
        models: What a model was to the student, such as "base model" -> its identity; teachers that are no language
            models, and so bound by no licence but this project's, are left out.
    """
    return [_obligation(role, name) for role, name in models.items()]


def _obligation(role: str, name: str) -> str:
    if not _LLAMA.search(name):
        return f"The {role} is {name}: read its licence before passing this model on."
    if not _names_llama(name):
        return (
            f"The {role} {name} is under the Llama 2 Community License (section 1.b): a copy of the licence and Meta's "
            "notice go with the model, its outputs may not improve other models than Llama 2's, and its acceptable use "
            "policy binds every user."
        )
    licence = " ".join(["Llama", *_versions(name)[:1], "Community License"])
    return (
        f'The {role} {name} is under the {licence} (section 1.b): the model\'s name begins with "Llama", '
        '"Built with Llama" is shown where it is offered, a copy of the licence and Meta\'s notice go with it, and '
        "its acceptable use policy binds every user."
    )


def check_name(name: str, models: Mapping[str, str], parameter: str) -> None:
    """Refuse a name that the licences do not allow.

    Args:
        name: Of the model to be passed on, with or without an organisation or folders before a slash.
        models: As of `obligations`.
        parameter: That holds the name, for the message.

    Raises:
        ValueError: If a Llama since the third was the base, or taught, and the name does not begin with Llama.
    """
    bare = name.rstrip("/").rpartition("/")[2]
    if any(map(_names_llama, models.values())) and not bare.lower().startswith("llama"):
        raise BadInput(
            f"{parameter}={name!r}: the Llama licences (section 1.b) ask that the model's name begins with Llama; "
            f"call it Llama-{bare}"
        )


def _names_llama(model: str) -> bool:
    """Whether what is made of a model has to be called Llama: since the third, and of one whose version is not told."""
    is_second = "codellama" in model.lower() or any(version.startswith("2") for version in _versions(model)[:1])
    return bool(_LLAMA.search(model)) and not is_second


def _versions(model: str) -> list[str]:
    return [match[1] for match in _LLAMA.finditer(model) if match[1]]
