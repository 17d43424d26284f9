"""Rate cards in the form of the older API v1: camel case, a price with its payment term, null for absent values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from billsync.local.catalog.features import FEATURE
from billsync.local.catalog.rate_cards import Card
from billsync.local.server.problems import Issue, broken_rules, invalid
from billsync.local.server.resource import present
from billsync.local.store.documents import Document
from billsync.local.store.store import Store

Names = Mapping[str, str]
LIMITS: Names = {"minimum_amount": "minimumAmount", "maximum_amount": "maximumAmount"}
TIER: Names = {"up_to_amount": "upToAmount", "flat_price": "flatPrice", "unit_price": "unitPrice"}
METERED: Names = {"is_soft_limit": "isSoftLimit", "limit": "issueAfterReset", "usage_period": "usagePeriod"}


def shown_terms(store: Store, card: Card) -> Document:
    """Return a card in v1's form: cadence and price are there even if they are null."""
    shown = {
        **present(card, "key", "name", "description"),
        "billingCadence": card.get("billing_cadence"),
        "price": shown_price(card),
    }
    parts = {
        "featureKey": feature_key(store, card),
        "discounts": shown_discounts(card.get("discounts", {})),
        "taxConfig": shown_tax(card.get("tax_config")),
    }
    return shown | filled(parts)


def shown_card(store: Store, card: Card) -> Document:
    """A card of a plan or an add-on. Of those that v3 made, a recurring one has the type of usage (customer-facts.md
    §6.2)."""
    kind = card.get("type") or ("usage_based" if "billing_cadence" in card else "flat_fee")
    parts = {"entitlementTemplate": shown_entitlement(card.get("entitlement")), "metadata": card.get("labels")}
    return {**shown_terms(store, card), "type": kind, **filled(parts)}


def filled(parts: Mapping[str, Any]) -> Document:
    """Those of the parts that hold anything."""
    return {name: part for name, part in parts.items() if part}


def feature_key(store: Store, card: Card) -> str | None:
    feature = store.get(FEATURE, card["feature"]["id"]) if "feature" in card else None
    return feature.key if feature else None


def shown_price(card: Card) -> Document | None:
    price = card["price"]
    limits = shown_members(card.get("commitments", {}), LIMITS)
    match price["type"]:
        case "free":
            return None
        case "flat":
            return {**price, "paymentTerm": card["payment_term"]}
        case "graduated" | "volume" as mode:
            return {"type": "tiered", "mode": mode, "tiers": [shown_tier(tier) for tier in price["tiers"]], **limits}
        case _:
            return {**price, **limits}


def shown_tier(tier: Mapping[str, Any]) -> Document:
    return {"flatPrice": None, "unitPrice": None, **shown_members(tier, TIER)}


def shown_discounts(discounts: Mapping[str, Any]) -> Document:
    shown: Document = {}
    if "percentage" in discounts:
        shown["percentage"] = {"percentage": discounts["percentage"]}
    if "usage" in discounts:
        shown["usage"] = {"quantity": discounts["usage"]}
    return shown


def shown_tax(config: Mapping[str, Any] | None) -> Document:
    return {} if not config else {**present(config, "behavior"), "taxCodeId": config["code"]["id"]}


def shown_entitlement(template: Mapping[str, Any] | None) -> Document:
    if not template or template["type"] != "metered":
        return dict(template or {})
    return {"type": "metered", **shown_members(template, METERED)}


def card_of(store: Store, card: Card) -> Document:
    """The card in v3's form. Raises Problem (400) for an unknown feature, and for values that v3 can't express."""
    parts = {
        "type": card["type"],
        "labels": card.get("metadata"),
        "billing_cadence": card["billingCadence"],
        "feature": feature_of(store, card),
        "entitlement": entitlement_of(card.get("entitlementTemplate")),
        "discounts": discounts_of(card.get("discounts", {})),
        "tax_config": tax_of(card.get("taxConfig", {})),
    }
    own = {**present(card, "key", "name", "description"), **price_of(card["price"] or {"type": "free"})}
    return own | filled(parts)


def price_of(price: Mapping[str, Any]) -> Document:
    """The price with its payment term (in advance by default) or its commitments. Raises Problem (400) for a price that
    lacks a required field, or whose type v3 doesn't have."""
    limits = {"commitments": members_of(price, LIMITS)}
    match price["type"]:
        case "free":
            return {"price": {"type": "free"}}
        case "flat":
            return {"price": amount_of(price), "payment_term": price.get("paymentTerm", "in_advance")}
        case "unit":
            return {"price": amount_of(price), **limits}
        case "tiered" if "tiers" in price and "mode" in price:
            return {"price": {"type": price["mode"], "tiers": [tier_of(tier) for tier in price["tiers"]]}, **limits}
        case "tiered":
            raise invalid("a tiered price needs a mode and tiers")
        case other:
            raise invalid(f"this server takes no {other} price")


def amount_of(price: Mapping[str, Any]) -> Document:
    """A price of one amount. Raises Problem (400) without that."""
    if "amount" not in price:
        raise invalid(f"a {price['type']} price needs an amount")
    return present(price, "type", "amount")


def tier_of(tier: Mapping[str, Any]) -> Document:
    """The tier in v3's form: null counts as absent, and the type of each price follows from its field."""
    said = filled(members_of(tier, TIER))
    prices = {"flat_price": "flat", "unit_price": "unit"}
    typed = {name: {"type": kind, "amount": said[name]["amount"]} for name, kind in prices.items() if name in said}
    return said | typed


def feature_of(store: Store, card: Card) -> Document | None:
    """The feature that the card names by key. Raises Problem (400, with a code) for an unknown feature."""
    if "featureKey" not in card:
        return None
    feature = store.live_with_key(FEATURE, card["featureKey"])
    if feature is None:
        raise broken_rules([Issue("rate_card_feature_not_found", "feature not found")])
    return {"id": feature.id}


def entitlement_of(template: Mapping[str, Any] | None) -> Document | None:
    """The entitlement in v3's form; a metered one is a hard limit by default. Raises Problem (400) for a static one
    without a value."""
    if template is None:
        return None
    match template["type"]:
        case "metered":
            return {"type": "metered", "is_soft_limit": False, **members_of(template, METERED)}
        case "static" if "config" not in template:
            raise invalid("a static entitlement needs a config")
        case kind:
            return {"type": kind} if kind == "boolean" else present(template, "type", "config")


def discounts_of(discounts: Mapping[str, Any]) -> Document:
    found: Document = {}
    if "percentage" in discounts:
        found["percentage"] = discounts["percentage"]["percentage"]
    if "usage" in discounts:
        found["usage"] = discounts["usage"]["quantity"]
    return found


def tax_of(config: Mapping[str, Any]) -> Document:
    """The tax config in v3's form; empty without a tax code, as v3 can't express that."""
    return {**present(config, "behavior"), "code": {"id": config["taxCodeId"]}} if "taxCodeId" in config else {}


def shown_members(document: Mapping[str, Any], names: Names) -> Document:
    """The members that the table knows, under v1's names."""
    return {said: document[name] for name, said in names.items() if name in document}


def members_of(document: Mapping[str, Any], names: Names) -> Document:
    """The members that the table knows, under v3's names."""
    return {name: document[said] for name, said in names.items() if said in document}
