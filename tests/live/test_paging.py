import threading

import httpx
import pytest

from billsync.live.lists.cursors import read_forward
from billsync.live.lists.paging import count_rows, read_list
from billsync.model.ports import Decode, RemoteError
from billsync.model.routes import ListQuery
from tests.support.clock import FakeClock
from tests.support.mock_list import Lean, client, id_of, lean, lean_now_and_then, page_of, rows

SORTED = ListQuery("id", 10)
UNSORTED = ListQuery(None, 10)


def never(content: bytes) -> None:
    """Decode no page."""


@pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 40, 41, 1234])
@pytest.mark.parametrize("listing", [SORTED, UNSORTED, ListQuery("id", 7, at_once=1), ListQuery("id", 1, at_once=3)])
def test_every_row_is_read_once_in_order(count: int, listing: ListQuery) -> None:
    have = rows(count)

    read = read_list(client(lambda request: page_of(have, request)), "/x", [], listing, FakeClock())

    assert list(read) == have


@pytest.mark.parametrize("listing", [SORTED, UNSORTED])
def test_rows_are_as_the_decoder_gives_them(listing: ListQuery) -> None:
    have = rows(41)

    read = read_list(client(lambda request: page_of(have, request)), "/x", [], listing, FakeClock(), lean)

    assert read == tuple(Lean(str(row["id"])) for row in have)


def test_a_page_that_the_decoder_has_doubts_about_is_plain() -> None:
    have = rows(41)

    read = read_list(client(lambda request: page_of(have, request)), "/x", [], SORTED, FakeClock(), lean_now_and_then())

    assert [id_of(row) for row in read] == [row["id"] for row in have]
    assert {row["id"]: row for row in read if not isinstance(row, Lean)}.items() <= {
        row["id"]: row for row in have
    }.items()
    assert {type(row) for row in read} == {Lean, dict}


def test_filters_and_the_sort_go_with_every_page() -> None:
    have, seen = rows(25), []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append((request.url.params["filter[key][eq]"], request.url.params["sort"]))
        return page_of(have, request)

    read_list(client(handler), "/x", [("filter[key][eq]", "k")], SORTED, FakeClock())

    assert set(seen) == {("k", "id")}


def test_pages_are_read_four_at_a_time_and_no_more() -> None:
    have, lock, together, clock = rows(400), threading.Lock(), threading.Barrier(4, timeout=5), FakeClock()
    running, most, started = [0], [0], list[int]()

    def handler(request: httpx.Request) -> httpx.Response:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        clock.advance(0.2 if len(started) else 0.6)  # so that pages don't grow
        started.append(1)
        if request.url.params["page[size]"] == "10" and request.url.params["page[number]"] in ("9", "10", "11", "12"):
            together.wait()
        with lock:
            running[0] -= 1
        return page_of(have, request)

    read_list(client(handler), "/x", [], SORTED, clock)

    assert most == [4]


def test_a_row_that_appears_while_reading_makes_it_read_again() -> None:
    have, calls = rows(30), [0]

    def handler(request: httpx.Request) -> httpx.Response:
        calls[0] += 1
        if calls[0] == 2:
            have.insert(0, {"id": "new"})
        return page_of(have, request)

    read = read_list(client(handler), "/x", [], ListQuery("id", 10, at_once=1), FakeClock())

    assert list(read) == have


def test_a_row_that_moves_between_pages_is_noticed_though_the_total_stays() -> None:
    have, calls = rows(20), [0]

    def handler(request: httpx.Request) -> httpx.Response:
        calls[0] += 1
        if calls[0] == 2:
            have.insert(0, have.pop())
        return page_of(have, request)

    read = read_list(client(handler), "/x", [], ListQuery("id", 10, at_once=1), FakeClock())

    assert list(read) == have


