"""Which customer and which entitlement a path of API v2 names, and intervals in its words (customer-facts.md §15)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from billsync.local.accounts.manual_entitlements import ENTITLEMENT, given_to
from billsync.local.server.problems import Problem, invalid, not_found, problem
from billsync.local.server.resource import Call
from billsync.local.store.documents import Document
from billsync.local.store.store import Row
from billsync.local.store.times import from_micros, instant_of, micros, rfc3339
from billsync.local.v1.customers import find as find_customer
from billsync.local.v1.requests import TEXT
from billsync.model.duration import Duration, parse_duration

INTERVALS = {"DAY": "P1D", "WEEK": "P1W", "MONTH": "P1M", "YEAR": "P1Y"}
PERIOD = {
    "type": "object",
    "required": ["interval"],
    "properties": {"interval": TEXT, "anchor": {"$ref": "DateTime"}},
}
SHORTEST_SECONDS = 3600

OF_CUSTOMER: Mapping[str, frozenset[str] | None] = {"customerIdOrKey": None}
OF_FEATURE = {**OF_CUSTOMER, "featureKey": None}
CUSTOMERS = "/customers/{customerIdOrKey}"
ONE = f"{CUSTOMERS}/entitlements/{{featureKey}}"


def customer_of(call: Call) -> Row:
    """The customer of the path. Raises Problem: 404, or 412 for a deleted one."""
    row = find_customer(call)
    if row.deleted_at is not None:
        raise problem(412, f"customer is deleted [customer.id={row.id}]")
    return row


def find(call: Call) -> Row:
    """The customer's entitlement in force by its id or its feature's key. Raises Problem (404)."""
    customer, name = customer_of(call), call.path["featureKey"]
    for row in given_to(call.store, customer.id):
        if name in (row.id, row.key):
            return row
    raise unknown(name)


def find_any(call: Call) -> Row:
    """Like `find`, and by its id also one that another has replaced. Raises Problem (404)."""
    customer = customer_of(call)
    row = call.store.get(ENTITLEMENT, call.path["featureKey"])
    is_theirs = row is not None and row.deleted_at is None and row.parent == customer.id
    return row if row is not None and is_theirs else find(call)


def check_metered(row: Row) -> Row:
    """The entitlement. Raises Problem (400) for one that counts no usage."""
    if row.document["type"] != "metered":
        raise invalid(f"entitlement {row.id} is {row.document['type']}, not metered")
    return row


def unknown(name: str) -> Problem:
    return not_found(f"entitlement not found [idOrFeatureKey={name}]")


def interval_of(text: str) -> Duration:
    """The interval. Raises Problem (400) for none, and for one that is shorter than an hour."""
    length = parse_duration(INTERVALS.get(text, text))
    if length is None or (length.in_seconds() < SHORTEST_SECONDS and not (length.years or length.months)):
        raise invalid(f"invalid interval: {text[:40]}")
    return length


def periodic(period: Mapping[str, Any], begins: datetime) -> Document:
    """An interval and its anchor, as they are kept; the anchor is `begins` unless another is given."""
    anchor = instant_of(period["anchor"]) if "anchor" in period else begins
    assert anchor is not None
    return {"interval": interval_of(period["interval"]).text, "anchor": micros(anchor)}


def shown_periodic(kept: Mapping[str, Any]) -> Document:
    text = kept["interval"]
    named = next((name for name, interval in INTERVALS.items() if interval == text), text)
    return {"anchor": rfc3339(from_micros(kept["anchor"])), "interval": named, "intervalISO": text}
