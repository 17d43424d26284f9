"""A list is read whole, whatever comes and goes meanwhile and whichever pages time out; or an error says why not."""

from collections.abc import Callable
from typing import Any

import httpx
from hypothesis import given, settings
from hypothesis import strategies as st

from billsync.live.lists.paging import first_get, read_list
from billsync.model.ports import RemoteError
from billsync.model.routes import ListQuery
from tests.support.budgets import examples
from tests.support.clock import FakeClock
from tests.support.mock_list import client, id_of, lean, lean_now_and_then, page_of, rows

EVENTS = st.lists(
    st.tuples(st.integers(1, 30), st.sampled_from(["goes", "comes", "swaps", "slow"]), st.integers(0, 60)), max_size=4
)


@settings(max_examples=examples(200))
@given(
    count=st.integers(0, 60),
    events=EVENTS,
    at_once=st.sampled_from([1, 4]),
    decoder=st.sampled_from([lambda: None, lambda: lean, lean_now_and_then]),
    is_begun=st.booleans(),
)
def test_a_row_that_is_there_all_the_time_is_read_once(
    count: int, events: list[tuple[int, str, int]], at_once: int, decoder: Callable[[], Any], is_begun: bool
) -> None:
    """Also where its first page was read together with other things."""
    have = rows(count)
    present, ever = {str(row["id"]) for row in have}, {str(row["id"]) for row in have}
    calls = [0]

    def goes(place: int) -> None:
        if have:
            present.discard(str(have.pop(place % len(have))["id"]))

    def comes() -> None:
        have.append({"id": f"{1000 + calls[0]:026d}"})
        ever.add(str(have[-1]["id"]))

    def handler(request: httpx.Request) -> httpx.Response:
        calls[0] += 1
        for moment, event, place in events:
            if moment == calls[0]:
                if event in ("goes", "swaps"):
                    goes(place)
                if event in ("comes", "swaps"):
                    comes()
                if event == "slow" and request.url.params["page[size]"] != "1":
                    raise httpx.ReadTimeout("slow", request=request)
        return page_of(have, request)

    remote, listing, decode = client(handler), ListQuery("id", 5, at_once), decoder()
    first = next(remote.stream([first_get("/x", [], listing)], decode, at_once=1)) if is_begun else None
    try:
        read = read_list(remote, "/x", [], listing, FakeClock(), decode, first=first)
        found = [id_of(row) for row in read]
    except RemoteError:
        return

    assert len(set(found)) == len(found)
    assert present <= set(found) <= ever
