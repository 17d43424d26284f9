"""How many rows are asked for at a time: at a cliff, under noise, after time-outs, and across the network."""

import random
from collections.abc import Callable
from statistics import median

import httpx
import pytest

from billsync.api.routes import DIALECTS, routes
from billsync.live.lists.cursors import read_forward
from billsync.live.lists.pace import first_pace
from billsync.live.lists.paging import read_list
from billsync.model.ports import RemoteError, TimedOut
from billsync.model.routes import ListQuery
from tests.support.clock import START, FakeClock
from tests.support.mock_list import client, page_of, rows
from tests.support.slow_large_pages import CliffServer, Cost, cliff_after, measured

pytestmark = pytest.mark.thorough

SUBSCRIPTIONS = ListQuery(sort="id", size=5, at_once=4)


def read(server: CliffServer, listing: ListQuery = SUBSCRIPTIONS) -> float:
    """Read the whole list, check it, and return the virtual seconds it took."""
    found = read_list(client(server, server.clock), "/x", [], listing, server.clock)
    assert list(found) == server.rows
    return (server.clock.now() - START).total_seconds()


@pytest.mark.parametrize("dialect", DIALECTS)
def test_subscriptions_are_read_by_fives_four_pages_at_a_time(dialect: str) -> None:
    assert routes(dialect)["subscription"].listing == SUBSCRIPTIONS


def test_a_thousand_subscriptions_of_a_measured_server_take_seconds() -> None:
    server = CliffServer(rows(1000), measured)

    seconds = read(server)

    assert seconds < 5
    assert max(server.sizes) == 10
    assert server.sizes.count(10) <= 3  # each try of ten takes 0.3 s, and they get rare
    assert server.timed_out == []


@pytest.mark.parametrize("limit", [1, 2, 3, 4])
def test_a_page_that_timed_out_is_never_asked_for_at_that_size_again(limit: int) -> None:
    server = CliffServer(rows(203), cliff_after(limit))

    read(server)

    assert len(set(server.timed_out)) == len(server.timed_out)
    assert len(server.timed_out) <= 12


@pytest.mark.parametrize(("limit", "sizes"), [(2, [5, 2]), (1, [5, 2, 1])])
def test_the_first_page_is_halved_until_it_comes(limit: int, sizes: list[int]) -> None:
    server = CliffServer(rows(3), cliff_after(limit))

    read(server)

    assert server.sizes[: len(sizes)] == sizes


def test_an_unordered_list_is_read_by_pages_after_a_timeout() -> None:
    """A list without an order is read by pages once its single page has timed out."""
    server = CliffServer(rows(230), cliff_after(50))

    read(server, ListQuery(None, 10_000, at_once=1))

    assert server.sizes == [10_000, 100, 50, 50, 50, 50, 50, 50]


def test_a_single_row_that_never_comes_is_a_clear_error() -> None:
    server = CliffServer(rows(3), cliff_after(0))

    with pytest.raises(TimedOut) as raised:
        read(server)

    assert str(raised.value) == "GET /x: the answer was lost (too slow)"
    assert server.sizes == [5, 2, 1, 1, 1, 1]


@pytest.mark.parametrize("status", [408, 504])
def test_a_time_out_that_a_gateway_tells_halves_the_page_too(status: int) -> None:
    have, sizes = rows(40), []

    def handler(request: httpx.Request) -> httpx.Response:
        sizes.append(int(request.url.params["page[size]"]))
        return page_of(have, request) if sizes[-1] <= 2 else httpx.Response(status, content=b"<html>")

    found = read_list(client(handler), "/x", [], SUBSCRIPTIONS, FakeClock())

    assert list(found) == have
    assert sizes[:3] == [5, 2, 1]


def test_a_server_that_was_slow_for_a_while_gets_larger_pages_again() -> None:
    slow_until = 400

    def cost(size: int, together: int) -> float:
        return 600.0 if len(server.sizes) < slow_until and size > 1 else 0.001 * size * together

    server = CliffServer(rows(5000), cost)

    read(server)

    assert server.sizes[:3] == [5, 2, 1]
    assert max(server.sizes) == 80
    assert len(server.sizes) < slow_until + 400


def test_pages_with_a_long_way_to_go_are_not_made_small() -> None:
    """Latency is no cliff: small pages would only make the whole list slower."""
    server = CliffServer(rows(1000), lambda size, together: 1.6 + 0.001 * size)

    read(server)

    assert sum(size >= 5 for size in server.sizes) > 190


def test_pages_never_grow_past_the_time_that_a_page_may_take() -> None:
    taken: list[float] = []

    def cost(size: int, together: int) -> float:
        taken.append(0.03 * size)
        return 0.03 * size

    read(CliffServer(rows(2000), cost))

    assert max(taken) <= 1.0


def test_a_cursor_list_is_read_with_fewer_rows_after_a_time_out() -> None:
    have, sizes = rows(10), []

    def handler(request: httpx.Request) -> httpx.Response:
        size, start = int(request.url.params["page[size]"]), int(request.url.params.get("page[after]", "0"))
        sizes.append(size)
        if size > 4:
            raise httpx.ReadTimeout("too slow", request=request)
        end = start + size
        page = {"next": str(end) if end < len(have) else None}
        return httpx.Response(200, json={"data": have[start:end], "meta": {"page": page}})

    assert list(read_forward(client(handler), "/x", [], size=16)) == have
    assert sizes == [16, 8, 4, 4, 4]


