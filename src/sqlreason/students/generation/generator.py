"""One student answers many prompts, in this process or in several.

Several processes pay on a CPU alone: each has a core and a copy of the model, and no thread waits for another.
The batches are the same for any number of processes, and so are the answers.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sqlreason.environments.session import SessionFactory, ToolLimits
from sqlreason.sql.verifier import Verifier
from sqlreason.sql.worker_processes import make_pool
from sqlreason.students.checkpoints.adapter import Adapter
from sqlreason.students.checkpoints.chat import Chat, Messages
from sqlreason.students.checkpoints.checkpoint import Checkpoint, release_memory
from sqlreason.students.checkpoints.tool_chat import ToolChat, with_tools
from sqlreason.students.generation import decoding, episodes
from sqlreason.students.generation.answer_store import AnswerStore

if TYPE_CHECKING:
    from sqlreason.students.generation.decoding import Model

logger = logging.getLogger(__name__)

#: The completions of each prompt of a batch.
Written = list[list[decoding.Generation]]

_student: "Student"  # of a worker process


@dataclass(frozen=True)
class _Batch:
    """Prompts that are answered at once: their places among all, what names their databases, the seed of the draws."""

    places: tuple[int, ...]
    conversations: Sequence[Messages]
    rows: Sequence[Mapping[str, Any]] | None
    seed: int


@dataclass(frozen=True)
class Student:
    """A student that is loaded: its model, how it is spoken to, and what opens its episodes if it has tools."""

    model: "Model"
    chat: Chat
    sessions: SessionFactory | None = None

    def write_batch(self, batch: _Batch, batch_size: int, sampling: dict[str, Any]) -> Written:
        """Return its answers to each prompt of a batch; `sampling` holds options of `decoding.generate`."""
        options = {**sampling, "batch_size": batch_size, "seed": batch.seed}
        written: Sequence[decoding.Generation]
        if self.sessions is None:
            written = decoding.generate(self.model, self.chat, batch.conversations, **options)
        else:
            assert isinstance(self.chat, ToolChat) and batch.rows is not None
            written = episodes.answer(self.model, self.chat, batch.conversations, batch.rows, self.sessions, **options)
        samples = sampling.get("samples", 1)
        return [list(written[start : start + samples]) for start in range(0, len(written), samples)]


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
    kept: AnswerStore | None = None,
    **sampling: Any,
) -> list[decoding.Generation]:
    """Return the student's completions of one set of prompts; see `Generator` for more than one."""
    with Generator(
        checkpoint, adapter, dtype=dtype, quantization=quantization, batch_size=batch_size, processes=processes,
        tools=tools, kept=kept,
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
        processes: How many share the work; no more are started than there are batches.
        tools: Limits of the tools that it may call; None asks it without any.
        verifier: Settings of the workers in which its tools run; None for the usual ones.
        kept: Where finished batches outlast a kill; None for nowhere.
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
        kept: AnswerStore | None = None,
    ) -> None:
        self.checkpoint, self.adapter, self.batch_size, self.processes = checkpoint, adapter, batch_size, processes
        self.tools, self.kept = tools, kept
        self._loading = (checkpoint, adapter, dtype, quantization, tools, verifier)
        self._loaded: Student | None = None
        self._pool: ProcessPoolExecutor | None = None
        _warn_of_other_weights(adapter, quantization)

    def __exit__(self, *_: object) -> None:
        if self._loaded is not None and self._loaded.sessions is not None:
            self._loaded.sessions.close()
        if self._pool is not None:  # on Ctrl-C, what has not begun need not be written
            self._pool.shutdown(cancel_futures=True)
        if self._loaded is not None:
            self._loaded = None
            release_memory()

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
        seed = sampling.pop("seed", 0)
        prompts = [self._chat.prompt_ids(messages) for messages in conversations]
        batches = [
            _Batch(tuple(chosen), [conversations[i] for i in chosen], rows and [rows[i] for i in chosen], seed + start)
            for start, chosen in decoding.batches(prompts, self.batch_size, sampling.get("samples", 1))
        ]
        answers: dict[int, list[decoding.Generation]] = {}
        for batch, written in self._write(batches, sampling):
            answers |= dict(zip(batch.places, written, strict=True))
            if progress is not None:
                progress(sum(map(len, written)))
        return [completion for i in range(len(conversations)) for completion in answers[i]]

    @cached_property
    def _chat(self) -> Chat:
        """By which batches are made: without tools, and the same for any number of processes."""
        return self.checkpoint.load_chat()

    def _write(self, batches: Sequence["_Batch"], sampling: dict[str, Any]) -> Iterator[tuple["_Batch", Written]]:
        """Yield each batch with its answers as they come: those that are kept at once, then what has to be written."""
        missing = []
        for batch in batches:
            found = self.kept and self.kept.find(self._facts(batch, sampling))
            if found:
                yield batch, found
            else:
                missing.append(batch)
        written = self._write_here(missing, sampling) if self.processes == 1 else self._share(missing, sampling)
        for batch, answers in written:
            if self.kept:
                self.kept.keep(self._facts(batch, sampling), answers)
            yield batch, answers

    def _facts(self, batch: "_Batch", sampling: dict[str, Any]) -> dict[str, Any]:
        """All that the answers of a batch depend on."""
        _, _, dtype, quantization, tools, _ = self._loading
        return {
            "base": self.checkpoint.identity,
            "template": [dict(self.checkpoint.template_arguments), self.checkpoint.plain_template],
            "adapter": self.adapter and self.adapter.digest,
            "dtype": dtype,
            "quantization": quantization,
            "tools": tools and asdict(tools),
            "batch_size": self.batch_size,
            **sampling,
            "seed": batch.seed,
            "asked": batch.conversations,
            "rows": batch.rows,
        }

    def _write_here(self, batches: Sequence["_Batch"], sampling: dict[str, Any]) -> Iterator[tuple["_Batch", Written]]:
        for batch in batches:
            self._loaded = self._loaded or _load(*self._loading)
            yield batch, self._loaded.write_batch(batch, self.batch_size, sampling)

    def _share(self, batches: Sequence["_Batch"], sampling: dict[str, Any]) -> Iterator[tuple["_Batch", Written]]:
        if not batches:
            return
        sharing = min(self.processes, len(batches))
        pool = self._pool = self._pool or make_pool(self.processes, _work_for, self.processes, *self._loading)
        jobs = {pool.submit(_write_batch, batch, self.batch_size, sampling): batch for batch in batches}
        for job in as_completed(jobs):
            # processes write side by side, and a machine is billed by its hours, not by those of its processes
            answers = [
                [replace(completion, seconds=completion.seconds / sharing) for completion in samples]
                for samples in job.result()
            ]
            yield jobs[job], answers


def _warn_of_other_weights(adapter: Adapter | None, quantization: str | None) -> None:
    """Say that an adapter is put on weights of another precision than those that it was trained on."""
    trained = adapter.facts.get("options", {}).get("quantization", quantization) if adapter else quantization
    if trained != quantization:
        logger.warning(
            "the adapter was trained with student.quantization=%s and is asked with %s, which costs right answers "
            "(docs/smol.md): ask it as it was trained, or train it so",
            *("null" if kind is None else kind for kind in (trained, quantization)),
        )


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


def _work_for(processes: int, *loading: Any) -> None:
    """What a worker process begins with: its share of the threads, and the student."""
    import torch

    global _student
    torch.set_num_threads(max(1, torch.get_num_threads() // processes))
    _student = _load(*loading)


def _write_batch(batch: _Batch, batch_size: int, sampling: dict[str, Any]) -> Written:
    return _student.write_batch(batch, batch_size, sampling)
