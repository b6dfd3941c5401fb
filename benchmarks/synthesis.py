"""How fast trusted questions are made from a schema of twelve tables, where the time goes, and the memory.

    python benchmarks/synthesis.py --questions 10000 --workers 2

Prints a table with one row every tenth of the questions: questions a second so far, and the resident memory of this
process. Rows are written to parquet as they come, as a table of any length would be.
"""

import argparse
import os
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from sqlreason.synthesis import trust
from sqlreason.synthesis.questions import COLUMNS
from sqlreason.synthesis.schema.from_database import read_source

SCHEMA = """
CREATE TABLE regions (region_id INTEGER PRIMARY KEY, name TEXT NOT NULL, population INTEGER NOT NULL);
CREATE TABLE stores (store_id INTEGER PRIMARY KEY, region_id INTEGER NOT NULL REFERENCES regions, name TEXT NOT NULL,
  city TEXT NOT NULL, opened_on DATE NOT NULL, area_m REAL NOT NULL);
CREATE TABLE employees (employee_id INTEGER PRIMARY KEY, store_id INTEGER NOT NULL REFERENCES stores,
  manager_id INTEGER REFERENCES employees, full_name TEXT NOT NULL, role TEXT NOT NULL, salary INTEGER NOT NULL,
  hired_on DATE NOT NULL);
CREATE TABLE customers (customer_id INTEGER PRIMARY KEY, full_name TEXT NOT NULL, country TEXT NOT NULL,
  loyalty_level TEXT NOT NULL, joined_at TIMESTAMP NOT NULL, balance REAL NOT NULL, is_active BOOLEAN NOT NULL);
CREATE TABLE suppliers (supplier_id INTEGER PRIMARY KEY, company TEXT NOT NULL, country TEXT NOT NULL,
  rating INTEGER NOT NULL);
CREATE TABLE categories (category_id INTEGER PRIMARY KEY, parent_id INTEGER REFERENCES categories, name TEXT NOT NULL,
  discount REAL NOT NULL);
CREATE TABLE products (product_id INTEGER PRIMARY KEY, category_id INTEGER NOT NULL REFERENCES categories,
  supplier_id INTEGER NOT NULL REFERENCES suppliers, title TEXT NOT NULL, brand TEXT NOT NULL, price REAL NOT NULL,
  weight_kg REAL, stock INTEGER NOT NULL);
CREATE TABLE orders (order_id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customers,
  employee_id INTEGER NOT NULL REFERENCES employees, ordered_at TIMESTAMP NOT NULL, status TEXT NOT NULL,
  total REAL NOT NULL);
CREATE TABLE order_lines (order_id INTEGER NOT NULL REFERENCES orders, product_id INTEGER NOT NULL REFERENCES products,
  quantity INTEGER NOT NULL, unit_price REAL NOT NULL, PRIMARY KEY (order_id, product_id));
CREATE TABLE payments (payment_id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL REFERENCES orders,
  method TEXT NOT NULL, amount REAL NOT NULL, paid_on DATE NOT NULL);
CREATE TABLE shipments (shipment_id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL REFERENCES orders,
  carrier TEXT NOT NULL, shipped_on DATE, weight_kg REAL NOT NULL, status TEXT NOT NULL);
CREATE TABLE reviews (review_id INTEGER PRIMARY KEY, product_id INTEGER NOT NULL REFERENCES products,
  customer_id INTEGER NOT NULL REFERENCES customers, stars INTEGER NOT NULL, written_on DATE NOT NULL, headline TEXT);
"""
_ROWS_A_GROUP = 500


class Clock:
    """Adds up the seconds that each part of the work takes in this process."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)

    def timed(self, name: str, items: Iterator) -> Iterator:
        """Yield the items, and count the time until each comes."""
        while True:
            start = time.perf_counter()
            try:
                item = next(items)
            except StopIteration:
                return
            finally:
                self.seconds[name] += time.perf_counter() - start
            yield item


def measure(wanted: int, workers: int, seed: int, folder: Path) -> None:
    """Make so many questions and print the table."""
    clock, tally = Clock(), trust.Tally()
    drawn, prepare = trust.drawn_questions, trust.Preparer.prepare
    trust.drawn_questions = lambda *given: clock.timed("drawing", drawn(*given))
    trust.Preparer.prepare = lambda self, rows: clock.timed("running golds and mutants", prepare(self, rows))
    schema = folder / "stores.sql"
    schema.write_text(SCHEMA)
    source = read_source(str(schema), "never")
    writer = pq.ParquetWriter(folder / "questions.parquet", pa.schema([(name, pa.string()) for name in COLUMNS]))
    start, before, group, step = time.perf_counter(), cpu_seconds(), [], max(1, wanted // 10)
    questions = trust.trusted_questions(source, {}, seed, workers, tally)
    print("| questions | questions/s | resident MB |\n| --- | --- | --- |")
    for number, row in enumerate(questions, 1):
        group.append(row)
        if len(group) == _ROWS_A_GROUP or number == wanted:
            writer.write_table(pa.Table.from_pylist(group, writer.schema))
            group = []
        if number % step == 0:
            print(f"| {number} | {number / (time.perf_counter() - start):.1f} | {resident_mb():.0f} |", flush=True)
        if number == wanted:
            break
    writer.close()
    questions.close()  # ends the workers, whose time counts from then on
    whole = time.perf_counter() - start
    clock.seconds["explaining, writing, the rest"] = whole - sum(clock.seconds.values())
    print("\n" + ", ".join(f"{name} {seconds / whole:.0%}" for name, seconds in clock.seconds.items()))
    busy = cpu_seconds() - before
    print(f"{busy:.0f} s of processor time: {wanted / busy:.1f} questions a second of one core; {whole:.0f} s in all")
    print(f"{tally.summary()}; {(folder / 'questions.parquet').stat().st_size / 1e6:.1f} MB of parquet")


def cpu_seconds() -> float:
    """Return the processor time of this process and of its ended children."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def resident_mb() -> float:
    """Return this process's resident memory in megabytes (Linux)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=11)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        measure(given.questions, given.workers, given.seed, Path(scratch))
