"""A pool of workers: hands out jobs, blames exactly one candidate for a hang, replaces the dead."""

from __future__ import annotations

import os
import selectors
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlreason.sql.database_files import DatabaseFile
from sqlreason.sql.sandbox.forks import BOOT, starter
from sqlreason.sql.sandbox.named_server import reachable
from sqlreason.sql.sandbox.process import WorkerDied, WorkerError, WorkerProcess
from sqlreason.sql.sandbox.worker.protocol import RUNS_A_TIMING
from sqlreason.sql.verdicts import Limits

#: By this signal the kernel ends a process that has used up its CPU time (SIGXCPU, which Windows lacks).
_CPU_IS_USED_UP = 24
#: So many workers may fail to start in a row before that is taken for a broken installation.
_STARTS = 3


#: What tells workers apart: the engine, and the database files that they hold open.
Kind = tuple[str, tuple[DatabaseFile, ...]]


@dataclass(eq=False)
class Job:
    """One request and what is known of its outcome.

    Attributes:
        engine: Which kind of worker serves it.
        op: "judge", "run", "group", "trial", "describe" or "time".
        body: The request's fields apart from the task and what is to be skipped.
        size: How many candidates it has.
        key: The task's key; "" if the task travels with the request.
        task: The task's fields, sent to a worker that does not know the key.
        verdicts: Verdicts, of "run" results, by index, as they arrive.
        failures: Candidates that hung ("timeout") or crashed ("crash") their worker.
        reply: The last message.
        failure: What became of the gold or the whole job: status and reason.
        files: The database files that it needs; only a worker that has opened them serves it.
    """

    engine: str
    op: str
    body: dict[str, Any]
    size: int
    key: str = ""
    task: dict[str, Any] | None = None
    verdicts: dict[int, list[Any]] = field(default_factory=dict)
    failures: dict[int, str] = field(default_factory=dict)
    reply: dict[str, Any] = field(default_factory=dict)
    failure: tuple[str, str] | None = None
    accidents: set[int] = field(default_factory=set)
    files: tuple[DatabaseFile, ...] = ()

    @property
    def kind(self) -> Kind:
        """The kind of worker that serves it."""
        return self.engine, self.files

    def message(self, known: set[str], limits: Limits) -> dict[str, Any]:
        """The request as it is sent, with the task where the worker needs it."""
        skip = [*self.verdicts, *self.failures]
        task = {} if self.op in _WITHOUT_TASK else {"task": None if self.key in known else self.task}
        seconds = self.cpu_seconds(limits)
        return {"op": self.op, **self.body, **task, "key": self.key, "skip": skip, "cpu_seconds": seconds}

    def cpu_seconds(self, limits: Limits) -> float:
        """After how much computing the kernel ends the job, were it never looked at; all of its steps fit in."""
        runs = RUNS_A_TIMING if self.op == "time" else 1
        golds = len((self.task or {}).get("databases", ()))
        step = max(limits.hard_seconds, Limits.hard_seconds)
        return step * (_SPARE + golds + _A_CANDIDATE * self.size * runs)

    def take(self, message: dict[str, Any]) -> bool:
        """Notes a message; returns whether the job is done."""
        self.verdicts.update({index: verdict for index, verdict in message.get("verdicts", ())})
        if "gold_error" in message:
            status, reason = message["gold_error"]
            self.failure = (status, reason)
        self.reply = message
        return bool(message["done"])

    def blame(self, index: int, status: str, reason: str, chance: bool) -> bool:
        """Notes that a step hung or crashed its worker, perhaps by chance; returns whether the job is thereby done."""
        if index not in self.accidents and (chance or index < 0):
            self.accidents.add(index)  # it may be the machine's fault: one more try
            return False
        if index < 0:
            self.failure = (status, reason)
            return True
        self.failures[index] = status
        return False


#: What a job may compute beside its golds, and for each candidate, in times of one step: by default 60 s and 4 s.
_SPARE, _A_CANDIDATE = 40.0, 8.0 / 3.0
#: Requests that no gold belongs to.
_WITHOUT_TASK = ("run", "group", "describe", "time")
#: So many jobs lie in a worker's pipe behind the one at work: on busy cores we are woken some of them late.
_AHEAD = 4
#: Idle workers with database files that are kept beside the others, over all kinds.
_IDLE_WITH_FILES = 24
#: Jobs that wait for a worker, by its kind.
Queues = dict[Kind, deque[Job]]


