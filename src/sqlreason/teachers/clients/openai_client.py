"""OpenAI's client at half the computing time of a call: the same bytes on the wire, fewer detours on the way there.

Measured with 64 calls in flight (`benchmarks/distillation.py`), two thirds of a call's computing time went into two
things. httpx looks at every open connection before each request: aiohttp, which the client supports by itself,
does not. And the body is compared with the types of all messages that exist, to rename fields which a plain chat
message does not have: the body is posted as it is.
"""

from collections.abc import Mapping
from typing import Any


async def lighten(client: Any) -> Any:
    """Return the client with these two detours cut off; any other provider's client as it is.

    Args:
        client: A loaded LLM's client. A client that `instructor` has wrapped (structured output) is none of OpenAI's.
    """
    from openai import AsyncOpenAI, DefaultAioHttpClient

    if not isinstance(client, AsyncOpenAI):
        return client
    light = client.with_options(http_client=DefaultAioHttpClient(base_url=client.base_url, timeout=client.timeout))
    await client.close()
    light.chat.completions.create = _posting(light)
    return light


def _posting(client: Any) -> Any:
    """`chat.completions.create` for arguments that are JSON already, by the client's own way to post a body."""
    from openai.types.chat import ChatCompletion

    async def create(*, extra_body: Mapping[str, Any] | None = None, **body: Any) -> ChatCompletion:
        options = {"security": {"bearer_auth": True}, **({"extra_json": extra_body} if extra_body else {})}
        completion: ChatCompletion = await client.post(
            "/chat/completions", cast_to=ChatCompletion, body=body, options=options
        )
        return completion

    return create
