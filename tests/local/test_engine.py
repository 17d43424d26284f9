"""The engine: transactions, clocks, ids, threads and processes; no resource's rules."""

import multiprocessing
import re
import sqlite3
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import RLock

import httpx
import pytest

from billsync.local import create_app
from billsync.local.server.identifiers import Mint
from billsync.local.store.layout import FORMAT, SINCE_READINGS, OtherFormat
from billsync.local.store.store import LIVE, Row, Store, close_between_requests
from billsync.local.store.times import micros
from tests.local.conftest import BASE, START, Hands, Serve
from tests.support.events import send
from tests.support.loopback import listening
from tests.support.recorder import Recorder

AT = "2026-09-01T12:00:00Z"


def feature(key: str) -> dict[str, str]:
    return {"key": key, "name": key.title()}


def execute(path: Path, statement: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(path)
    found = connection.execute(statement).fetchall()
    connection.commit()
    connection.close()
    return found


def keys(server: httpx.Client) -> list[str]:
    listed = server.get("/features", params={"page[size]": 1000, "sort": "key"}).json()
    return [row["key"] for row in listed["data"]]


def test_what_was_made_is_there_in_a_server_opened_later(serve: Serve, tmp_path: Path) -> None:
    made = serve(tmp_path / "local.db").post("/features", json=feature("a")).json()

    read = serve(tmp_path / "local.db").get(f"/features/{made['id']}").json()

    assert read == {"id": made["id"], "key": "a", "name": "A", "labels": {}, "created_at": AT, "updated_at": AT}


def test_a_connection_is_not_closed_under_the_request_of_a_thread() -> None:
    """SQLite's connections don't survive being closed in the middle of a statement."""
    connection, lock = sqlite3.connect(":memory:", check_same_thread=False), RLock()
    with ThreadPoolExecutor(1) as pool, lock:
        closing_it = pool.submit(close_between_requests, connection, lock)
        wait([closing_it], timeout=0.05)
        found = connection.execute("SELECT 1").fetchone()

    assert found == (1,)
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        connection.execute("SELECT 1")


@pytest.mark.parametrize(
    ("change", "number"),
    [(f"PRAGMA user_version = {FORMAT - 2}", FORMAT - 2), (f"PRAGMA user_version = {FORMAT + 1}", FORMAT + 1)],
)
def test_a_file_of_another_format_is_not_opened_and_stays_as_it_is(tmp_path: Path, change: str, number: int) -> None:
    path = tmp_path / "local.db"
    Store(path).close()
    execute(path, change)

    with pytest.raises(OtherFormat) as refused:
        Store(path)

    assert str(refused.value) == f"its format is {number}, and this version has format {FORMAT}"
    assert execute(path, "PRAGMA user_version") == [(number,)]


def test_a_database_of_something_else_is_not_opened_and_gets_no_tables(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    execute(path, "CREATE TABLE mine (x)")

    with pytest.raises(OtherFormat) as refused:
        Store(path)

    assert str(refused.value) == "it is not a database of this server"
    assert execute(path, "SELECT name FROM sqlite_schema") == [("mine",)]


def test_ids_differ_on_every_database(serve: Serve) -> None:
    ids = {serve(seed=seed).post("/features", json=feature("a")).json()["id"] for seed in range(5)}

    assert len(ids) == 5


def test_a_seeded_server_makes_the_same_ids_again(serve: Serve) -> None:
    first, second = (serve(seed=7).get("/profiles").json() for _ in range(2))

    assert first == second


def test_ids_rise_within_a_millisecond_and_after_it() -> None:
    mint = Mint(lambda size: b"\xff" * size)
    later = START.replace(microsecond=1000)

    ids = [mint(START), mint(START), mint(START), mint(later)]

    assert ids == sorted(set(ids))


def test_a_refused_request_leaves_nothing_behind() -> None:
    store = Store(":memory:")
    row = Row(resource="x", id="1", document={}, created_at=START, updated_at=START)

    def write_and_fail() -> None:
        with store.transaction():
            store.insert(row)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_and_fail()
    assert store.count("x") == 0


def test_a_count_is_made_again_after_a_write_of_another_process(tmp_path: Path) -> None:
    one, other = Store(tmp_path / "local.db"), Store(tmp_path / "local.db")
    before = one.count("x")

    with other.transaction():
        other.insert(Row(resource="x", id="1", document={}, created_at=START, updated_at=START))

    assert (before, one.count("x"), one.count("x", f"key = :key AND {LIVE}", {"key": "k"})) == (0, 1, 0)


def test_terms_follow_the_row_that_carries_them() -> None:
    store = Store(":memory:")
    moved = Row(resource="x", id="1", document={}, created_at=START, updated_at=START, terms=(("subject", "a"),))

    kept = store.insert(moved)
    store.update(Row(**{name: getattr(kept, name) for name in Row.__slots__} | {"terms": (("subject", "b"),)}))

    assert [row.id for row in store.with_term("x", "subject", "a")] == []
    assert [row.terms for row in store.with_term("x", "subject", "b")] == [(("subject", "b"),)]


def test_a_test_clock_runs_on_from_where_it_was_set(serve: Serve, hands: Hands, tmp_path: Path) -> None:
    server = serve(tmp_path / "local.db", test_clock=True)

    server.post("http://local/local/clock", json={"now": "2027-01-31T00:00:00Z"})
    hands.move(seconds=90)
    made = server.post("/features", json=feature("a")).json()

    reopened = serve(tmp_path / "local.db", test_clock=True)
    assert made["created_at"] == "2027-01-31T00:01:30Z"
    assert reopened.get("http://local/local/clock").json() == {"now": "2027-01-31T00:01:30Z"}


def test_without_a_test_clock_nobody_can_set_the_time(server: httpx.Client) -> None:
    answer = server.post("http://local/local/clock", json={"now": "2027-01-31T00:00:00Z"})

    assert answer.status_code == 404


def test_a_clock_can_be_set_to_a_time_only(serve: Serve) -> None:
    answer = serve(test_clock=True).post("http://local/local/clock", json={"now": "tomorrow"})

    assert answer.json()["invalid_parameters"] == [
        {"field": "now", "reason": "must be an RFC 3339 time", "rule": "format", "source": ""}
    ]


def test_threads_may_call_one_server_at_once(serve: Serve) -> None:
    server = serve()

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda n: server.post("/features", json=feature(f"f{n}")).status_code, range(40)))
        pages = list(pool.map(lambda _: len(keys(server)), range(8)))

    assert made == [201] * 40
    assert pages == [40] * 8


