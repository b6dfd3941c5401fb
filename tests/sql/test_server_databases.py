"""PostgreSQL databases named by a URL: asked where they are, left as they are, their test databases made elsewhere."""

import pytest
from sql_cases import load_cases

from postgres_server import find_program
from sqlreason.sql.database_files import DatabaseError, database_url, engine_of, is_database_url
from sqlreason.sql.databases.batch_preparation import Preparer
from sqlreason.sql.databases.file_contexts import context_of
from sqlreason.sql.databases.preparation import prepare
from sqlreason.sql.sandbox.worker.postgres_original import without_schemas
from sqlreason.sql.verifier import Limits, Task, Verifier

pytestmark = pytest.mark.skipif(find_program("initdb") is None, reason="needs PostgreSQL's server programs")

LIMITS = Limits(soft_seconds=0.3, hard_seconds=0.6)
SHOP = [
    "CREATE TYPE size AS ENUM ('small', 'large')",
    'CREATE TABLE "Client" (id INT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name TEXT NOT NULL, city TEXT, '
    "tags TEXT[], info JSONB, kind size, doubled INT GENERATED ALWAYS AS (3) STORED)",
    'INSERT INTO "Client" (name, city, tags, info, kind) VALUES '
    "('Ann', 'Bern', '{a,b}', '{\"vip\": true}', 'small'), "
    "('Bob', 'Oslo', NULL, NULL, 'large'), ('Cy', 'Bern', '{c}', '{\"vip\": false}', 'large')",
    "CREATE SCHEMA sales",
    'CREATE TABLE sales.orders (id INT PRIMARY KEY, client INT REFERENCES "Client" (id), amount NUMERIC(8, 2), '
    "placed DATE DEFAULT CURRENT_DATE)",
    "INSERT INTO sales.orders SELECT i, 1 + i % 3, i * 2.5, DATE '2024-01-01' + i FROM generate_series(1, 40) AS s (i)",
    "CREATE VIEW sales.large AS SELECT * FROM sales.orders WHERE amount > 50",
    "COMMENT ON COLUMN \"Client\".city IS 'where bills go'",
    "CREATE TABLE hidden (secret TEXT)",
    "CREATE ROLE shopkeeper LOGIN",
    "GRANT USAGE ON SCHEMA sales TO shopkeeper",
    'GRANT SELECT ON "Client", sales.orders, sales.large TO shopkeeper',
]
GOLD = "SELECT name FROM \"Client\" WHERE city ILIKE 'bern'"


@pytest.fixture(scope="module")
def shop(request):
    """The server with a database of which the role shopkeeper may read some tables, and its URL."""
    server = request.getfixturevalue("_server")
    server.execute("CREATE DATABASE shop")
    server.execute(*SHOP, database="shop")
    return server.url("shopkeeper", "shop")


@pytest.fixture(scope="module")
def _server(request):
    from postgres_server import PostgresServer

    server = PostgresServer()
    server.execute("CREATE ROLE sandbox LOGIN", "CREATE DATABASE sandbox OWNER sandbox")
    yield server
    server.close()


@pytest.fixture(scope="module")
def verifier(_server):
    with Verifier(limits=LIMITS, server=_server.url("sandbox", "sandbox")) as shared:
        yield shared


def content_of(server):
    """All rows, objects and sequences of the shop, and the databases and roles of the server."""
    queries = [
        'SELECT md5(string_agg(c::text, chr(10) ORDER BY id)) FROM "Client" AS c',
        "SELECT md5(string_agg(o::text, chr(10) ORDER BY id)) FROM sales.orders AS o",
        "SELECT oid, relname, relacl::text, relkind::text FROM pg_class WHERE relnamespace <> 'pg_toast'::regnamespace "
        "AND oid >= 16384 ORDER BY oid",
        "SELECT oid, proname FROM pg_proc WHERE oid >= 16384 ORDER BY oid",
        "SELECT sequencename, last_value FROM pg_sequences",
        "SELECT rolname, rolsuper FROM pg_roles ORDER BY 1",
        "SELECT COUNT(*) FROM pg_largeobject_metadata",
        "SELECT setconfig FROM pg_db_role_setting",
    ]
    return [server.execute(query, database="shop") for query in queries]