def test_a_list_that_never_stops_changing_is_a_clear_error() -> None:
    have = rows(30)

    def handler(request: httpx.Request) -> httpx.Response:
        have.append({"id": str(len(have))})
        return page_of(have, request)

    with pytest.raises(RemoteError) as raised:
        read_list(client(handler), "/x", [], SORTED, FakeClock())

    changing = "the list keeps changing while it is read (4 readings; 37 rows, then 38): try again"
    assert str(raised.value) == f"GET /x: {changing}"


def test_totals_that_disagree_are_said() -> None:
    totals = iter([30, 29] * 4)

    def handler(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"data": rows(10), "meta": {"page": {"total": next(totals)}}})

    with pytest.raises(RemoteError) as raised:
        read_list(client(handler), "/x", [], ListQuery("id", 10, at_once=1), FakeClock())

    changing = "the list keeps changing while it is read (4 readings; 30 rows, then 29): try again"
    assert str(raised.value) == f"GET /x: {changing}"


def test_rows_appended_while_reading_are_left_for_the_next_reading() -> None:
    """Rows that are added at the end while a list is read are left for the next reading."""
    have = rows(30)
    before = list(have)

    def handler(request: httpx.Request) -> httpx.Response:
        answer = page_of(have, request)
        if request.url.params["page[size]"] == "1" or len(have) > 30:
            have.append({"id": f"new{len(have)}"})
        return answer

    read = read_list(client(handler), "/x", [], SORTED, FakeClock())

    assert list(read) == before


def test_a_deleted_row_is_noticed_though_the_total_stays() -> None:
    """A row that is deleted while another is added is noticed although the total stays the same.

    Without a look at the last row, the first row of the second page would be lost in silence.
    """
    have, calls = rows(30), [0]

    def handler(request: httpx.Request) -> httpx.Response:
        answer = page_of(have, request)
        calls[0] += 1
        if calls[0] == 3:
            del have[0]
            have.append({"id": "new"})
        return answer

    read = read_list(client(handler), "/x", [], ListQuery("id", 10, at_once=1), FakeClock())

    assert list(read) == have


def test_a_page_with_too_few_rows_is_not_taken_for_the_end() -> None:
    have, calls = rows(30), [0]

    def handler(request: httpx.Request) -> httpx.Response:
        calls[0] += 1
        return (
            page_of(have, request)
            if calls[0] != 4
            else httpx.Response(200, json={"data": have[10:15], "meta": {"page": {"total": 30}}})
        )

    read = read_list(client(handler), "/x", [], ListQuery("id", 10, at_once=1), FakeClock())

    assert list(read) == have


def test_a_list_without_a_sort_is_read_in_one_page() -> None:
    have, sizes = rows(35), []

    def handler(request: httpx.Request) -> httpx.Response:
        sizes.append(request.url.params["page[size]"])
        return page_of(have, request)

    read_list(client(handler), "/x", [], UNSORTED, FakeClock())

    assert sizes == ["10", "35"]


def sizes_asked(cost_of_page: dict[int, float], count: int) -> list[int]:
    """The page sizes asked for, in order, when a page of a size takes that many seconds (the largest for larger)."""
    have, clock, asked = rows(count), FakeClock(), []

    def handler(request: httpx.Request) -> httpx.Response:
        size = int(request.url.params["page[size]"])
        asked.append(size)
        clock.advance(cost_of_page.get(size, max(cost_of_page.values())))
        return page_of(have, request)

    read_list(client(handler, clock), "/x", [], ListQuery("id", 10, at_once=1), clock)
    return asked


def test_pages_grow_while_rows_get_no_dearer() -> None:
    assert sizes_asked({10: 0.1, 20: 0.1, 40: 0.1, 80: 0.1}, 400) == [10, 1, 20, 20, 40, 80, 80, 80, 80]


def test_pages_shrink_at_the_cliff_and_stay_there() -> None:
    assert sizes_asked({10: 0.01, 20: 0.01, 40: 9.0}, 160) == [10, 1, 20, 20, 40, 20, 20, 20, 20]


