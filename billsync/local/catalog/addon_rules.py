"""The rules of a whole add-on: its cards side by side, its currency and its publishing (catalog-facts.md §8, §14.3)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from billsync.local.catalog.card_references import (
    CardPlace,
    looked_up_stages,
    override_warnings,
    reference_stages,
    sold_feature_findings,
)
from billsync.local.catalog.card_rules import card_warnings, critical_findings, duplicate_findings, reading_findings
from billsync.local.catalog.prices import is_usage_based
from billsync.local.catalog.rate_cards import Card, is_free
from billsync.local.catalog.rules import Finding, critical, fault, first_broken, warning
from billsync.local.catalog.versions import DRAFT
from billsync.local.store.documents import Document
from billsync.local.store.durations import lengths
from billsync.local.store.store import Store
from billsync.model.duration import parse_duration

LEAKED = {"commonhttp.httpAttributeKey:openmeter.http.status_code": 400}
Addon = Mapping[str, Any]


def shown_finding(finding: Finding) -> Document:
    """An entry of an add-on's `validation_errors`; like the real server's, it includes an internal attribute (§8.1)."""
    return {**finding.shown(), "attributes": LEAKED}


def invalid_status() -> Finding:
    return critical("addon_invalid_status", "invalid status", ".status")


def placed_cards(cards: Sequence[Card]) -> Iterator[tuple[CardPlace, Card]]:
    return ((CardPlace("", card["key"]), card) for card in cards)


def request_findings(cards: Sequence[Card]) -> Iterator[Finding]:
    """Yield problems found while the request is read; usage needs a cadence here (§7.3)."""
    for card in cards:
        yield from reading_findings(card)
        if lacks_cadence(card):
            yield fault("billing cadence is required for a usage-based price")


def lacks_cadence(card: Card) -> bool:
    return is_usage_based(card["price"]) and not card.get("billing_cadence")


def cards_findings(cards: Sequence[Card]) -> Iterator[Finding]:
    """The critical rules that the cards show by themselves."""
    for card in cards:
        yield from critical_findings(card)
    yield from duplicate_findings(cards)


def reference_findings(store: Store, currency: str, cards: Sequence[Card]) -> list[Finding]:
    """The critical rules that need other things of the server: features, tax codes, currencies."""
    return first_broken(reference_stages(store, currency, [list(placed_cards(cards))]))


def looked_up_findings(store: Store, cards: Sequence[Card]) -> list[Finding]:
    """Those of them that are found before the add-on itself is looked up."""
    return first_broken(looked_up_stages(store, [list(placed_cards(cards))]))


def structure_warnings(addon: Addon) -> Iterator[Finding]:
    """Yield the `validation_errors` of a draft, from its own (kept) form alone."""
    if not addon["rate_cards"]:
        yield warning("addon_has_no_rate_cards", "add-on must have at least one rate card", ".rateCards")
    for place, card in placed_cards(addon["rate_cards"]):
        yield from (finding.within(place.own) for finding in card_warnings(card))
    yield from _override_warnings(addon)


def _override_warnings(addon: Addon) -> Iterator[Finding]:
    for place, card in placed_cards(addon["rate_cards"]):
        yield from override_warnings(addon["currency"], card, place)


def publish_findings(store: Store, addon: Addon, status: str) -> Iterator[Finding]:
    """Yield problems that keep an add-on from being sold, its state among them (§8.2, §8.3). Currencies are
    looked at twice, as in a plan (§7.6)."""
    yield from structure_warnings(addon)
    if status != DRAFT:
        yield critical("addon_invalid_status_for_publish", "only draft add-ons can be published", ".status")
    yield from _cadence_warnings(addon)
    yield from _instance_warnings(addon)
    yield from _override_warnings(addon)
    for place, card in placed_cards(addon["rate_cards"]):
        yield from sold_feature_findings(store, card, place)


def _cadence_warnings(addon: Addon) -> Iterator[Finding]:
    """Priced cards that recur do so together."""
    cadences = {
        lengths(known)
        for card in addon["rate_cards"]
        if not is_free(card) and (known := parse_duration(card.get("billing_cadence", "")))
    }
    if len(cadences) > 1:
        text = "ratecards with prices must have the exact same billing cadence"
        yield warning("rate_card_multiple_billing_cadence", text, ".ratecards[*].billingCadence")


def _instance_warnings(addon: Addon) -> Iterator[Finding]:
    """Yield the first card that has neither a fee nor no price in an add-on that can be bought several times."""
    if addon["instance_type"] != "multiple":
        return
    for place, card in placed_cards(addon["rate_cards"]):
        if is_usage_based(card["price"]):
            text = "only free or flat price ratecards are allowed for add-on with multiple instance type"
            yield warning("addon_invalid_ratecard_price_for_multi_instance", text, f"{place.own}.price")
            return
