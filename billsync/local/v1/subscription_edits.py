"""The edit of a running subscription, which only API v1 has (customer-facts.md §15)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial, reduce
from typing import Any

from billsync.local.accounts.item_versions import Window
from billsync.local.accounts.manual_entitlements import check_not_given
from billsync.local.accounts.subscription_view import ACTIVE, aligned_period, begin_of, windows
from billsync.local.catalog import plans
from billsync.local.catalog.plan_rules import phases_findings, reference_findings, request_findings, structure_warnings
from billsync.local.catalog.rate_cards import is_free
from billsync.local.catalog.rules import refuse
from billsync.local.customers.customers import fill_currency
from billsync.local.customers.customers import find as find_customer
from billsync.local.server.problems import invalid
from billsync.local.server.resource import V1, Answer, Call, Route, ok, present
from billsync.local.store.documents import Document
from billsync.local.store.durations import NOTHING, negative
from billsync.local.store.store import Row, changed
from billsync.local.store.times import micros
from billsync.local.subscriptions.attached_addons import attached
from billsync.local.subscriptions.subscription_changes import check_transition, renewed, settle_first
from billsync.local.subscriptions.subscription_edits import (
    Edit,
    PhaseSequence,
    add_item,
    add_phase,
    forbidden,
    remove_item,
    remove_phase,
    stretch_phase,
    unschedule,
)
from billsync.local.subscriptions.subscription_start import (
    CREDIT_THEN_INVOICE,
    anew,
    check_cadences,
    check_currency,
    check_features,
    check_worth,
    feature_terms,
    item_card,
    items_of,
)
from billsync.local.subscriptions.subscriptions import find
from billsync.local.v1.cards import card_of
from billsync.local.v1.requests import EDIT
from billsync.local.v1.subscription_views import short_view
from billsync.model.duration import Duration, parse_duration

ONE = "/subscriptions/{subscriptionId}"
NOW, NEXT_CYCLE = "immediate", "next_billing_cycle"


def edit(call: Call) -> Answer:
    """Apply all operations in order, at one moment: now, or at the end of the billing period."""
    row = find(call)
    if attached(call.store, row.id):
        raise forbidden("subscription with addons cannot be edited")
    edits = [edit_of(call, row, operation) for operation in call.body["customizations"]]
    check_transition(row, call.now, verb="update", allowed=ACTIVE)
    sequence = PhaseSequence(begin_of(row), moment_of(call, row), tuple(row.document["phases"]))
    edited = reduce(lambda before, change: change(before), edits, sequence)
    return ok(short_view(call, stored(call, row, edited)))


def moment_of(call: Call, row: Row) -> datetime:
    """The moment of the edit. Raises Problem (400) for any time but now and the end of a period within the same
    phase."""
    timing = call.body.get("timing", NOW)
    if timing == NOW:
        return call.now
    if timing != NEXT_CYCLE:
        raise invalid("invalid timing: an edit takes effect immediately or at the next billing cycle")
    moment = aligned_period(row, call.now).end
    phase = next(window for window in windows(row, row.ends_at) if window.holds(call.now))
    if not phase.holds(moment):
        raise invalid("invalid timing: the next billing cycle lies in another phase")
    return moment


def edit_of(call: Call, row: Row, operation: Mapping[str, Any]) -> Edit:
    """Apply an operation. Raises Problem (400) if a field is missing, or its card breaks a rule."""
    match operation["op"]:
        case "add_item":
            item = anew(call, {"rate_card": checked_card(call, row, given(operation, "rateCard"))})
            return partial(add_item, key=given(operation, "phaseKey"), item=item)
        case "remove_item":
            return partial(remove_item, key=given(operation, "phaseKey"), item_key=given(operation, "itemKey"))
        case "add_phase":
            return phase_adding(call, given(operation, "phase"))
        case "remove_phase":
            return partial(remove_phase, key=given(operation, "phaseKey"), shift=given(operation, "shift"))
        case "stretch_phase":
            return partial(stretch_phase, key=given(operation, "phaseKey"), by=signed(given(operation, "extendBy")))
        case _:
            return unschedule


def given(operation: Mapping[str, Any], name: str) -> Any:
    if name not in operation:
        raise invalid(f"{operation['op']} needs {name}")
    return operation[name]


def phase_adding(call: Call, phase: Mapping[str, Any]) -> Edit:
    kept = {**present(phase, "key", "name", "description"), "created_at": micros(call.now), "items": []}
    after = phase["startAfter"]
    length = signed(phase["duration"]) if phase.get("duration") else None
    return partial(
        add_phase, phase={"id": call.mint(), **kept}, passed=signed(after) if after else NOTHING, length=length
    )


def signed(text: str) -> Duration:
    """The length of a duration, which may be negative. Raises Problem (400) for an invalid duration."""
    length = parse_duration(text.removeprefix("-"))
    if length is None:
        raise invalid(f"invalid duration: {text[:40]}")
    return negative(length) if text.startswith("-") else length


def checked_card(call: Call, row: Row, body: Mapping[str, Any]) -> Document:
    """The card as an item has it. Raises Problem (400) unless a plan with it could be published."""
    card = card_of(call.store, body)
    currency = row.document["invoice_currency"]
    phases = [{"key": "edit", "name": "edit", "rate_cards": [card]}]
    refuse(request_findings(phases))
    refuse(phases_findings(phases))
    refuse(reference_findings(call.store, currency, phases))
    kept = {**present(row.document, "billing_cadence"), "currency": currency, "phases": [plans.kept_phase(phases[0])]}
    refuse(structure_warnings(kept))
    return item_card(kept["phases"][0]["rate_cards"][0], currency)


def stored(call: Call, row: Row, sequence: PhaseSequence) -> Row:
    """Store the subscription with the edited phases, after settling the amounts due.

    Items whose window moved are created again. Raises Problem as for a new subscription, and (400) for a phase without
    items.
    """
    check_phases(sequence)
    phases = [renewed_phase(call, row, phase, sequence.window(place)) for place, phase in enumerate(sequence.phases)]
    check_cadences(phases)
    check_features(call.store, phases)
    check_not_given(call.store, row.document["customer_id"], phases)
    check_money(call, row, phases)
    settle_first(call, row)
    document = {**row.document, "phases": phases}
    terms = tuple(feature_terms(phases))
    return call.store.update(changed(row, call.now, document=document, terms=terms))


def check_phases(sequence: PhaseSequence) -> None:
    for phase in sequence.phases:
        if not phase["items"]:
            raise invalid(f"phase {phase['key']} must have at least one item")


def renewed_phase(call: Call, row: Row, phase: Document, after: Window) -> Document:
    """The phase, with new ids for items whose window changed."""
    before = {old["id"]: (old, window) for old, window in zip(row.document["phases"], windows(row, None), strict=True)}
    if phase["id"] not in before:
        return phase
    old, window = before[phase["id"]]
    known = {item["id"]: item for item in old["items"]}
    items = []
    for item in phase["items"]:
        if item["id"] not in known:
            items.append(item)
        elif item != known[item["id"]]:
            items.append(anew(call, item))
        else:
            items.append(renewed(call, item, window, after))
    return {**phase, "items": items}


def check_money(call: Call, row: Row, phases: list[Document]) -> None:
    """Check that items which the edit makes billable have a price and the customer's currency."""
    currency = row.document["invoice_currency"]
    if all(is_free(item["rate_card"]) for item in items_of(phases)):
        return
    customer = find_customer(call.store, row.document["customer_id"])
    check_currency(customer, currency)
    if row.document["settlement_mode"] == CREDIT_THEN_INVOICE:
        check_worth(call, phases, currency)
    fill_currency(call, customer, currency)


ROUTES = (Route("PATCH", ONE, edit, version=V1, accepts=EDIT),)
