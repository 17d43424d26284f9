"""References of a rate card, in a plan's phase or in an add-on: its feature, tax code and currency (catalog-facts.md
§7.3, §7.6, §7.8)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from billsync.local.catalog.card_rules import card_warnings, key_mismatch
from billsync.local.catalog.cost_bases import has_cost_basis
from billsync.local.catalog.currencies import is_fiat_form, is_known, is_known_fiat
from billsync.local.catalog.prices import is_usage_based
from billsync.local.catalog.rate_cards import Card, is_free, kept_card
from billsync.local.catalog.rules import Finding, critical, fault, warning
from billsync.local.store.store import Row, Store
from billsync.model.frozen import dataclass, replace

CURRENCY = ".currency.currency"


@dataclass(frozen=True, slots=True)
class CardPlace:
    """The place of a card: in the phase at this index, or "" in an add-on.

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


Placed = Sequence[tuple[CardPlace, Card]]


def reference_stages(
    store: Store, currency: str, holders: Sequence[Placed], *, lost: str | None = None
) -> Iterator[Iterator[Finding]]:
    """The critical rules of what cards refer to, in the order in which the server looks: holder by holder (the phases
    of a plan, or an add-on), then what has this default currency. A feature that isn't there is reported in `lost`."""
    yield from looked_up_stages(store, holders, lost=lost)
    yield unknown_currency(store, currency)
    cards = [pair for placed in holders for pair in placed]
    yield (found for at, card in cards for found in override_findings(store, card, at))
    yield (found.within(at.own) for at, card in cards for found in key_mismatch(card, feature_key(store, card)))


def looked_up_stages(
    store: Store, holders: Sequence[Placed], *, lost: str | None = None
) -> Iterator[Iterator[Finding]]:
    """The reference rules that run before the plan or add-on itself is looked up."""
    for placed in holders:
        yield (found for at, card in placed for found in missing_feature(store, card, replaced(at, lost).own))
        yield (found for _, card in placed for found in tax_findings(store, card))


def replaced(place: CardPlace, holder: str | None) -> CardPlace:
    return place if holder is None else replace(place, holder=holder)


def missing_feature(store: Store, card: Card, place: str) -> Iterator[Finding]:
    """The feature is there, and not archived."""
    if "feature" in card and live_feature(store, card) is None:
        yield critical("rate_card_feature_not_found", "feature not found", f"{place}.featureKey")


def feature_key(store: Store, card: Card) -> str | None:
    feature = live_feature(store, card) if "feature" in card else None
    return feature.key if feature else None


def live_feature(store: Store, card: Card) -> Row | None:
    feature = store.get("feature", card["feature"]["id"])
    return None if feature is None or feature.deleted_at else feature


def sold_feature_findings(store: Store, card: Card, place: CardPlace) -> Iterator[Finding]:
    """Yield problems of the card's feature that keep the card from being sold: usage needs a meter, too (§7.8)."""
    yield from missing_feature(store, card, place.held)
    if is_usage_based(card["price"]) and "feature" in card and _without_meter(live_feature(store, card)):
        yield warning(
            "usage_based_price_with_feature_and_no_meter",
            "usage-based price requires feature with meter to be associated with",
            f"{place.held}.featureKey",
        )


def _without_meter(feature: Row | None) -> bool:
    return feature is not None and "meter" not in feature.document


def tax_findings(store: Store, card: Card) -> Iterator[Finding]:
    config = card.get("tax_config")
    if config and store.get("tax_code", config["code"]["id"]) is None:
        yield fault(f"tax code {config['code']['id']} not found")


def unknown_fiat(currency: str) -> Iterator[Finding]:
    """Yield a problem for a code in the form of a fiat currency that isn't one."""
    if is_fiat_form(currency) and not is_known_fiat(currency):
        yield fault(f"invalid fiat currency code: {currency}")


def unknown_currency(store: Store, currency: str) -> Iterator[Finding]:
    if not is_fiat_form(currency) and not is_known(store, currency):
        yield critical("currency_not_found", "currency does not exist", CURRENCY)


def override_findings(store: Store, card: Card, place: CardPlace) -> Iterator[Finding]:
    """A custom override is resolved at once, and then even the card's warnings count (§7.6)."""
    override = card.get("currency")
    if not override:
        return
    if is_fiat_form(override):
        if is_free(card):
            yield fault("currency override requires a price")
    elif not is_known(store, override):
        yield critical("currency_not_found", "currency does not exist", place.held + CURRENCY)
    elif is_free(card):
        text = "currency override requires a price"
        yield warning("rate_card_currency_requires_price", text, f"{place.holder}.currency")
    else:
        yield from (finding.within(place.own) for finding in card_warnings(kept_card(card)))


def override_warnings(currency: str, card: Card, place: CardPlace) -> Iterator[Finding]:
    """Yield a warning for a card's currency that can't be published with this default currency (§7.6)."""
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
    if is_free(card) or is_fiat_form(own) or not is_fiat_form(worth_in):
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
