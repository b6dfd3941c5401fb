"""What goes wrong around a query: workers that hang, die or are stopped, a fork server and a parent that are killed."""

import gc
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from sqlreason.sql.sandbox import forks, pool
from sqlreason.sql.sandbox.process import WorkerDied
from sqlreason.sql.sandbox.process import _computed as computed
from sqlreason.sql.verifier import Limits, Task, Verifier

USERS = (
    "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, age INT);"
    "INSERT INTO users VALUES (1, 'Ann', 30), (2, 'Bob', 40), (3, 'Cy', 40);"
)
TASK = Task("1", "SELECT name FROM users WHERE age > 35", (USERS, USERS.replace("'Ann', 30", "'Ann', 50")))
SLOW = "SELECT COUNT(*) FROM " + ", ".join(f"users u{i}" for i in range(14))
STUCK = "SELECT 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!' REGEXP '^(a+)+$'"
ENDLESS = "WITH RECURSIVE n(x) AS (SELECT age FROM users UNION ALL SELECT x FROM n) SELECT COUNT(*) FROM n"
PATIENT = Limits(soft_seconds=10, hard_seconds=20)


def right(n):
    return [f"{TASK.gold} AND {i} = {i}" for i in range(n)]


def lives(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until_gone(*pids):
    end = time.monotonic() + 5
    while any(map(lives, pids)):
        assert time.monotonic() < end, f"{[pid for pid in pids if lives(pid)]} live on"
        time.sleep(0.05)


def kill_at_step(verifier, step, pid, by=signal.SIGKILL):
    """Sends a process a signal as soon as the verifier's worker is at work on that candidate."""
    while not any(worker.step == step for worker in list(verifier._pool._busy)):
        time.sleep(0.002)
    os.kill(pid, by)


def test_every_stuck_candidate_is_blamed_and_no_other(seconds=0.4):
    with Verifier(workers=2, limits=Limits(soft_seconds=0.2, hard_seconds=seconds)) as both:
        candidates = [text for pair in zip(right(3), [f"{STUCK}, {i}" for i in range(3)], strict=True) for text in pair]
        groups = both.verify_batch([(TASK, candidates), (TASK, [f"{text} AND 7 = 7" for text in right(9)])])
        assert [v.status for v in groups[0]] == ["match", "timeout"] * 3
        assert all(v.agrees for v in groups[1])
        assert both.stats()["killed"] >= 3 and both.stats()["verdicts"] == {"match": 12, "timeout": 3}


def test_a_worker_that_is_stopped_is_replaced():
    with Verifier(limits=Limits(soft_seconds=0.3, hard_seconds=0.6)) as one:
        one.verify(TASK, ["SELECT 1"])
        os.kill(one._pool.pids[0], signal.SIGSTOP)
        assert all(v.agrees for v in one.verify(TASK, right(3)))
        assert one.stats()["killed"] == 1


@pytest.mark.parametrize("victim", ["worker", "fork server"])
def test_a_kill_from_outside_changes_no_verdict(victim):
    with Verifier(limits=Limits(soft_seconds=2, hard_seconds=20)) as one:  # two seconds in which the kill must fall
        one.verify(TASK, ["SELECT 1"])
        pid = one._pool.pids[0] if victim == "worker" else one._pool._starter.pid
        killer = threading.Thread(target=kill_at_step, args=(one, 3, pid))
        killer.start()
        verdicts = one.verify(TASK, [*right(3), ENDLESS])
        killer.join()
        assert [v.status for v in verdicts] == ["match", "match", "match", "timeout"]
        assert one.stats()["died"] == 1 and one.stats()["killed"] == 0


@pytest.mark.parametrize("victim", ["worker", "fork server"])
def test_a_kill_between_two_calls_changes_no_verdict(victim):
    with Verifier(limits=PATIENT) as one:
        one.verify(TASK, ["SELECT 1"])
        workers = one._pool.pids
        os.kill(workers[0] if victim == "worker" else one._pool._starter.pid, signal.SIGKILL)
        time.sleep(0.1)
        assert all(v.agrees for v in one.verify(TASK, right(3)))
        assert one._pool.pids != workers


@pytest.fixture
def busy():
    """A processor on which five processes compute all the time; called with a process id it moves that one there."""
    (processor, *_) = os.sched_getaffinity(0)
    hogs = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(5)]
    for hog in hogs:
        os.sched_setaffinity(hog.pid, {processor})
    yield lambda pid: os.sched_setaffinity(pid, {processor})
    for hog in hogs:
        hog.kill()
        hog.wait()


