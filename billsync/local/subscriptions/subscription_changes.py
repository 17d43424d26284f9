"""Cancelling, continuing and changing a subscription (customer-facts.md §5.6 to §5.8)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from billsync.local.accounts.item_versions import Window, is_static, item_window
from billsync.local.accounts.subscription_view import (
    ACTIVE,
    CANCELED,
    aligned_period,
    begin_of,
    status,
    view,
    windows,
)
from billsync.local.charges.settling import settle
from billsync.local.customers.customers import find as find_customer
from billsync.local.server.problems import invalid, problem
from billsync.local.server.resource import Answer, Call, Route, ok
from billsync.local.store.documents import Document
from billsync.local.store.store import Row, changed
from billsync.local.store.times import from_micros, instant_of
from billsync.local.subscriptions.subscription_overlap import check_alone, claim_of
from billsync.local.subscriptions.subscription_start import Terms, anew, subscribe
from billsync.local.subscriptions.subscriptions import check_choice, check_modes, check_sold, find, named_plan
from billsync.model.frozen import replace

LATEST_START = timedelta(minutes=2)


def cancel(call: Call) -> Answer:
    row = find(call)
    check_transition(row, call.now, verb="cancel", allowed=ACTIVE)
    return ok(view(call, end(call, row, moment_of(call, row))))


def unschedule(call: Call) -> Answer:
    """The end is taken back, and the later phases are there again (§5.7)."""
    row = find(call)
    check_transition(row, call.now, verb="continue", allowed=CANCELED)
    check_alone(call.store, replace(claim_of(row), end=None), own=(row.id,))
    return ok(view(call, end(call, row, None)))


def change(call: Call) -> Answer:
    """Ends the subscription and starts another at the same moment; the customer in the body is ignored (§5.8)."""
    body, row = call.body, find(call)
    check_choice("plan", body["plan"], ("id", "key"))
    plan = named_plan(call.store, body["plan"])
    check_sold(plan, call.now)
    check_modes(body)
    current, following = succeeded(call, row, plan, partial(inherited, row, body))
    return ok({"current": view(call, current), "next": view(call, following)})


def succeeded(call: Call, row: Row, plan: Row, terms: Callable[[datetime], Terms]) -> tuple[Row, Row]:
    """The ended subscription, and the new one that starts on the plan at that moment, without the old one's add-ons
    (§5.8)."""
    check_transition(row, call.now, verb="cancel", allowed=ACTIVE)
    start = moment_of(call, row)
    check_start(call, start)
    customer = find_customer(call.store, row.document["customer_id"])
    following = subscribe(call, customer, plan, terms(start), after=(row.id,))
    linked = replace(row, document={**row.document, "superseding_id": following.id})
    return end(call, linked, start), following


def check_start(call: Call, start: datetime) -> None:
    """Raises Problem (400) for more than two minutes ago."""
    if start < call.now - LATEST_START:
        raise invalid("cannot create subscription in the past")


def inherited(row: Row, body: Mapping[str, Any], start: datetime) -> Terms:
    """The old subscription's name and description, and its anchor and labels if the request has none."""
    document = row.document
    told = instant_of(body["billing_anchor"]) if "billing_anchor" in body else None
    labels = body.get("labels")
    extra = {"previous_id": row.id}
    if "description" in document:
        extra["description"] = document["description"]
    return Terms(
        start=start,
        name=document["name"],
        anchor=told or from_micros(document["billing_anchor"]),
        labels=document["labels"] if labels is None else labels,
        extra=extra,
    )


def check_transition(row: Row, now: datetime, *, verb: str, allowed: str) -> None:
    """Raises Problem (403) in any other status (§5.6)."""
    if (state := status(row, now)) != allowed:
        raise problem(403, f"forbidden error: transition {verb} in state {state} not allowed")


def moment_of(call: Call, row: Row) -> datetime:
    """Return the moment of a timing. Raises Problem (400) for a moment that isn't a billing period's boundary
    (§5.7)."""
    timing = call.body["timing"]
    if timing == "immediate":
        return call.now
    if timing == "next_billing_cycle":
        return aligned_period(row, call.now).end
    moment = instant_of(timing)
    if moment is None or moment < begin_of(row) or aligned_period(row, moment).start != moment:
        raise invalid("cannot cancel aligned subscription with custom misaligned timing")
    return moment


def end(call: Call, row: Row, moment: datetime | None) -> Row:
    """Store the subscription with another end, or without one; every item whose window changes gets a new id.

    Amounts due are settled first, as fees in advance were charged before the end was known.
    """
    settle_first(call, row)
    phases = [
        {**phase, "items": [renewed(call, item, before, after) for item in phase["items"]]}
        for phase, before, after in zip(
            row.document["phases"], windows(row, row.ends_at), windows(row, moment), strict=True
        )
    ]
    return call.store.update(changed(row, call.now, ends_at=moment, document={**row.document, "phases": phases}))


def settle_first(call: Call, row: Row) -> None:
    """Settles the amounts due under the subscription's current state, before it changes."""
    settle(call, row.document["customer_id"])


def renewed(call: Call, item: Document, before: Window, after: Window) -> Document:
    """The item, with a new id if its window moved with its phase's or it has a static entitlement."""
    moved = item_window(item, before) != item_window(item, after)
    return anew(call, item) if moved or is_static(item) else item


ONE = "/openmeter/subscriptions/{subscriptionId}"
ROUTES = (
    Route("POST", f"{ONE}/cancel", cancel),
    Route("POST", f"{ONE}/unschedule-cancelation", unschedule),
    Route("POST", f"{ONE}/change", change),
)
