"""Subscriptions as the older API v1 shows them: short, or with phases and every version of their items (§15).

Sections are those of customer-facts.md.
"""

from __future__ import annotations

from collections.abc import Iterator

from billsync.local.accounts.item_entitlements import entitlement_of
from billsync.local.accounts.item_versions import Item, Window, item_window, key_of, shown_versions, versions
from billsync.local.accounts.subscription_view import begin_of, current_period, status, windows
from billsync.local.catalog.features import FEATURE
from billsync.local.server.resource import Call, present
from billsync.local.store.documents import Document
from billsync.local.store.store import Row
from billsync.local.store.times import from_micros, rfc3339
from billsync.local.v1.cards import filled, shown_terms
from billsync.local.v1.features import view as feature_view
from billsync.local.v1.representable import check_representable
from billsync.local.v1.v2_entitlement_views import v1_view as entitlement_view

LINKS = {"previous_id": "subscription.previous.id", "superseding_id": "subscription.superseding.id"}


def short_view(call: Call, row: Row) -> Document:
    """A subscription without its phases; labels are shown as they were given (§1.5)."""
    document = row.document
    links = {name: document[member] for member, name in LINKS.items() if member in document}
    parts = {"metadata": document["labels"], "annotations": links, "plan": document.get("plan")}
    return {
        "id": row.id,
        **present(document, "name", "description"),
        **{name: part for name, part in parts.items() if part},
        "createdAt": rfc3339(row.created_at),
        "updatedAt": rfc3339(row.updated_at),
        **shown_window(Window(begin_of(row), row.ends_at)),
        "alignment": {"billablesMustAlign": True},
        "status": status(row, call.now),
        "customerId": document["customer_id"],
        "currency": document["invoice_currency"],
        "settlementMode": document["settlement_mode"],
        "costBasisMode": document["cost_basis_mode"],
        "costBasisPins": [],
        "billingCadence": document["billing_cadence"],
        "proRatingConfig": {"enabled": document["pro_rating_enabled"], "mode": "prorate_prices"},
        "billingAnchor": rfc3339(from_micros(document["billing_anchor"])),
    }


def full_view(call: Call, row: Row) -> Document:
    """A subscription with its phases. Raises Problem (400) for values that v1 can't express (§15)."""
    shown = short_view(call, row)
    if period := current_period(row, call.now):
        shown["alignment"]["currentAlignedBillingPeriod"] = {"from": rfc3339(period.start), "to": rfc3339(period.end)}
    return {**shown, "phases": list(shown_phases(call, row))}


def shown_phases(call: Call, row: Row) -> Iterator[Document]:
    for phase, window in zip(row.document["phases"], windows(row, row.ends_at), strict=True):
        made = rfc3339(from_micros(phase["created_at"]))
        timelines = {
            key_of(found[0]): [shown_item(call, row, item, window) for item in found]
            for found in versions(phase["items"])
        }
        now = [shown_item(call, row, item, window) for item in shown_versions(phase["items"], window, call.now)]
        yield {
            **present(phase, "id", "key", "name", "description"),
            "createdAt": made,
            "updatedAt": made,
            **shown_window(window),
            "items": now,
            "itemTimelines": timelines,
        }


def shown_item(call: Call, row: Row, item: Item, window: Window) -> Document:
    card = item["rate_card"]
    check_representable(card)
    made = rfc3339(from_micros(item["made_at"]))
    return {
        "id": item["id"],
        "createdAt": made,
        "updatedAt": made,
        **shown_window(item_window(item, window)),
        **shown_terms(call.store, card),
        **present(card, "currency"),
        **filled({"included": included(call, row, item, window)}),
    }


def included(call: Call, row: Row, item: Item, window: Window) -> Document:
    """The feature and the entitlement of an item; empty without a feature."""
    card = item["rate_card"]
    feature = call.store.get(FEATURE, card["feature"]["id"]) if "feature" in card else None
    entitlement = entitlement_of(row, item, window)
    brought = {"entitlement": entitlement_view(call, entitlement)} if entitlement else {}
    return {"feature": feature_view(call.store, feature), **brought} if feature else {}


def shown_window(window: Window) -> Document:
    end = {} if window.end is None else {"activeTo": rfc3339(window.end)}
    return {"activeFrom": rfc3339(window.start), **end}