def test_its_context_has_keys_types_comments_and_rows_of_what_the_role_may_read(verifier, shop):
    found = context_of(verifier, shop)
    client, orders = found.schema.table("Client"), found.schema.table("orders")
    assert client.primary_key == ("id",) and orders.foreign_keys[0].table == "Client"
    assert [row[1] for row in client.rows] == ["Ann", "Bob", "Cy"] and len(orders.rows) == 40
    assert found.schema.table("hidden") is None and "where bills go" in found.shown and "'small'" in found.shown
    assert verifier.run(found.script, "SELECT COUNT(*) FROM large", "postgres").rows == ((20,),)


GOLDS = [
    GOLD,
    "SELECT name, SUM(amount) FROM \"Client\" AS c JOIN orders AS o ON o.client = c.id WHERE kind = 'large' "
    "GROUP BY name",
    "SELECT DISTINCT ON (client) client, placed FROM orders ORDER BY client, placed DESC",
    "SELECT COUNT(*) FILTER (WHERE amount > 20), MAX(placed) - MIN(placed) FROM sales.orders",
    "SELECT name FROM \"Client\" WHERE (info->>'vip')::boolean",
    "SELECT client, amount FROM large",
]


@pytest.mark.parametrize("gold", GOLDS)
def test_a_question_is_prepared_and_judged_on_it(verifier, shop, _server, gold):
    before = content_of(_server)
    prepared = prepare(verifier, "q", shop, gold)
    assert prepared.status == "ok", prepared
    assert prepared.task.databases[0] == shop and len(prepared.task.databases) >= 3
    assert (prepared.task.engine, prepared.task.dialect) == ("postgres", "postgres")
    candidates = [f"SELECT * FROM ({gold}) AS same", 'SELECT name FROM "Client"', "SELECT 1"]
    right, *wrong = verifier.verify(Task.from_json(prepared.task.to_json()), candidates)
    assert right.agrees and not any(verdict.agrees for verdict in wrong)
    assert content_of(_server) == before


def test_on_what_is_drawn_tables_are_found_by_longer_names_too():
    told = """SELECT sales.orders.id, 'sales.x' FROM "sales" . orders -- sales.y
        JOIN other.t ON other.t.sales = orders.sales"""
    assert without_schemas(told, {"sales", "public"}) == (
        """SELECT orders.id, 'sales.x' FROM  orders -- sales.y
        JOIN other.t ON other.t.sales = orders.sales"""
    )


def test_hostile_candidates_change_nothing_of_it(verifier, shop, _server, subtests):
    before, task = content_of(_server), Task("", GOLD, (shop,), "postgres", "postgres")
    cases = load_cases("hostile_postgres")[1]
    for case in cases:
        with subtests.test(msg=case.name):
            (attack,) = verifier.verify(task, [case.texts[0]])
            assert not attack.agrees and attack.status != "match", attack
    (neighbour,) = verifier.verify(task, [f"{GOLD} AND true"])
    assert neighbour.agrees and content_of(_server) == before


def test_no_transaction_and_no_lock_stays_behind_a_query(verifier, shop, _server):
    task = Task("", GOLD, (shop,), "postgres", "postgres")
    assert verifier.verify(task, [f"{GOLD} AND 1 = 1", "SELECT nonsense", 'DELETE FROM "Client"'])[0].agrees
    open_ = "SELECT state FROM pg_stat_activity WHERE datname = 'shop' AND pid <> pg_backend_pid()"
    assert {state for (state,) in _server.execute(open_, database="shop")} == {"idle"}
    _server.execute("ALTER TABLE \"Client\" ALTER COLUMN city SET DEFAULT 'Bern'", database="shop")


def test_a_connection_that_the_server_ends_is_opened_anew(verifier, shop, _server):
    task = Task("", GOLD, (shop,), "postgres", "postgres")
    assert verifier.verify(task, [GOLD])[0].agrees
    ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename IN ('shopkeeper', 'sandbox')"
    assert len(_server.execute(ended)) >= 1
    assert verifier.verify(task, [f"{GOLD} AND 2 = 2"])[0].agrees


