"""The only way to change an add-on of a subscription: its quantity, through API v1 (customer-facts.md §6.3)."""

from __future__ import annotations

from billsync.local.accounts.item_versions import Window
from billsync.local.accounts.subscription_view import ACTIVE, begin_of
from billsync.local.catalog import addons
from billsync.local.server.problems import invalid, not_found
from billsync.local.server.resource import V1, Answer, Call, Route, ok, present
from billsync.local.store.documents import Document
from billsync.local.store.store import Row
from billsync.local.store.times import rfc3339
from billsync.local.subscriptions.attached_addons import (
    SUBSCRIPTION_ADDON,
    affected_items,
    follow_addons,
    quantity_at,
    quantity_from,
    segments,
)
from billsync.local.subscriptions.subscription_addons import check_terms, moment_of
from billsync.local.subscriptions.subscription_changes import check_transition, settle_first
from billsync.local.subscriptions.subscriptions import find as find_subscription
from billsync.local.v1.cards import shown_card
from billsync.local.v1.representable import check_representable
from billsync.local.v1.requests import TIMING
from billsync.local.v1.subscription_views import shown_window
from billsync.model.frozen import replace

ACCEPTED = {
    "type": "object",
    "required": ["quantity", "timing"],
    "properties": {
        "quantity": {"type": "integer", "minimum": 0},
        "timing": TIMING,
    },
}


def change_quantity(call: Call) -> Answer:
    """Set the quantity from a moment on; 0 removes the add-on, and a later quantity restores it."""
    row = call.store.get(SUBSCRIPTION_ADDON, call.path["subscriptionAddonId"])
    if row is None:
        raise not_found(f"subscription addon {call.path['subscriptionAddonId']} not found")
    addon = addons.find(call.store, row.document["addon_id"])
    for card in addon.document["rate_cards"]:
        check_representable(card)
    if row.parent != call.path["subscriptionId"]:
        raise invalid("subscription addon does not belong to subscription")
    subscription = find_subscription(call)
    moment = moment_of(call, subscription)
    if addon.document["instance_type"] == "single" and call.body["quantity"] > 1:
        raise invalid("single instance addon must have quantity of 1")
    if not Window(begin_of(subscription), subscription.ends_at).holds(moment):
        raise invalid("subscription doesn't have an active phase at the time of the change")
    check_terms(call, subscription, addon, moment)
    check_transition(subscription, call.now, verb="update", allowed=ACTIVE)
    settle_first(call, subscription)
    quantities = [*row.document["quantities"], quantity_from(moment, call.body["quantity"])]
    row = call.store.update(replace(row, document={**row.document, "quantities": quantities}))
    return ok(view(call, row, addon, follow_addons(call, subscription)))


def view(call: Call, row: Row, addon: Row, subscription: Row) -> Document:
    timeline = segments(row)
    labels = row.document["labels"]
    return {
        "id": row.id,
        **present(addon.document, "name", "description"),
        **({"metadata": labels} if labels else {}),
        "createdAt": rfc3339(row.created_at),
        "updatedAt": rfc3339(row.updated_at),
        "subscriptionId": subscription.id,
        "addon": {
            "id": addon.id,
            "key": addon.key,
            "version": addon.document["version"],
            "instanceType": addon.document["instance_type"],
        },
        "quantity": quantity_at(row, call.now),
        "quantityAt": rfc3339(call.now),
        "activeFrom": rfc3339(timeline[0].window.start),
        "timeline": [{**shown_window(segment.window), "quantity": segment.quantity} for segment in timeline],
        "rateCards": [
            {
                "rateCard": shown_card(call.store, card),
                "affectedSubscriptionItemIds": affected_items(row, subscription, card["key"]),
            }
            for card in addon.document["rate_cards"]
        ],
    }


ROUTES = (
    Route(
        "PATCH",
        "/subscriptions/{subscriptionId}/addons/{subscriptionAddonId}",
        change_quantity,
        version=V1,
        accepts=ACCEPTED,
    ),
)