class Pool:
    """Workers of each kind, started when first needed.

    Args:
        size: Workers of a kind at most.
        limits: Bounds of one candidate.
        server: URL of the server of "postgres" workers.
    """

    def __init__(self, size: int, limits: Limits, server: str = "") -> None:
        self._size, self._limits, self._server = max(1, size), limits, server
        self._idle: dict[Kind, list[WorkerProcess]] = {}
        self._busy: dict[WorkerProcess, deque[Job]] = {}  # the job at work, and those sent ahead
        self._starter = starter()
        self._selector = selectors.DefaultSelector()
        self._lock = threading.RLock()
        self._owner = os.getpid()
        self._failed_starts = 0
        self._seconds = 0.0
        self._counts: Counter[str] = Counter()

    @property
    def pids(self) -> list[int]:
        """Process ids of the living workers."""
        return [worker.pid for group in self._idle.values() for worker in group] + [w.pid for w in self._busy]

    def stats(self) -> dict[str, Any]:
        """Workers `started`, `killed` by us, `died` by themselves; their `guards`, `libraries` and `seconds` so far."""
        workers = [*(w for group in self._idle.values() for w in group), *self._busy]
        guards = sorted({guard for worker in workers for guard in worker.guards})
        counts = {name: self._counts[name] for name in ("started", "killed", "died")}
        libraries = sorted({worker.library for worker in workers if worker.library})
        return {**counts, "seconds": self._seconds, "guards": guards, "libraries": libraries}

    def work(self, jobs: Iterable[Job], done: Callable[[Job], None] | None = None) -> None:
        """Run all jobs; each ends with its verdicts, its reply or its failure filled in.

        Args:
            jobs: Taken as workers become free, so that making the next one costs time in which the others work.
            done: Called with each job that ended.
        """
        with self._lock:
            self._leave_the_parents_workers()
            waiting, coming, started = Queues(), iter(jobs), time.monotonic()
            try:
                while self._assign(waiting, coming):
                    for job in self._serve(waiting):
                        if done is not None:
                            done(job)
            except BaseException:  # Ctrl-C in the middle: what the workers still send belongs to nobody
                self.close()
                raise
            finally:
                self._seconds += time.monotonic() - started

    def _leave_the_parents_workers(self) -> None:
        """In a forked child the workers are the parent's; this process starts its own."""
        if self._owner != os.getpid():
            for worker in [*self._busy, *(w for group in self._idle.values() for w in group)]:
                worker.forget()
            self._starter.close(ours=False)
            self._idle, self._busy, self._owner = {}, {}, os.getpid()
            self._starter, self._selector = starter(), selectors.DefaultSelector()

    def _assign(self, waiting: Queues, coming: Iterator[Job]) -> bool:
        """Give jobs to workers; returns whether there is anything to wait for."""
        self._hand_out(waiting)
        while sum(map(len, waiting.values())) < 2 * self._size and (job := next(coming, None)) is not None:
            waiting.setdefault(job.kind, deque()).append(job)
            self._hand_out(waiting)
        return bool(self._busy)

    def _hand_out(self, waiting: Queues) -> None:
        """Give jobs to free workers, and some ahead to busy ones, so that they do not wait for us between two.

        A job behind another cannot be had back; enough are kept for the other workers to go on.
        """
        for kind, queue in waiting.items():
            while queue and (worker := self._free_worker(kind)) is not None:
                self._send(worker, queue.popleft())
            while len(queue) >= self._size and (worker := self._eager_worker(kind)) is not None:
                if not self._send_ahead(worker, queue[0]):
                    break
                queue.popleft()

    def _eager_worker(self, kind: Kind) -> WorkerProcess | None:
        jobs = self._busy.items()
        able = [(len(own), w) for w, own in jobs if w.kind == kind and w.ready and len(own) <= _AHEAD]
        return min(able, key=lambda pair: pair[0], default=(0, None))[1]

    def _free_worker(self, kind: Kind) -> WorkerProcess | None:
        idle = self._idle.get(kind)
        if not idle and sum(worker.engine == kind[0] for worker in self._busy) >= self._size:
            return None
        return idle.pop() if idle else self._new_worker(kind)

    def _new_worker(self, kind: Kind) -> WorkerProcess:
        self._make_room()
        self._counts["started"] += 1
        engine, files = kind
        server = reachable(self._server) if engine == "postgres" else ""
        worker = WorkerProcess(engine, self._limits, self._starter, server, files)
        self._selector.register(worker, selectors.EVENT_READ)
        return worker

    def _make_room(self) -> None:
        """End the idle workers whose files were asked for longest ago, where there are too many of them."""
        kinds = [kind for kind, idle in self._idle.items() for _ in idle if kind[1]]
        for kind in kinds[: max(0, len(kinds) - _IDLE_WITH_FILES)]:
            self._dismiss(self._idle[kind].pop(0))
        self._idle = {kind: idle for kind, idle in self._idle.items() if idle}

    def _dismiss(self, worker: WorkerProcess) -> None:
        self._selector.unregister(worker)
        worker.close()

    def _send(self, worker: WorkerProcess, job: Job) -> None:
        """Send a job to a free worker; one that died while idle is replaced."""
        try:
            worker.send(job.message(worker.known, self._limits))
        except WorkerDied:
            self._counts["died"] += 1
            self._dismiss(worker)
            worker = self._new_worker(job.kind)
            worker.send(job.message(worker.known, self._limits))
        self._busy[worker] = deque([job])

    def _send_ahead(self, worker: WorkerProcess, job: Job) -> bool:
        """Send a job to a busy worker, unless it is too long, or the worker is gone, which reading it will show."""
        sent = worker.send(job.message(worker.known, self._limits))
        if sent:
            self._busy[worker].append(job)
        return sent

    def _serve(self, waiting: Queues) -> list[Job]:
        """Wait for news from any busy worker, or for the first deadline, and return the jobs that ended."""
        finished = []
        patience = min((worker.seconds_left for worker in self._busy), default=0.0)
        readable: set[Any] = {key.fileobj for key, _ in self._selector.select(0.001 + max(patience, 0.0))}
        for worker in readable - set(self._busy):  # idle, and with nothing to say: it has ended
            self._idle[worker.kind].remove(worker)
            self._counts["died"] += 1
            self._dismiss(worker)
        for worker in list(self._busy):
            if worker in readable:
                finished += self._read(worker, waiting)
            elif worker.seconds_left < 0:
                finished += self._punish(worker, waiting)
        return finished

    def _read(self, worker: WorkerProcess, waiting: Queues) -> list[Job]:
        try:
            messages = worker.receive()
        except WorkerDied as death:
            self._counts["died"] += 1
            self._check_start(worker)
            status = "timeout" if death.signal == _CPU_IS_USED_UP else "crash"
            reason = f"its worker ended by signal {death.signal}"
            return self._blame(worker, waiting, status, reason, chance=status == "crash")
        jobs = self._busy[worker]
        ended = [jobs.popleft() for message in messages if jobs[0].take(message)]
        if not jobs:
            del self._busy[worker]
            if worker.opened_all:
                self._idle[worker.kind] = [*self._idle.pop(worker.kind, []), worker]  # behind the others: the last used
            else:
                self._dismiss(worker)
        return [job for job in ended if self._is_finished(worker, job, waiting)]

    def _check_start(self, worker: WorkerProcess) -> None:
        """A worker that dies before it is up says something about the machine, or its files, not about a candidate."""
        self._failed_starts = 0 if worker.ready or worker.kind[1] else self._failed_starts + 1
        if self._failed_starts == _STARTS:
            self._failed_starts = 0
            given = f"{_STARTS} {worker.engine} workers in a row ended before they were ready"
            raise WorkerError(f"{given}; see why: python -I -S {BOOT} (with its arguments)")

    def _is_finished(self, worker: WorkerProcess, job: Job, waiting: Queues) -> bool:
        """Whether an answered job is done; if the worker has forgotten its task, it is sent once more."""
        if job.reply.get("unknown"):
            worker.known.discard(job.key)
            waiting.setdefault(job.kind, deque()).appendleft(job)
            return False
        if job.key:
            worker.known.add(job.key)
        return True

    def _punish(self, worker: WorkerProcess, waiting: Queues) -> list[Job]:
        self._counts["killed"] += 1
        reason = f"its worker was killed after {self._limits.hard_seconds} s"
        return self._blame(worker, waiting, "timeout", reason, chance=worker.sleeps)

    def _blame(self, worker: WorkerProcess, waiting: Queues, status: str, reason: str, chance: bool) -> list[Job]:
        """Replace a worker; the step at work is to blame, a job that was sent ahead is not."""
        index = worker.step
        self._dismiss(worker)
        job, *ahead = self._busy.pop(worker)
        done = job.blame(index, status, reason, chance)
        waiting.setdefault(job.kind, deque()).extendleft(reversed(ahead if done else [job, *ahead]))
        return [job] if done else []

    def close(self) -> None:
        """End all workers."""
        with self._lock:
            if self._owner == os.getpid():
                for worker in [*self._busy, *(w for group in self._idle.values() for w in group)]:
                    worker.close()
                self._starter.close()
            self._selector.close()
            self._selector = selectors.DefaultSelector()
            self._idle, self._busy = {}, {}
