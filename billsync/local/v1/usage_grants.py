"""Grants of usage on metered entitlements, of the older APIs: issued, listed, voided (customer-facts.md §15).

They hold units of usage, not money.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from billsync.local.accounts.item_entitlements import OWNER
from billsync.local.accounts.usage_periods import usage_period
from billsync.local.credits.entitlement_standing import USAGE_GRANT, grants_of, recurrence_of
from billsync.local.server.periods import moved, period_at
from billsync.local.server.problems import invalid, not_found
from billsync.local.server.resource import V1, V2, Answer, Call, Route, created, new_row, no_content, ok, present
from billsync.local.store.documents import Document
from billsync.local.store.store import LIVE, Row, Store, changed
from billsync.local.store.times import from_micros, instant_of, micros, rfc3339
from billsync.local.store.values import double_precision
from billsync.local.usage.attribution import named
from billsync.local.v1.customers import named_customer
from billsync.local.v1.intervals import PERIOD, interval_of, periodic, shown_periodic
from billsync.local.v1.lists import DEFAULT_SIZE, V1List, Values, answer_v1_list, check_query, marks, texts
from billsync.local.v1.requests import METADATA
from billsync.local.v1.v2_lookups import OF_FEATURE, ONE, check_metered, check_own, find_any
from billsync.model.duration import parse_duration
from billsync.model.frozen import replace
from billsync.rating.periods import next_at_or_after

LENGTHS = {"HOUR": "PT{}H", "DAY": "P{}D", "WEEK": "P{}W", "MONTH": "P{}M", "YEAR": "P{}Y"}
MOST_COUNTS = 1000
AMOUNT = {"type": "number", "minimum": 0}
PRIORITY = {"type": "integer", "minimum": 1, "maximum": 255}
GRANT = {
    "type": "object",
    "required": ["amount", "effectiveAt"],
    "properties": {
        "amount": AMOUNT,
        "priority": PRIORITY,
        "effectiveAt": {"$ref": "DateTime"},
        "expiration": {
            "type": "object",
            "required": ["duration", "count"],
            "properties": {
                "duration": {"type": "string", "enum": list(LENGTHS)},
                "count": {"type": "integer", "minimum": 1, "maximum": MOST_COUNTS},
            },
        },
        "maxRolloverAmount": AMOUNT,
        "minRolloverAmount": AMOUNT,
        "metadata": METADATA,
        "annotations": {"type": "object"},
        "recurrence": PERIOD,
    },
}
WITHOUT_END = {"duration": "YEAR", "count": 100}


def create(call: Call) -> Answer:
    """Raises Problem: 404, or 400 for an entitlement that isn't metered and for a start before its usage period."""
    entitlement = check_own(check_metered(find_any(call)))
    return created(view(call, call.store.insert(granted(call, entitlement, call.body))))


def granted(call: Call, entitlement: Row, body: Mapping[str, Any]) -> Row:
    """A grant as the body asks for it, not stored yet; times count in whole minutes."""
    if body["amount"] <= 0:
        raise invalid("amount must be positive")
    begins = to_minute(instant_of(body["effectiveAt"]))
    period = usage_period(entitlement, call.now)
    if period is not None and begins < period.start:
        raise invalid(f"grant effective date {rfc3339(begins)} is before the current usage period")
    kept: Document = {
        "amount": kept_amount(body["amount"]),
        "priority": body.get("priority", 0),
        "most_rollover": kept_amount(body.get("maxRolloverAmount", body["amount"])),
        "least_rollover": kept_amount(body.get("minRolloverAmount", 0)),
        **present(body, "expiration", "metadata", "annotations"),
    }
    if "recurrence" in body:
        recurrence = periodic(body["recurrence"], begins)
        period_at(from_micros(recurrence["anchor"]), interval_of(recurrence["interval"]), call.now)
        kept["recurrence"] = {**recurrence, "anchor": micros(to_minute(from_micros(recurrence["anchor"])))}
    ends = expires(begins, body["expiration"]) if "expiration" in body else None
    return new_row(call, USAGE_GRANT, kept, parent=entitlement.id, begins_at=begins, ends_at=ends)


def kept_amount(amount: int | Decimal) -> int | Decimal:
    """The amount as a 64-bit float holds it. Raises Problem (400) for one that is too large."""
    try:
        return double_precision(amount)
    except OverflowError:
        raise invalid("amount is too large") from None


def to_minute(moment: datetime | None) -> datetime:
    assert moment is not None
    return moment.replace(second=0, microsecond=0)


def expires(begins: datetime, expiration: Mapping[str, Any]) -> datetime:
    """Raises Problem (400) for an end beyond the year 9999."""
    length = parse_duration(LENGTHS[expiration["duration"]].format(expiration["count"]))
    assert length is not None
    return moved(begins, length)


