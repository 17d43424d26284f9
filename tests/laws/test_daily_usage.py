"""Usage added up by days and minutes is what a query for each period gives, to the last digit."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from billsync.app.impact.usage import read_usage, usage_queries
from billsync.app.server.connection import Connection
from billsync.model.moment import moment_text
from billsync.model.ports import Answer
from billsync.model.value import decimal_text
from billsync.rating.arithmetic import total
from billsync.rating.periods import Period
from billsync.report.billing.catalog import Catalog
from billsync.report.billing.subscribed import moment_of
from billsync.report.billing.usage import CUSTOMER, MeterSlice
from tests.support.clock import FakeClock

START = datetime(2026, 9, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SLICES = (MeterSlice("adds", b"{}"), MeterSlice("steady", b"{}"))
CATALOG = Catalog({}, {}, frozenset(), {}, additive=frozenset({"adds"}))
CUSTOMERS = ("a", "b", "c")
# Around a few midnights and minutes, so that events fall on edges, beside them, and far away.
MOMENTS = st.builds(
    lambda day, hour, minute, second: START + timedelta(days=day, hours=hour, minutes=minute, seconds=second),
    st.sampled_from([0, 1, 2, 30, 31]),
    st.sampled_from([0, 12, 23]),
    st.sampled_from([0, 1, 59]),
    st.sampled_from([0, 1, 30, 59]),
)
VALUES = st.integers(-5, 10_000).map(Decimal) | st.decimals(-1000, 1000, places=3)
EVENTS = st.lists(st.tuples(MOMENTS, st.sampled_from(CUSTOMERS), VALUES), max_size=20)
PERIODS = st.tuples(MOMENTS, MOMENTS).filter(lambda ends: ends[0] < ends[1]).map(lambda ends: Period(*ends))
NEEDS = st.dictionaries(
    st.tuples(st.sampled_from(SLICES), PERIODS),
    st.tuples(st.sets(st.sampled_from(["f", "g"]), min_size=1), st.sets(st.sampled_from(CUSTOMERS), min_size=1)),
    max_size=12,
)


class Meters:
    """A server whose meters all count the same events."""

    def __init__(self, events: list[Any]) -> None:
        self.events = events
        self.asked = 0

    def call(self, method: str, path: str, body: Any) -> Answer:
        """The rows of a query that is grouped by customer."""
        self.asked += 1
        start, end = moment_of(body["from"]), moment_of(body["to"])
        named = body["filters"]["dimensions"][CUSTOMER]
        sums: Mapping[Any, list[Decimal]] = defaultdict(list)
        for time, customer, value in self.events:
            if start <= time < end and customer in (named.get("in") or [named.get("eq")]):
                first = time.replace(second=0) if "granularity" in body else start
                sums[first, first + MINUTE if "granularity" in body else end, customer].append(value)
        rows = [
            {
                "from": moment_text(first),
                "to": moment_text(last),
                "value": decimal_text(total(values)),
                "dimensions": {CUSTOMER: customer},
            }
            for (first, last, customer), values in sums.items()
        ]
        return Answer(200, {"data": rows})


@given(events=EVENTS, needs=NEEDS)
def test_usage_by_days_is_that_of_single_queries(events: list[Any], needs: Any) -> None:
    single, daily = Meters(events), Meters(events)

    expected, _ = read_usage(connected(single), usage_queries(needs, CATALOG, most=1_000), lambda _: None)
    found, made = read_usage(connected(daily), usage_queries(needs, CATALOG, most=0), lambda _: None)

    assert found == expected
    assert (single.asked, daily.asked) == (len(needs), made)


def connected(meters: Meters) -> Connection:
    return Connection(meters, FakeClock(START), "made up", "openmeter")  # type: ignore[arg-type]


def test_many_anchors_of_a_month_take_few_queries() -> None:
    month = timedelta(days=30)
    starts = [START + timedelta(seconds=3_001 * number + 1) for number in range(800)]
    needs = {(SLICES[0], Period(start, start + month)): ({"f"}, {"a"}) for start in starts}

    assert usage_queries(needs, CATALOG, most=500).count == 3 * 28
    assert usage_queries(needs, CATALOG, most=800).count == 800
