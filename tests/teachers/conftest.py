"""A real HTTP server on loopback that speaks OpenAI's chat completions."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

ANSWER = "<think>\nCount the rows of t.\n</think>\n<sql>\nSELECT COUNT(*) FROM t\n</sql>"
# Status, headers and body of an answer to the number-th call (from 1 on) with this body.
# A function in place of the body writes to the connection itself.
Body = dict[str, Any] | Callable[[BaseHTTPRequestHandler], None]
Behaviour = Callable[[int, dict[str, Any]], tuple[int, dict[str, str], Body]]


def reply(
    text: str | None = ANSWER, finish_reason: str = "stop", prompt: int = 100, completion: int = 50, **message: Any
) -> tuple[int, dict[str, str], dict[str, Any]]:
    """A successful chat completion."""
    choice = {
        "index": 0,
        "finish_reason": finish_reason,
        "message": {"role": "assistant", "content": text, **message},
    }
    usage = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
    body = {
        "id": "chat-1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [choice],
        "usage": usage,
    }
    return 200, {}, body


def refusal(status: int, **headers: str) -> tuple[int, dict[str, str], dict[str, Any]]:
    """An error as OpenAI words it."""
    return status, headers, {"error": {"message": f"status {status}", "type": "test", "code": None}}


class _Server(ThreadingHTTPServer):
    request_queue_size = 128  # a burst of connections is not what is tested here

    def handle_error(self, request: object, address: object) -> None:
        pass  # clients that are killed or time out


class ChatServer:
    """Counts calls, and how many ran at the same time; answers as it is told."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self.questions: list[str] = []
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.times: list[float] = []
        self.most_at_once = 0
        self._running = 0
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, body: dict[str, Any]) -> tuple[int, dict[str, str], Body]:
        with self._lock:
            self.questions.append(body["messages"][-1]["content"])
            self.bodies.append(body)
            self.times.append(time.monotonic())
            self._running += 1
            self.most_at_once = max(self.most_at_once, self._running)
            number = len(self.questions)
        try:
            return self.behaviour(number, body)
        finally:
            with self._lock:
                self._running -= 1

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                server.headers.append({name.lower(): value for name, value in self.headers.items()})
                server.paths.append(self.path)
                status, headers, answer = server.answer(body)
                try:
                    if callable(answer):
                        answer(self)
                        return
                    payload = json.dumps(answer).encode()
                    self.send_response(status)
                    for name, value in {**headers, "Content-Type": "application/json"}.items():
                        self.send_header(name.replace("_", "-"), value)
                    self.send_header("Content-Length", str(len(payload)))
                    self.end_headers()
                    self.wfile.write(payload)
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True  # the client was cancelled or killed

            def log_message(self, *args: object) -> None:
                pass

        return Handler


@pytest.fixture
def chat_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Behaviour], ChatServer]]:
    """Starts servers; they stop with the test."""
    monkeypatch.setenv("OPENAI_API_KEY", "not-a-key")
    servers: list[ChatServer] = []

    def start(behaviour: Behaviour) -> ChatServer:
        servers.append(ChatServer(behaviour))
        return servers[-1]

    yield start
    for server in servers:
        server.close()
