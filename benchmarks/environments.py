"""Each adapter of the environment, tried in an environment of its own that pip makes from the package index.

    python benchmarks/environments.py --adapter core        # the light install: seconds, MB, seconds of the import
    python benchmarks/environments.py --adapter verifiers   # or trl, skyrl, openenv
    python benchmarks/environments.py --adapter trl --grpo  # and two steps of TRL's GRPO on the tiny student

The wheel is built from this checkout and installed with the adapter's extra. There the same pairs of question and
completion are scored through the adapter and by the reward itself, in turn, and the hostile statements of the tests go
through the tools and through the answer. Every line that it prints is a measurement; exit 1 if a reward differs, a
statement leaves a file or one takes longer than a minute.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

PROJECT = Path(__file__).resolve().parents[1]
EXTRAS = {"core": "", "trl": "train", "verifiers": "verifiers", "skyrl": "skyrl", "openenv": "openenv"}
PORT = 8137
MOST_SECONDS = 60.0
"""Of one hostile statement; its limits are of computing time, and a machine may be busy."""


class Tried(Protocol):
    """What is tried of every adapter."""

    def score(self, row: dict[str, Any], completion: str) -> float | None:
        """Return what the adapter pays for a completion in single-turn."""

    def submit(self, row: dict[str, Any], query: str) -> float | None:
        """Return what it pays for a query that is submitted by tool."""

    def run_sql(self, row: dict[str, Any], query: str) -> str:
        """Return what its tool says."""

    def computing(self) -> float:
        """Return seconds that its processes have computed so far, the sandbox's workers left out."""


def main() -> None:
    """Make the environment and try the adapter within it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--adapter", choices=list(EXTRAS), required=True)
    parser.add_argument("--pairs", type=int, default=1_000)
    parser.add_argument("--hostile", type=int, default=1_000, help="hostile statements at most")
    parser.add_argument("--folder", type=Path, help="where the environment is made, and kept; else it is thrown away")
    parser.add_argument("--grpo", action="store_true", help="two steps of TRL's GRPO with the environment (trl)")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.inside:
        sys.exit(_try_adapter(given))
    with ExitStack() as stack:
        folder = given.folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        python = _make_environment(folder.resolve(), given.adapter)
        arguments = [*sys.argv[1:], "--inside"]
        (folder / "work").mkdir(exist_ok=True)
        clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        sys.exit(subprocess.run([python, __file__, *arguments], cwd=folder / "work", env=clean).returncode)


def _make_environment(folder: Path, adapter: str) -> Path:
    """Return the Python of an environment with the wheel and the adapter's extra, and say what it cost."""
    python = folder / "venv" / "bin" / "python"
    if python.exists():
        return python
    wheels = folder / "wheels"
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(wheels), str(PROJECT)]
    subprocess.run(build, check=True)
    subprocess.run([sys.executable, "-m", "venv", str(folder / "venv")], check=True)
    empty = _megabytes(folder / "venv")
    (wheel,) = wheels.glob("sqlreason-*.whl")
    extra = f"[{EXTRAS[adapter]}]" if EXTRAS[adapter] else ""
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    install += ["--no-compile"] if adapter != "core" else []  # most of what a trainer brings is never imported here
    began = time.monotonic()
    if adapter == "trl":  # with torch in place, pip does not look for a CUDA build
        subprocess.run([*install, "torch==2.13.0"], check=True)
    subprocess.run([*install, f"sqlreason{extra} @ {wheel.as_uri()}"], check=True)
    seconds = time.monotonic() - began
    used = {"install_seconds": round(seconds, 1), "megabytes": round(_megabytes(folder / "venv") - empty)}
    print(json.dumps({"adapter": adapter, **used, "wheel_kilobytes": round(wheel.stat().st_size / 1000)}), flush=True)
    return python


def _megabytes(folder: Path) -> float:
    return sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_dir()) / 1e6


