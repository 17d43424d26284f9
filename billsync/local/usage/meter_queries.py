"""Queries of a meter: usage by window, subject, customer and dimension."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from billsync.local.accounts.customer_rules import SUBJECT
from billsync.local.catalog.dimension_filters import accepts, equal_to
from billsync.local.catalog.meters import find
from billsync.local.server.problems import invalid
from billsync.local.server.resource import CSV, Answer, Call, Route, ok
from billsync.local.store.documents import Document
from billsync.local.store.readings import MINUTES, Span
from billsync.local.store.store import Store
from billsync.local.store.times import from_micros, instant_of, micros, rfc3339
from billsync.local.usage.attribution import named, subjects_of
from billsync.local.usage.meter_csv import CUSTOMER_ID, csv_of
from billsync.local.usage.meter_windows import WINDOWS, Window, minute_of, zone_of
from billsync.local.usage.metering import EventSelection, Selected, Tally, selected
from billsync.model.frozen import dataclass, replace
from billsync.model.value import decimal_text

RESERVED = (SUBJECT, CUSTOMER_ID)
MINUTELY = "PT1M"
Group = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class MeterQuery:
    """The checked parameters of a query."""

    start: datetime | None
    end: datetime | None
    granularity: str | None
    zone: str
    groups: tuple[str, ...]
    filters: Mapping[str, Mapping[str, Any]]


def query(call: Call) -> Answer:
    """A row for each window and group with usage; as CSV if the request accepts CSV."""
    meter = find(call.store, call.path["meterId"])
    asked = checked(call.body, meter.document["dimensions"] or {})
    selection = EventSelection(asked.start, asked.end, subjects_asked(call.store, asked.filters))
    own = {name: condition for name, condition in asked.filters.items() if name not in RESERVED}
    group_of = Grouping(call.store, asked.groups).of if asked.groups else None
    accepted = accepts(own) if own else None
    chosen = selected(call.store, meter, selection, accepted, group_of, whole=asked.granularity is None)
    rows = list(rows_of(chosen, asked))
    if CSV in call.accept:
        return Answer(200, csv_of(call.store, asked.groups, rows), CSV)
    told = {"from": asked.start, "to": asked.end}
    return ok({name: rfc3339(moment) for name, moment in told.items() if moment is not None} | {"data": rows})


def checked(body: Mapping[str, Any], dimensions: Mapping[str, str]) -> MeterQuery:
    """Raises Problem (400) for dimensions that the meter hasn't, an unknown time zone, or a span without a length."""
    filters = body.get("filters", {}).get("dimensions", {})
    groups = tuple(dict.fromkeys(body.get("group_by_dimensions") or ()))
    for name in (*groups, *filters):
        if name not in dimensions and name not in RESERVED:
            raise invalid(f"invalid group by: {name} is not a dimension of the meter")
    start, end = (instant_of(body.get(name, "")) for name in ("from", "to"))
    if start is not None and end is not None and start >= end:
        raise invalid("from must be before to")
    zone_of(body["time_zone"])
    return MeterQuery(start, end, body.get("granularity"), body["time_zone"], groups, filters)


def subjects_asked(store: Store, filters: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...] | None:
    """The subjects that the filters on subject and customer leave; None for all."""
    found: list[set[str]] = []
    if SUBJECT in filters:
        found.append(set(equal_to(SUBJECT, filters[SUBJECT])))
    if CUSTOMER_ID in filters:
        customers = equal_to(CUSTOMER_ID, filters[CUSTOMER_ID])
        found.append({subject for customer in customers for subject in subjects_of(store, customer)})
    return tuple(sorted(set.intersection(*found))) if found else None


def rows_of(chosen: Selected, asked: MeterQuery) -> Iterator[Document]:
    """By window, then by group."""
    found: dict[tuple[Window | None, Group], Tally] = {}
    for window, slot, tally in by_window(chosen, asked):
        place = (window, chosen.groups[slot] or ())
        found[place] = found[place].joined(tally) if place in found else tally
    for (window, group), tally in sorted(found.items(), key=lambda entry: (entry[0][0] or (), entry[0][1])):
        start, end = window or whole(asked, tally)
        amount = decimal_text(tally.value(chosen.aggregation))
        yield {"from": rfc3339(start), "to": rfc3339(end), "value": amount, "dimensions": dict(group)}


def by_window(chosen: Selected, asked: MeterQuery) -> Iterator[tuple[Window | None, int, Tally]]:
    """Sums of the readings of each window and slot; a window may come in parts."""
    zone = zone_of(asked.zone)
    if asked.granularity == MINUTELY:
        for (start, slot), tally in chosen.tallies(chosen.span, bucket=MINUTES).items():
            yield minute_of(from_micros(start), zone), slot, tally
        return
    for window, span in stretches(chosen, asked.granularity, zone):
        for (_, slot), tally in chosen.tallies(span).items():
            yield window, slot, tally


def stretches(chosen: Selected, granularity: str | None, zone: ZoneInfo) -> Iterator[tuple[Window | None, Span]]:
    """The parts of the span with readings, each within one window."""
    if granularity is None:
        yield None, chosen.span
        return
    span = chosen.span
    while (first := chosen.readings.next_time(span, chosen.scope)) is not None:
        window = WINDOWS[granularity](from_micros(first), zone)
        end = min(stretch_end(granularity, first, zone), span.end)
        yield window, replace(span, start=first, end=end)
        span = replace(span, start=end)


def stretch_end(granularity: str, first: int, zone: ZoneInfo) -> int:
    """A moment up to which every moment from the first on lies in the same window: where clocks are changed by part of
    an hour, not all of the time up to a window's end belongs to it."""
    window = WINDOWS[granularity](from_micros(first), zone)
    end = max(micros(window[1]), first + 1)
    while WINDOWS[granularity](from_micros(end - 1), zone) != window:
        end -= (end - first) // 2
    return end


def whole(asked: MeterQuery, tally: Tally) -> Window:
    """The span that was asked for; where it has no bound, the first or last minute with usage."""
    zone = zone_of(asked.zone)
    first, last = from_micros(tally.first), from_micros(tally.last)
    return asked.start or minute_of(first, zone)[0], asked.end or minute_of(last, zone)[1]


class Grouping:
    """Return the group of a subject and dimensions, without dimensions that they have no value for."""

    def __init__(self, store: Store, names: tuple[str, ...]) -> None:
        self._store = store
        self._names = names
        self._customers: dict[str, str | None] = {}

    def of(self, subject: str, dimensions: Mapping[str, str]) -> Group:
        values = ((name, self._value(name, subject, dimensions)) for name in self._names)
        return tuple((name, value) for name, value in values if value is not None)

    def _value(self, name: str, subject: str, dimensions: Mapping[str, str]) -> str | None:
        if name == SUBJECT:
            return subject
        return self._customer(subject) if name == CUSTOMER_ID else dimensions.get(name)

    def _customer(self, subject: str) -> str | None:
        if subject not in self._customers:
            found = named(self._store, subject)
            self._customers[subject] = found.id if found else None
        return self._customers[subject]


ROUTES = (Route("POST", "/openmeter/meters/{meterId}/query", query),)
