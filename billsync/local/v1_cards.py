"""Rate cards as the older API v1 shows them: camel case, a price with its payment term, null where nothing is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from billsync.local.documents import Document
from billsync.local.features import FEATURE
from billsync.local.rate_cards import Card
from billsync.local.resource import present
from billsync.local.store import Store

LIMITS = {"minimum_amount": "minimumAmount", "maximum_amount": "maximumAmount"}


def shown_terms(store: Store, card: Card) -> Document:
    """What a card says wherever v1 shows it: its cadence and price are there even if there are none."""
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
    return shown | {name: part for name, part in parts.items() if part}


def shown_card(store: Store, card: Card) -> Document:
    """A card of an add-on; what recurs is of the type that usage has (customer-facts.md §6.2)."""
    kind = "usage_based" if "billing_cadence" in card else "flat_fee"
    parts = {"entitlementTemplate": shown_entitlement(card.get("entitlement")), "metadata": card.get("labels")}
    return {**shown_terms(store, card), "type": kind} | {name: part for name, part in parts.items() if part}


def feature_key(store: Store, card: Card) -> str | None:
    feature = store.get(FEATURE, card["feature"]["id"]) if "feature" in card else None
    return feature.key if feature else None


def shown_price(card: Card) -> Document | None:
    price = card["price"]
    match price["type"]:
        case "free":
            return None
        case "flat":
            return {**price, "paymentTerm": card["payment_term"]}
        case "graduated" | "volume" as mode:
            tiers = [shown_tier(tier) for tier in price["tiers"]]
            return {"type": "tiered", "mode": mode, "tiers": tiers, **shown_limits(card)}
        case _:
            return {**price, **shown_limits(card)}


def shown_tier(tier: Mapping[str, Any]) -> Document:
    bound = {"upToAmount": tier["up_to_amount"]} if "up_to_amount" in tier else {}
    return {**bound, "flatPrice": tier.get("flat_price"), "unitPrice": tier.get("unit_price")}


def shown_limits(card: Card) -> Document:
    commitments = card.get("commitments", {})
    return {LIMITS[name]: commitments[name] for name in LIMITS if name in commitments}


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
    names = {"is_soft_limit": "isSoftLimit", "limit": "issueAfterReset", "usage_period": "usagePeriod"}
    return {"type": "metered", **{names[name]: template[name] for name in names if name in template}}
