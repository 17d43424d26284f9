"""Many lists or documents, each as it would be read by itself, for one request where its first page holds all of it."""

from __future__ import annotations

from collections import Counter
from typing import Any

import httpx
import pytest

from billsync.live.lists.page import Refused
from billsync.live.lists.paging import read_list
from billsync.live.lists.streams import read_documents, read_lists, read_short_lists, read_together
from billsync.model.ports import Answer, ListRead, RemoteError, Unreachable
from billsync.model.routes import ListQuery
from tests.support.clock import FakeClock
from tests.support.mock_list import client, id_of, lean, lean_now_and_then, page_of, rows

COUNTS = [0, 1, 9, 10, 11, 25, 0, 3, 12] * 3


@pytest.mark.parametrize("listing", [ListQuery("id", 10), ListQuery(None, 10)])
@pytest.mark.parametrize("decoder", [lambda: None, lambda: lean, lean_now_and_then])
def test_each_list_is_read_whole_and_in_order(listing: ListQuery, decoder: Any) -> None:
    requests: Counter[int] = Counter()

    def handler(request: httpx.Request) -> httpx.Response:
        number = int(request.url.path.split("/")[-1])
        requests[number] += 1
        return page_of(rows(COUNTS[number]), request)

    remote, paths = client(handler), [f"/x/{number}" for number in range(len(COUNTS))]
    lists = list(read_lists(remote, iter(paths), (), listing, FakeClock(), decoder()))
    asked_once = {number for number, times in requests.items() if times == 1}
    alone = [read_list(remote, path, (), listing, FakeClock()) for path in paths]

    assert [[id_of(row) for row in found] for found in lists] == [[row["id"] for row in found] for found in alone]
    assert asked_once == {number for number, count in enumerate(COUNTS) if count <= 10}


def test_a_list_that_is_refused_is_its_error() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        return httpx.Response(404, json={}) if request.url.path.endswith("1") else page_of(rows(1), request)

    found = list(read_lists(client(handler), ["/x/0", "/x/1", "/x/2"], (), ListQuery(None, 10), FakeClock()))

    assert [refused.status if isinstance(refused, Refused) else len(refused) for refused in found] == [1, 404, 1]


@pytest.mark.parametrize("answer", [httpx.Response(200, content=b'{"data": ['), httpx.Response(500, json={})])
def test_short_lists_end_with_the_first_that_fails(answer: httpx.Response) -> None:
    seen: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.path)
        return httpx.Response(answer.status_code, content=answer.content)

    with pytest.raises(RemoteError):
        list(read_short_lists(client(handler), (f"/x/{number}" for number in range(200)), ListQuery(None, 10), lean))

    assert len(set(seen)) < 20


def test_documents_come_in_order_or_are_refused() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        place = request.url.path.split("/")[-1]
        return httpx.Response(403, json={}) if place == "b" else httpx.Response(200, json={"at": place})

    found = list(read_documents(client(handler), ["/x/a", "/x/b", "/x/c"]))

    assert [one.status if isinstance(one, Refused) else one["at"] for one in found] == ["a", 403, "c"]


def test_an_error_of_any_other_sort_ends_the_stream() -> None:
    with pytest.raises(Unreachable):
        list(read_documents(client(lambda request: httpx.Response(401, json={})), ["/x/a", "/x/b"]))


@pytest.mark.parametrize(
    ("refused", "lists", "documents"),
    [("none", [0, 25], [200]), ("/y", [0, 25], [404]), ("/x/25", [0, Refused], []), ("/x/0", [Refused], [])],
)
def test_what_is_read_together_ends_with_the_first_list_that_fails(
    refused: str, lists: list[Any], documents: list[int]
) -> None:
    """A refused document is an answer."""

    def handler(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith(refused):
            return httpx.Response(404, json={})
        count = request.url.path.rpartition("/")[2]
        return page_of(rows(int(count)), request) if count.isdigit() else httpx.Response(200, json={})

    asked = [ListRead(f"/x/{count}", (), ListQuery("id", 10)) for count in (0, 25)]
    ahead = read_together(client(handler), asked, ["/y"], FakeClock(), at_once=1)

    found = [type(rows) if isinstance(rows, RemoteError) else len(rows) for rows in ahead.rows.values()]
    assert found == lists
    assert [answer.status for answer in ahead.answers.values() if isinstance(answer, Answer)] == documents