def test_one_key_is_made_once_however_many_ask_at_once(serve: Serve) -> None:
    server = serve()

    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(lambda _: server.post("/features", json=feature("a")).status_code, range(8)))

    assert statuses == [201] + [409] * 7


def make_features(database: str, prefix: str) -> None:
    app = create_app(database, clock=lambda: datetime.now(UTC))
    server = httpx.Client(transport=httpx.WSGITransport(app=app), base_url=BASE)
    for number in range(20):
        assert server.post("/features", json=feature(f"{prefix}{number}")).status_code == 201


@pytest.mark.slow
def test_two_processes_may_share_one_file(serve: Serve, tmp_path: Path) -> None:
    database = str(tmp_path / "local.db")
    spawn = multiprocessing.get_context("spawn")
    workers = [spawn.Process(target=make_features, args=(database, prefix)) for prefix in ("a", "b")]

    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert [worker.exitcode for worker in workers] == [0, 0]
    assert len(keys(serve(database))) == 40
    assert serve(database).get("/profiles").json()["meta"]["page"]["total"] == 1


def test_the_server_answers_over_a_loopback_port(hands: Hands) -> None:
    with (
        listening(create_app(":memory:", clock=hands)) as port,
        httpx.Client(base_url=f"http://127.0.0.1:{port}/api/v3/openmeter") as client,
    ):
        answer = client.post("/features", json=feature("a"))

    assert (answer.status_code, answer.headers["content-type"]) == (201, "application/json")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/metres", 404),
        ("GET", "/meters/", 404),
        ("PATCH", "/meters", 405),
        ("GET", "/meters/gull", 404),
        ("GET", "/meters?page[size]=999999999999999999&page[number]=999999999999999999", 200),
        ("GET", "/meters?page[size]=9999999999999999999", 400),
        ("GET", "/meters?filter[key", 400),
        ("GET", "/meters?filter[key]=a&filter[key][eq]=a", 400),
        ("GET", "/meters?filter[key][contains]=%25", 200),
        ("GET", "/meters?sort=name%20asc%20x", 400),
        ("GET", "/meters?sort=name&sort=key", 400),
        ("GET", "/tax-codes?include_deleted=maybe", 400),
    ],
)
def test_a_wrong_address_is_refused_and_never_a_crash(
    server: httpx.Client, openapi: Recorder, method: str, path: str, status: int
) -> None:
    with openapi.wrong_on_purpose():
        answer = server.request(method, path)

    assert answer.status_code == status


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"12",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"key": "\\ud800", "name": "x"}',
        b'{"key": 1e999999999}',
    ],
)
def test_a_body_of_any_kind_is_refused_and_never_a_crash(
    server: httpx.Client, openapi: Recorder, content: bytes
) -> None:
    with openapi.wrong_on_purpose():
        answer = server.post("/features", content=content, headers={"content-type": "application/json"})

    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")


