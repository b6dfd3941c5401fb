"""The teacher as a value: which model, reached how, sampled how, at what price; connected when it is asked.

``TEACHERS`` lists the kinds. distilabel's own classes are named as distilabel names them; credentials come
from the environment variables that they read and never from here.
"""

import hashlib
import inspect
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

from sqlreason.errors import BadInput
from sqlreason.errors.failures import keeping_excepthook
from sqlreason.teachers.clients.scripted import Script, connect_script
from sqlreason.teachers.prices import Prices
from sqlreason.text.redaction import SECRET_NAME, holds_credential

#: Kinds that nobody bills: they run on this machine.
UNPAID = frozenset({"scripted", "OllamaLLM", "LlamaCppLLM", "TransformersLLM"})
#: Kinds that can be asked with tools: the script, and distilabel's clients that hand further fields of OpenAI's
#: request on (`extra_body`), since none of them knows tools by itself.
WITH_TOOLS = ("scripted", "OpenAILLM", "AzureOpenAILLM", "TogetherLLM", "AnyscaleLLM")
_MODEL_FIELDS = ("model", "model_id", "model_path")


@dataclass(frozen=True)
class Teacher:
    """A teacher that can be asked.

    Attributes:
        kind: A key of ``TEACHERS``.
        model: Name of the model at its provider; empty for the scripted teacher.
        arguments: Keyword arguments of the client, such as ``base_url``; no credentials.
        sampling: Keyword arguments of each generation, such as ``temperature`` and ``max_new_tokens``.
        prices: What it costs.
        tokenizer: Counts its tokens for the estimate: a folder, a file, or a name on the hub.

    Raises:
        ValueError: The kind is unknown, or the arguments hold a credential.
    """

    kind: str
    model: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    sampling: Mapping[str, Any] = field(default_factory=dict)
    prices: Prices = field(default_factory=Prices)
    tokenizer: str = ""

    def __post_init__(self) -> None:
        if self.kind not in TEACHERS:
            raise BadInput(f"Unknown kind of teacher {self.kind!r}; accepted are {', '.join(TEACHERS)}.")
        settings = {**self.sampling, **self.arguments, "model": self.model, "tokenizer": self.tokenizer}
        secret = _find_secret(settings)
        if secret:
            raise BadInput(
                f"The argument {secret!r} of the teacher looks like a credential, or holds one: take it out of the "
                "catalog and set the environment variable that distilabel reads, such as OPENAI_API_KEY or HF_TOKEN."
            )
        if self.kind == "scripted":
            _check_names("scripted", self.arguments, SCRIPT_ARGUMENTS, "argument")
        elif not self.model:
            raise BadInput(f"A teacher of kind {self.kind} needs the name of its model.")

    @property
    def name(self) -> str:
        """What reports call it."""
        return self.model or self.kind

    @property
    def max_new_tokens(self) -> int:
        """The longest answer; 0 where the sampling does not say. Anthropic's and LiteLLM's option has another name."""
        return int(self.sampling.get("max_new_tokens") or self.sampling.get("max_tokens") or 0)

    @property
    def tools(self) -> Sequence[Mapping[str, Any]]:
        """The tools of which each request tells it, as OpenAI describes them."""
        return (self.sampling.get("extra_body") or {}).get("tools") or ()

    def with_tools(self, tools: Sequence[Mapping[str, Any]]) -> "Teacher":
        """Return the teacher, told of tools in each request.

        Raises:
            BadInput: If its kind cannot be.
        """
        if self.kind not in WITH_TOOLS:
            raise BadInput(
                f"A teacher of kind {self.kind} cannot be asked with tools, since distilabel's class of it has no way "
                "for what they say; set distillation.environment=single, or reach the model by one of "
                f"{', '.join(WITH_TOOLS[1:])}."
            )
        body = {**(self.sampling.get("extra_body") or {}), "tools": [dict(tool) for tool in tools]}
        return replace(self, sampling={**self.sampling, "extra_body": body})

    def identity(self, answer_key: Mapping[str, str] | None = None) -> str:
        """The model's part of a journal key: all that changes answers, and not where the model is reached.

        The scripted teacher's answers follow from its arguments and its answer key, so these belong to it.
        """
        if self.kind != "scripted":
            return self.name
        text = json.dumps([dict(self.arguments), dict(answer_key or {})], sort_keys=True)
        return f"scripted/{hashlib.sha256(text.encode()).hexdigest()[:16]}"

    def connect(self, answer_key: Mapping[str, str] | None = None, timeout_seconds: float = 120.0) -> Any:
        """The teacher as a distilabel ``LLM``, not loaded yet; imports distilabel (4 s).

        Args:
            answer_key: Question -> gold SQL, for the scripted teacher alone.
            timeout_seconds: Of the client's connection, where it has such a limit and the arguments name none.

        Raises:
            ValueError: An argument or a sampling option does not exist, or the answer key is missing or out
                of place.
        """
        if (answer_key is not None) != (self.kind == "scripted"):
            raise BadInput("The scripted teacher needs an answer key (question -> gold), others take none.")
        llm = TEACHERS[self.kind](self, answer_key, timeout_seconds)
        call = llm.agenerate if hasattr(llm, "agenerate") else llm.generate
        options = set(inspect.signature(call).parameters) - {"self", "input", "inputs", "num_generations"}
        _check_names(self.kind, self.sampling, options, "generation option")
        return llm


