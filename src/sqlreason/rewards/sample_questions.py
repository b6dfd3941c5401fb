"""A few questions that come with the package, so that a reward can be certified where there are no others."""

from typing import Any

from sqlreason.sql.databases.batch_preparation import Row

_SHOP = """
CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT NOT NULL, city TEXT);
CREATE TABLE purchase (
    id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customer (id), item TEXT, price REAL, day TEXT
);
INSERT INTO customer VALUES
    (1, 'Ana', 'Lisbon'), (2, 'Bert', 'Ghent'), (3, 'Chloe', 'Ghent'), (4, 'Dirk', NULL), (5, 'Eva', 'Porto');
INSERT INTO purchase VALUES
    (1, 1, 'lamp', 20.5, '2024-01-03'), (2, 1, 'desk', 120.0, '2024-01-09'), (3, 2, 'lamp', 19.0, '2024-02-01'),
    (4, 3, 'chair', 45.0, '2024-02-11'), (5, 3, 'lamp', 22.0, '2024-02-12'), (6, 3, 'desk', 99.0, '2024-03-05'),
    (7, 5, 'chair', 45.0, '2024-03-20');
"""
_CLIMBS = """
CREATE TABLE peak (name TEXT PRIMARY KEY, range TEXT, height INTEGER);
CREATE TABLE climb (climber TEXT, peak TEXT REFERENCES peak (name), year INTEGER, guided INTEGER);
INSERT INTO peak VALUES
    ('Arve', 'North', 3120), ('Brenn', 'North', 2875), ('Corvo', 'South', 3410), ('Dulse', 'South', 2640),
    ('Elm', 'West', 2990);
INSERT INTO climb VALUES
    ('Ida', 'Arve', 2019, 0), ('Ida', 'Corvo', 2021, 1), ('Jon', 'Arve', 2020, 1), ('Jon', 'Brenn', 2020, 0),
    ('Kim', 'Dulse', 2018, 1), ('Kim', 'Dulse', 2022, 0), ('Lou', 'Corvo', 2022, 1);
"""
_ASKED = (
    (_SHOP, "Which customers live in Ghent?", "SELECT name FROM customer WHERE city = 'Ghent'"),
    (_SHOP, "How much was spent on each item?", "SELECT item, SUM(price) FROM purchase GROUP BY item"),
    (
        _SHOP,
        "What did customers of Ghent buy for more than 20?",
        "SELECT c.name, p.item FROM customer c JOIN purchase p ON p.customer_id = c.id "
        "WHERE c.city = 'Ghent' AND p.price > 20",
    ),
    (
        _SHOP,
        "Who has never bought anything?",
        "SELECT name FROM customer WHERE id NOT IN (SELECT customer_id FROM purchase WHERE customer_id IS NOT NULL)",
    ),
    (_CLIMBS, "Which peaks are the three highest?", "SELECT name FROM peak ORDER BY height DESC LIMIT 3"),
    (_CLIMBS, "How many different peaks did each climber reach?",
     "SELECT climber, COUNT(DISTINCT peak) FROM climb GROUP BY climber"),
    (_CLIMBS, "What is the mean height of the peaks of each range with at least two peaks?",
     "SELECT range, AVG(height) FROM peak GROUP BY range HAVING COUNT(*) >= 2"),
    (_CLIMBS, "In which years was a peak of the South climbed with a guide?",
     "SELECT DISTINCT c.year FROM climb c JOIN peak p ON p.name = c.peak WHERE p.range = 'South' AND c.guided = 1"),
)  # fmt: skip


def sample_questions() -> list[dict[str, Any]]:
    """Return eight questions with `id`, `question`, `sql_context` and `gold_sql`."""
    return [
        {"id": f"sample-{number}", "question": question, "sql_context": context.strip(), "gold_sql": gold}
        for number, (context, question, gold) in enumerate(_ASKED, 1)
    ]


def sample_rows() -> list[Row]:
    """Return the same as what preparing a question needs."""
    return [Row(row["id"], row["sql_context"], row["gold_sql"]) for row in sample_questions()]
