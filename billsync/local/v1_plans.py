"""Plans in the words of API v1: made with a settlement mode, or for one subscription (customer-facts.md §15)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from billsync.local import plans
from billsync.local.documents import Document
from billsync.local.plan_rules import (
    phases_findings,
    plan_findings,
    reference_findings,
    request_findings,
    structure_warnings,
)
from billsync.local.resource import V1, Answer, Call, Route, created, new_row, present
from billsync.local.rules import refuse
from billsync.local.store import Row, Store
from billsync.local.times import rfc3339
from billsync.local.v1_cards import card_of, shown_card
from billsync.local.v1_requests import PLAN
from billsync.local.versions import DRAFT


def create(call: Call) -> Answer:
    """A draft, as v3 makes it, which may say how its subscriptions are settled."""
    plan = {"key": call.body["key"], **plan_of(call.store, call.body)}
    made = plans.create(replace(call, body=plan)).body
    return created(view(call, plans.find(call.store, made["id"])))


def view(call: Call, row: Row) -> Document:
    """A plan just made; each card is of the type that was sent."""
    document = row.document
    types = iter([card["type"] for phase in call.body["phases"] for card in phase["rateCards"]])
    phases = [
        {
            **present(phase, "key", "name", "description"),
            "duration": phase.get("duration"),
            "rateCards": [{**shown_card(call.store, card), "type": next(types)} for card in phase["rate_cards"]],
        }
        for phase in document["phases"]
    ]
    errors = [finding.shown() for finding in structure_warnings(document)]
    return {
        "id": row.id,
        **present(document, "key", "name", "description", "currency", "version"),
        "billingCadence": document["billing_cadence"],
        "createdAt": rfc3339(row.created_at),
        "updatedAt": rfc3339(row.updated_at),
        "proRatingConfig": {"enabled": document["pro_rating_enabled"], "mode": "prorate_prices"},
        "settlementMode": document["settlement_mode"],
        "status": DRAFT,
        "validationErrors": errors or None,
        "phases": phases,
    }


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
        "billing_cadence": body["billingCadence"],
        "pro_rating_enabled": body.get("proRatingConfig", {}).get("enabled", True),
        "settlement_mode": body.get("settlementMode", "credit_then_invoice"),
        "phases": [phase_of(store, phase) for phase in body["phases"]],
    }


def phase_of(store: Store, phase: Mapping[str, Any]) -> Document:
    duration = {"duration": phase["duration"]} if phase["duration"] else {}
    cards = [card_of(store, card) for card in phase["rateCards"]]
    return {**present(phase, "key", "name", "description"), **duration, "rate_cards": cards}


ROUTES = (Route("POST", "/plans", create, version=V1, accepts=PLAN),)
