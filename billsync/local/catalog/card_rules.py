"""The rules of one rate card (catalog-facts.md §7.3, §14.2). Fields are relative to the card."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from sys import float_info
from typing import Any

from billsync.local.catalog.currencies import is_fiat_form, is_known_fiat
from billsync.local.catalog.prices import is_usage_based, price_faults
from billsync.local.catalog.rate_cards import Card, is_free, usage_period
from billsync.local.catalog.rules import Finding, critical, fault, warning
from billsync.local.store.durations import NOTHING, is_under_an_hour
from billsync.model.duration import parse_duration

LARGEST_FLOAT = Decimal(float_info.max)


def reading_findings(card: Card) -> Iterator[Finding]:
    """Rules that refuse a request before anything else is checked, whatever their severity."""
    yield from _conversion_findings(card)
    override = card.get("currency")
    if override and is_fiat_form(override) and not is_known_fiat(override):
        place = f".ratecards[?(@.key=='{card['key']}')].currency.currency"
        yield critical("currency_invalid", "currency is invalid", place)


def _conversion_findings(card: Card) -> Iterator[Finding]:
    template, cadence = card.get("entitlement") or {}, card.get("billing_cadence")
    if unreadable(cadence):
        yield fault("invalid billing cadence")
    if template.get("type") == "metered":
        yield from _metered_findings(template, cadence)
    if Decimal((card.get("discounts") or {}).get("usage", "0")) < 0:
        yield warning("usage_discount_negative_quantity", "usage must be greater than 0", ".discounts.usage.quantity")


def unreadable(text: str | None) -> bool:
    """`P` and `PT` pass the pattern, and then the real server fails; here they are refused."""
    return text is not None and parse_duration(text) is None


def _metered_findings(template: Mapping[str, Any], cadence: str | None) -> Iterator[Finding]:
    if template.get("limit", 0) > LARGEST_FLOAT:
        yield fault("limit is out of range")
    if unreadable(template.get("usage_period")):
        yield fault("invalid usage_period")
    elif (period := usage_period(template, cadence)) is None:
        yield fault("metered entitlement requires usage_period when it cannot be inferred from billing_cadence")
    elif (known := parse_duration(period)) and is_under_an_hour(known):
        yield warning(
            "entitlement_template_usage_period_less_then_an_hour",
            "usage period must be at least 1 hour",
            ".entitlementTemplate.usagePeriod",
        )


def critical_findings(card: Card) -> Iterator[Finding]:
    """Yield problems that no draft may have."""
    yield from map(fault, price_faults(card["price"]))
    if is_usage_based(card["price"]):
        yield from map(fault, commitment_faults(card.get("commitments") or {}))
    if card.get("discounts") and is_free(card):
        yield fault("price is required for discounts")
    if (config := card.get("unit_config")) and Decimal(config["conversion_factor"]) <= 0:
        yield fault("conversion_factor must be greater than zero")


def duplicate_findings(cards: Sequence[Card]) -> Iterator[Finding]:
    """A key has one card in a phase, and in an add-on."""
    if len({card["key"] for card in cards}) < len(cards):
        yield Finding("duplicated key", "rate_card_duplicated_key", listed=False)


def commitment_faults(commitments: Mapping[str, str]) -> Iterator[str]:
    amounts = {name: Decimal(value) for name, value in commitments.items()}
    for name, amount in amounts.items():
        if amount < 0:
            yield f"the {name} must not be negative"
    if len(amounts) == 2 and amounts["minimum_amount"] > amounts["maximum_amount"]:
        yield "the MinimumAmount must not be greater than MaximumAmount"


def card_warnings(card: Card) -> Iterator[Finding]:
    """Yield problems that a draft may have but that keep it from being sold (kept form), the cadence last but for a
    discount that is found twice."""
    yield from _entitlement_warnings(card)
    if is_usage_based(card["price"]) and "feature" not in card:
        yield warning(
            "usage_based_price_with_no_feature",
            "usage-based price requires feature to be associated with",
            ".featureKey",
        )
    if "unit_config" in card and not is_usage_based(card["price"]):
        yield warning(
            "unit_config_requires_usage_based_price",
            "unit config requires a usage-based price (unit, graduated, or volume)",
            ".unit_config",
        )
    yield from _discount_warnings(card)
    yield from _cadence_warnings(card)
    yield from _discount_warnings(card)


def _discount_warnings(card: Card) -> Iterator[Finding]:
    if card["price"]["type"] == "flat" and "usage" in card.get("discounts", {}):
        yield warning("usage_discount_with_flat_price", "usage discount is not supported for flat price")


def _cadence_warnings(card: Card) -> Iterator[Finding]:
    """Yield warnings for a cadence; one of zero gets two: it is not positive, and it is under an hour."""
    cadence = parse_duration(card.get("billing_cadence", "P1M"))
    if cadence and is_under_an_hour(cadence):
        found = warning(
            "billing_cadence_invalid_value",
            "billing cadence must be positive and 1 hour long duration at least",
            ".billingCadence",
        )
        yield from (found, found) if cadence == NOTHING else (found,)


def _entitlement_warnings(card: Card) -> Iterator[Finding]:
    template = card.get("entitlement")
    if template and "feature" not in card:
        yield warning(
            "entitlement_template_with_no_feature",
            "entitlement template requires feature to be associated with",
            ".featureKey",
        )
    if template and template["type"] == "metered" and "limit" not in template:
        yield warning(
            "entitlement_template_issue_after_reset_required",
            "issueAfterReset is required for metered entitlement templates",
            ".entitlementTemplate.issueAfterReset",
        )


def key_mismatch(card: Card, feature_key: str | None) -> Iterator[Finding]:
    if feature_key is not None and feature_key != card["key"]:
        yield critical("rate_card_key_feature_key_mismatch", "rate card key must match feature key", ".key")
