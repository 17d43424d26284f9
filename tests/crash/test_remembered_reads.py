"""Answers that are remembered: none is given again after a change or later, nor where other changes were made."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from tests.support.clock import FakeClock
from tests.support.remembered_reads import Answers, Reads, RememberingTransport
from tests.support.world import BASE, World

pytestmark = pytest.mark.crash

CUSTOMERS = "customers"


@dataclass(slots=True)
class Counting(httpx.BaseTransport):
    """A transport that notes what it is asked."""

    inner: httpx.BaseTransport
    asked: list[str] = field(default_factory=list)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.method)
        return self.inner.handle_request(request)


@dataclass(slots=True)
class Remembered:
    """A server behind remembered reads."""

    world: World
    http: httpx.Client
    counting: Counting

    def add(self, key: str) -> None:
        assert self.http.post(CUSTOMERS, json={"key": key, "name": key}).is_success

    def keys(self) -> list[str]:
        return [row["key"] for row in self.http.get(CUSTOMERS).json()["data"]]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[[], Remembered]]:
    """Makes a fresh server; all of them share their answers."""
    answers: Answers = {}
    with ExitStack() as stack:

        def opened() -> Remembered:
            path = tmp_path / f"{len(list(tmp_path.glob('*.db')))}.db"
            world = World(database=str(path), clock=FakeClock(), tick=60)
            counting = Counting(world.transport())
            reads = Reads(path, world.server_time, answers)
            client = httpx.Client(transport=RememberingTransport(counting, reads), base_url=f"{BASE}/openmeter")
            stack.callback(world.close)
            stack.callback(reads.close)
            return Remembered(world, stack.enter_context(client), counting)

        yield opened


def test_a_read_is_asked_again_after_a_change_and_after_a_tick(opened: Callable[[], Remembered]) -> None:
    server = opened()

    found = [server.keys(), server.keys()]
    server.add("acme")
    found += [server.keys(), server.keys()]
    server.world.clock.advance(59)
    found.append(server.keys())
    server.world.clock.advance(1)
    found.append(server.keys())

    assert found == [[], [], ["acme"], ["acme"], ["acme"], ["acme"]]
    assert server.counting.asked == ["GET", "POST", "GET", "GET"]


def test_servers_share_answers_while_the_same_was_changed(opened: Callable[[], Remembered]) -> None:
    first, second, third = opened(), opened(), opened()

    for server, key in ((first, "acme"), (second, "acme"), (third, "other")):
        server.add(key)

    assert [first.keys(), second.keys(), third.keys()] == [["acme"], ["acme"], ["other"]]
    assert [server.counting.asked for server in (first, second, third)] == [["POST", "GET"], ["POST"], ["POST", "GET"]]


def test_a_write_that_changes_nothing_is_made_each_time(opened: Callable[[], Remembered]) -> None:
    server = opened()
    server.add("acme")

    refused = [server.http.post(CUSTOMERS, json={"key": "acme", "name": "Acme"}).status_code for _ in range(2)]

    assert refused == [409, 409]
    assert server.counting.asked == ["POST", "POST", "POST"]
