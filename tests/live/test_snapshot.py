from decimal import Decimal

import httpx
import pytest

from billsync.live.client import Settings
from billsync.live.connect import open_remote
from billsync.live.protocol.target import Target
from billsync.live.snapshot import Source, snapshot
from billsync.model.ports import RemoteError
from billsync.model.routes import ListQuery, Routes
from billsync.model.state import Read, Row, Snapshot
from tests.support.clock import START, FakeClock
from tests.support.mock_list import client, page_of

ROUTES = {
    "box": Routes("/boxes", ListQuery("id", 10), "key", ()),
    "item": Routes("/boxes/{parent}/items", ListQuery(None, 10), "key", ()),
}
LISTS: dict[str, list[dict[str, object]]] = {
    "/api/v3/boxes": [{"id": "b1"}, {"id": "b2", "deleted_at": "2026-01-01T00:00:00Z"}, {"id": "b3"}],
    "/api/v3/boxes/b1/items": [{"id": "i1"}],
    "/api/v3/boxes/b3/items": [{"id": "i2"}, {"id": "i3"}],
}


def handler(request: httpx.Request) -> httpx.Response:
    if request.url.path == "/api/v3/weight":
        return httpx.Response(200, content=b'{"weight": 0.1}')
    if request.url.path not in LISTS:
        return httpx.Response(404, json={"detail": "not found"})
    return page_of(LISTS[request.url.path], request)


def source() -> Source:
    clock = FakeClock()
    return Source(client(handler, clock), ROUTES, clock)


def test_a_snapshot_holds_what_was_asked_for_in_the_order_of_the_reads() -> None:
    counting = Read("box", (("filter[status][eq]", "active"),), count_only=True)
    reads = [Read("box"), Read("item", parent_id="b3"), Read("item", parent_id="b1"), counting, Read("box")]

    found = snapshot(source(), reads, ["/weight"])

    assert found == Snapshot(
        {
            "box": (Row("box", "b1", {"id": "b1"}), Row("box", "b3", {"id": "b3"})),
            "item": (
                Row("item", "i2", {"id": "i2"}, "b3"),
                Row("item", "i3", {"id": "i3"}, "b3"),
                Row("item", "i1", {"id": "i1"}, "b1"),
            ),
        },
        {counting: 3},
        {"/weight": {"weight": Decimal("0.1")}},
        START,
    )


def test_a_row_that_two_reads_show_is_there_once() -> None:
    reads = [Read("box", (("filter[key][eq]", "a"),)), Read("box", (("filter[key][eq]", "b"),))]

    found = snapshot(source(), reads)

    assert [row.id for row in found.of("box")] == ["b1", "b3"]


@pytest.mark.parametrize(("reads", "documents"), [([Read("item", parent_id="gone")], []), ([], ["/gone"])])
def test_a_read_that_fails_fails_the_snapshot(reads: list[Read], documents: list[str]) -> None:
    with pytest.raises(RemoteError):
        snapshot(source(), reads, documents)


@pytest.mark.parametrize("read", [Read("item"), Read("box", parent_id="b1")])
def test_a_parent_belongs_where_the_path_has_one(read: Read) -> None:
    with pytest.raises(ValueError):
        snapshot(source(), [read])


def test_the_embedded_server_needs_its_transport() -> None:
    with pytest.raises(ValueError):
        open_remote(Target("http://local.invalid/api/v3", database="x.db"), FakeClock(), Settings())
