"""Plans in the words of API v1: read with their labels, made with a settlement mode, or for one subscription.

Sections are those of catalog-facts.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from billsync.local.catalog import plans
from billsync.local.catalog.plan_rules import (
    phases_findings,
    plan_findings,
    reference_findings,
    request_findings,
    structure_warnings,
)
from billsync.local.catalog.rules import refuse
from billsync.local.catalog.versions import ACTIVE, ARCHIVED, DRAFT, SCHEDULED, STATUS_SQL
from billsync.local.server.resource import V1, Answer, Call, Route, created, new_row, ok, present
from billsync.local.store.documents import Document
from billsync.local.store.store import Row, Store
from billsync.local.v1.cards import card_of, filled, shown_card
from billsync.local.v1.lists import ORDERS, Statuses, V1List, answer_v1_list
from billsync.local.v1.representable import PLAN_IS_SHOWN, check_shown
from billsync.local.v1.requests import PLAN
from billsync.local.v1.versions import find_version, version_view

KEY_OR_ID: Mapping[str, frozenset[str] | None] = {"planIdOrKey": None}
STATUSES = Statuses(STATUS_SQL, (DRAFT, ACTIVE, ARCHIVED, SCHEDULED), default=(ACTIVE,))


def create(call: Call) -> Answer:
    """A draft, as v3 makes it, which may say how its subscriptions are settled; metadata is not looked at (§1.5)."""
    plan = {"key": call.body["key"], **plan_of(call.store, call.body)}
    return created(view(call, plans.made(call, plan)))


def get(call: Call) -> Answer:
    """The plan with this id, deleted or not, or the key's version in force. Raises Problem (400) for a plan that only
    v3 can show (§1.5)."""
    row = find_version(call, plans.PLAN, call.path["planIdOrKey"], noun="plan")
    check_shown(row.document, *(card for phase in row.document["phases"] for card in phase["rate_cards"]))
    return ok(view(call, row))


def view(call: Call, row: Row) -> Document:
    """A plan with the labels that v3 keeps and hides, as metadata (§1.5)."""
    document = row.document
    errors = [finding.shown() for finding in structure_warnings(document)]
    return {
        **version_view(call, row),
        "billingCadence": document["billing_cadence"],
        "proRatingConfig": {"enabled": document["pro_rating_enabled"], "mode": "prorate_prices"},
        "settlementMode": document.get("settlement_mode", "credit_then_invoice"),
        "validationErrors": errors or None,
        "phases": [phase_view(call.store, phase) for phase in document["phases"]],
    }


def phase_view(store: Store, phase: Mapping[str, Any]) -> Document:
    return {
        **present(phase, "key", "name", "description"),
        **filled({"metadata": phase.get("labels")}),
        "duration": phase.get("duration"),
        "rateCards": [shown_card(store, card) for card in phase["rate_cards"]],
    }


LISTING = V1List(
    resource=plans.PLAN,
    view=view,
    columns={"id": "id", "key": "key", "currency": "document ->> 'currency'"},
    where=PLAN_IS_SHOWN,
    orders=ORDERS,
    statuses=STATUSES,
)


def listed(call: Call) -> Answer:
    return answer_v1_list(LISTING, call)


def custom_plan(call: Call, body: Mapping[str, Any]) -> Row:
    """A plan without a key, for one subscription and not stored. It must be as complete as a published one."""
    plan = plan_of(call.store, body)
    refuse(request_findings(plan["phases"]))
    refuse((*plan_findings(plan["currency"], plan["billing_cadence"]), *phases_findings(plan["phases"])))
    refuse(reference_findings(call.store, plan["currency"], plan["phases"]))
    document = plans.kept_plan(plan, version=1)
    refuse(structure_warnings(document))
    return new_row(call, plans.PLAN, document)


def plan_of(store: Store, body: Mapping[str, Any]) -> Document:
    """The plan in v3's words."""
    return {
        **present(body, "name", "description", "currency"),
        **filled({"labels": body.get("metadata")}),
        "billing_cadence": body["billingCadence"],
        "pro_rating_enabled": body.get("proRatingConfig", {}).get("enabled", True),
        "settlement_mode": body.get("settlementMode", "credit_then_invoice"),
        "phases": [phase_of(store, phase) for phase in body["phases"]],
    }


def phase_of(store: Store, phase: Mapping[str, Any]) -> Document:
    duration = {"duration": phase["duration"]} if phase["duration"] else {}
    cards = [card_of(store, card) for card in phase["rateCards"]]
    labels = filled({"labels": phase.get("metadata")})
    return {**present(phase, "key", "name", "description"), **labels, **duration, "rate_cards": cards}


ROUTES = (
    Route("POST", "/plans", create, version=V1, accepts=PLAN),
    Route("GET", "/plans", listed, version=V1),
    Route("GET", "/plans/{planIdOrKey}", get, KEY_OR_ID, version=V1),
)
