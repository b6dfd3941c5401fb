"""How right the verdicts are: wrong queries accepted, right ones refused, agreement with a many-database suite.

    python benchmarks/verdicts.py [--questions 200] [--seed 1] [--real ../shared/real] [--only NAME]

Right and wrong are decided by `judge.py`: the original database and others of another generator, other sizes and other
seeds than those of the engine. A query that differs on none of them passes for right, but one database on which it
differs and that obeys the rules (`judge.allows`) proves it wrong, whoever drew it. So what the engine refuses is looked
at again: "kept" is told by the judge's databases alone, and of what no such database proves wrong. Where no folder of
real rows is given, their part is left out. Intervals are at 95 %, by a bootstrap over gold queries.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

import pandas as pd
import sqlglot
from sqlglot import exp
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).parent))

import judge
import pairs

from sqlreason.sql.audit import audit
from sqlreason.sql.databases.preparation import prepare
from sqlreason.sql.mutation.mutants import mutants
from sqlreason.sql.parsing.schema import find_schema
from sqlreason.sql.parsing.statements import parse, statement_kind
from sqlreason.sql.verifier import Task, Verdict, Verifier

ROOT = Path(__file__).parents[1]
Row = tuple[str, str, str]  # id, context, gold


def main() -> None:
    """Prints every figure with its n."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=200, help="questions to take of each source")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--real", type=Path, default=ROOT.parent / "shared" / "real", help="folder of real rows")
    parser.add_argument("--only", choices=["embedded", "real", "rewrites", "spider", "usable"])
    given = parser.parse_args()
    frame = pd.read_parquet(ROOT / "data/01_raw/questions/train.parquet")
    embedded = _rows(frame.sample(given.questions, random_state=given.seed).to_dict("records"))
    real = _real_rows(given.real) if given.real.is_dir() else {}
    parts: dict[str, Callable[[], None]] = {
        "embedded": lambda: wrong_and_right("embedded questions", embedded, given.seed),
        "real": lambda: [wrong_and_right(name, _some(rows, given), given.seed) for name, rows in real.items()] and None,
        "rewrites": lambda: rewrites(embedded, given.seed),
        "spider": lambda: spider(frame, given.questions // 20, given.seed),
        "usable": lambda: usable({**real, "embedded questions": embedded}, given.seed),
    }
    sizes = f"{min(judge.SIZES)}-{max(judge.SIZES)} rows"
    print(f"seed {given.seed}; the judge draws {judge.DATABASES} databases of {sizes}")
    for name, part in parts.items():
        if given.only in (None, name):
            start = time.perf_counter()
            part()
            print(f"  ({time.perf_counter() - start:.0f} s)\n")


def _some(rows: list[Row], given: argparse.Namespace) -> list[Row]:
    return random.Random(given.seed).sample(rows, min(given.questions, len(rows)))


def _rows(records: Iterable[dict[str, str]]) -> list[Row]:
    return [(str(row["id"]), row["sql_context"], row["sql"]) for row in records]


def _real_rows(folder: Path) -> dict[str, list[Row]]:
    lines = (folder / "ambrosia_800.jsonl").read_text(encoding="utf-8").splitlines()
    return {
        "gretel_25": _rows(pd.read_csv(folder / "gretel_25.csv").to_dict("records")),
        "ambrosia_800": _rows(json.loads(line) for line in lines),
    }


def wrong_and_right(source: str, rows: list[Row], seed: int) -> None:
    """Share of wrong queries accepted and of right ones kept, on the original alone and on suites of three."""
    for suite, setting in (("lenient", judge.Setting(ties=False)), ("strict", judge.Setting(nulls=0.08, dangling=0.1))):
        found: list[Counter[str]] = []
        with Verifier() as verifier, Verifier(limits=judge.LIMITS) as jury:
            for row in tqdm(rows, desc=f"{source}, {suite}", leave=False):
                found.append(_judged(verifier, jury, row, suite, setting, seed))
        counts = Counter({name: sum(each[name] for each in found) for name in set().union(*found)})
        wrong, right, proven = counts["wrong"], counts["right"], counts["proven"]
        print(f"{source}, {suite}: {counts['golds']} golds, {wrong} wrong and {right} right queries by the judge")
        print(f"  wrong accepted: original alone {_share(counts['accepted alone'], wrong)}, ", end="")
        print(f"N = 3 {_share(counts['accepted'], wrong)} {_interval(found, 'accepted', 'wrong')}")
        print(
            f"  of these, mutants (other seed): accepted {_share(counts['accepted mutants'], counts['mutants'])} ",
            end="",
        )
        print(_interval(found, "accepted mutants", "mutants"))
        print(
            f"  right kept: {_share(counts['kept'], right)} by the judge; without the {proven} that a database of the"
        )
        print(f"  engine's proves wrong {_share(counts['kept'], right - proven)}")


def _judged(
    verifier: Verifier, jury: Verifier, row: Row, suite: str, setting: judge.Setting, seed: int
) -> Counter[str]:
    prepared = prepare(verifier, *row, seed=seed, suite=suite)
    schema = find_schema(row[1])
    if prepared.task is None or schema is None or statement_kind(row[2]) != "select":
        return Counter()
    if prepared.task.reading or prepared.task.engine != "sqlite":
        return Counter()  # the judge's databases are written for SQLite as it is
    judged = judge.judge_of(jury, prepared.task, setting, seed)
    if judged is None:
        return Counter()
    rng = random.Random(f"{seed}/{row[2]}")
    changed = mutants(row[2], schema, 30, seed + 1_000)
    texts = list(dict.fromkeys([*changed, *pairs.predictions(row[2], schema, rng)]))
    alone = verifier.verify(Task(row[0], row[2], prepared.task.databases[:1]), texts)
    ours, theirs = verifier.verify(prepared.task, texts), jury.verify(judged, texts)
    counts: Counter[str] = Counter(golds=1)
    for text, one, mine, truth in zip(texts, alone, ours, theirs, strict=True):
        if truth.status == "mismatch" and text in changed:
            counts.update({"mutants": 1, "accepted mutants": int(mine.agrees)})
        if truth.agrees:
            counts.update({"right": 1, "kept": int(mine.agrees), "proven": int(_proves(prepared.task, mine, setting))})
        elif truth.status == "mismatch":
            counts.update({"wrong": 1, "accepted": int(mine.agrees), "accepted alone": int(one.agrees)})
    return counts


def _proves(task: Task, verdict: Verdict, setting: judge.Setting) -> bool:
    """Whether the test database on which a query was refused may decide, and leaves the gold's own result no choice."""
    if verdict.status != "mismatch" or verdict.databases_passed >= len(task.databases):
        return False
    script = task.databases[verdict.databases_passed]
    return "gold_ambiguous" not in verdict.flags and judge.allows(script, task.databases[0], task.gold, setting)


def rewrites(rows: list[Row], seed: int) -> None:
    """Queries that are right by construction, on strict suites: none may be refused."""
    checks, refused = 0, []
    with Verifier() as verifier:
        for row in tqdm(rows, desc="rewrites", leave=False):
            task = prepare(verifier, *row, n=8, seed=seed, suite="strict").task
            if task is not None:
                texts = _rewritten(row[2])
                verdicts = verifier.verify(task, texts)
                checks += sum(verdict.databases for verdict in verdicts)
                refused += [(row[2], text) for text, v in zip(texts, verdicts, strict=True) if not v.agrees]
    print(f"equivalent rewrites refused: {len(refused)} in {checks} checks (rewrites x strict test databases)")
    for gold, text in refused[:5]:
        print(f"  {gold}\n    {text}")


def _rewritten(gold: str) -> list[str]:
    """The gold in other words: layout, case, comments, quoted names, wrapped, turned round."""
    tree = parse(gold)
    if tree is None:
        return []
    texts = [sqlglot.transpile(gold, read="sqlite", write="sqlite", pretty=True)[0], f"{gold} ; -- done"]
    texts.append(tree.copy().sql("sqlite", identify=True))
    turned = {exp.GT: exp.LT, exp.LT: exp.GT, exp.GTE: exp.LTE, exp.LTE: exp.GTE, exp.EQ: exp.EQ, exp.NEQ: exp.NEQ}

    def turn(node: exp.Expr) -> exp.Expr:
        kind = turned.get(type(node))
        plain = kind is not None and not node.find_ancestor(exp.Update)
        return kind(this=node.expression, expression=node.this) if kind and plain else node

    if isinstance(tree, exp.Select):
        texts.append(tree.copy().transform(turn).sql("sqlite"))
        swapped = tree.copy()
        for both in list(swapped.find_all(exp.And, exp.Or)):
            left, right = both.this, both.expression
            both.set("this", right)
            both.set("expression", left)
        texts.append(swapped.sql("sqlite"))
        if not tree.args.get("order"):
            texts.append(f"SELECT * FROM ({tree.sql('sqlite')}) AS wrapped")
    return list(dict.fromkeys(texts))


def spider(frame: pd.DataFrame, schemas: int, seed: int) -> None:
    """Agreement with a many-database suite by Spider's rules, from one database, on gold queries as in Spider."""
    contexts = frame.drop_duplicates("sql_context")["sql_context"].sample(max(schemas, 4), random_state=seed)
    rng = random.Random(seed)
    counts: Counter[str] = Counter()
    with Verifier(preset="spider") as verifier, Verifier(limits=judge.LIMITS, preset="spider") as jury:
        for context in tqdm(list(contexts), desc="spider", leave=False):
            schema = find_schema(context)
            assert schema is not None
            for gold in pairs.golds(schema, rng):
                task = prepare(verifier, "", context, gold, seed=seed).task
                judged = judge.judge_of(jury, Task("", gold, (context,)), judge.Setting(), seed)
                if task is None or judged is None:
                    counts["left out"] += 1
                    continue
                texts = pairs.predictions(gold, schema, rng)
                alone, ours = (verifier.verify(t, texts) for t in (Task("", gold, (context,)), task))
                for one, mine, truth in zip(alone, ours, jury.verify(judged, texts), strict=True):
                    counts["pairs"] += 1
                    counts["right"] += truth.agrees
                    counts["alone"] += one.agrees == truth.agrees
                    counts["agree"] += mine.agrees == truth.agrees
                    counts["accepted"] += mine.agrees and not truth.agrees
                counts["golds"] += 1
    n, right = counts["pairs"], counts["right"]
    print(f"Spider's rules, {counts['golds']} golds, {n} predictions, {right} right by the judge")
    print(f"  agreement: original alone {_share(counts['alone'], n)}, prepared {_share(counts['agree'], n)} ", end="")
    print(f"({counts['accepted']} wrong accepted, {n - counts['agree'] - counts['accepted']} right refused)")


def usable(sources: dict[str, list[Row]], seed: int) -> None:
    """Gold queries that can be trusted, and mutants told apart."""
    with Verifier() as verifier:
        for name, rows in sources.items():
            for suite in ("lenient", "strict"):
                summary = audit(verifier, tqdm(rows, desc=name, leave=False), seed=seed, suite=suite).summary()
                print(
                    f"{name}, {suite}: usable {_share(summary['usable'], summary['rows'])}, "
                    f"mutants killed {_share(summary['killed'], summary['mutants'])}, flags {summary['flags']}"
                )


def _interval(found: list[Counter[str]], part: str, whole: str) -> str:
    """Bounds of a share when gold queries are drawn anew: the queries of one gold stand and fall together."""
    golds = [counts for counts in found if counts["golds"]]
    rng, shares = random.Random(0), []
    for _ in range(2_000 if golds else 0):
        drawn = rng.choices(golds, k=len(golds))
        shares.append(100 * sum(c[part] for c in drawn) / max(sum(c[whole] for c in drawn), 1))
    shares.sort()
    return f"[{shares[50]:.2f}, {shares[-51]:.2f}]" if shares else ""


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.2f} % ({part} of {whole})" if whole else "none"


if __name__ == "__main__":
    main()