COUNTS = {
    "sqlite": "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT {}) SELECT COUNT(*) FROM n",
    "duckdb": "SELECT COUNT(*) FROM range({}) WHERE md5(range::VARCHAR) < 'g'",
}


def spent(verifier, task, candidate, pids):
    """The candidate's verdict, the CPU seconds that the processes took for it, and the seconds by the wall."""
    before, started = sum(map(computed, pids)), time.monotonic()
    (verdict,) = verifier.verify(task, [candidate])
    return verdict, sum(map(computed, pids)) - before, time.monotonic() - started


def rows_worth(seconds, run):
    """How many rows compute for so long, by a probe in which nothing but the rows counts."""
    rows, used = 20_000, 0.0
    while used < seconds / 2:
        rows *= 2
        _, used, _ = run(rows)
    return int(rows * seconds / used)


def judge_while_it_waits(run, rows, limit, promised):
    """Asserts that the wall stops no candidate; ends with one that is judged after longer by it than the limit.

    How much of the processor a machine gives beside the hogs is its own affair: what computes for longer is tried until
    one has waited enough, and where none has the machine cannot try this.

    Args:
        run: Judges a candidate of so many rows, as `spent`.
        rows: Of the first.
        limit: In seconds.
        promised: What computes for less than this share of the limit is judged in any case.
    """
    for _ in range(20):
        verdict, used, passed = run(rows)
        assert verdict.agrees or used >= promised * limit, (verdict, used, passed)
        if verdict.agrees and passed > limit:
            return
        rows = int(rows * (1.3 if used < promised * limit else 0.7))
    pytest.skip("this machine gave the processor whenever it was asked for")


@pytest.mark.parametrize("engine", ["sqlite", "duckdb"])
def test_a_busy_machine_changes_no_verdict(engine, busy):
    """A candidate that computes for less than the limit is judged, however long it takes by the wall."""
    limits = Limits(soft_seconds=0.4, hard_seconds=2.0)
    task = Task("", "SELECT 1 FROM users", (USERS,), engine)
    heavy = f"SELECT CASE WHEN ({COUNTS[engine]}) > 0 THEN 1 END FROM users"
    with Verifier(limits=limits) as one:
        one.verify(task, ["SELECT 2 FROM users"])
        (pid,) = one._pool.pids

        def run(rows):
            return spent(one, task, heavy.format(rows), [pid])

        rows = rows_worth(0.3 * limits.soft_seconds, run)
        busy(pid)
        judge_while_it_waits(run, rows, limits.soft_seconds, promised=0.9)
        verdict, used, _ = run(100 * rows)
        assert verdict.status == "timeout" and 0.9 * limits.soft_seconds < used < limits.hard_seconds
        assert one.stats()["killed"] == one.stats()["died"] == 0


def test_a_busy_server_changes_no_verdict(postgres, busy):
    import psycopg

    from sqlreason.sql.sandbox.worker.postgres_engine import _STARVED

    task = Task("", "SELECT 1 FROM users", (USERS,), "postgres")
    count = "SELECT COUNT(*) FROM generate_series(1, {}) i WHERE md5(i::text) < 'g'"
    heavy = f"SELECT CASE WHEN ({count}) > 0 THEN 1 END FROM users"
    limits = Limits(soft_seconds=0.4, hard_seconds=2.0)
    with Verifier(limits=limits, server=postgres) as one:
        one.verify(task, ["SELECT 2 FROM users"])
        with psycopg.connect(postgres.replace("+psycopg", "")) as other:
            asked = "SELECT pid FROM pg_stat_activity WHERE usename = 'sandbox' AND pid <> pg_backend_pid()"
            pids = [pid for (pid,) in other.execute(asked)]

        def run(rows):
            return spent(one, task, heavy.format(rows), pids)

        rows = rows_worth(0.3 * limits.soft_seconds, run)
        for pid in pids:
            busy(pid)
        judge_while_it_waits(run, rows, limits.soft_seconds, promised=_STARVED)
        assert run(12 * rows)[0].status == "timeout"
        assert one.stats()["killed"] == 0