def view(call: Call, row: Row) -> Document:
    """A grant as v2 shows it."""
    document = row.document
    assert row.begins_at is not None
    times = {"deletedAt": row.deleted_at, "expiresAt": row.ends_at}
    shown = {name: rfc3339(moment) for name, moment in times.items() if moment is not None}
    if "voided_at" in document:
        shown["voidedAt"] = rfc3339(from_micros(document["voided_at"]))
    return {
        "id": row.id,
        "entitlementId": row.parent,
        **present(document, "amount", "priority", "expiration", "metadata", "annotations"),
        "effectiveAt": rfc3339(row.begins_at),
        "maxRolloverAmount": document["most_rollover"],
        "minRolloverAmount": document["least_rollover"],
        **shown_recurrence(call, row),
        "createdAt": rfc3339(row.created_at),
        "updatedAt": rfc3339(row.updated_at),
        **shown,
    }


def shown_recurrence(call: Call, row: Row) -> Document:
    recurrence = recurrence_of(row)
    if recurrence is None:
        return {}
    following = next_at_or_after(recurrence.anchor, recurrence.interval, call.now)
    return {"recurrence": shown_periodic(row.document["recurrence"]), "nextRecurrence": rfc3339(following)}


def v1_view(call: Call, row: Row) -> Document:
    """A grant as v1 shows it, where every grant has an end."""
    return {"expiration": WITHOUT_END, "expiresAt": rfc3339(expires(call.now, WITHOUT_END)), **view(call, row)}


LISTING = V1List(
    resource=USAGE_GRANT,
    view=view,
    columns={},
    where="TRUE",
    orders={"id": "id", "createdAt": "created_at", "updatedAt": "updated_at", "effectiveAt": "begins_at"},
    default=("effectiveAt", "ASC"),
)
OWNERS = "SELECT e.id FROM entity e WHERE e.resource = 'entitlement'"
OF_FEATURES = f"parent IN ({OWNERS} AND (e.key IN ({{0}}) OR e.document ->> 'feature_id' IN ({{0}})))"
OF_CUSTOMERS = f"parent IN ({OWNERS} AND e.parent IN ({{0}}))"


def listed_of_entitlement(call: Call) -> Answer:
    """Raises Problem (404) for an entitlement that isn't there."""
    check_query(LISTING, call.query)
    entitlement = find_any(call)
    if OWNER in entitlement.document:
        items = [view(call, row) for row in grants_of(call.store, entitlement)]
        return ok({"page": 1, "pageSize": DEFAULT_SIZE, "totalCount": len(items), "items": items})
    return answer_v1_list(replace(LISTING, where="parent = :entitlement"), call, {"entitlement": entitlement.id})


def listed(call: Call) -> Answer:
    """Those of every entitlement; `customer` and `feature` narrow them, each by id or key. Raises Problem (404) for an
    unknown customer."""
    check_query(LISTING, call.query)
    customers = [named_customer(call.store, name) for name in texts(call.query, "customer")]
    living = [row.id for row in customers if row.deleted_at is None]
    listing, values = narrowed(call, living if customers else None)
    return answer_v1_list(listing, call, values)


def listed_by_v1(call: Call) -> Answer:
    """Those of every entitlement; `subject` and `feature` narrow them."""
    subjects = texts(call.query, "subject")
    customers = [row.id for subject in subjects if (row := named(call.store, subject))]
    listing, values = narrowed(call, customers if subjects else None)
    return answer_v1_list(replace(listing, view=v1_view, is_plain=True), call, values)


def narrowed(call: Call, customers: list[str] | None) -> tuple[V1List, Values]:
    """Return the list of the customers' grants (None: all customers) of the features asked for."""
    values: Values = {}
    parts = ["TRUE"]
    if customers is not None:
        parts.append(OF_CUSTOMERS.format(marks(customers, values)))
    if features := texts(call.query, "feature"):
        parts.append(OF_FEATURES.format(marks(features, values)))
    return replace(LISTING, where=" AND ".join(parts)), values


def void(call: Call) -> Answer:
    """Void a grant from this minute on. Raises Problem: 404, or 400 for a grant that is already voided."""
    row = call.store.get(USAGE_GRANT, call.path["grantId"])
    if row is None or row.deleted_at is not None:
        raise not_found(f"grant not found: {call.path['grantId']}")
    if "voided_at" in row.document:
        raise invalid("grant already voided")
    call.store.update(changed(row, call.now, document={**row.document, "voided_at": micros(to_minute(call.now))}))
    return no_content()


def delete_grants(store: Store, entitlement: Row, now: datetime) -> None:
    """An entitlement takes its grants with it."""
    for row in store.rows(USAGE_GRANT, f"{LIVE} AND parent = :entitlement", {"entitlement": entitlement.id}):
        store.update(changed(row, now, deleted_at=now))


ROUTES = (
    Route("GET", f"{ONE}/grants", listed_of_entitlement, OF_FEATURE, version=V2),
    Route("POST", f"{ONE}/grants", create, OF_FEATURE, version=V2, accepts=GRANT),
    Route("GET", "/grants", listed, version=V2),
    Route("GET", "/grants", listed_by_v1, version=V1),
    Route("DELETE", "/grants/{grantId}", void, version=V1),
)
