"""Rows that only API v3 can show: the older API v1 refuses them with a code and leaves them out of lists
(catalog-facts.md §1.5, §14)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from billsync.local.catalog.currencies import is_fiat_form
from billsync.local.catalog.rate_cards import Card
from billsync.local.server.problems import Issue, broken_rules

FIAT = "document ->> 'currency' GLOB '[A-Z][A-Z][A-Z]'"
PLAIN_CARD = "json_type(card.value, '$.unit_config') IS NULL AND json_type(card.value, '$.currency') IS NULL"
ADDON_IS_SHOWN = (
    f"{FIAT} AND NOT EXISTS (SELECT 1 FROM json_each(document, '$.rate_cards') AS card WHERE NOT ({PLAIN_CARD}))"
)
PLAN_IS_SHOWN = (
    f"{FIAT} AND NOT EXISTS (SELECT 1 FROM json_each(document, '$.phases') AS phase,"
    f" json_each(phase.value, '$.rate_cards') AS card WHERE NOT ({PLAIN_CARD}))"
)


def check_shown(document: Mapping[str, Any], *cards: Card) -> None:
    """Raises Problem (400, with the codes) for a plan or an add-on that v1 has no words for."""
    if issues := [*currency_issues(document), *(issue for card in cards for issue in card_issues(card))]:
        raise broken_rules(issues)


def check_representable(card: Card) -> None:
    """Raises Problem (400, with the code) for the card of a subscription's item, which has a currency of its own."""
    if issues := list(unit_config_issues(card)):
        raise broken_rules(issues)


def currency_issues(document: Mapping[str, Any]) -> Iterator[Issue]:
    if not is_fiat_form(document["currency"]):
        yield Issue("currency_not_representable", "custom currency cannot be represented in this version of the API")


def card_issues(card: Card) -> Iterator[Issue]:
    yield from unit_config_issues(card)
    if "currency" in card:
        text = f"the currency of rate card {card['key']} cannot be represented in this version of the API"
        yield Issue("rate_card_currency_not_representable", text)


def unit_config_issues(card: Card) -> Iterator[Issue]:
    if "unit_config" in card:
        text = f"the unit_config of rate card {card['key']} cannot be represented in this version of the API"
        yield Issue("unit_config_not_representable", text)