def _try_adapter(given: argparse.Namespace) -> int:
    """Try the adapter in this environment; return 1 if it does not hold what docs/environments.md says."""
    if given.adapter == "core":
        _measure_import()
    with ExitStack() as stack:
        tried: Tried = stack.enter_context(ADAPTERS[given.adapter]())
        differing = _compare(given.adapter, tried, given.pairs)
        harmed = _attack(given.adapter, tried, given.hostile)
    if given.grpo:
        _train_with_trl()
    return int(bool(differing or harmed))


def _measure_import() -> None:
    code = "import time; t, c = time.perf_counter(), time.process_time(); import sqlreason.rewards;"
    code += "print(time.perf_counter() - t, time.process_time() - c)"
    ran = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True) for _ in range(9)]
    walls, computed = zip(*(map(float, one.stdout.split()) for one in ran), strict=True)
    told = {"best": min(walls), "median": statistics.median(walls), "computing": statistics.median(computed)}
    print(json.dumps({"import_seconds": {name: round(value, 3) for name, value in told.items()}, "n": len(ran)}))
    certified = subprocess.run(
        [sys.executable, "-m", "sqlreason", "certify", "execution"], capture_output=True, text=True
    )
    print(
        json.dumps({"certify execution": certified.stdout.splitlines()[-1:], "exit": certified.returncode}), flush=True
    )


# ---- pairs


