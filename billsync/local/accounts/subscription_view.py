"""Subscriptions as they are read at a moment: status, periods, phases, items (customer-facts.md §5.2, §5.4, §5.6)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from billsync.local.accounts.item_versions import Item, Window, item_window, shown_versions
from billsync.local.catalog.rate_cards import read_card
from billsync.local.server.labels import visible
from billsync.local.server.periods import period_at
from billsync.local.server.resource import Call, present, stamped
from billsync.local.store.documents import Document
from billsync.local.store.durations import NOTHING
from billsync.local.store.store import Row
from billsync.local.store.times import from_micros, rfc3339
from billsync.model.duration import parse_duration
from billsync.rating.periods import Period

ACTIVE, CANCELED, INACTIVE, SCHEDULED = "active", "canceled", "inactive", "scheduled"
SHOWN = (
    "name",
    "description",
    "customer_id",
    "plan",
    "invoice_currency",
    "settlement_mode",
    "cost_basis_mode",
    "billing_cadence",
)
LINKS = {
    "previous_id": "openmeter_subscription.previous.id",
    "superseding_id": "openmeter_subscription.superseding.id",
}


def begin_of(row: Row) -> datetime:
    """Return the start, which every subscription has."""
    assert row.begins_at is not None
    return row.begins_at


def status(row: Row, now: datetime) -> str:
    """Computed from the start and the end (§5.6)."""
    if begin_of(row) > now:
        return SCHEDULED
    if row.ends_at is None:
        return ACTIVE
    return CANCELED if row.ends_at > now else INACTIVE


def windows(row: Row, ends_at: datetime | None) -> list[Window]:
    """The window of each phase: up to the next phase's start or the subscription's end, whichever is first, but not
    before the phase's own start."""
    starts = [from_micros(phase["begins_at"]) for phase in row.document["phases"]]
    found = []
    for start, following in zip(starts, [*starts[1:], None], strict=True):
        ends = [moment for moment in (following, ends_at) if moment is not None]
        found.append(Window(start, max(start, min(ends)) if ends else None))
    return found


def current_period(row: Row, now: datetime) -> Period | None:
    """The billing period around now, also once the subscription has ended; None before the start."""
    return None if now < begin_of(row) else aligned_period(row, now)


def aligned_period(row: Row, moment: datetime) -> Period:
    """The billing period around a moment since the start, cut to the phase that was reached last, the start, the end.

    After the end it is the period around the moment all the same, so that nothing is left of it: it ends with the
    last phase, and from the next boundary on even before it begins (§5.2).
    """
    anchor = from_micros(row.document["billing_anchor"])
    cadence = parse_duration(row.document["billing_cadence"]) or NOTHING
    reached = moment if row.ends_at is None else min(moment, row.ends_at)
    *_, window = (window for window in windows(row, row.ends_at) if window.start <= reached)
    return period_at(anchor, cadence, moment).within(window.start, window.end)


def view(call: Call, row: Row) -> Document:
    """A subscription as it is read now."""
    document = row.document
    body = present(document, *SHOWN)
    body |= {
        "labels": shown_labels(document),
        "status": status(row, call.now),
        "cost_basis_pins": [],
        "pro_rating_config": {"enabled": document["pro_rating_enabled"], "mode": "prorate_prices"},
        "billing_anchor": rfc3339(from_micros(document["billing_anchor"])),
        "phases": list(phases(row, call.now)),
    }
    if "plan" in document:
        body["plan_id"] = document["plan"]["id"]
    if period := current_period(row, call.now):
        body["current_period"] = {"from": rfc3339(period.start), "to": rfc3339(period.end)}
    return stamped(row, body | Window(begin_of(row), row.ends_at).shown())


def shown_labels(document: Mapping[str, Any]) -> Document:
    """The labels given, and the links of the chain."""
    links = {label: document[name] for name, label in LINKS.items() if name in document}
    return visible(document["labels"]) | links


def phases(row: Row, now: datetime) -> Iterator[Document]:
    """The phases, with the version of each item that the API shows now."""
    for phase, window in zip(row.document["phases"], windows(row, row.ends_at), strict=True):
        made = rfc3339(from_micros(phase["created_at"]))
        yield {
            **present(phase, "id", "key", "name", "description"),
            "labels": {},
            "created_at": made,
            "updated_at": made,
            **window.shown(),
            "items": [shown_item(item, window) for item in shown_versions(phase["items"], window, now)],
        }


def shown_item(item: Item, phase: Window) -> Document:
    return {"id": item["id"], **item_window(item, phase).shown(), "rate_card": read_card(item["rate_card"])}