def test_a_file_that_another_process_holds_for_too_long_is_told(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = tmp_path / "local.db"
    monkeypatch.setattr("billsync.local.store.store.BUSY_SECONDS", 0.01)
    server = serve(database)
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")

        reading, writing = server.get("/features"), server.post("/features", json=feature("a"))
        other.execute("ROLLBACK")

    assert (reading.status_code, writing.status_code) == (200, 503)
    assert writing.json()["title"] == "Service Unavailable"
    assert server.post("/features", json=feature("a")).status_code == 201


def test_a_file_of_the_format_before_is_brought_up_to_date(serve: Serve, tmp_path: Path) -> None:
    path = tmp_path / "local.db"
    server = serve(path)
    meter = {"key": "m", "name": "M", "aggregation": "sum", "event_type": "t", "value_property": "$.n"}
    made = server.post("/meters", json=meter).json()["id"]
    send(server, "1", data={"n": "2.5"})
    for sort, name in reversed(re.findall(r"CREATE (TABLE|INDEX) (\w+)", " ".join(SINCE_READINGS))):
        execute(path, f"DROP {sort} {name}")
    execute(path, "DELETE FROM setting WHERE name = 'events_read'")
    execute(path, f"PRAGMA user_version = {FORMAT - 1}")

    rows = serve(path).post(f"/meters/{made}/query", json={}).json()["data"]

    assert [row["value"] for row in rows] == ["2.5"]
    assert execute(path, "PRAGMA user_version") == [(FORMAT,)]


@pytest.mark.parametrize("sort", ["sort=name", "sort=name desc", "sort=id", "sort=created_at desc"])
def test_pages_put_together_are_the_whole_list(serve: Serve, sort: str) -> None:
    server = serve()
    for number in range(7):
        server.post("/customers", json={"key": f"c{number}", "name": f"Customer {number % 3}"})

    whole = server.get(f"/customers?{sort}&page[size]=0").json()["data"]
    pages = [server.get(f"/customers?{sort}&page[size]=3&page[number]={number}").json() for number in (1, 2, 3, 4)]

    assert [row for page in pages for row in page["data"]] == whole
    assert [page["meta"]["page"]["total"] for page in pages] == [7] * 4


def test_a_remembered_list_follows_writes_and_the_time(tmp_path: Path) -> None:
    one, other = Store(tmp_path / "local.db"), Store(tmp_path / "local.db")
    begun = f"{LIVE} AND begins_at <= :now"

    def row(number: int, hour: int) -> Row:
        begins = START.replace(hour=hour)
        return Row("x", str(number), {}, created_at=START, updated_at=START, begins_at=begins)

    def second_page(store: Store, hour: int) -> tuple[list[str], int, int]:
        values = {"now": micros(START.replace(hour=hour))}
        rows, total = store.page("x", begun, values, order="seq", limit=1, offset=1)
        return [found.id for found in rows], total, store.count("x", begun, values)

    for number, hour in enumerate((1, 2, 9)):
        one.insert(row(number, hour))
    seen = [second_page(one, hour) for hour in (1, 2, 8, 9, 3)]
    other.insert(row(3, 4))
    seen.append(second_page(one, 4))
    with suppress(ZeroDivisionError), one.transaction():
        one.insert(row(4, 5))
        seen.append(second_page(one, 5))
        raise ZeroDivisionError
    seen.append(second_page(one, 5))

    totals = [1, 2, 2, 3, 2, 3, 4, 3]
    assert seen == [(["1"] if total > 1 else [], total, total) for total in totals]
