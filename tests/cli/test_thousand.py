"""Every command that talks to a server, with 1,000 subscriptions behind something with a page cliff, in virtual time.

The rows are copies in the embedded server's database: to make them one by one would take most of the test's time.
"""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from billsync.model.limits import ANSWER_SECONDS
from tests.support.behind import put_before_the_server
from tests.support.clock import START, FakeClock
from tests.support.command import Shell
from tests.support.recorder import Recorder
from tests.support.slow_large_pages import measured

COUNT = 1000
DATABASE = "thousand.db"
SHOP = """\
_info: {owner: payments}
meters: [{key: calls, name: Calls, event_type: call, aggregation: count}]
features: [{key: calls, name: Calls, meter: calls}]
plans:
  - key: pro
    name: Pro
    currency: USD
    billing_cadence: P1M
    settlement_mode: credit_only
    phases: [{key: default, name: Default, rate_cards: [{feature: calls, price: {type: unit, amount: "PRICE"}}]}]
customers:
"""
CUSTOMER = (
    "  - {key: c0000, name: Number 0000, usage_attribution: {subject_keys: [s0000]}, subscription: {plan: pro}}\n"
)


def shop(customers: int, *, price: str = "0.002") -> str:
    """The files of that many customers."""
    every = (CUSTOMER.replace("0000", f"{number:04d}") for number in range(customers))
    return SHOP.replace("PRICE", price) + "".join(every)


def multiply(database: Path) -> None:
    """Copies of the only customer and its subscription, under ids, keys and subjects of their own."""
    with closing(sqlite3.connect(database)) as connection, connection:  # closed: all of it is in the one file
        columns = "resource, id, key, parent, created_at, updated_at, deleted_at, begins_at, ends_at, document"
        kinds = "resource IN ('customer', 'subscription')"
        rows = connection.execute(f"SELECT seq, {columns} FROM entity WHERE {kinds} ORDER BY seq").fetchall()
        terms = connection.execute(f"SELECT resource, name, value, seq FROM term WHERE {kinds}").fetchall()
        ids = [row[2] for row in rows]

        def renumbered(value: Any, number: int) -> Any:
            if not isinstance(value, str):
                return value
            for server_id in ids:
                value = value.replace(server_id, f"{server_id[:-4]}{number:04d}")
            return (
                value.replace("c0000", f"c{number:04d}")
                .replace("s0000", f"s{number:04d}")
                .replace("Number 0000", f"Number {number:04d}")
            )

        for number in range(1, COUNT):
            for seq, *row in rows:
                copy = [renumbered(value, number) for value in row]
                marks = ", ".join("?" * len(copy))
                added = connection.execute(f"INSERT INTO entity ({columns}) VALUES ({marks})", copy).lastrowid
                connection.executemany(
                    "INSERT INTO term VALUES (?, ?, ?, ?)",
                    [(kind, name, renumbered(value, number), added) for kind, name, value, of in terms if of == seq],
                )


@pytest.fixture(scope="module")
def thousand(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with a thousand customers, each with a subscription; the last four digits of ids are their numbers."""
    folder = tmp_path_factory.mktemp("thousand")
    (folder / "shop.yaml").write_text(shop(1))
    ran = Shell().run("sync", str(folder / "shop.yaml"), "--yes", "--server", f"local:{folder / DATABASE}")
    assert ran.code == 0, ran.err
    multiply(folder / DATABASE)
    return folder / DATABASE


class Cliff(httpx.BaseTransport):
    """Lets virtual time pass for each page of subscriptions, as a real server takes it; a long one times out."""

    def __init__(self, inner: httpx.BaseTransport, clock: FakeClock) -> None:
        self._inner = inner
        self._clock = clock
        self.sizes: list[int] = []
        self.timed_out: list[str] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        size = int(request.url.params.get("page[size]", "1"))
        if request.method == "GET" and request.url.path.endswith("/openmeter/subscriptions"):
            self.sizes.append(size)
            seconds = measured(size, 4) / 4  # four are asked for together
            self._clock.advance(min(seconds, ANSWER_SECONDS))
            if seconds > ANSWER_SECONDS:
                self.timed_out.append(str(request.url))
                raise httpx.ReadTimeout("too slow", request=request)
        return self._inner.handle_request(request)


@pytest.fixture
def cliff(thousand: Path, shell: Shell, folder: Path, openapi: Recorder, monkeypatch: pytest.MonkeyPatch) -> Cliff:
    """The thousand in the folder, behind the cliff. The recorder looks at the same rows in other tests."""
    openapi.document = None
    shutil.copy(thousand, folder / DATABASE)
    cliff = Cliff(httpx.MockTransport(lambda request: httpx.Response(500)), shell.clock)

    def behind(inner: httpx.BaseTransport) -> httpx.BaseTransport:
        cliff._inner = inner
        return cliff

    put_before_the_server(monkeypatch, behind)
    return cliff


READS_ALL = 200
"""Pages of five of a thousand rows."""

COMMANDS: dict[str, tuple[tuple[str, ...], int, int]] = {
    "a diff of the same": (("diff", "shop.yaml", "--exit-code"), 0, READS_ALL),
    "a diff of another price": (("diff", "dearer.yaml", "--exit-code"), 2, READS_ALL),
    "the impact of another price": (("diff", "dearer.yaml", "--impact"), 0, 2 * READS_ALL),
    "a sync of the same": (("sync", "shop.yaml", "--yes"), 0, READS_ALL),
    "a sync of another price": (("sync", "dearer.yaml", "--yes"), 0, READS_ALL),
    "an apply of the same": (("apply", "shop.yaml", "--yes"), 0, READS_ALL),
    "a dump": (("dump",), 0, READS_ALL),
    "usage": (("usage", "c0500"), 0, 1),
    "a forecast": (("forecast", "c0500"), 0, 1),
    "a ledger": (("ledger", "c0500"), 0, 0),
    "a ping": (("ping",), 0, 0),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_gets_over_the_cliff(cliff: Cliff, shell: Shell, folder: Path, name: str) -> None:
    command, code, pages = COMMANDS[name]
    (folder / "shop.yaml").write_text(shop(COUNT))
    (folder / "dearer.yaml").write_text(shop(COUNT, price="0.003"))

    ran = shell.run(*command, "--server", f"local:{DATABASE}")

    assert (ran.code, "error[" in ran.err) == (code, False), ran.err[:2000] + ran.out[-2000:]
    assert cliff.timed_out == []
    assert max(cliff.sizes, default=0) <= 10
    assert len(cliff.sizes) <= pages * 1.1 + 10
    assert (shell.clock.now() - START).total_seconds() < 0.05 * pages + 10
