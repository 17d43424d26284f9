"""Usage events: stored as they come and listed (customer-facts.md §14). What they cost is worked out elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache, partial
from typing import Any

from billsync.local.catalog.json_paths import value_at
from billsync.local.catalog.meter_readings import COUNT, EVENT, METER, UNIQUE, meters_of, number_of, read_events
from billsync.local.server.contract import filter_kinds
from billsync.local.server.cursors import CursorPage, cursor_of, cursor_page, place_of
from billsync.local.server.filters import Condition, conditions, given_filters, items
from billsync.local.server.problems import bad_query
from billsync.local.server.resource import Answer, Call, Query, Route, new_row, ok, present
from billsync.local.store.documents import Document
from billsync.local.store.store import LIVE, Row, Store
from billsync.local.store.times import instant_of, micros, rfc3339
from billsync.local.usage.attribution import named, subjects_of

SHOWN = ("data", "dataschema", "id", "source", "specversion", "subject", "type")
SORTS = {"time": "begins_at", "ingested_at": "created_at", "stored_at": "created_at"}
FIELDS = {
    "id": "key",
    "source": "parent",
    "subject": "document ->> 'subject'",
    "type": "document ->> 'type'",
    "time": "begins_at",
    "ingested_at": "created_at",
    "stored_at": "created_at",
}
MOST = 100


def ingest(call: Call) -> Answer:
    """One event or several; one that was there already, by source and id, is dropped in silence."""
    events = call.body if isinstance(call.body, list) else [call.body]
    known = call.store.live_keys(EVENT, [event["id"] for event in events])
    place = call.store.next_place()
    rows: list[Row] = []
    for event in events:
        name = (event["id"], event["source"])
        if name not in known:
            known.add(name)
            rows.append(row_of(call, event, place + len(rows)))
    call.store.insert_all(rows)
    read_events(call.store, cache(partial(meters_of, call.store)), rows)
    return Answer(202)


def row_of(call: Call, event: Document, place: int) -> Row:
    time = instant_of(event["time"]) if event.get("time") else None
    kept = {name: value for name, value in event.items() if name != "time"}
    return new_row(call, EVENT, kept, key=event["id"], parent=event["source"], begins_at=time or call.now, seq=place)


def listed(call: Call) -> Answer:
    """Newest first, a page at a time; a full page names a next one (§14)."""
    page = checked_page(call.query)
    order, direction = order_of(call.query)
    kinds = filter_kinds(call.operation)
    given = given_filters(call.query, kinds)
    found = [*field_conditions(given, kinds), *customer_conditions(call.store, given.get("customer_id", {}))]
    if page.after:
        found.append(beyond(page.after, order, direction))
    where, values = joined(found)
    rows = call.store.rows(EVENT, where, values, order=f"{order} {direction}, id {direction}", limit=page.size)
    meta: Document = {"size": page.size, "next": None, "previous": None}
    if rows:
        meta |= {"first": cursor(rows[0], order), "last": cursor(rows[-1], order)}
    if len(rows) == page.size:
        meta["next"] = cursor(rows[-1], order)
    return ok({"data": [view(call, row) for row in rows], "meta": {"page": meta}})


def checked_page(query: Query) -> CursorPage:
    page = cursor_page(query)
    if page.before:
        raise bad_query("page[before]", "backward pagination is not supported")
    if not 1 <= page.size <= MOST:
        raise bad_query("page[size]", f"must be between 1 and {MOST}")
    return page


def order_of(query: Query) -> tuple[str, str]:
    """The column and the direction; here a bare field is descending."""
    words = dict(query).get("sort", "time").split()
    name, direction = (*words, "desc", "desc")[:2] if words else ("", "desc")
    if name not in SORTS:
        raise bad_query("sort", f'unsupported sort field "{name}", supported fields: {", ".join(SORTS)}')
    if direction not in ("asc", "desc"):
        raise bad_query("sort", "sort order must be either asc or desc")
    return SORTS[name], direction


def field_conditions(given: Mapping[str, Mapping[str, str]], kinds: Mapping[str, Any]) -> Iterator[Condition]:
    for member, operators in given.items():
        if member in FIELDS:
            yield from conditions(kinds[member], FIELDS[member], operators)


def customer_conditions(store: Store, operators: Mapping[str, str]) -> Iterator[Condition]:
    """The events of customers, by the subjects that are theirs now."""
    for operator, text in operators.items():
        if operator not in ("eq", "oeq"):
            raise bad_query("filter[customer_id]", f"{operator} operator is not supported")
        subjects = [subject for customer in items(text) for subject in subjects_of(store, customer)]
        marks = ",".join("?" * len(subjects))
        yield Condition(f"document ->> 'subject' IN ({marks})", tuple(subjects))


def beyond(text: str, order: str, direction: str) -> Condition:
    moment, event_id = place_of(text, "after", 2)
    at = instant_of(moment)
    if at is None:
        raise bad_query("page.after", "decode cursor: this is no cursor")
    sign = "<" if direction == "desc" else ">"
    return Condition(f"({order}, id) {sign} (?, ?)", (micros(at), event_id))


def joined(found: list[Condition]) -> tuple[str, dict[str, Any]]:
    """One condition with named parameters out of several with marks."""
    values = [value for condition in found for value in condition.values]
    sql = " AND ".join([LIVE, *(condition.sql for condition in found)])
    parts = sql.split("?")
    named_sql = "".join(f"{part}:p{place}" for place, part in enumerate(parts[:-1])) + parts[-1]
    return named_sql, {f"p{place}": value for place, value in enumerate(values)}


def cursor(row: Row, order: str) -> str:
    moment = row.begins_at if order == SORTS["time"] else row.created_at
    return cursor_of((rfc3339(moment or row.created_at), row.id))


def view(call: Call, row: Row) -> Document:
    """An event as the API shows it: times in whole seconds, its current customer, and its validation errors."""
    event = present(row.document, *SHOWN) | {"datacontenttype": "application/json", "time": seconds(row.begins_at)}
    customer = named(call.store, row.document["subject"])
    shown: Document = {"event": event, "ingested_at": seconds(row.created_at), "stored_at": seconds(row.created_at)}
    if customer is not None:
        shown["customer"] = {"id": customer.id}
    wrong = list(findings(call.store, row.document, customer))
    errors = [{"code": "validation_error", "message": text} for text in wrong]
    return shown | ({"validation_errors": errors} if errors else {})


def seconds(moment: datetime | None) -> str:
    assert moment is not None
    return rfc3339(moment.replace(microsecond=0))


def findings(store: Store, event: Document, customer: Row | None) -> Iterator[str]:
    """Return the reason why the event counts for no customer, or for no meter."""
    if customer is None:
        yield f"no customer found for event subject: {event['subject']}"
    for meter in store.rows(METER, f"{LIVE} AND document ->> 'event_type' = :type", {"type": event["type"]}):
        if meter.document["aggregation"] != COUNT:
            yield from value_findings(meter.document, event.get("data"))


def value_findings(meter: Document, data: Any) -> Iterator[str]:
    """Return the reason why a meter can't read its value from the data."""
    path = meter["value_property"]
    value = value_at(path, data)
    if value is None:
        yield f'invalid event: missing value property: "{path}"'
    elif meter["aggregation"] != UNIQUE and number_of(value) is None:
        yield f"invalid event: value is not a number: {value}"


ROUTES = (
    Route("POST", "/openmeter/events", ingest),
    Route("GET", "/openmeter/events", listed),
)