def _pairs(most: int) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield questions with right answers, exploits, mutants of the gold and answers that were cut off."""
    from sqlreason.reasoning.format import render
    from sqlreason.rewards.exploits import EXPLOITS
    from sqlreason.rewards.rewrites import Question, write_correct
    from sqlreason.rewards.sample_questions import sample_questions
    from sqlreason.sql.databases.preparation import prepare
    from sqlreason.sql.mutation.mutants import mutants
    from sqlreason.sql.parsing.schema import parse_schema
    from sqlreason.sql.verifier import Verifier

    count = 0
    with Verifier() as verifier:
        for row in sample_questions():
            task = prepare(verifier, row["id"], row["sql_context"], row["gold_sql"]).task
            assert task is not None
            rows = verifier.run(task.databases[0], task.gold).rows
            question = Question(task, parse_schema(row["sql_context"]), "Read the tables.", rows)
            wrong = [exploit.write(question) for exploit in EXPLOITS if not exploit.bomb]
            near = [render("Read the tables.", text) for text in mutants(task.gold, question.schema, 40, 0)]
            whole = [*write_correct(question).values(), *filter(None, wrong), *near]
            for text in [*whole, *(text[: 2 * len(text) // 3] for text in whole[::8])]:
                if count == most:
                    return
                count += 1
                yield {**row, "task": task.to_json()}, text


def _compare(adapter: str, tried: Tried, most: int) -> int:
    """Score the pairs by the reward and through the adapter, in turn; return how many differ."""
    from sqlreason.reasoning.format import parse, render
    from sqlreason.rewards import REWARDS

    pairs = list(_pairs(most))
    reward: Any = REWARDS["execution"]()
    for row in {row["id"]: row for row, _ in pairs}.values():  # both know the tasks, and their workers are up
        reward([""], task=[row["task"]])
        tried.score(row, render("…", "SELECT 1"))
        reward([render("…", "SELECT 1")], task=[row["task"]])
    direct, through, differing, submitted = [], [], 0, 0
    computed = [0.0, 0.0]
    for number, (row, text) in enumerate(pairs):
        for turn in (0, 1) if number % 2 else (1, 0):
            before, began = tried.computing(), time.perf_counter()
            if turn:
                found = tried.score(row, text)
                through.append(time.perf_counter() - began)
            else:
                (wanted,) = reward([text], task=[row["task"]])
                direct.append(time.perf_counter() - began)
            computed[turn] += tried.computing() - before
        differing += found != wanted
        answer = parse(text)
        if answer.well_formed and number % 4 == 0:
            submitted += 1
            differing += tried.submit(row, answer.sql) != reward([render("…", answer.sql)], task=[row["task"]])[0]
    reward.close()
    over = [(b - a) * 1000 for a, b in zip(direct, through, strict=True)]
    told = {
        "pairs": len(pairs),
        "submitted by tool": submitted,
        "differences": differing,
        "direct_ms": round(statistics.mean(direct) * 1000, 3),
        "adapter_ms": round(statistics.mean(through) * 1000, 3),
        "ratio": round(sum(through) / sum(direct), 3),
        "median_overhead_ms": round(statistics.median(over), 3),
        "overhead_computing_ms": round((computed[1] - computed[0]) / len(pairs) * 1000, 3),
    }
    print(json.dumps({"adapter": adapter, **told}), flush=True)
    return differing


# ---- hostile statements


def _attack(adapter: str, tried: Tried, most: int) -> int:
    """Send the hostile statements through the tools and as answers; return how many did harm."""
    from sqlreason.reasoning.format import render
    from sqlreason.sql.verifier import Task

    sys.path.insert(0, str(PROJECT / "tests" / "sql"))
    from sql_cases import load_cases

    context = (
        "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, age INT);"
        "INSERT INTO users VALUES (1, 'Ann', 30), (2, 'Bob', 40), (3, 'Cy', 40);"
    )
    gold = "SELECT name FROM users WHERE age > 35"
    harmed, slowest, paid = 0, 0.0, 0
    engines = (("sqlite", "sqlite"), ("duckdb", "duckdb"), ("postgres", "sqlite"))
    cases = [(engine, case) for name, engine in engines for case in load_cases(f"hostile_{name}")[1]][:most]
    before = _surroundings()
    for engine, case in cases:
        row = {"id": "hostile", "task": Task("hostile", gold, (context,), engine).to_json()}
        began = time.monotonic()
        text = tried.run_sql(row, case.texts[0])
        earned = tried.score(row, render("…", case.texts[0]))
        right = tried.score(row, render("…", gold))
        spent = time.monotonic() - began
        slowest, paid = max(slowest, spent), paid + (earned == 1.0)
        fine = isinstance(text, str) and earned != 1.0 and right == 1.0 and spent < MOST_SECONDS
        if not fine or _surroundings() != before:
            harmed += 1
            print(json.dumps({"harmed by": case.name, "engine": engine, "seconds": spent, "earned": earned}))
    told = {"statements": len(cases), "harmed": harmed, "paid in full": paid, "slowest_seconds": round(slowest, 2)}
    print(json.dumps({"adapter": adapter, "hostile": told}), flush=True)
    return harmed


def _surroundings() -> set[str]:
    """Return names of what a statement could leave behind, but for what others put among temporary files."""
    stolen = [path.name for path in Path(tempfile.gettempdir()).glob("stolen*")]
    return {*stolen, *(path.name for path in Path.cwd().iterdir()), *os.listdir("/")}


# ---- adapters


class Core:
    """The session itself."""

    def __init__(self) -> None:
        from sqlreason.environments import SessionFactory
        from sqlreason.rewards import REWARDS
        from sqlreason.sql.verifier import Limits, Verifier

        limits = Limits(soft_seconds=0.3, hard_seconds=0.6)  # a bomb need not burn for long to be known as one
        self._sessions = SessionFactory(REWARDS["execution"](limits=limits), verifier=Verifier(limits=limits))

    def __enter__(self) -> "Core":
        return self

    def __exit__(self, *_: object) -> None:
        self._sessions.close()

    def score(self, row: dict[str, Any], completion: str) -> float | None:
        """Score in single-turn."""
        session = self._sessions.open(task=row["task"])
        session.answer(completion)
        return session.reward()

    def submit(self, row: dict[str, Any], query: str) -> float | None:
        """Score by tool."""
        session = self._sessions.open(task=row["task"])
        session.submit(query)
        return session.reward()

    def run_sql(self, row: dict[str, Any], query: str) -> str:
        """Call the tool."""
        return self._sessions.open(task=row["task"]).run_sql(query)

    def computing(self) -> float:
        """Count this process."""
        return time.process_time()


class Trl(Core):
    """TRL's environment, reset from rollout to rollout as its trainer does."""

    def __init__(self) -> None:
        super().__init__()
        from sqlreason.environments.trl_environment import SqlEnvironment, SubmissionReward

        self._environment = SqlEnvironment(self._sessions)
        self._reward = SubmissionReward(self._sessions.reward)

    def score(self, row: dict[str, Any], completion: str) -> float | None:
        """Score as a function of `reward_funcs`."""
        self._environment.reset(task=row["task"])
        told = [[{"role": "assistant", "content": completion}]]
        return self._reward(told, environments=[self._environment], task=[row["task"]])[0]

    def submit(self, row: dict[str, Any], query: str) -> float | None:
        """Score by the environment's own reward."""
        self._environment.reset(task=row["task"])
        self._environment.submit(query)
        return self._environment.get_reward()

    def run_sql(self, row: dict[str, Any], query: str) -> str:
        """Call the tool."""
        self._environment.reset(task=row["task"])
        return self._environment.run_sql(query)


