"""What a rate card refers to, in a plan's phase or in an add-on: its feature, tax code and currency (catalog-facts.md
§7.3, §7.6, §7.8)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from billsync.local.card_rules import card_warnings, key_mismatch
from billsync.local.cost_bases import has_cost_basis
from billsync.local.currencies import is_fiat_form, is_known
from billsync.local.prices import is_usage_based
from billsync.local.rate_cards import Card, kept_card
from billsync.local.rules import Finding, critical, fault, warning
from billsync.local.store import Row, Store

CURRENCY = ".currency.currency"


@dataclass(frozen=True, slots=True)
class CardPlace:
    """Where a card stands: in the phase at this place, or with "" in an add-on.

    The server writes `ratecards` for the rules of a card itself, `rateCards` for those of what holds it (§14.5).
    """

    holder: str
    key: str

    @property
    def own(self) -> str:
        return f"{self.holder}.ratecards[?(@.key=='{self.key}')]"

    @property
    def held(self) -> str:
        return f"{self.holder}.rateCards[?(@.key=='{self.key}')]"


def feature_findings(store: Store, card: Card, *, lost: str, place: str) -> Iterator[Finding]:
    """The feature is there, not archived, and has the card's key. One that isn't there is reported at `lost`."""
    if "feature" not in card:
        return
    feature = live_feature(store, card)
    if feature is None:
        yield critical("rate_card_feature_not_found", "feature not found", f"{lost}.featureKey")
        return
    yield from (finding.within(place) for finding in key_mismatch(card, feature.key))


def live_feature(store: Store, card: Card) -> Row | None:
    feature = store.get("feature", card["feature"]["id"])
    return None if feature is None or feature.deleted_at else feature


def sold_feature_findings(store: Store, card: Card, place: CardPlace) -> Iterator[Finding]:
    """What must hold of the card's feature when the card can be sold: usage needs a meter, too (§7.8)."""
    yield from feature_findings(store, card, lost=place.held, place=place.held)
    if is_usage_based(card["price"]) and "feature" in card and _without_meter(live_feature(store, card)):
        yield warning(
            "usage_based_price_with_feature_and_no_meter",
            "usage-based price requires feature with meter to be associated with",
            f"{place.held}.featureKey",
        )


def _without_meter(feature: Row | None) -> bool:
    return feature is not None and "meter" not in feature.document


def tax_findings(store: Store, card: Card) -> Iterator[Finding]:
    if config := card.get("tax_config"):
        code = store.get("tax_code", config["code"]["id"])
        if code is None or code.deleted_at:
            yield fault(f"tax code {config['code']['id']} not found")


def override_findings(store: Store, card: Card, place: CardPlace) -> Iterator[Finding]:
    """A custom override is resolved at once, and then even the card's warnings count (§7.6)."""
    override = card.get("currency")
    if not override:
        return
    if is_fiat_form(override):
        if card["price"]["type"] == "free":
            yield fault("currency override requires a price")
    elif not is_known(store, override):
        yield critical("currency_not_found", "currency does not exist", place.held + CURRENCY)
    elif card["price"]["type"] == "free":
        text = "currency override requires a price"
        yield warning("rate_card_currency_requires_price", text, f"{place.holder}.currency")
    else:
        yield from (finding.within(place.own) for finding in card_warnings(kept_card(card)))


def override_warnings(currency: str, card: Card, place: CardPlace) -> Iterator[Finding]:
    """The override that nothing published in this currency may have (§7.6)."""
    if found := _override_warning(currency, card.get("currency")):
        yield warning(*found, place.held + CURRENCY)


def plan_worth_findings(
    store: Store, card: Card, place: str, *, plan: Mapping[str, Any], now: datetime
) -> Iterator[Finding]:
    """A priced card in a custom currency is worth something in the plan's money, unless credits alone pay for it."""
    if plan.get("settlement_mode") != "credit_only":
        yield from cost_basis_findings(store, card, place, worth_in=plan["currency"], now=now)


def cost_basis_findings(store: Store, card: Card, place: str, *, worth_in: str, now: datetime) -> Iterator[Finding]:
    """A priced card in a custom currency, sold for a fiat one, is worth something (§7.6)."""
    own = card.get("currency", worth_in)
    if card["price"]["type"] == "free" or is_fiat_form(own) or not is_fiat_form(worth_in):
        return
    if not has_cost_basis(store, own, worth_in, now):
        text = "custom currency has no cost basis for the default fiat currency"
        yield warning("currency_cost_basis_not_found", text, place + CURRENCY)


def _override_warning(currency: str, override: str | None) -> tuple[str, str] | None:
    if override is None:
        return None
    if not is_fiat_form(currency):
        text = "currency override is not allowed when the default currency is custom"
        return "rate_card_currency_override_not_allowed", text
    if override == currency:
        return "rate_card_currency_override_redundant", "currency override must differ from the default currency"
    if is_fiat_form(override):
        return "plan_multiple_fiat_currencies", "plan cannot contain more than one fiat currency"
    return None