def _connect_scripted(teacher: Teacher, answer_key: Mapping[str, str] | None, timeout_seconds: float) -> Any:
    return connect_script(Script(answer_key or {}, **teacher.arguments))


def _connect_mistral(teacher: Teacher, answer_key: Mapping[str, str] | None, timeout_seconds: float) -> Any:
    """Refuses: distilabel 1.5.3 gives Mistral's client an `endpoint`, which no release from 1.0 on takes."""
    raise BadInput(
        "distilabel's MistralLLM fits no client that Mistral publishes today. Mistral speaks OpenAI's language: use "
        "kind OpenAILLM with arguments: {base_url: https://api.mistral.ai/v1} and Mistral's key in OPENAI_API_KEY."
    )


def _connect_client(teacher: Teacher, answer_key: Mapping[str, str] | None, timeout_seconds: float) -> Any:
    """A client of distilabel; our own retries replace those of the client, so that each attempt is seen."""
    with keeping_excepthook():
        from distilabel.models import llms

    client = getattr(llms, teacher.kind)
    known = set(client.model_fields) - {"jobs_ids", "use_offline_batch_generation", "generation_kwargs"}
    accepted = {name for name in known if name not in _MODEL_FIELDS and not SECRET_NAME.search(name)}
    _check_names(teacher.kind, teacher.arguments, accepted, "argument")
    model_field = next(name for name in _MODEL_FIELDS if name in known)
    if model_field == "model_id":
        # Hugging Face's client takes one address: the endpoint's. The look-up of a model's own address, which
        # distilabel would do, needs a method that huggingface_hub no longer has.
        if not {"base_url", "endpoint_name"} & set(teacher.arguments):
            raise BadInput(f"A teacher of kind {teacher.kind} needs the argument base_url or endpoint_name.")
        model_field = "model_display_name"
    ours = {"max_retries": 0, "timeout": math.ceil(timeout_seconds)}
    defaults = {name: value for name, value in ours.items() if name in known}
    return client(**{model_field: teacher.model, **defaults, **teacher.arguments})


def _check_names(kind: str, given: Mapping[str, Any], accepted: set[str], what: str) -> None:
    unknown = sorted(set(given) - accepted)
    if unknown:
        known, wrong = ", ".join(sorted(accepted)), ", ".join(unknown)
        raise BadInput(f"A teacher of kind {kind} has no {what} {wrong}; accepted are {known}.")


def _find_secret(arguments: Mapping[str, Any]) -> str:
    """The first argument, however deep, whose name sounds like a credential."""
    for name, value in arguments.items():
        if SECRET_NAME.search(str(name)) or holds_credential(str(value)):
            return str(name)
        if isinstance(value, Mapping) and (inner := _find_secret(value)):
            return inner
    return ""


SCRIPT_ARGUMENTS = {item.name for item in fields(Script)} - {"answer_key"}

# distilabel's clients that take a model by name. Not among them: vLLM in this process (it does not fit
# today's vLLM: run `vllm serve` and use OpenAILLM) and MixtureOfAgentsLLM (it is made of other clients).
TEACHERS: dict[str, Callable[[Teacher, Mapping[str, str] | None, float], Any]] = {
    "scripted": _connect_scripted,
    **dict.fromkeys(
        (
            "OpenAILLM",
            "AzureOpenAILLM",
            "TogetherLLM",
            "AnyscaleLLM",
            "InferenceEndpointsLLM",
            "AnthropicLLM",
            "CohereLLM",
            "GroqLLM",
            "LiteLLM",
            "OllamaLLM",
            "VertexAILLM",
            "TransformersLLM",
            "LlamaCppLLM",
        ),
        _connect_client,
    ),
    "MistralLLM": _connect_mistral,
}