BY_FIVES, BY_HUNDREDS = ListQuery("id", 5, at_once=4), ListQuery("id", 100, at_once=4)
Seconds = Callable[[int, int, int], float]
"""Rows of a page, pages together, and rows read so far -> seconds."""


def pages(total: int, seconds: Seconds, listing: ListQuery) -> list[tuple[int, int]]:
    """The size of each page that is asked for, with the rows read before it."""
    first = first_pace(listing)
    pace = first.after(0, rows=first.size, seconds=seconds(first.size, 1, 0))
    read, asked = 0, [(first.size, 0)]
    while read < total:
        numbers = pace.numbers(read, total)
        fresh = min(len(numbers) * pace.size, total - read)
        took = seconds(pace.size, len(numbers), read)
        asked += [(pace.size, read)] * len(numbers)
        read += fresh
        pace = pace.after(read, rows=fresh, seconds=took)
    return asked


def steady(each: float, request: float = 0.001) -> Seconds:
    """A server that makes one page after the other."""
    return lambda size, together, read: together * (request + each * size)


def noisy(seconds: Seconds, seed: int, *, sigma: float | None = None) -> Seconds:
    """The same with noise of 30 %, or, with a sigma, of a factor that has no bounds."""
    chance = random.Random(seed)

    def factor() -> float:
        return chance.uniform(0.7, 1.3) if sigma is None else chance.lognormvariate(0, sigma)

    return lambda size, together, read: seconds(size, together, read) * factor()


@pytest.mark.parametrize(("listing", "least"), [(BY_FIVES, 1250), (ListQuery("id", 10), 1250), (BY_HUNDREDS, 125)])
@pytest.mark.parametrize("each", [0.00005, 0.0002])
def test_noise_of_thirty_percent_costs_hardly_a_request(listing: ListQuery, least: int, each: float) -> None:
    """100,000 rows: requests are at most 1.05 times the least that the largest pages allow."""
    most = max(len(pages(100_000, noisy(steady(each), seed), listing)) for seed in range(9))

    assert most <= 1.05 * least


@pytest.mark.parametrize(
    ("sigma", "typical", "worst"), [(0, 1270, 1270), (0.3, 1275, 1310), (0.5, 1300, 1450), (0.8, 1800, 2700)]
)
def test_noise_costs_few_requests(sigma: float, typical: int, worst: int) -> None:
    """100,000 rows in pages of 80 are 1,250 requests."""
    found = [len(pages(100_000, noisy(steady(0.001, 0.0), seed, sigma=sigma), BY_FIVES)) for seed in range(9)]

    assert median(found) <= typical
    assert max(found) <= worst


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("factor", [2, 5, 30])
def test_a_server_that_slows_for_a_while_gets_its_pages_back(factor: int, seed: int) -> None:
    """All of it is slower for 10,000 rows: pages may get smaller meanwhile, and are as large as before soon after."""

    def seconds(size: int, together: int, read: int) -> float:
        return (factor if 30_000 <= read < 40_000 else 1) * steady(0.0005)(size, together, read)

    asked = pages(100_000, noisy(seconds, seed), BY_FIVES)

    assert sum(1 for _, read in asked if not 30_000 <= read < 40_000) <= 1.1 * 1125
    assert all(size == 80 for size, read in asked if read >= 44_000)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("limit", [5, 10, 20, 40])
def test_pages_stay_below_a_cliff(limit: int, seed: int) -> None:
    """Pages past it take fifty times as long; few of them are asked for."""

    def seconds(size: int, together: int, read: int) -> float:
        return (50 if size > limit else 1) * steady(0.0005)(size, together, read)

    asked = pages(20_000, noisy(seconds, seed), BY_FIVES)

    assert sum(1 for size, _ in asked if size > limit) <= 20
    assert len(asked) <= 1.1 * 20_000 / limit + 10


@pytest.mark.parametrize("seed", range(3))
def test_pages_grow_again_after_a_cliff_has_gone(seed: int) -> None:
    def seconds(size: int, together: int, read: int) -> float:
        return (50 if size > 5 and read < 20_000 else 1) * steady(0.0005)(size, together, read)

    asked = pages(100_000, noisy(seconds, seed), BY_FIVES)

    assert all(size == 80 for size, read in asked if read >= 24_000)


@pytest.mark.parametrize("cost", [measured, cliff_after(2), cliff_after(80)])
@pytest.mark.parametrize("count", [1, 4, 5, 6, 19, 20, 21, 83])
def test_no_row_is_lost_or_doubled_when_sizes_change(cost: Cost, count: int) -> None:
    server = CliffServer(rows(count), cost)

    read(server)  # asserts that the rows are whole and in order


def test_a_list_of_a_thousand_million_rows_is_a_clear_error() -> None:
    body = {"data": rows(1), "meta": {"page": {"total": 10**9}}}

    with pytest.raises(RemoteError) as raised:
        read_list(client(lambda request: httpx.Response(200, json=body)), "/x", [], SUBSCRIPTIONS, FakeClock())

    assert str(raised.value) == ("GET /x: a list of 1,000,000,000 rows is more than billsync reads (at most 1,000,000)")
