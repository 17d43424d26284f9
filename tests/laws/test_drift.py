"""Drift: what differs from the files counts, what is nobody's is a note, and nothing can be written."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import get_type_hints

import httpx
import pytest

from billsync.app.comparing.drift import Drift, find_drift
from billsync.app.planning.pipeline import compare
from billsync.app.server.connection import ReadingConnection
from billsync.core.declared.selecting import selected
from billsync.kinds.registry import KINDS
from billsync.live.client import ReadingClient, Settings
from billsync.live.protocol.exchange import MethodRefused
from billsync.live.protocol.target import Target
from billsync.live.transports import curl_options, over_curl
from billsync.live.transports.embedded import Embedded
from billsync.live.transports.quick import QuickReads
from billsync.model.ports import Reader
from billsync.model.selection import Selection
from tests.support.portal import Portal
from tests.support.world import BASE, TARGET, World, declared

FILES = """
_info: {owner: us}
features: [{key: support, name: Support}]
plans:
  - key: basic
    name: Basic
    currency: USD
    billing_cadence: P1M
    settlement_mode: credit_only
    phases: [{key: only, name: Only, rate_cards: [{feature: support, price: {type: free}}]}]
customers:
  - {key: acme, name: Acme, subscription: {plan: basic}}
  - {key: left, name: Left}
"""


class Witness(httpx.BaseTransport):
    """A transport that keeps the methods of what went through it."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self.inner = inner
        self.methods: set[str] = set()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.methods.add(request.method)
        return self.inner.handle_request(request)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """A server with what the files declare, then changed by other hands."""
    world = World()
    assert world.sync(declared(FILES)).report.succeeded
    world.clock.sleep(86400)
    with world.http() as http:
        (left,) = [row for row in http.get("customers").json()["data"] if row["key"] == "left"]
        http.put(f"customers/{left['id']}", json={"name": "Gone", "labels": left["labels"]}).raise_for_status()
        for key, more in (("initech", {}), ("hooli", {"labels": {"billsync_owner": "them"}})):
            http.post("customers", json={"key": key, "name": key, **more}).raise_for_status()
    portal = Portal(world)
    (link,) = portal.links()
    assert portal.cancel(link["id"], "next_billing_cycle")
    yield world
    world.close()


def reading(world: World) -> tuple[ReadingConnection, Witness]:
    transport = Witness(world.transport())
    reader = ReadingClient(
        Target(BASE, database="test", dialect="openmeter"), world.clock, Settings(transport=transport)
    )
    return ReadingConnection(reader, world.clock, TARGET, "openmeter"), transport


def drift(world: World, text: str = FILES) -> Drift:
    return find_drift(reading(world)[0], declared(text))


def test_what_differs_counts_with_the_time_of_the_change(world: World) -> None:
    found = drift(world)

    differing = {change.address.text: change.outcome.value for change in found.differing}
    assert differing == {"customer/left": "pending", "subscription/acme/default": "note"}
    assert {address.text: time[:10] for address, time in found.since.items()} == dict.fromkeys(differing, "2026-09-02")


def test_what_is_nobodys_is_a_note(world: World) -> None:
    found = drift(world)

    assert [(change.address.text, change.reason) for change in found.plan.changes if change.code == "unowned"] == [
        ("customer/hooli", "it is live, not declared, and owned by 'them'"),
        ("customer/initech", "it is live, not declared, and not marked as anybody's"),
    ]


def test_what_is_nobodys_is_a_note_only_where_it_is_selected(world: World) -> None:
    desired = replace(declared(FILES), selection=Selection(patterns=(("customer", "hoo*"),)))

    found = find_drift(reading(world)[0], selected(desired, desired.selection, KINDS))

    assert [change.address.text for change in found.plan.changes if change.code == "unowned"] == ["customer/hooli"]


def test_what_is_owned_counts_where_the_files_name_its_collection(world: World) -> None:
    shorter = FILES.replace("  - {key: left, name: Left}\n", "")

    found = drift(world, shorter)

    assert "customer/left" in [change.address.text for change in found.differing]
    assert found.plan.guards == ()


def test_nothing_but_reads_is_sent(world: World) -> None:
    connection, transport = reading(world)

    find_drift(connection, declared(FILES))

    assert transport.methods == {"GET"}


def test_what_drift_is_given_has_no_way_to_write(world: World) -> None:
    """By its types, which mypy checks all the way down, and when it runs: neither the reader nor its transport."""
    connection, transport = reading(world)
    reader = connection.remote

    assert get_type_hints(find_drift)["connection"] is get_type_hints(compare)["connection"] is ReadingConnection
    assert get_type_hints(ReadingConnection)["remote"] is Reader
    assert [name for name in vars(Reader) if not name.startswith("_")] == ["get"]
    assert not hasattr(reader, "call")
    assert isinstance(reader, ReadingClient)
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        with pytest.raises(MethodRefused):
            reader._ways.exchange().send(method, f"{BASE}/openmeter/meters", (), None)
        with pytest.raises(MethodRefused):
            Embedded(world.app, {}, reader._METHODS).send(method, f"{BASE}/openmeter/meters", (), None)
    assert transport.methods == set()


def test_quick_reads_have_no_way_to_write() -> None:
    """Their handles are made for GET, and no option that would send another method or a body is ever set."""
    source = inspect.getsource(over_curl) + inspect.getsource(curl_options)

    assert [name for name in vars(QuickReads) if not name.startswith("_")] == ["fetch", "judge", "are_plain", "close"]
    assert re.search(r"HTTPGET: 1\b", source)
    assert not re.search(r"\b(POST\w*|COPYPOSTFIELDS|CUSTOMREQUEST|UPLOAD|PUT|HTTPPOST|MIMEPOST|READ\w*)\b", source)
