"""The embedded server's sums in SQLite are those of a plain walk over the events, to the last digit."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from billsync.local.catalog.dimension_filters import accepts, holds
from billsync.local.catalog.meter_readings import EVENT, METER, dimensions_of, read_events, value_of
from billsync.local.store.store import Row, Store
from billsync.local.store.times import rfc3339
from billsync.local.usage.meter_queries import Group, Grouping, MeterQuery, rows_of
from billsync.local.usage.meter_windows import WINDOWS, Window, minute_of
from billsync.local.usage.metering import EventSelection, selected, usage
from billsync.model.value import decimal_text
from tests.support.plain_metering import AGGREGATIONS, PlainReading, aggregated

DIMENSIONS = {"route": "$.route", "region": "$.region"}
# Near changes of the clock (by half an hour in one zone), and before 1970.
MOMENTS = [
    datetime.fromisoformat(f"{text}Z")
    for text in ("2026-04-04T14:40:00", "2026-10-25T00:30:00", "2026-10-03T15:20:00", "1969-12-31T23:30:00")
]
NUMBERS = (
    st.integers(-(10**13), 10**13)
    | st.integers(0, 9)
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["1.50", "many", "-0.000001", "0.0000001", "999999999999.999999", "1e300", True, None, [1]])
)
DATA = st.fixed_dictionaries({"n": NUMBERS}, optional={"route": st.sampled_from(["a", "b", ""]), "region": st.just(7)})
TIMES = st.builds(
    lambda near, minutes, micros: near + timedelta(minutes=minutes, microseconds=micros),
    st.sampled_from(MOMENTS),
    st.integers(-2000, 2000),
    st.integers(0, 3),
)
EVENTS = st.lists(st.tuples(TIMES, st.sampled_from(["s1", "s2", "s3"]), DATA), max_size=25)
QUERIES = st.builds(
    MeterQuery,
    start=st.none() | st.sampled_from(MOMENTS),
    end=st.none() | TIMES,
    granularity=st.none() | st.sampled_from(sorted(WINDOWS)),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu"]),
    groups=st.sampled_from([(), ("subject",), ("route",), ("region", "subject"), ("route", "region")]),
    filters=st.sampled_from([{}, {"route": {"eq": "a"}}, {"route": {"exists": False}}, {"region": {"neq": "7"}}]),
)
SUBJECTS = st.none() | st.lists(st.sampled_from(["s1", "s2", "s4"]), unique=True).map(tuple)


@given(aggregation=st.sampled_from(sorted(AGGREGATIONS)), events=EVENTS, asked=QUERIES, subjects=SUBJECTS)
def test_sums_of_the_database_are_those_of_a_plain_walk(
    aggregation: str, events: list[Any], asked: MeterQuery, subjects: tuple[str, ...] | None
) -> None:
    store = Store(":memory:")
    terms = {"event_type": "t", "aggregation": aggregation, "value_property": "$.n", "dimensions": DIMENSIONS}
    meter = store.insert(row(METER, 0, terms, MOMENTS[0]))
    stored = [
        store.insert(row(EVENT, number, {"type": "t", "subject": subject, "data": data}, time))
        for number, (time, subject, data) in enumerate(events)
    ]
    read_events(store, {"t": [meter]}.__getitem__, stored)
    selection = EventSelection(asked.start, asked.end, subjects)
    accepted = accepts(asked.filters) if asked.filters else None
    grouping = Grouping(store, asked.groups).of if asked.groups else None

    chosen = selected(store, meter, selection, accepted, grouping, whole=asked.granularity is None)
    rows = list(rows_of(chosen, asked))

    counted = [
        (subject, dimensions_of(terms, data), PlainReading(time, number, value))
        for number, (time, subject, data) in enumerate(events)
        if (asked.start or time) <= time and (asked.end is None or time < asked.end)
        if (subjects is None or subject in subjects) and (value := value_of(terms, data)) is not None
        if all(holds(test, dimensions_of(terms, data).get(name, "")) for name, test in asked.filters.items())
    ]
    assert rows == plain_rows(aggregation, asked, counted)
    sums = aggregated(aggregation, [reading for _, _, reading in counted]) or Decimal(0)
    assert usage(store, meter, selection, accepted) == sums


def row(resource: str, number: int, document: Mapping[str, Any], time: datetime) -> Row:
    made = datetime(2027, 1, 1, tzinfo=UTC)
    return Row(resource, str(number), dict(document), created_at=made, updated_at=made, begins_at=time)


def plain_rows(aggregation: str, asked: MeterQuery, counted: list[Any]) -> list[Any]:
    """The rows of a query's answer, worked out event by event."""
    zone = ZoneInfo(asked.zone)
    groups: dict[tuple[Window | tuple[()], Group], list[PlainReading]] = {}
    for subject, dimensions, reading in counted:
        window = WINDOWS[asked.granularity](reading.time, zone) if asked.granularity else ()
        values = {**dimensions, "subject": subject}
        group = tuple((name, values[name]) for name in asked.groups if name in values)
        groups.setdefault((window, group), []).append(reading)
    found = []
    for (window, group), members in sorted(groups.items()):
        times = [reading.time for reading in members]
        first, last = asked.start or minute_of(min(times), zone)[0], asked.end or minute_of(max(times), zone)[1]
        start, end = window or (first, last)
        value = decimal_text(aggregated(aggregation, members) or Decimal(0))
        found.append({"from": rfc3339(start), "to": rfc3339(end), "value": value, "dimensions": dict(group)})
    return found
