"""Prices of rate cards: their rules, and their form in answers (catalog-facts.md §7.3)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from billsync.local.store.documents import Document
from billsync.local.store.values import canonical

USAGE_PRICES = frozenset(("unit", "graduated", "volume"))
Price = Mapping[str, Any]


def is_usage_based(price: Price) -> bool:
    return price["type"] in USAGE_PRICES


def price_faults(price: Price) -> Iterator[str]:
    """Yield problems of the price: rules without a code, all critical."""
    if "tiers" in price:
        yield from _tier_faults(price["tiers"])
    elif "amount" in price:
        yield from _negative(price["amount"], "Amount")


def _tier_faults(tiers: list[Mapping[str, Any]]) -> Iterator[str]:
    bounds = [Decimal(tier["up_to_amount"]) for tier in tiers if "up_to_amount" in tier]
    if len(set(bounds)) < len(bounds):
        yield "multiple PriceTiers with same UpToAmount are not allowed"
    if len(bounds) == len(tiers):
        yield "at least one PriceTier must be open-ended"
    for tier in tiers:
        if not tier.keys() & {"flat_price", "unit_price"}:
            yield "either FlatPrice or UnitPrice must be provided in PriceTier"
        yield from _negative(tier.get("up_to_amount", "0"), "UpToAmount")
        for name in ("flat_price", "unit_price"):
            yield from _negative(tier[name]["amount"] if name in tier else "0", "Amount")


def _negative(number: str, noun: str) -> Iterator[str]:
    if Decimal(number) < 0:
        yield f"the {noun} must not be negative"


def read_price(price: Price) -> Document:
    """The price with canonical decimals; tiers keep their order."""
    if "tiers" in price:
        return {"type": price["type"], "tiers": [_read_tier(tier) for tier in price["tiers"]]}
    return _canonical_members(price, "amount")


def _read_tier(tier: Mapping[str, Any]) -> Document:
    prices = {name: read_price(tier[name]) for name in ("flat_price", "unit_price") if name in tier}
    return {**_canonical_members(tier, "up_to_amount"), **prices}


def _canonical_members(document: Mapping[str, Any], *names: str) -> Document:
    return {**document, **{name: canonical(document[name]) for name in names if name in document}}