def test_a_stuck_candidate_has_computed_for_as_long_as_it_may_when_it_is_killed(busy):
    limits = Limits(soft_seconds=0.2, hard_seconds=0.4)
    with Verifier(limits=limits) as one:
        one.verify(TASK, ["SELECT 1"])
        (pid,) = one._pool.pids
        busy(pid)
        seen = [0.0]
        watcher = threading.Thread(target=watch, args=(pid, seen))
        watcher.start()
        assert [v.status for v in one.verify(TASK, [STUCK, TASK.gold])] == ["timeout", "match"]
        watcher.join()
        assert limits.hard_seconds * 0.8 < seen[-1] < limits.hard_seconds + 0.4


def watch(pid, seen):
    first = computed(pid)
    while (now := computed(pid)) is not None and lives(pid):
        seen.append(now - first)
        time.sleep(0.01)


def test_a_worker_that_is_stopped_at_a_candidate_changes_no_verdict():
    with Verifier(limits=Limits(soft_seconds=1, hard_seconds=2)) as one:
        one.verify(TASK, ["SELECT 1"])
        (pid,) = one._pool.pids
        stopper = threading.Thread(target=kill_at_step, args=(one, 3, pid, signal.SIGSTOP))
        stopper.start()
        verdicts = one.verify(TASK, [*right(3), ENDLESS, *right(5)[3:]])
        stopper.join()
        assert [v.status for v in verdicts] == ["match"] * 3 + ["timeout"] + ["match"] * 2
        assert one.stats()["killed"] == 1 and one.stats()["died"] == 0


def test_a_result_that_cannot_be_sent_is_its_querys_failure_and_no_neighbours():
    nested = f"SELECT {'[' * 60}1{']' * 60} FROM users"
    odd = ["SELECT MAP {DATE '2020-01-01': 1} FROM users", "SELECT {'blob': 'zz'} FROM users", "SELECT MAP {[1]: 2}"]
    with Verifier() as one:
        (results,) = one.run_batch([(USERS, [TASK.gold, nested, *odd, TASK.gold], "duckdb")])
        assert [r.status for r in results] == ["ok", "exec_error", "ok", "ok", "ok", "ok"]
        assert results[0].rows == results[-1].rows == (("Bob",), ("Cy",)) and "deep" in results[1].reason
        assert one.stats()["died"] == 0


def test_a_result_is_cut_where_it_is_larger_than_it_may_be():
    long = "SELECT hex(zeroblob(1000)) || id FROM users".replace("zeroblob(1000)", f"'{'x' * 1_000}'")
    with Verifier(limits=Limits(max_characters=4_500)) as one:
        found, other = one.run(USERS, long), one.run(USERS, "SELECT id FROM users")
        assert (found.status, len(found.rows), other.status) == ("too_big", 2, "ok")
        (bounded,) = one.run_batch([(USERS, ["SELECT id FROM users"], "sqlite")], [(2, 1_000)])
        assert (bounded[0].status, bounded[0].rows) == ("too_big", ((1,), (2,)))


HUGE = [
    "SELECT string_agg(name, ',') FROM users, generate_series(1, 100000000)",
    "SELECT repeat('x', 100000000) FROM users",  # at whose end the server cannot even go back to its savepoint
    "SELECT array_agg(i) FROM generate_series(1, 1000000) i",
    f"SELECT '{'x' * 60_000}' FROM users",
]


