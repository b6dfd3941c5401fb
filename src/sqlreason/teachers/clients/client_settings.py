"""Which settings distilabel's clients accept, known without importing them: an entry is checked where it is read.

`Teacher.connect` compares with the installed classes themselves, but takes seconds and comes after hours of a run; the
tests hold this list against them.
"""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any
from urllib.parse import urlsplit

from sqlreason.errors import BadInput

_EVERY = "offline_batch_generation_block_until_done"
_CALLS = f"{_EVERY} structured_output"
_SERVED = f"{_CALLS} base_url max_retries timeout"
_MAGPIE = "magpie_pre_query_template tokenizer_id use_magpie_template"
_PENALTIES = "frequency_penalty presence_penalty temperature"
_OPENAI = (
    f"{_SERVED} default_headers",
    f"{_PENALTIES} echo extra_body logprobs max_new_tokens response_format stop top_logprobs top_p",
)
#: Kind -> arguments of its client, options of each generation. MistralLLM is refused whatever it is given.
ACCEPTED: Mapping[str, tuple[str, str]] = {
    "scripted": ("", "extra_body max_new_tokens temperature"),  # its arguments are checked by the teacher itself
    "OpenAILLM": _OPENAI,
    "AzureOpenAILLM": (f"{_OPENAI[0]} api_version", _OPENAI[1]),
    "TogetherLLM": _OPENAI,
    "AnyscaleLLM": _OPENAI,
    "InferenceEndpointsLLM": (
        f"{_CALLS} {_MAGPIE} base_url endpoint_name endpoint_namespace model_display_name",
        f"{_PENALTIES} do_sample logit_bias logprobs max_new_tokens repetition_penalty return_full_text seed "
        "stop_sequences tool_choice tool_prompt tools top_k top_logprobs top_n_tokens top_p typical_p watermark",
    ),
    "AnthropicLLM": (f"{_SERVED} http_client", "max_tokens stop_sequences temperature top_k top_p"),
    "CohereLLM": (
        f"{_CALLS} base_url client_name timeout",
        f"{_PENALTIES} k max_tokens p raw_prompting seed stop_sequences",
    ),
    "GroqLLM": (_SERVED, "max_new_tokens seed stop temperature top_p"),
    "LiteLLM": (
        f"{_CALLS} verbose",
        f"{_PENALTIES} api_base api_key api_version custom_llm_provider force_timeout function_call functions "
        "logit_bias max_tokens metadata mock_response model_list stop top_p user",
    ),
    "OllamaLLM": (f"{_CALLS} {_MAGPIE} follow_redirects host timeout", "format keep_alive options"),
    "VertexAILLM": (_EVERY, "max_output_tokens safety_settings stop_sequences temperature tools top_k top_p"),
    "TransformersLLM": (
        f"{_CALLS} chat_template cuda_devices device device_map disable_cuda_device_placement "
        "magpie_pre_query_template model_kwargs revision tokenizer torch_dtype trust_remote_code use_fast "
        "use_magpie_template",
        "do_sample max_new_tokens repetition_penalty temperature top_k top_p",
    ),
    "LlamaCppLLM": (
        f"{_CALLS} {_MAGPIE} chat_format extra_kwargs n_batch n_ctx n_gpu_layers seed verbose",
        f"{_PENALTIES} extra_generation_kwargs max_new_tokens top_p",
    ),
}


def check_settings(kind: str, arguments: Mapping[str, Any], generation: Mapping[str, Any]) -> None:
    """Refuse what the client of a kind would refuse when it is asked for the first time.

    Args:
        kind: Of the teacher.
        arguments: Of its client.
        generation: Options of each generation.

    Raises:
        BadInput: If a name is unknown to the client, or an address is none.
    """
    accepted, options = ACCEPTED.get(kind, (" ".join(arguments), " ".join(generation)))
    known = arguments if kind == "scripted" else accepted.split()
    faults = [
        *_unknown(kind, "argument", arguments, known),
        *_unknown(kind, "generation option", generation, options.split()),
        *_addresses(arguments.get("base_url")),
    ]
    if faults:
        raise BadInput(" ".join(faults))


def _unknown(kind: str, what: str, given: Mapping[str, Any], accepted: Any) -> Iterator[str]:
    for name in sorted(set(given) - set(accepted)):
        close = get_close_matches(name, accepted, n=1)
        meant = f" (did you mean {close[0]}?)" if close else ""
        yield f"A teacher of kind {kind} has no {what} {name}{meant}; accepted are {', '.join(sorted(accepted))}."


def _addresses(given: Any) -> Iterator[str]:
    for address in given if isinstance(given, list) else [given] * (given is not None):
        try:
            parts = urlsplit(str(address))
            whole = parts.scheme in ("http", "https") and parts.hostname and (parts.port is None or parts.port > 0)
        except ValueError:
            whole = False
        if not whole:
            yield f"base_url {str(address)!r} is no address such as http://localhost:8000/v1."
