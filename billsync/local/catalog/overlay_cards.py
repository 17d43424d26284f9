"""Whether an add-on's card can lie over a plan's card of the same key (catalog-facts.md §9.4, §14.4). Fields are
relative to the card; both cards are in their kept form."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from billsync.local.catalog.rate_cards import Card
from billsync.local.catalog.rules import Finding, warning


def mismatches(below: Card, above: Card) -> Iterator[Finding]:
    """Yield fields that must not differ but do; a field that only one card has never counts."""
    yield from _price_findings(below, above)
    yield from _feature_findings(below, above)
    if _differ(below, above, "billing_cadence"):
        yield warning("rate_card_billing_cadence_mismatch", "billing cadence must match", ".billingCadence")
    yield from _entitlement_findings(below.get("entitlement"), above.get("entitlement"))
    if all("percentage" in card.get("discounts", {}) for card in (below, above)):
        text = "percentage discount is not allowed"
        yield warning("rate_card_percentage_discount_not_allowed", text, ".discounts.percentage").unlisted()
    if _differ(below, above, "unit_config"):
        yield warning("addon_rate_card_unit_config_mismatch", "unit config must match", ".unit_config")


def _differ(below: Card, above: Card, name: str) -> bool:
    return name in below and name in above and bool(below[name] != above[name])


def _price_findings(below: Card, above: Card) -> Iterator[Finding]:
    """Yield findings on prices: only flat prices can be added up. A usage price has no payment term, so over a flat
    price that is a second mismatch."""
    kinds = below["price"]["type"], above["price"]["type"]
    if "free" in kinds:
        return
    if kinds[0] != kinds[1]:
        yield warning("rate_card_price_type_mismatch", "price type must match", ".price").unlisted()
    if kinds[0] != "flat":
        yield warning("rate_card_only_flat_price_allowed", "only flat price is allowed", ".price").unlisted()
    elif below["payment_term"] != above.get("payment_term"):
        text = "price payment term must match"
        yield warning("rate_card_price_payment_term_mismatch", text, ".price").unlisted()


def _feature_findings(below: Card, above: Card) -> Iterator[Finding]:
    """With equal keys the features' keys are equal; a feature that was made again has another id."""
    if _differ(below, above, "feature"):
        yield warning("rate_card_feature_id_mismatch", "feature identifiers id must match", ".featureId")


def _entitlement_findings(below: Any, above: Any) -> Iterator[Finding]:
    place = ".entitlementTemplate"
    if not below or not above:
        return
    if below["type"] != above["type"]:
        text = "entitlement template type must match"
        yield warning("rate_card_entitlement_template_type_mismatch", text, f"{place}.type")
    elif below["type"] == "static":
        text = "static entitlement template is not allowed"
        yield warning("rate_card_static_entitlement_template_not_allowed", text, f"{place}.type").unlisted()
    elif below.get("usage_period") != above.get("usage_period"):
        yield warning(
            "rate_card_metered_entitlement_template_usage_period_mismatch",
            "usage period for metered entitlement template must match",
            f"{place}.usagePeriod",
        )