class Skyrl(Core):
    """SkyRL-gym's environment, made anew for each rollout by `skyrl_gym.make`."""

    def __init__(self) -> None:
        super().__init__()
        from sqlreason.environments.skyrl_environment import NAME, register

        register()
        self._name = NAME

    def _make(self, row: dict[str, Any], turns: int) -> Any:
        import skyrl_gym

        extras = {"task": row["task"], "max_turns": turns}
        environment = skyrl_gym.make(self._name, extras=extras)
        environment.init([{"role": "user", "content": ""}])
        return environment

    def score(self, row: dict[str, Any], completion: str) -> float | None:
        """Take one step, which is the answer."""
        return float(self._make(row, 1).step(completion)["reward"])

    def submit(self, row: dict[str, Any], query: str) -> float | None:
        """Write a call of `submit`."""
        return float(self._make(row, 3).step(_in_text("submit", query))["reward"])

    def run_sql(self, row: dict[str, Any], query: str) -> str:
        """Write a call of `run_sql`."""
        return str(self._make(row, 3).step(_in_text("run_sql", query))["observations"][0]["content"])


def _in_text(tool: str, query: str) -> str:
    return f"<tool_call>{json.dumps({'name': tool, 'arguments': {'query': query}})}</tool_call>"


class Verifiers(Core):
    """The task of verifiers, scored as its engine scores a trace; its tools through MCP's server."""

    def __init__(self) -> None:
        super().__init__()
        import asyncio

        self._loop = asyncio.new_event_loop()

    def _trace(self, row: dict[str, Any], text: str) -> Any:
        import verifiers.v1 as vf
        from verifiers.v1.trace import TraceTask
        from verifiers.v1.types import AssistantMessage

        from sqlreason.environments.verifiers_taskset import SqlState, SqlTask, make_data

        task = SqlTask(make_data({"question": "", "task": row["task"]}, row["id"], tools=True))
        trace = vf.Trace(
            task=TraceTask(type="SqlTask", data=task.data),
            agent=vf.AgentInfo(config=vf.AgentConfig()),
            state=SqlState(),
        )
        if text:
            trace.nodes.append(vf.MessageNode(message=AssistantMessage(content=text), sampled=True))
        return task, trace

    def score(self, row: dict[str, Any], completion: str) -> float | None:
        """Score a trace of one message."""
        task, trace = self._trace(row, completion)
        self._loop.run_until_complete(task.score(trace))
        return float(trace.reward)

    def submit(self, row: dict[str, Any], query: str) -> float | None:
        """Submit through the tool server, and score with the state that it leaves."""
        task, trace = self._trace(row, "")
        toolset = self._called(task, "submit", query)[1]
        trace.state.submission = toolset.state.submission
        self._loop.run_until_complete(task.score(trace))
        return float(trace.reward)

    def run_sql(self, row: dict[str, Any], query: str) -> str:
        """Call the tool through MCP's server."""
        task, _ = self._trace(row, "")
        return self._called(task, "run_sql", query)[0]

    def _called(self, task: Any, tool: str, query: str) -> tuple[str, Any]:
        import verifiers.v1 as vf
        from mcp.server.mcpserver import MCPServer

        from sqlreason.environments.verifiers_toolset import SqlToolset

        toolset, server = SqlToolset(vf.ToolsetConfig()), MCPServer("sql")
        toolset._with_state = lambda fn: fn  # without a rollout there is no channel; the state stays in the server
        toolset.register(server)
        self._loop.run_until_complete(toolset.setup_task(task.data))
        found = self._loop.run_until_complete(server.call_tool(tool, {"query": query}))
        return _content(found), toolset


