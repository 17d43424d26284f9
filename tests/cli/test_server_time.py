import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from billsync.app.server.connection import Connection
from billsync.app.server.server_time import servers_now, servers_now_by_anybody
from billsync.cli.servers.database import open_database
from billsync.model.ports import Answer, RemoteError
from billsync.model.state import Row, Snapshot
from tests.support.clock import START, FakeClock
from tests.support.command import Shell
from tests.support.scripted import Scripted

LOCAL = ("--server", "local:")
TOLD = datetime(2026, 11, 5, 12, 30, tzinfo=UTC)
EVENT = {"type": "request", "id": "a", "source": "test", "specversion": "1.0", "subject": "acme-prod"}


class Bank(Scripted):
    """Shows one customer, and a balance for each id in `balances`."""

    balances: dict[str, Answer]

    def get(self, path, query=()):  # type: ignore[no-untyped-def]
        parts = path.split("/")
        if parts[-1] == "balance":
            return self.balances.get(parts[-3], Answer(404, None, "no such customer"))
        return super().get(path, query)


def connection(**balances: Answer) -> Connection:
    remote = Bank(rows={"/openmeter/customers": [{"id": "c1", "key": "acme"}]})
    remote.balances = balances
    return Connection(remote, FakeClock(), "test", "openmeter")


def told(text: object) -> Answer:
    return Answer(200, {"retrieved_at": text, "balances": []})


def test_the_time_is_the_servers_where_it_tells_it_with_a_balance() -> None:
    assert servers_now(connection(c1=told("2026-11-05T12:30:00Z")), "c1") == TOLD


@pytest.mark.parametrize("answer", [Answer(404, None), Answer(200, [])])
def test_the_time_is_this_machines_where_the_server_does_not_tell_it(answer: Answer) -> None:
    assert servers_now(connection(c1=answer), "c1") == START


@pytest.mark.parametrize("answer", [told(None), told(7), told("yesterday")])
def test_a_balance_that_tells_no_time_is_a_clear_error(answer: Answer) -> None:
    with pytest.raises(RemoteError) as raised:
        servers_now(connection(c1=answer), "c1")

    assert "/credits/balance: unexpected response: retrieved_at " in str(raised.value)


def test_anybodys_balance_tells_the_time() -> None:
    known = Snapshot({"customer": (Row("customer", "c2", {"id": "c2", "key": "other"}),)})
    server = connection(c1=told("2026-11-05T12:30:00Z"), c2=told("2026-11-06T00:00:00Z"))

    assert servers_now_by_anybody(server, Snapshot()) == TOLD
    assert servers_now_by_anybody(server, known) == datetime(2026, 11, 6, tzinfo=UTC)


def test_without_a_customer_the_time_is_this_machines() -> None:
    empty = Connection(Scripted(), FakeClock(), "test", "openmeter")

    assert servers_now_by_anybody(empty, Snapshot()) == START


def test_the_periods_of_an_impact_go_by_the_servers_clock(shell: Shell, folder: Path) -> None:
    shop = folder / "shop.yaml"
    assert shell.run("sync", "shop.yaml", *LOCAL, "--yes").code == 0
    app = open_database(".billsync/local.db", shell.clock, test_clock=True)
    with httpx.Client(transport=httpx.WSGITransport(app=app), base_url="http://local") as client:
        assert client.post("/api/v3/openmeter/events", json=EVENT).status_code == 202
        later = (START + timedelta(days=35)).isoformat().replace("+00:00", "Z")
        assert client.post("/local/clock", json={"now": later}).is_success
    app.close()
    shop.write_text(shop.read_text().replace('"0.002"', '"0.5"'))

    ran = shell.run("diff", "shop.yaml", *LOCAL, "--impact", "--impact-details", "--format", "json")

    (change,) = json.loads(ran.out)["impact"]["changes"]
    (one,) = change["subscriptions"]
    assert [(period["from"], period["to"]) for period in one["periods"]] == [
        ("2026-09-01T00:00:00Z", "2026-10-01T00:00:00Z")
    ]
