"""llama.cpp's own server behind one GGUF file, on loopback: to try an export, or to have a teacher on this machine.

    python -m sqlreason.exports.llama_server student.gguf --port 8080 --context 4096 --slots 2

It runs in a process of its own: where llama.cpp aborts, nothing else ends; its log is kept apart, and its memory is
given back. It speaks OpenAI's protocol under /v1. Whoever sets LLAMA_API_KEY has to show that key in every request.
"""

import argparse
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sqlreason.errors import SqlReasonError

KEY = "LLAMA_API_KEY"
_PATIENCE = 3600.0  # seconds for one answer: a large model on a CPU takes its time


class LlamaCppError(SqlReasonError, RuntimeError):
    """llama.cpp cannot load a GGUF file, or does not do what it was asked for."""


class Refused(LlamaCppError):
    """A running server does not do one thing that it was asked for; the next it may."""


class Server:
    """A running server, spoken to one request after the other.

    Attributes:
        address: As `http://127.0.0.1:PORT`.
        key: That a request has to show.
    """

    def __init__(self, address: str, key: str, complaint: Callable[[], str]):
        """Connect to a server.

        Args:
            address: Where it listens.
            key: That it asks for.
            complaint: Asked for what its log says last, where it does not answer.
        """
        self.address, self.key = address, key
        self._describe_error = complaint
        self._connection = HTTPConnection(urlsplit(address).netloc, timeout=_PATIENCE)

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the server answers to a JSON body.

        Raises:
            Refused: If it answers with an error.
            LlamaCppError: If it has died.
        """
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.key}"}
        try:
            self._connection.request("POST", path, json.dumps(body), headers)
            response = self._connection.getresponse()
            answer = json.loads(response.read())
        except (OSError, HTTPException, ValueError) as error:
            self.close()
            raise LlamaCppError(f"llama.cpp's server gave no answer to {path}: {self._describe_error()}") from error
        if response.status != 200:
            raise Refused(f"llama.cpp refuses {path}: {answer.get('error', {}).get('message', answer)}")
        return dict(answer)

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def tokenize(self, text: str, add_special: bool = False) -> list[int]:
        """Return a text's tokens, special ones recognised, as the server cuts a prompt.

        Args:
            text: Rendered.
            add_special: Whether what the file says about a BOS is done.
        """
        body = {"content": text, "add_special": add_special, "parse_special": True}
        return list(self.post("/tokenize", body)["tokens"])

    def render(self, messages: Sequence[Mapping[str, str]]) -> str:
        """Return a conversation as the chat template that the file holds writes it."""
        return str(self.post("/apply-template", {"messages": [dict(message) for message in messages]})["prompt"])


@contextmanager
def serve(path: Path, *, context: int, slots: int = 1) -> Iterator[Server]:
    """Run a server for as long as the block lasts.

    Args:
        path: The GGUF file.
        context: Tokens of a prompt and its answer, in each slot.
        slots: Requests that are answered at once.

    Raises:
        LlamaCppError: If llama.cpp cannot load the file.
    """
    key = secrets.token_urlsafe(16)
    command = [sys.executable, "-m", __name__, str(path)]
    command += [f"--context={context}", f"--slots={slots}", "--until-input-ends"]
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as log, _start(command, key, log) as process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline().strip()
            if not address:
                raise LlamaCppError(f"llama.cpp cannot load {path.name}: {_complaints(log)[0]}")
            with closing(Server(address, key, lambda: _complaints(log)[-1])) as server:
                yield server
        finally:
            process.kill()


def _start(command: Sequence[str], key: str, log: Any) -> "subprocess.Popen[str]":
    environment = {**os.environ, KEY: key, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, stderr=log, text=True)


def _complaints(log: Any) -> list[str]:
    """What llama.cpp's log complains of, without time and level in front."""
    log.seek(0)
    faults = [line.strip() for line in log if " E " in line or "GGML_ASSERT" in line or "Error" in line]
    return [line.partition(" E ")[2].partition(": ")[2].strip() or line for line in faults] or ["it says nothing"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve a GGUF file until the process is ended."""
    parser = argparse.ArgumentParser(prog="sqlreason.exports.llama_server", description="Serve a GGUF file.")
    parser.add_argument("model", type=Path, help="the GGUF file")
    parser.add_argument("--port", type=int, default=0, help="0, the default, takes a free one")
    parser.add_argument("--context", type=int, default=4096, help="tokens of a prompt and its answer")
    parser.add_argument("--slots", type=int, default=1, help="requests that are answered at once")
    parser.add_argument("--until-input-ends", action="store_true", help="end with whoever holds standard input open")
    given = parser.parse_args(arguments)
    import xllamacpp

    try:
        server = xllamacpp.Server(_parameters(given))
    except RuntimeError as error:  # its own log, above, says why
        sys.exit(f"llama.cpp cannot serve {given.model}: {error}")
    print(server.listening_address, flush=True)
    if given.until_input_ends:
        sys.stdin.read()
    else:
        signal.pause()


def _parameters(given: argparse.Namespace) -> Any:
    import xllamacpp

    threads = int(os.environ.get("OMP_NUM_THREADS", os.cpu_count() or 1))
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(given.model)
    parameters.port = given.port
    parameters.n_ctx, parameters.n_parallel = given.context * given.slots, given.slots
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = threads
    parameters.n_gpu_layers = -1
    parameters.cache_ram_mib = 0  # prompts of the past, for which it would keep 8 GB
    parameters.warmup = parameters.ui = parameters.fit_params = False
    parameters.force_pure_content_parser = True  # an answer as it was written, its <think> included
    parameters.api_keys = [os.environ[KEY]] if os.environ.get(KEY) else []
    return parameters


if __name__ == "__main__":
    main()