def _content(found: Any) -> str:
    parts = getattr(found, "content", found[0] if isinstance(found, tuple) else found)
    return "".join(getattr(part, "text", "") for part in parts)


class Openenv(Core):
    """OpenEnv's client, and its server in a process of its own on loopback; `openenv validate` looks at both."""

    def __enter__(self) -> "Openenv":
        import urllib.request

        from sqlreason.environments.openenv.openenv_client import SqlEnvClient

        module = "sqlreason.environments.openenv.openenv_server"
        self._server = subprocess.Popen([sys.executable, "-m", module, "--port", str(PORT)])
        url = f"http://127.0.0.1:{PORT}"
        for _ in range(240):
            try:
                urllib.request.urlopen(f"{url}/health", timeout=2).read()
                break
            except OSError:
                time.sleep(0.5)
        self._client = SqlEnvClient(base_url=url).sync()
        self._client.__enter__()
        self._validate(url)
        return self

    def _validate(self, url: str) -> None:
        import sqlreason.environments.openenv as package

        openenv = str(Path(sys.executable).with_name("openenv"))
        folder = str(Path(package.__file__).parent)
        for arguments in ([folder, "--level", "static", "--skip-build"], ["--url", url, "--timeout", "30"]):
            ran = subprocess.run([openenv, "validate", *arguments], capture_output=True, text=True)
            said = [line for line in (ran.stdout + ran.stderr).splitlines() if "erdict" in line or '"passed"' in line]
            told = {"openenv validate": arguments[-3:], "exit": ran.returncode, "says": [t.strip() for t in said[-1:]]}
            print(json.dumps(told), flush=True)

    def __exit__(self, *_: object) -> None:
        self._client.__exit__(None, None, None)
        self._server.terminate()
        self._server.wait()
        super().__exit__()

    def computing(self) -> float:
        """Count the client and its server."""
        fields = Path(f"/proc/{self._server.pid}/stat").read_text().rpartition(")")[2].split()
        return time.process_time() + (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _step(self, row: dict[str, Any], tool: str, **arguments: str) -> Any:
        from sqlreason.environments.openenv.openenv_models import SqlAction

        self._client.reset(task=row["task"])
        return self._client.step(SqlAction(tool=tool, arguments=arguments))

    def score(self, row: dict[str, Any], completion: str) -> float | None:
        """Answer over the wire."""
        return self._step(row, "answer", completion=completion).reward

    def submit(self, row: dict[str, Any], query: str) -> float | None:
        """Submit over the wire."""
        return self._step(row, "submit", query=query).reward

    def run_sql(self, row: dict[str, Any], query: str) -> str:
        """Call the tool over the wire."""
        return str(self._step(row, "run_sql", query=query).observation.text)


ADAPTERS: dict[str, Any] = {"core": Core, "trl": Trl, "skyrl": Skyrl, "verifiers": Verifiers, "openenv": Openenv}


def _train_with_trl() -> None:
    """Take two steps of GRPO on the tiny student, with a template that can call tools, and say what they gave."""
    sys.path.insert(0, str(PROJECT / "tests" / "environments"))
    from trl_steps import train_two_steps

    began = time.monotonic()
    told = train_two_steps(PROJECT / "data" / "06_models" / "tiny_student")
    print(json.dumps({"grpo": told, "seconds": round(time.monotonic() - began)}), flush=True)


if __name__ == "__main__":
    main()