@pytest.mark.parametrize(
    ("query", "size"),
    [([("filter[key][oeq]", "")], 10), ([("filter[key][oeq]", " , ")], 10), ([("page[size]", "5")], 10), ([], 0)],
)
def test_an_empty_filter_or_page_is_never_sent(query: list[tuple[str, str]], size: int) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        raise AssertionError("sent")

    with pytest.raises(ValueError):
        read_list(client(handler), "/x", query, ListQuery("id", size), FakeClock())


@pytest.mark.parametrize(
    "body",
    [
        {"data": [{"id": "1"}]},
        {"data": [{"id": "1"}], "meta": {"page": {"size": 10}}},
        {"data": [{"id": "1"}], "meta": {"page": {"total": "1"}}},
        {"data": [{"key": "1"}], "meta": {"page": {"total": 1}}},
        {"data": ["1"], "meta": {"page": {"total": 1}}},
        {"data": {"id": "1"}, "meta": {"page": {"total": 1}}},
        {"data": [], "meta": []},
        [],
        "text",
    ],
)
@pytest.mark.parametrize("decode", [never, lean])
def test_an_answer_that_is_not_a_list_is_a_clear_error(body: object, decode: Decode[Lean]) -> None:
    with pytest.raises(RemoteError) as raised:
        read_list(client(lambda request: httpx.Response(200, json=body)), "/x", [], SORTED, FakeClock(), decode)

    assert str(raised.value) == "GET /x: the answer is not a list of API v3 (no rows with ids, or no `meta.page`)"


@pytest.mark.parametrize("key", [" ", ",", " , "])
def test_a_key_of_blanks_and_commas_is_a_key_where_one_is_asked_for(key: str) -> None:
    asked: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.params["filter[key][eq]"])
        return page_of([], request)

    read_list(client(handler), "/x", [("filter[key][eq]", key)], SORTED, FakeClock())

    assert asked == [key]


def test_a_list_whose_data_is_null_is_empty() -> None:
    body = {"data": None, "meta": {"page": {"total": 0}}}

    assert read_list(client(lambda request: httpx.Response(200, json=body)), "/x", [], SORTED, FakeClock()) == ()


def test_a_refused_list_says_what_the_server_said() -> None:
    refused = httpx.Response(400, json={"detail": "no such filter"})

    with pytest.raises(RemoteError) as raised:
        read_list(client(lambda request: refused), "/x", [], SORTED, FakeClock())

    assert str(raised.value) == "GET /x: 400 Bad Request: no such filter"


def test_counting_fetches_one_row() -> None:
    have, sizes = rows(57), []

    def handler(request: httpx.Request) -> httpx.Response:
        sizes.append(request.url.params["page[size]"])
        return page_of(have, request)

    count = count_rows(client(handler), "/x", [("filter[status][eq]", "active")])

    assert (count, sizes) == (57, ["1"])


def cursor_page(have: list[dict[str, object]], request: httpx.Request) -> httpx.Response:
    start = int(request.url.params.get("page[after]", "0"))
    size = int(request.url.params["page[size]"])
    end = start + size
    following = str(end) if end < len(have) else None
    meta = {"page": {"size": size, "next": following, "previous": None}}
    return httpx.Response(200, json={"data": have[start:end], "meta": meta})


@pytest.mark.parametrize("count", [0, 3, 7])
def test_a_list_with_cursors_is_read_forward_to_its_end(count: int) -> None:
    have = rows(count)

    read = read_forward(client(lambda request: cursor_page(have, request)), "/x", [], size=3)

    assert list(read) == have


def test_a_cursor_that_comes_back_is_a_clear_error() -> None:
    body = {"data": [{"id": "1"}], "meta": {"page": {"next": "same"}}}

    with pytest.raises(RemoteError) as raised:
        read_forward(client(lambda request: httpx.Response(200, json=body)), "/x", [], size=3)

    assert str(raised.value) == "GET /x: the server's pages repeat"