def test_a_database_that_is_there_only_later_is_then_asked(verifier, shop, _server):
    url = _server.url("shopkeeper", "later")
    task = Task("", GOLD, (url,), "postgres", "postgres")
    assert verifier.verify(task, [GOLD])[0].status == "gold_error"
    ended = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = 'shopkeeper'"
    _server.execute(ended, "CREATE DATABASE later TEMPLATE shop")
    assert verifier.verify(task, [GOLD])[0].agrees


def test_workers_on_one_server_do_not_wait_for_one_another(_server):
    context = "CREATE TABLE users (name TEXT); INSERT INTO users VALUES ('Ann')"
    tasks = [Task(str(i), f"SELECT name, {i} FROM users", (context,), "postgres", "postgres") for i in range(6)]
    with Verifier(workers=2, limits=LIMITS, server=_server.url("sandbox", "sandbox")) as both:
        found = both.verify_batch([(task, [task.gold, "SELECT 1"]) for task in tasks])
        assert both.stats()["started"] == 2
    assert [[verdict.agrees for verdict in group] for group in found] == [[True, False]] * 6


def test_a_gold_that_writes_is_judged_on_drawn_databases_alone(verifier, shop, _server):
    before = content_of(_server)
    prepared = prepare(verifier, "q", shop, "UPDATE orders SET amount = 0 WHERE amount < 9")
    assert prepared.status == "ok" and "read_only_original" in prepared.flags, prepared
    assert shop not in prepared.task.databases and content_of(_server) == before


@pytest.mark.parametrize(
    ("role", "database", "told"),
    [
        ("shopkeeper", "none", 'database "none" does not exist'),
        ("stranger", "shop", 'role "stranger" does not exist'),
        ("postgres", "shop", "powerful (SUPERUSER, "),
        ("sandbox", "shop", "no table that can be read"),
    ],
)
def test_what_cannot_be_asked_is_a_status_with_a_sentence(verifier, shop, _server, role, database, told):
    url = _server.url(role, database)
    prepared = prepare(verifier, "q", url, GOLD)
    assert prepared.status == "database_error" and told in prepared.reason, prepared
    if role != "sandbox":
        (verdict,) = verifier.verify(Task("q", GOLD, (url,), "postgres", "postgres"), [GOLD])
        assert verdict.status == "gold_error" and told in verdict.reason
    assert "secret" not in prepare(verifier, "q", url.replace("@", ":secret@"), GOLD).reason


def test_without_a_server_for_test_databases_one_sentence_says_so(shop, monkeypatch):
    monkeypatch.delenv("SQLREASON_POSTGRES", raising=False)
    with Verifier() as alone:
        prepared = prepare(alone, "q", shop, GOLD)
        assert prepared.status == "database_error" and "set SQLREASON_POSTGRES" in prepared.reason
        assert alone.run(shop, GOLD, "postgres").rows == (("Ann",), ("Cy",))


def test_nothing_is_kept_of_a_database_whose_content_nothing_tells_of(_server, shop, tmp_path, monkeypatch):
    monkeypatch.setenv("SQLREASON_POSTGRES", _server.url("sandbox", "sandbox"))
    with Preparer(cache=tmp_path / "kept.db") as preparer:
        (found,) = preparer.prepare([("q", shop, GOLD)])
        assert found.status == "ok" and len(preparer._cache) == 0


def test_a_url_names_a_server_without_a_password(tmp_path):
    url = "postgresql://role@host:5433/shop"
    assert database_url(url, tmp_path) == url and is_database_url(url) and engine_of(url) == "postgres"
    assert not is_database_url("postgresql://role@host/shop; DROP TABLE t")
    for secret in ("postgresql://role:secret@host/shop", "postgres://host/shop?password=secret"):
        with pytest.raises(DatabaseError, match=r"holds a password.*PGPASSWORD") as told:
            database_url(secret, tmp_path)
        assert "secret" not in str(told.value)
    with pytest.raises(DatabaseError, match="names none; give postgresql://ROLE@HOST/NAME"):
        database_url("postgresql://role@host", tmp_path)
