"""What the licences of base model and teacher ask of a model or of traces that are passed on.

For a model it covers Llama's, which the recipes use; for others the card says that their terms have to be read. This is
no legal advice, it keeps the known conditions from being forgotten.
"""

import re

from sqlreason.errors import BadInput

_LLAMA = re.compile(r"llama[-_ ]?(\d+(?:\.\d+)?)?", re.IGNORECASE)

#: What providers ask of those who train on a model's answers, by a word in the model's name.
OF_ANSWERS = {
    "llama": (
        "Llama Community License, section 1.b: a model trained on these answers carries 'Llama' at the beginning of "
        "its name, 'Built with Llama' is displayed, and the Acceptable Use Policy applies."
    ),
    "gpt": "OpenAI's terms of use forbid to use the answers to develop models that compete with OpenAI.",
    "claude": "Anthropic's commercial terms forbid to use the answers to train competing models without approval.",
    "gemini": "Google's Gemini API terms forbid to use the answers to develop models that compete with the service.",
    "deepseek": "DeepSeek's models are under the MIT licence, which allows distillation.",
    "qwen": "Qwen's models are mostly under Apache-2.0; look at the licence of the size that answered.",
    "mistral": "Mistral's terms and licences differ from model to model; look at that of the one that answered.",
    "scripted": "None: the traces were written by rule from the gold queries, not by a language model.",
}

UNKNOWN = "Unknown for this teacher: read its licence and its provider's terms before you publish."


def duty_of_data(teacher: str) -> str:
    """Return the sentence for the card of a dataset.

    Args:
        teacher: Name of the model that wrote the answers.
    """
    return next((text for word, text in OF_ANSWERS.items() if word in teacher.lower()), UNKNOWN)


def obligations(base: str, teacher: str, scripted: bool) -> list[str]:
    """Sentences for the model card.

    Args:
        base: Identity of the base model.
        teacher: Name of the teacher.
        scripted: Whether the teacher is a program of this project, whose output is bound by no licence but its own.
    """
    named = [("base model", base), *([] if scripted else [("teacher", teacher)])]
    found = []
    for role, name in named:
        if not _LLAMA.search(name):
            found.append(f"The {role} is {name}: read its licence before passing this model on.")
            continue
        versions = [match[1] for match in _LLAMA.finditer(name) if match[1]]
        licence = " ".join(["Llama", *versions[:1], "Community License"])
        found.append(
            f'The {role} {name} is under the {licence} (section 1.b): the model\'s name begins with "Llama", '
            '"Built with Llama" is shown where it is offered, a copy of the licence and Meta\'s notice go with it, and '
            "its acceptable use policy binds every user."
        )
    return found


def check_name(name: str, base: str, teacher: str, scripted: bool) -> None:
    """Refuse a name that the licences do not allow.

    Args:
        name: Of the model to be passed on, with or without an organisation before a slash.
        base: Identity of the base model.
        teacher: Name of the teacher.
        scripted: As in `obligations`.

    Raises:
        ValueError: If a Llama was the base, or taught, and the name does not begin with Llama.
    """
    llama = _LLAMA.search(base) or (not scripted and _LLAMA.search(teacher))
    bare = name.rpartition("/")[2]
    if llama and not bare.lower().startswith("llama"):
        raise BadInput(
            f"export.name={name!r}: the Llama licences (section 1.b) ask that the model's name begins with Llama; "
            f"call it Llama-{bare}"
        )