def test_what_is_too_large_for_a_server_takes_no_neighbour_with_it(postgres):
    task = Task("", TASK.gold, TASK.databases, "postgres")
    between = [text for pair in zip(HUGE, right(len(HUGE)), strict=True) for text in pair]
    with Verifier(server=postgres) as one:
        assert [v.agrees for v in one.verify(task, between)] == [False, True] * len(HUGE)
        (results,) = one.run_batch([(USERS, between[::-1], "postgres")])
        assert [r.rows for r in results[::2]] == [(("Bob",), ("Cy",))] * len(HUGE)
        (results,) = one.run_batch([(USERS + " ", [HUGE[-1], TASK.gold], "postgres")])
        assert [r.status for r in results] == ["too_big", "ok"]


PARENT = """
import sys, threading, time
from sqlreason.sql.verifier import *
task = Task("", "SELECT 1", (sys.argv[1],))
verifier = Verifier(limits=Limits(soft_seconds=50, hard_seconds=60))
verifier.verify(task, ["SELECT 2"])
print(verifier._pool._starter.pid, *verifier._pool.pids, flush=True)
verifier.verify(task, [sys.argv[2]])
"""


@pytest.mark.parametrize("query", ["SELECT 3", STUCK, SLOW + ", users a, users b, users c, users d"])
def test_nothing_lives_on_when_the_parent_is_killed(query):
    path = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    program = PARENT + "time.sleep(60)"
    parent = subprocess.Popen([sys.executable, "-c", program, USERS, query], stdout=subprocess.PIPE, env=path)
    pids = [int(pid) for pid in parent.stdout.readline().split()]
    assert len(pids) == 2 and all(map(lives, pids))
    time.sleep(0.1)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    wait_until_gone(*pids)


def test_closing_ends_all_processes_and_a_later_call_starts_new_ones():
    verifier = Verifier(workers=2)
    verifier.verify_batch([(TASK, [text]) for text in right(8)])
    pids = [verifier._pool._starter.pid, *verifier._pool.pids]
    assert len(pids) == 3
    verifier.close()
    assert not any(map(lives, pids))
    assert verifier.verify(TASK, [TASK.gold + " "])[0].agrees
    verifier.close()


