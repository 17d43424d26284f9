"""Plans in the words of API v1: made with a settlement mode, or for one subscription (customer-facts.md §15)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from billsync.local import plans
from billsync.local.documents import Document
from billsync.local.features import FEATURE
from billsync.local.plan_rules import (
    phases_findings,
    plan_findings,
    reference_findings,
    request_findings,
    structure_warnings,
)
from billsync.local.problems import invalid
from billsync.local.resource import V1, Answer, Call, Route, created, new_row, present
from billsync.local.rules import critical, refuse
from billsync.local.store import Row, Store
from billsync.local.times import rfc3339
from billsync.local.v1_cards import shown_card
from billsync.local.versions import DRAFT

TEXT = {"type": "string"}
NUMBER = {"$ref": "Numeric"}
METADATA = {"type": "object", "additionalProperties": TEXT, "nullable": True}
PRICE = {
    "type": "object",
    "required": ["type"],
    "properties": {
        "type": {"type": "string", "enum": ["flat", "unit", "tiered", "dynamic", "package"]},
        "amount": NUMBER,
        "paymentTerm": {"type": "string", "enum": ["in_advance", "in_arrears"]},
        "minimumAmount": NUMBER,
        "maximumAmount": NUMBER,
        "mode": {"type": "string", "enum": ["volume", "graduated"]},
        "tiers": {"type": "array", "minItems": 1, "items": {"type": "object"}},
    },
    "nullable": True,
}
CARD = {
    "type": "object",
    "required": ["type", "key", "name", "billingCadence", "price"],
    "properties": {
        "type": {"type": "string", "enum": ["flat_fee", "usage_based"]},
        "key": {"$ref": "ResourceKey"},
        "name": {"type": "string", "minLength": 1, "maxLength": 256},
        "description": TEXT,
        "metadata": METADATA,
        "featureKey": {"$ref": "ResourceKey"},
        "billingCadence": {"type": "string", "nullable": True},
        "price": PRICE,
        "entitlementTemplate": {"type": "object", "required": ["type"], "properties": {"type": TEXT}},
        "discounts": {"type": "object"},
        "taxConfig": {"type": "object"},
    },
}
PHASE = {
    "type": "object",
    "required": ["key", "name", "duration", "rateCards"],
    "properties": {
        "key": {"$ref": "ResourceKey"},
        "name": {"type": "string", "minLength": 1, "maxLength": 256},
        "description": TEXT,
        "metadata": METADATA,
        "duration": {"type": "string", "nullable": True},
        "rateCards": {"type": "array", "items": CARD},
    },
}
PLAN_NEEDS = ["name", "currency", "billingCadence", "phases"]
PLAN_MEMBERS: Mapping[str, Any] = {
    "name": {"type": "string", "minLength": 1, "maxLength": 256},
    "description": TEXT,
    "metadata": METADATA,
    "currency": {"$ref": "CurrencyCode"},
    "billingCadence": TEXT,
    "settlementMode": {"$ref": "BillingSettlementMode"},
    "proRatingConfig": {"type": "object", "properties": {"enabled": {"type": "boolean"}}},
    "phases": {"type": "array", "minItems": 1, "items": PHASE},
}
PLAN_BODY = {"type": "object", "required": PLAN_NEEDS, "properties": PLAN_MEMBERS}
CREATION = {
    "type": "object",
    "required": ["key", *PLAN_NEEDS],
    "properties": {"key": {"$ref": "ResourceKey"}, **PLAN_MEMBERS},
}
Card = Mapping[str, Any]


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


def card_of(store: Store, card: Card) -> Document:
    """The card in v3's words. Raises Problem (400) for an unknown feature, and for prices that v3 can't say."""
    parts = {
        "labels": card.get("metadata"),
        "billing_cadence": card["billingCadence"],
        "feature": feature_of(store, card),
        "entitlement": entitlement_of(card.get("entitlementTemplate")),
        "discounts": discounts_of(card.get("discounts") or {}),
        "tax_config": tax_of(card.get("taxConfig") or {}),
    }
    own = {**present(card, "key", "name", "description"), **price_of(card["price"] or {"type": "free"})}
    return own | {name: part for name, part in parts.items() if part}


def price_of(price: Mapping[str, Any]) -> Document:
    """The price with its payment term (in advance by default) or its commitments."""
    names = {"minimumAmount": "minimum_amount", "maximumAmount": "maximum_amount"}
    limits = {"commitments": {names[name]: price[name] for name in names if name in price}}
    match price["type"]:
        case "free":
            return {"price": {"type": "free"}}
        case "flat":
            return {"price": amount_of(price), "payment_term": price.get("paymentTerm", "in_advance")}
        case "unit":
            return {"price": amount_of(price), **limits}
        case "tiered" if price.get("tiers") and "mode" in price:
            return {"price": {"type": price["mode"], "tiers": [tier_of(tier) for tier in price["tiers"]]}, **limits}
        case other:
            raise invalid(f"this server takes no {other} price")


def amount_of(price: Mapping[str, Any]) -> Document:
    if "amount" not in price:
        raise invalid(f"a {price['type']} price needs an amount")
    return present(price, "type", "amount")


def tier_of(tier: Mapping[str, Any]) -> Document:
    names = {"upToAmount": "up_to_amount", "flatPrice": "flat_price", "unitPrice": "unit_price"}
    return {names[name]: tier[name] for name in names if tier.get(name)}


def feature_of(store: Store, card: Card) -> Document | None:
    if "featureKey" not in card:
        return None
    feature = store.live_with_key(FEATURE, card["featureKey"])
    if feature is None:
        refuse([critical("rate_card_feature_not_found", "feature not found")])
    return {"id": feature.id} if feature else None


def entitlement_of(template: Mapping[str, Any] | None) -> Document | None:
    if not template:
        return None
    names = {"isSoftLimit": "is_soft_limit", "issueAfterReset": "limit", "usagePeriod": "usage_period"}
    filled = {"is_soft_limit": False} if template["type"] == "metered" else {}
    return {**filled, **{names.get(name, name): value for name, value in template.items()}}


def discounts_of(discounts: Mapping[str, Any]) -> Document:
    found: Document = {}
    if "percentage" in discounts:
        found["percentage"] = discounts["percentage"]["percentage"]
    if "usage" in discounts:
        found["usage"] = discounts["usage"]["quantity"]
    return found


def tax_of(config: Mapping[str, Any]) -> Document:
    return {**present(config, "behavior"), "code": {"id": config["taxCodeId"]}} if "taxCodeId" in config else {}


ROUTES = (Route("POST", "/plans", create, version=V1, accepts=CREATION),)
