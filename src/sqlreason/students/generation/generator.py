"""One student answers many prompts, in this process or in several.

Several processes pay on a CPU alone: each has a core and a copy of the model, and no thread waits for another.
The batches are the same for any number of processes, and so are the answers.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

from sqlreason.environments.session import SessionFactory, ToolLimits
from sqlreason.sql.verifier import Verifier
from sqlreason.students.checkpoints.adapter import Adapter
from sqlreason.students.checkpoints.chat import Chat, Messages
from sqlreason.students.checkpoints.checkpoint import Checkpoint
from sqlreason.students.checkpoints.tool_chat import ToolChat, with_tools
from sqlreason.students.generation import decoding, episodes

if TYPE_CHECKING:
    from sqlreason.students.generation.decoding import Model

_student: "Student"  # of a worker process


@dataclass(frozen=True)
class Student:
    """A student that is loaded: its model, how it is spoken to, and what opens its episodes if it has tools."""

    model: "Model"
    chat: Chat
    sessions: SessionFactory | None = None

    def write(
        self, conversations: Sequence[Messages], rows: Sequence[Mapping[str, Any]] | None, **options: Any
    ) -> Sequence[decoding.Generation]:
        """Return its answers; `options` are those of `decoding.generate`."""
        if self.sessions is None:
            return decoding.generate(self.model, self.chat, conversations, **options)
        assert isinstance(self.chat, ToolChat) and rows is not None
        return episodes.answer(self.model, self.chat, conversations, rows, self.sessions, **options)


def answer(
    checkpoint: Checkpoint,
    adapter: Adapter | None,
    conversations: Sequence[Messages],
    *,
    dtype: str,
    quantization: str | None,
    batch_size: int,
    processes: int = 1,
    progress: Callable[[int], None] | None = None,
    tools: ToolLimits | None = None,
    rows: Sequence[Mapping[str, Any]] | None = None,
    **sampling: Any,
) -> list[decoding.Generation]:
    """Return the student's completions of one set of prompts; see `Generator` for more than one."""
    with Generator(
        checkpoint, adapter, dtype=dtype, quantization=quantization, batch_size=batch_size, processes=processes,
        tools=tools,
    ) as student:  # fmt: skip
        return student.answer(conversations, progress=progress, rows=rows, **sampling)


class Generator(AbstractContextManager["Generator"]):
    """A student that is loaded at its first question and can be asked again.

    Args:
        checkpoint: The base model.
        adapter: What it was taught; None for the untrained student.
        dtype: One of `checkpoint.DTYPES`.
        quantization: None or "nf4".
        batch_size: Completions in flight in a process.
        processes: How many share the work; no more are started than the first questions have batches.
        tools: Limits of the tools that it may call; None asks it without any.
        verifier: Settings of the workers in which its tools run; None for the usual ones.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        adapter: Adapter | None,
        *,
        dtype: str,
        quantization: str | None,
        batch_size: int,
        processes: int = 1,
        tools: ToolLimits | None = None,
        verifier: Verifier | None = None,
    ) -> None:
        self.checkpoint, self.adapter, self.batch_size, self.processes = checkpoint, adapter, batch_size, processes
        self.tools = tools
        self._loading = (checkpoint, adapter, dtype, quantization, tools, verifier)
        self._loaded: Student | None = None
        self._pool: ProcessPoolExecutor | None = None

    def __exit__(self, *_: object) -> None:
        if self._loaded is not None and self._loaded.sessions is not None:
            self._loaded.sessions.close()
        if self._pool is not None:  # on Ctrl-C, what has not begun need not be written
            self._pool.shutdown(cancel_futures=True)

    def answer(
        self,
        conversations: Sequence[Messages],
        progress: Callable[[int], None] | None = None,
        rows: Sequence[Mapping[str, Any]] | None = None,
        **sampling: Any,
    ) -> list[decoding.Generation]:
        """Return the student's completions, as `generation.generate` orders them.

        Args:
            conversations: Chat messages of each prompt.
            progress: Called with the number of completions of each finished batch.
            rows: What names the database of each prompt, for a student with tools (`SessionFactory.open`).
            sampling: max_new_tokens, temperature, samples and seed of `generation.generate`.

        Raises:
            AdapterError: If the adapter belongs to another base model.
            BrokenProcessPool: If a process was killed from outside, for its memory for example.
        """
        if not conversations:
            return []
        if self.processes == 1:
            self._loaded = self._loaded or _load(*self._loading)
            written = self._loaded.write(conversations, rows, batch_size=self.batch_size, progress=progress, **sampling)
            return list(written)
        seed = sampling.pop("seed", 0)
        chat = self.checkpoint.load_chat()
        prompts = [chat.prompt_ids(messages) for messages in conversations]
        batches = decoding.batches(prompts, self.batch_size, sampling.get("samples", 1))
        sharing = min(self.processes, len(batches))
        pool = self._pool = self._pool or ProcessPoolExecutor(sharing, get_context("spawn"), _work_for, self._loading)
        jobs = {
            pool.submit(
                _answer_batch,
                [conversations[i] for i in chosen],
                rows and [rows[i] for i in chosen],
                self.batch_size,
                seed + start,
                sampling,
            ): chosen
            for start, chosen in batches
        }
        answers: dict[int, list[decoding.Generation]] = {}
        for job in as_completed(jobs):
            answers |= dict(zip(jobs[job], job.result(), strict=True))
            if progress is not None:
                progress(sum(len(answers[i]) for i in jobs[job]))
        ordered = [completion for i in range(len(conversations)) for completion in answers[i]]
        # processes write side by side, and a machine is billed by its hours, not by those of its processes
        return [replace(completion, seconds=completion.seconds / sharing) for completion in ordered]


def _load(
    checkpoint: Checkpoint,
    adapter: Adapter | None,
    dtype: str,
    quantization: str | None,
    tools: ToolLimits | None,
    verifier: Verifier | None,
) -> Student:
    bare, chat = checkpoint.load_model(dtype, quantization=quantization), checkpoint.load_chat()
    model = adapter.apply(bare) if adapter is not None else bare
    if tools is None:
        return Student(model, chat)
    return Student(model, with_tools(chat), SessionFactory(limits=tools, verifier=verifier))


def _work_for(*loading: Any) -> None:
    """What a worker process begins with."""
    global _student
    _student = _load(*loading)


def _answer_batch(
    conversations: Sequence[Messages],
    rows: Sequence[Mapping[str, Any]] | None,
    batch_size: int,
    seed: int,
    sampling: dict[str, Any],
) -> list[list[decoding.Generation]]:
    written = list(_student.write(conversations, rows, batch_size=batch_size, seed=seed, **sampling))
    samples = len(written) // len(conversations)
    return [written[start : start + samples] for start in range(0, len(written), samples)]
