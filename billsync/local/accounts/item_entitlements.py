"""Entitlements of subscription items, as rows in the form of manual entitlements (customer-facts.md §12, §15).

Each is derived from its item, which stores its id.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from billsync.local.accounts.item_versions import Item, Window, item_window
from billsync.local.accounts.manual_entitlements import ENTITLEMENT
from billsync.local.accounts.subscription_rows import OF_CUSTOMER, SUBSCRIPTION
from billsync.local.accounts.subscription_view import windows
from billsync.local.server.resource import present
from billsync.local.store.documents import Document, text_of
from billsync.local.store.store import LIVE, Row, Store
from billsync.local.store.times import from_micros, micros

OWNER = "subscription_id"


def brought_to(store: Store, customer_id: str, now: datetime) -> list[Row]:
    """Those of the customer's items that are in force, in the order of their making."""
    subscriptions = store.rows(SUBSCRIPTION, OF_CUSTOMER, {"customer": customer_id})
    found = (row for subscription in subscriptions for row in brought_by(subscription))
    return [row for row in found if is_in_force(row, now)]


def brought_by_all(store: Store) -> Iterator[Row]:
    """Those of the items of every subscription, in force or not."""
    return (row for subscription in store.rows(SUBSCRIPTION) for row in brought_by(subscription))


def brought_as(store: Store, entitlement_id: str) -> Row | None:
    """The one with this id."""
    holders = store.rows(SUBSCRIPTION, f"{LIVE} AND instr(document, :id)", {"id": entitlement_id})
    found = (row for subscription in holders for row in brought_by(subscription))
    return next((row for row in found if row.id == entitlement_id), None)


def is_in_force(row: Row, now: datetime) -> bool:
    return Window(begin_of(row), row.ends_at).holds(now)


def brought_by(subscription: Row) -> Iterator[Row]:
    for phase, window in zip(subscription.document["phases"], windows(subscription, subscription.ends_at), strict=True):
        for item in phase["items"]:
            if (row := entitlement_of(subscription, item, window)) is not None:
                yield row


def entitlement_of(subscription: Row, item: Item, phase: Window) -> Row | None:
    """The entitlement of an item, or None if its card has no entitlement. A metered entitlement counts from the start
    of the item's phase."""
    card = item["rate_card"]
    if "entitlement" not in card or "feature" not in card or "entitlement_id" not in item:
        return None
    window, made = item_window(item, phase), from_micros(item["made_at"])
    template = card["entitlement"]
    return Row(
        resource=ENTITLEMENT,
        id=item["entitlement_id"],
        document={
            "feature_id": card["feature"]["id"],
            "type": template["type"],
            **({"config": text_of(template["config"])} if template["type"] == "static" else {}),
            **(metered(subscription, template, phase) if template["type"] == "metered" else {}),
            OWNER: subscription.id,
            "issued_id": item["issued_id"],
        },
        created_at=made,
        updated_at=made,
        key=card["key"],
        parent=subscription.document["customer_id"],
        begins_at=window.start,
        ends_at=window.end,
    )


def metered(subscription: Row, template: Mapping[str, Any], phase: Window) -> Document:
    anchor = from_micros(subscription.document["billing_anchor"])
    return {
        "interval": template["usage_period"],
        "anchor": micros(anchor.replace(second=0, microsecond=0)),
        "counted_from": micros(phase.start.replace(second=0, microsecond=0)),
        "is_soft_limit": bool(template.get("is_soft_limit")),
        "preserve_overage": False,
        **present(template, "limit"),
        "priority": 1,
    }


def begin_of(row: Row) -> datetime:
    """Return the start of the entitlement; a manual entitlement starts when it is created."""
    return row.begins_at or row.created_at
