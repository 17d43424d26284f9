"""Add-ons of a subscription: attached, listed and read (customer-facts.md §6.1, §6.2). API v3 changes none."""

from __future__ import annotations

from datetime import datetime

from billsync.local.accounts.item_versions import Window
from billsync.local.accounts.subscription_rows import SUBSCRIPTION
from billsync.local.accounts.subscription_view import ACTIVE, aligned_period, begin_of, windows
from billsync.local.catalog import addons
from billsync.local.catalog.assignments import assignment
from billsync.local.catalog.rate_cards import Card
from billsync.local.server.filters import Condition
from billsync.local.server.labels import check_labels
from billsync.local.server.listing import Listing, answer_list
from billsync.local.server.problems import Issue, broken_rules, conflict, invalid, not_found
from billsync.local.server.resource import Answer, Call, Route, created, new_row, ok, present, stamped
from billsync.local.store.documents import Document
from billsync.local.store.store import Row
from billsync.local.store.times import instant_of, rfc3339
from billsync.local.subscriptions.attached_addons import (
    SUBSCRIPTION_ADDON,
    affected_items,
    attached,
    follow_addons,
    quantity_at,
    quantity_from,
    segments,
)
from billsync.local.subscriptions.subscription_changes import check_transition, settle_first
from billsync.local.subscriptions.subscriptions import find as find_subscription


def view(call: Call, row: Row) -> Document:
    """An add-on as it is read now; name and description are the add-on's own (§6.1)."""
    addon = addons.find(call.store, row.document["addon_id"])
    timeline = segments(row)
    return stamped(
        row,
        {
            **present(addon.document, "name", "description"),
            "labels": row.document["labels"],
            "addon": {"id": addon.id},
            "quantity": quantity_at(row, call.now),
            "quantity_at": rfc3339(call.now),
            "active_from": rfc3339(timeline[0].window.start),
            "timeline": [{**segment.window.shown(), "quantity": segment.quantity} for segment in timeline],
            "rate_cards": [shown_card(call, row, card) for card in addon.document["rate_cards"]],
        },
    )


def shown_card(call: Call, row: Row, card: Card) -> Document:
    """A card of the add-on, bought once, and the items that it has a part in now.

    What recurs is of the type that usage has, and so without a payment term, a fee or not.
    """
    subscription = call.store.get(SUBSCRIPTION, row.parent or "")
    ids = affected_items(row, subscription, card["key"]) if subscription else []
    dropped = ("labels", "payment_term") if "billing_cadence" in card else ("labels",)
    shown = {name: value for name, value in card.items() if name not in dropped}
    return {"rate_card": shown, "affected_subscription_item_ids": ids}


LISTING = Listing(
    resource=SUBSCRIPTION_ADDON,
    view=view,
    sorts={"id": "id", "created_at": "created_at", "updated_at": "updated_at"},
    order="created_at, seq",
    scope=lambda call: Condition("parent = ?", (call.path["subscriptionId"],)),
)


def create(call: Call) -> Answer:
    """Attaches an add-on. An existing attachment is reported first, the subscription's status last (§6.2)."""
    body = call.body
    check_labels(body.get("labels"))
    subscription = find_subscription(call)
    if any(row.key == body["addon"]["id"] for row in attached(call.store, subscription.id)):
        raise conflict("subscription already has that addon purchased")
    moment = moment_of(call, subscription)
    if not Window(begin_of(subscription), subscription.ends_at).holds(moment):
        raise invalid("subscription is not active at the time of adding the addon")
    addon = addons.find(call.store, body["addon"]["id"])
    if addon.document["instance_type"] == "single" and body["quantity"] != 1:
        raise invalid("single instance add-on must have initial quantity of 1")
    check_terms(call, subscription, addon, moment)
    check_transition(subscription, call.now, verb="update", allowed=ACTIVE)
    settle_first(call, subscription)
    document = {
        "addon_id": addon.id,
        "labels": body.get("labels") or {},
        "quantities": [quantity_from(moment, body["quantity"])],
    }
    row = call.store.insert(new_row(call, SUBSCRIPTION_ADDON, document, key=addon.id, parent=subscription.id))
    follow_addons(call, subscription)
    return created(view(call, row))


def moment_of(call: Call, subscription: Row) -> datetime:
    """Return the moment of a timing; any date is accepted. Raises Problem (400) for a cycle before the start (§5.6)."""
    timing = call.body["timing"]
    if timing == "immediate":
        return call.now
    if timing != "next_billing_cycle":
        moment = instant_of(timing)
        assert moment is not None
        return moment
    if call.now < begin_of(subscription):
        raise broken_rules([queried_too_early(subscription, call.now)])
    return aligned_period(subscription, call.now).end


def queried_too_early(subscription: Row, now: datetime) -> Issue:
    """Return the problem that there is no billing period before the start, with both times."""
    return Issue(
        code="subscription_billing_period_queried_before_subscription_start",
        message="billing period is queried before subscription start",
        extra=(("queried_at", rfc3339(now)), ("subscription_start", rfc3339(begin_of(subscription)))),
    )


def check_terms(call: Call, subscription: Row, addon: Row, moment: datetime) -> None:
    """Check that the plan version allows the add-on, its phase and the quantity; raises Problem (400) (§6.2)."""
    plan = subscription.document.get("plan")
    if plan is None:
        raise invalid("cannot add addon to a custom subscription")
    name = f"addon {addon.key}@{addon.document['version']}"
    terms = assignment(call.store, plan["id"], addon.id)
    if terms is None:
        raise invalid(f"{name} is not linked to the plan {plan['key']}@{plan['version']}")
    if not has_reached(subscription, terms.document["from_plan_phase"], moment):
        raise invalid(f"{name} can be only added starting with phase {terms.document['from_plan_phase']}")
    most = terms.document.get("max_quantity")
    if most is not None and call.body["quantity"] > most:
        raise invalid(f"{name} can be added a maximum of {most} times")


def has_reached(subscription: Row, phase_key: str, moment: datetime) -> bool:
    """Whether the moment lies in the phase or a later one."""
    for phase, window in zip(subscription.document["phases"], windows(subscription, None), strict=True):
        if phase["key"] == phase_key:
            return True
        if window.holds(moment):
            return False
    return False


def get(call: Call) -> Answer:
    return ok(view(call, find(call)))


def listed(call: Call) -> Answer:
    """Empty for a subscription that isn't there."""
    return answer_list(LISTING, call)


def find(call: Call) -> Row:
    """The add-on of the path's subscription. Raises Problem (404)."""
    row = call.store.get(SUBSCRIPTION_ADDON, call.path["subscriptionAddonId"])
    if row is None or row.parent != find_subscription(call).id:
        raise not_found(f"subscription addon {call.path['subscriptionAddonId']} not found")
    return row


ALL = "/openmeter/subscriptions/{subscriptionId}/addons"
ROUTES = (
    Route("POST", ALL, create),
    Route("GET", ALL, listed),
    Route("GET", f"{ALL}/{{subscriptionAddonId}}", get),
)
