"""Queries of a meter: usage by window, subject, customer and dimension."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from billsync.local.accounts.customer_rules import SUBJECT
from billsync.local.catalog.dimension_filters import accepts, equal_to
from billsync.local.catalog.json_paths import text_at
from billsync.local.catalog.meters import find
from billsync.local.server.problems import invalid
from billsync.local.server.resource import CSV, Answer, Call, Route, ok
from billsync.local.store.documents import Document
from billsync.local.store.store import Store
from billsync.local.store.times import instant_of, rfc3339
from billsync.local.usage.attribution import named, subjects_of
from billsync.local.usage.meter_csv import CUSTOMER_ID, csv_of
from billsync.local.usage.meter_windows import WINDOWS, Window, minute_of, zone_of
from billsync.local.usage.metering import EventSelection, Reading, aggregated, events_of, readings_of
from billsync.model.value import decimal_text

RESERVED = (SUBJECT, CUSTOMER_ID)
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
    meter = find(call.store, call.path["meterId"]).document
    asked = checked(call.body, meter["dimensions"] or {})
    selection = EventSelection(asked.start, asked.end, subjects_asked(call.store, asked.filters))
    own = {name: condition for name, condition in asked.filters.items() if name not in RESERVED}
    wanted = accepts(meter["dimensions"] or {}, own)
    readings = [one for one in readings_of(meter, events_of(call.store, meter, selection)) if wanted(one.event)]
    rows = list(rows_of(call.store, meter, asked, readings))
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


def rows_of(
    store: Store, meter: Mapping[str, Any], asked: MeterQuery, readings: Sequence[Reading]
) -> Iterator[Document]:
    """By window, then by group."""
    groups: dict[tuple[Window | None, Group], list[Reading]] = {}
    grouping = Grouping(store, asked.groups, meter["dimensions"] or {})
    for reading in readings:
        place = (window_of(asked, reading.time), grouping.of(reading.event))
        groups.setdefault(place, []).append(reading)
    for (window, group), members in sorted(groups.items(), key=lambda entry: (entry[0][0] or (), entry[0][1])):
        value = aggregated(meter["aggregation"], members)
        start, end = window or whole(asked, members)
        amount = "0" if value is None else decimal_text(value)
        yield {"from": rfc3339(start), "to": rfc3339(end), "value": amount, "dimensions": dict(group)}


def window_of(asked: MeterQuery, moment: datetime) -> Window | None:
    return None if asked.granularity is None else WINDOWS[asked.granularity](moment, zone_of(asked.zone))


def whole(asked: MeterQuery, readings: Iterable[Reading]) -> Window:
    """The span that was asked for; where it has no bound, the first or last minute with usage."""
    times = [reading.time for reading in readings]
    zone = zone_of(asked.zone)
    return asked.start or minute_of(min(times), zone)[0], asked.end or minute_of(max(times), zone)[1]


class Grouping:
    """Return the group of an event, without dimensions that it has no value for."""

    def __init__(self, store: Store, names: tuple[str, ...], dimensions: Mapping[str, str]) -> None:
        self._store = store
        self._names = names
        self._dimensions = dimensions
        self._customers: dict[str, str | None] = {}

    def of(self, event: Document) -> Group:
        values = ((name, self._value(name, event)) for name in self._names)
        return tuple((name, value) for name, value in values if value is not None)

    def _value(self, name: str, event: Document) -> str | None:
        if name == SUBJECT:
            return str(event["subject"])
        if name == CUSTOMER_ID:
            return self._customer(str(event["subject"]))
        return text_at(self._dimensions[name], event.get("data"))

    def _customer(self, subject: str) -> str | None:
        if subject not in self._customers:
            found = named(self._store, subject)
            self._customers[subject] = found.id if found else None
        return self._customers[subject]


ROUTES = (Route("POST", "/openmeter/meters/{meterId}/query", query),)
