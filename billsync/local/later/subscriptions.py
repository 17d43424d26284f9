"""Subscriptions of the later generation: a start in the future, a first phase, migrating in place, and taking back what
is scheduled. Documented only, not recorded; a custom plan and edits aren't served.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial

from billsync.local.accounts.subscription_view import ACTIVE, CANCELED, SCHEDULED, view
from billsync.local.later.in_place import migrated_in_place
from billsync.local.server.labels import check_labels
from billsync.local.server.problems import invalid
from billsync.local.server.resource import Answer, Call, Route, created, no_content, ok
from billsync.local.store.store import Row
from billsync.local.store.times import instant_of
from billsync.local.subscriptions.subscription_changes import check_transition, inherited, succeeded
from billsync.local.subscriptions.subscription_start import Terms, subscribe
from billsync.local.subscriptions.subscriptions import (
    check_choice,
    check_modes,
    check_not_deleted,
    check_sold,
    find,
    named_customer,
    named_plan,
)
from billsync.local.v1.subscriptions import check_phase, delete, newer_version, restored
from billsync.model.frozen import replace

ONE = "/openmeter/subscriptions/{subscriptionId}"


def create(call: Call) -> Answer:
    """Start a subscription now, or at a later moment, at any phase of its plan."""
    body = call.body
    check_choice("customer", body["customer"], ("id", "key"))
    customer = named_customer(call.store, body["customer"])
    plan = chosen_plan(call)
    check_labels(body.get("labels"))
    check_not_deleted(customer)
    check_modes(body)
    start = start_of(call)
    anchor = instant_of(body["billing_anchor"]) if "billing_anchor" in body else None
    name = f"{plan.key} v{plan.document['version']}"
    terms = Terms(start, name, anchor or start, body.get("labels") or {}, {}, body.get("starting_phase"))
    return created(view(call, subscribe(call, customer, plan, terms)))


def chosen_plan(call: Call) -> Row:
    """The active version that the request names, which must have its first phase. Raises Problem: 400, 404."""
    given = call.body.get("plan", {})
    check_choice("plan", given, ("id", "key"))
    plan = named_plan(call.store, given)
    check_sold(plan, call.now)
    check_phase(plan, call.body.get("starting_phase"))
    return plan


def start_of(call: Call) -> datetime:
    """The start in the request, now by default. Raises Problem (400) for a cycle, or a moment that has passed."""
    timing = call.body.get("timing", "immediate")
    if timing == "immediate":
        return call.now
    moment = instant_of(timing)
    if moment is None or moment <= call.now:
        raise invalid("timing must be immediate or a time in the future")
    return moment


def change(call: Call) -> Answer:
    """As in August 2026, from any phase of the new plan on."""
    row, plan = find(call), chosen_plan(call)
    check_modes(call.body)
    current, following = succeeded(call, row, plan, partial(_terms, call, row))
    return ok({"current": view(call, current), "next": view(call, following)})


def _terms(call: Call, row: Row, start: datetime) -> Terms:
    return replace(inherited(row, call.body, start), first_phase=call.body.get("starting_phase"))


def migrate(call: Call) -> Answer:
    """Move a subscription to a newer version of its plan: in place where it is at once and nothing else changes."""
    row = find(call)
    check_transition(row, call.now, verb="migrate", allowed=ACTIVE)
    call = replace(call, body={"timing": "immediate", **(call.body or {})})
    plan = newer_version(replace(call, body={"targetVersion": call.body.get("target_version")}), row)
    check_phase(plan, call.body.get("starting_phase"))
    if call.body["timing"] == "immediate" and not {"starting_phase", "billing_anchor"} & call.body.keys():
        shown = view(call, migrated_in_place(call, row, plan))
        return ok({"current": shown, "next": shown})
    modes = {name: row.document[name] for name in ("settlement_mode", "cost_basis_mode")}
    own = replace(call, body={**modes, **call.body})
    current, following = succeeded(own, row, plan, partial(_terms, own, row))
    return ok({"current": view(call, current), "next": view(call, following)})


def unschedule(call: Call) -> Answer:
    """Take back one that has not started; the one before it stays as it is."""
    check_transition(find(call), call.now, verb="unschedule", allowed=SCHEDULED)
    delete(call)
    return no_content()


def restore(call: Call) -> Answer:
    """Continue a cancelled one; the one scheduled after it is taken back."""
    row = find(call)
    check_transition(row, call.now, verb="restore", allowed=CANCELED)
    return ok(view(call, restored(call, row)))


ROUTES = (
    Route("POST", "/openmeter/subscriptions", create),
    Route("POST", f"{ONE}/change", change),
    Route("POST", f"{ONE}/migrate", migrate),
    Route("POST", f"{ONE}/unschedule", unschedule),
    Route("POST", f"{ONE}/restore", restore),
)
