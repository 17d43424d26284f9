"""The live rows that equal the made-up configuration, as API v3 shows them.

An identifier is made of its kind and number, and ascends with the number.
"""

from __future__ import annotations

import json
from typing import Any

from benchmarks.reconcile.declared import FEATURES, OWNER, Fields, customer, feature, grant, meter, plan

START = "2026-01-01T00:00:00Z"
MADE = "2026-01-01T00:00:00.123456Z"
PERIOD = {"from": "2026-11-01T00:00:00Z", "to": "2026-12-01T00:00:00Z"}
OWNED = {"billsync_owner": OWNER}
KINDS = ("meter", "feature", "plan", "customer", "subscription", "grant", "phase", "item", "made")
MODE = "credit_then_invoice"


def identifier(kind: str, number: int, place: int = 0) -> str:
    """26 characters in the form of a ULID."""
    return f"01K5E3Z7AB{KINDS.index(kind):02}{number:012}{place:02}"


def number_of(row_id: str) -> int:
    """The number in an identifier."""
    return int(row_id[12:24])


def as_bytes(row: Fields) -> bytes:
    """The row as the server writes it."""
    return json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode()


def stamped(row_id: str, fields: Fields, at: str = MADE) -> Fields:
    """The row of an entity that was made then."""
    return {"id": row_id, **fields, "created_at": at, "updated_at": at}


def meter_row(number: int) -> Fields:
    """A meter."""
    return stamped(identifier("meter", number), {**meter(number), "labels": OWNED})


def feature_row(number: int) -> Fields:
    """A feature, with the id of its meter."""
    fields = {**feature(number), "meter": {"id": identifier("meter", number)}, "labels": OWNED}
    return stamped(identifier("feature", number), fields)


def plan_row(number: int) -> Fields:
    """A published plan; its cards have the ids of their features."""
    fields = plan(number)
    del fields["settlement_mode"]
    (phase,) = fields["phases"]
    phase["rate_cards"] = [_card(card) for card in phase["rate_cards"]]
    return stamped(identifier("plan", number), published({**fields, **DRAFT}, START))


DRAFT: Fields = {"pro_rating_enabled": True, "version": 1, "status": "draft", "settlement_mode": MODE}
"""Fields that the server adds to a new plan."""


def published(row: Fields, at: str) -> Fields:
    """The row of a plan that became active then."""
    return {**row, "status": "active", "effective_from": at}


def _card(card: Fields) -> Fields:
    feature_key = card.get("feature")
    if feature_key is None:
        return card
    return {**card, "feature": {"id": identifier("feature", FEATURES.index(feature_key))}}


def customer_row(number: int) -> Fields:
    """A customer."""
    fields = customer(number)
    return stamped(identifier("customer", number), {**fields, "labels": {**fields["labels"], **OWNED}})


def grant_row(number: int) -> Fields:
    """A customer's grant."""
    fields = grant(number)
    return shown_grant(identifier("grant", number), {**fields, "labels": {**fields["labels"], **OWNED}}, MADE)


def shown_grant(row_id: str, fields: Fields, at: str) -> Fields:
    """The row of a grant that was made so: the server shows when it ends in place of how long it lasts."""
    rest = {name: value for name, value in fields.items() if name != "expires_after"}
    if "expires_after" in fields:
        begin, years = fields["effective_at"], int(fields["expires_after"][1:-1])
        rest["expires_at"] = f"{int(begin[:4]) + years}{begin[4:]}"
    amount = str(fields["amount"])
    rest["amount"] = amount.rstrip("0").rstrip(".") if "." in amount else amount
    return stamped(row_id, {**rest, "status": "active"}, at)


def subscription_row(number: int, plan_fields: Fields) -> Fields:
    """The subscription of a made-up customer to the plan with this row."""
    labels = {**OWNED, "billsync_key": "default", "billsync_plan": plan_fields["id"]}
    return shown_subscription(
        identifier("subscription", number), identifier("customer", number), plan_fields, labels=labels, at=MADE
    )


def shown_subscription(row_id: str, customer_id: str, plan_fields: Fields, *, labels: Fields, at: str) -> Fields:
    """The row of a subscription that began then."""
    begin = START if at == MADE else at
    phases = [_phase(row_id, place, phase, begin) for place, phase in enumerate(plan_fields["phases"])]
    fields: dict[str, Any] = {
        "name": f"{plan_fields['name']} v1",
        "customer_id": customer_id,
        "plan": {"id": plan_fields["id"], "key": plan_fields["key"], "version": 1},
        "plan_id": plan_fields["id"],
        "invoice_currency": "USD",
        "settlement_mode": MODE,
        "cost_basis_mode": "dynamic",
        "billing_cadence": "P1M",
        "billing_anchor": begin,
        "cost_basis_pins": [],
        "labels": labels,
        "status": "active",
        "pro_rating_config": {"enabled": True, "mode": "prorate_prices"},
        "phases": phases,
        "current_period": PERIOD,
        "active_from": begin,
    }
    return stamped(row_id, fields, at)


def _phase(row_id: str, place: int, phase: Fields, begin: str) -> Fields:
    number = row_id[12:24]  # as text: it may be a stand-in
    items = [
        {
            "id": f"{identifier('item', 0)[:12]}{number}{place * 10 + index:02}",
            "active_from": begin,
            "rate_card": {**card, "currency": "USD"},
        }
        for index, card in enumerate(phase["rate_cards"])
    ]
    fields = {"key": phase["key"], "name": phase["name"], "active_from": begin, "items": items}
    return stamped(f"{identifier('phase', 0)[:12]}{number}{place:02}", fields)