@pytest.mark.parametrize("groups", [2_000, pytest.param(10_000, marks=pytest.mark.slow)])
def test_thousands_of_groups_leave_descriptors_and_memory_flat(groups):
    def resident(pid):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20

    def measure():
        (pid,) = one._pool.pids
        descriptors = [len(os.listdir(f"/proc/{p}/fd")) for p in (pid, one._pool._starter.pid, os.getpid())]
        return pid, descriptors, resident(pid), resident(os.getpid())

    gc.collect()  # what tests before this one have left behind goes now
    with Verifier() as one:
        measured = []
        for start in range(0, groups, groups // 2):
            for i in range(start, start + groups // 2):
                task = Task("", f"SELECT name FROM users WHERE age > {i % 5_000}", (USERS,))
                one.verify(task, [f"SELECT name FROM users WHERE age > {i % 5_000} + 0 * {i}", "SELECT 1"])
            measured.append(measure())
    (pid, descriptors, worker, parent), (pid_2, descriptors_2, worker_2, parent_2) = measured
    assert (pid, descriptors) == (pid_2, descriptors_2)
    assert worker_2 < worker + 8 and parent_2 < parent + 24


def test_where_nothing_can_be_forked_workers_are_programs_of_their_own(monkeypatch):
    others = set(Path("/tmp").glob("sqlreason-????????"))
    monkeypatch.setattr(pool, "starter", forks.Spawner)
    with Verifier(limits=Limits(soft_seconds=0.3, hard_seconds=0.6)) as one:
        verdicts = one.verify(TASK, [TASK.gold, STUCK, *right(2)])
        assert [v.status for v in verdicts] == ["match", "timeout", "match", "match"]
        assert one.stats()["killed"] in (1, 2) and "memory" in one.stats()["guards"]  # 2 on a busy machine
        pids = one._pool.pids
        os.kill(pids[0], signal.SIGKILL)
        time.sleep(0.05)
        assert all(v.agrees for v in one.verify(TASK, right(5)[2:]))
        pids += one._pool.pids
    wait_until_gone(*pids)
    assert not set(Path("/tmp").glob("sqlreason-????????")) - others


def test_a_worker_that_cannot_start_says_why():
    with Verifier(server="postgresql+psycopg://nobody@127.0.0.1:9/none") as none:
        with pytest.raises(RuntimeError, match="no postgres worker could be started: "):
            none.verify(Task("", TASK.gold, (USERS,), "postgres"), ["SELECT 1"])
        assert none.verify(TASK, [TASK.gold])[0].agrees


@pytest.mark.parametrize("stuck", [False, True])
def test_jobs_that_were_sent_ahead_outlive_their_worker(stuck):
    """Each worker holds a job and one ahead when it is killed; every verdict is still the candidate's own."""
    wrong = [f"SELECT name FROM users WHERE {i} = {i}" for i in range(24)]
    groups = [(TASK, [text, other]) for text, other in zip(right(24), wrong, strict=True)]
    groups = [*groups[:6], (TASK, [STUCK if stuck else ENDLESS]), *groups[6:]]
    with Verifier(workers=2, limits=Limits(soft_seconds=0.3, hard_seconds=0.6)) as both:
        found = [[v.status for v in group] for group in both.verify_batch(groups)]
        assert found == [["match", "mismatch"]] * 6 + [["timeout"]] + [["match", "mismatch"]] * 18
        assert both.stats()["killed"] in ((1, 2) if stuck else (0,)) and both.stats()["died"] == 0


def test_a_request_too_long_to_be_sent_ahead_waits_for_a_free_worker():
    long = USERS + "".join(f"INSERT INTO users VALUES ({i}, '{'x' * 200}', 1);" for i in range(10, 2_000))
    rows = Task("2", "SELECT * FROM users", (long,))
    with Verifier() as one:
        groups = [(rows, [f"SELECT id, name, age FROM users WHERE {i} = {i}"]) for i in range(3)]
        assert all(group[0].agrees for group in one.verify_batch([*groups, (TASK, right(2)), *groups]))
        results = one.run_batch([(long, [f"SELECT *, {i} FROM users"], "sqlite") for i in range(4)])
        assert [len(group[0].rows) for group in results] == [1_993] * 4


@pytest.mark.parametrize("seconds", [0.5, 1.5, 45.0])
def test_a_job_may_compute_for_as_long_as_all_of_its_steps_may(seconds):
    limits = Limits(soft_seconds=seconds / 1.5, hard_seconds=seconds)
    body = {"context": USERS, "gold": TASK.gold, "queries": right(9), "rounds": 3}
    timing = pool.Job("sqlite", "time", body, 9)
    with Verifier(limits=limits) as one:
        allowed = one._job(TASK, right(9)).message(set(), limits)["cpu_seconds"]
    assert allowed >= max(60 + 9 * 4, seconds * (9 + len(TASK.databases)))
    assert timing.message(set(), limits)["cpu_seconds"] >= max(60 + 9 * 4, seconds * 9 * 2 * 4)


def test_that_a_busy_worker_is_gone_is_told_by_reading_it_and_not_by_sending_ahead():
    """Reading tells by which signal it ended and at which step; closed before, it would pass for hung."""
    with Verifier(limits=PATIENT) as one:
        one.verify(TASK, ["SELECT 1"])
        (worker,) = one._pool._idle["sqlite", ()]
        assert worker.send(one._job(TASK, [*right(2), ENDLESS]).message(worker.known, one.limits))
        while worker.step != 2:
            time.sleep(0.002)
        os.kill(worker.pid, signal.SIGKILL)
        wait_until_gone(worker.pid)
        assert not worker.send(one._job(TASK, ["SELECT 2"]).message(worker.known, one.limits))
        with pytest.raises(WorkerDied) as death:
            worker.receive()
        assert death.value.signal == signal.SIGKILL and worker.step == 2
