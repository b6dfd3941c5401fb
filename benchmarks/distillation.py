"""Rows a second of our asking and of distilabel's own Pipeline, on the same loopback server with a fixed latency.

    python benchmarks/distillation.py --rows 400 --concurrency 64

Each side runs in a process of its own, so that start-up (from `python` to the server's first call), computing time and
peak memory are its own. The server's limit is concurrency / latency. Computing time (`cpu_s`, its children's included)
says on a busy machine what the clock cannot; `--rows 64` is little more than starting up.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time

ANSWER = {"role": "assistant", "content": "<think>\nCount.\n</think>\n<sql>\nSELECT COUNT(*) FROM t\n</sql>"}
BODY = {
    "id": "chat-1", "object": "chat.completion", "created": 1, "model": "m",
    "choices": [{"index": 0, "finish_reason": "stop", "message": ANSWER}],
    "usage": {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150},
}  # fmt: skip

OURS = """
import json, sys
from sqlreason.teachers.asking import Request, ask
from sqlreason.teachers.journal.journal import Journal
from sqlreason.teachers.teacher import Teacher
url, rows, concurrency, folder = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
prompts = [Request(str(n), json.dumps([{"role": "user", "content": f"Question {n}"}])) for n in range(rows)]
teacher = Teacher("OpenAILLM", "m", {"base_url": url}, {"max_new_tokens": 50})
with Journal(folder + "/journal.sqlite") as journal:
    done = ask(teacher, prompts, journal, concurrency=concurrency, progress=lambda _: None)
print(sum(c.status == "ok" for c in done))
"""
THEIRS = """
import sys
from distilabel.models.llms import OpenAILLM
from distilabel.pipeline import Pipeline
from distilabel.steps import LoadDataFromDicts
from distilabel.steps.tasks import TextGeneration
url, rows, concurrency, folder = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
if __name__ == "__main__":
    with Pipeline("benchmark", cache_dir=folder) as pipeline:
        load = LoadDataFromDicts(data=[{"instruction": f"Question {n}"} for n in range(rows)], batch_size=concurrency)
        llm = OpenAILLM(model="m", base_url=url, generation_kwargs={"max_new_tokens": 50})
        load >> TextGeneration(llm=llm, input_batch_size=concurrency)
    done = pipeline.run(use_cache=False)["default"]["train"]
    print(sum(text is not None for text in done["generation"]))
"""


def serve(latency: float, port: "multiprocessing.Value", marks: "multiprocessing.Array") -> None:
    """Answers chat completions after a fixed time; `marks` holds the first call, the last answer and their number."""
    payload = json.dumps(BODY).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(payload)}\r\n\r\n".encode()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head_read := await reader.readuntil(b"\r\n\r\n"):
                lines = head_read.decode().lower().split("\r\n")
                length = next(int(line.split(":")[1]) for line in lines if line.startswith("content-length"))
                await reader.readexactly(length)
                marks[0] = marks[0] or time.monotonic()
                await asyncio.sleep(latency)
                writer.write(head + payload)
                await writer.drain()
                marks[1], marks[2] = time.monotonic(), marks[2] + 1
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def main() -> None:
        server = await asyncio.start_server(handle, "127.0.0.1", 0, backlog=512)
        port.value = server.sockets[0].getsockname()[1]
        await server.serve_forever()

    asyncio.run(main())


def measure(name: str, code: str, rows: int, concurrency: int, latency: float, limit: float) -> dict[str, object]:
    """Runs one side against a fresh server and returns its figures."""
    port, marks = multiprocessing.Value("i", 0), multiprocessing.Array("d", 3)
    server = multiprocessing.Process(target=serve, args=(latency, port, marks), daemon=True)
    server.start()
    while not port.value:
        time.sleep(0.01)
    with tempfile.TemporaryDirectory() as folder:
        script = os.path.join(folder, "side.py")
        with open(script, "w", encoding="utf-8") as file:
            file.write(code)
        started = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, script, f"http://127.0.0.1:{port.value}/v1", str(rows), str(concurrency), folder],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True,
            env={**os.environ, "OPENAI_API_KEY": "none", "HF_HUB_OFFLINE": "1"},
        )  # fmt: skip
        watch = threading.Timer(limit, os.killpg, (process.pid, signal.SIGKILL))
        watch.start()
        printed = process.stdout.read().strip().splitlines()  # type: ignore[union-attr]
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        watch.cancel()
        whole = time.monotonic() - started
    server.terminate()
    asking = marks[1] - marks[0]
    return {
        "side": name, "calls": int(marks[2]),
        "answered": printed[-1] if printed else f"ended with {process.returncode}",
        "start_up_s": round(marks[0] - started, 1), "asking_s": round(asking, 2), "whole_s": round(whole, 1),
        "rows_per_s": round(marks[2] / asking, 1) if asking > 0 else 0.0,
        "share_of_limit": round(marks[2] / asking / (concurrency / latency), 3) if asking > 0 else 0.0,
        "cpu_s": round(used.ru_utime + used.ru_stime, 2), "peak_mb": used.ru_maxrss // 1024,
    }  # fmt: skip


def main() -> None:
    """Measures both sides and prints one line of JSON each, and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=400)
    parser.add_argument("--concurrency", type=int, default=64)
    parser.add_argument("--latency", type=float, default=0.2, help="seconds")
    parser.add_argument("--limit", type=float, default=300.0, help="seconds after which a side is killed")
    given = parser.parse_args()
    terms = (given.rows, given.concurrency, given.latency, given.limit)
    sides = [measure("ours", OURS, *terms), measure("distilabel Pipeline", THEIRS, *terms)]
    for side in sides:
        sys.stdout.write(json.dumps(side) + "\n")
    ratio = sides[0]["rows_per_s"] / max(sides[1]["rows_per_s"], 1e-9)  # type: ignore[operator]
    sys.stdout.write(json.dumps({"ratio_of_rows_per_s": round(ratio, 2)}) + "\n")


if __name__ == "__main__":
    main()
