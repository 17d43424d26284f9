"""The rules of a whole plan: its phases, cadences, currencies and references (catalog-facts.md §7, §14.1)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from billsync.local.card_rules import (
    card_warnings,
    conversion_findings,
    critical_findings,
    key_mismatch,
    unreadable,
)
from billsync.local.currencies import is_fiat_form, is_known, is_known_fiat
from billsync.local.durations import aligned, duration
from billsync.local.prices import is_usage_based
from billsync.local.rate_cards import Card, kept_card
from billsync.local.rules import Finding, critical, fault, warning
from billsync.local.store import Row, Store

CADENCES = ("P1W", "P2W", "P4W", "P1M", "P3M", "P6M", "P12M", "P1Y")
CURRENCY = ".currency.currency"
Phase = Mapping[str, Any]


def phase_place(phase: Phase) -> str:
    return f".phases[?(@.key=='{phase['key']}')]"


def card_place(phase: Phase, card: Card, member: str = "rateCards") -> str:
    """The server writes `ratecards` for the rules of a card itself, `rateCards` for those of the plan (§14.5)."""
    return f"{phase_place(phase)}.{member}[?(@.key=='{card['key']}')]"


def placed_cards(phases: Sequence[Phase]) -> Iterator[tuple[Phase, Card]]:
    return ((phase, card) for phase in phases for card in phase["rate_cards"])


def request_findings(phases: Sequence[Phase]) -> Iterator[Finding]:
    """What is refused while the request is read."""
    for phase in phases:
        if unreadable(phase.get("duration")):
            yield fault("invalid phase duration")
    for _, card in placed_cards(phases):
        yield from conversion_findings(card)
        override = card.get("currency")
        if override and is_fiat_form(override) and not is_known_fiat(override):
            place = f".ratecards[?(@.key=='{card['key']}')]{CURRENCY}"
            yield critical("currency_invalid", "currency is invalid", place)


def plan_findings(currency: str, cadence: str) -> Iterator[Finding]:
    """The critical rules of a plan's own fields."""
    if is_fiat_form(currency) and not is_known_fiat(currency):
        yield fault(f"invalid fiat currency code: {currency}")
    known = duration(cadence)
    if known is None or known.is_zero:
        yield fault("invalid BillingCadence: must not be empty")
    elif str(known) not in CADENCES:
        text = f"billing cadence must be one of the following: {', '.join(CADENCES)}"
        yield critical("plan_billing_cadence_invalid", text, ".billingCadence")


def phases_findings(phases: Sequence[Phase]) -> Iterator[Finding]:
    """The critical rules that the phases show by themselves."""
    for key, times in Counter(phase["key"] for phase in phases).items():
        if times > 1:
            yield critical("plan_phase_duplicated_key", "duplicated key", f"{phase_place({'key': key})}.key.key")
    for phase in phases:
        if len({card["key"] for card in phase["rate_cards"]}) < len(phase["rate_cards"]):
            yield Finding("duplicated key", "rate_card_duplicated_key", listed=False)
    for _, card in placed_cards(phases):
        yield from critical_findings(card)


def reference_findings(store: Store, currency: str, phases: Sequence[Phase]) -> Iterator[Finding]:
    """The critical rules that need other things of the server: features, tax codes, currencies."""
    if not is_fiat_form(currency) and not is_known(store, currency):
        yield critical("currency_not_found", "currency does not exist", CURRENCY)
    for phase, card in placed_cards(phases):
        yield from _tax_findings(store, card)
        yield from _override_findings(store, phase, card)
    yield from dict.fromkeys(
        finding
        for phase, card in placed_cards(phases)
        for finding in feature_findings(store, card, _unplaced(card), card_place(phase, card, "ratecards"))
    )


def _unplaced(card: Card) -> str:
    return card_place({"key": "!UNSUPPORTED"}, card, "ratecards")


def feature_findings(store: Store, card: Card, lost_place: str, place: str) -> Iterator[Finding]:
    """The feature is there, not archived, and has the card's key."""
    if "feature" not in card:
        return
    feature = live_feature(store, card)
    if feature is None:
        yield critical("rate_card_feature_not_found", "feature not found", f"{lost_place}.featureKey")
        return
    yield from (finding.within(place) for finding in key_mismatch(card, feature.key))


def live_feature(store: Store, card: Card) -> Row | None:
    feature = store.get("feature", card["feature"]["id"])
    return None if feature is None or feature.deleted_at else feature


def _tax_findings(store: Store, card: Card) -> Iterator[Finding]:
    if config := card.get("tax_config"):
        code = store.get("tax_code", config["code"]["id"])
        if code is None or code.deleted_at:
            yield fault(f"tax code {config['code']['id']} not found")


def _override_findings(store: Store, phase: Phase, card: Card) -> Iterator[Finding]:
    """A custom override is resolved at once, and then even the card's warnings count (§7.6)."""
    override = card.get("currency")
    if not override:
        return
    if is_fiat_form(override):
        if card["price"]["type"] == "free":
            yield fault("currency override requires a price")
    elif not is_known(store, override):
        yield critical("currency_not_found", "currency does not exist", card_place(phase, card) + CURRENCY)
    elif card["price"]["type"] == "free":
        place = f"{phase_place(phase)}.currency"
        yield warning("rate_card_currency_requires_price", "currency override requires a price", place)
    else:
        found = card_warnings(kept_card(card))
        yield from (finding.within(card_place(phase, card, "ratecards")) for finding in found)


def structure_warnings(plan: Mapping[str, Any]) -> Iterator[Finding]:
    """What a draft shows in `validation_errors`, from its own (kept) form alone (§7.8)."""
    last = len(plan["phases"]) - 1
    for place, phase in enumerate(plan["phases"]):
        yield from _phase_warnings(phase, is_last=place == last)
    for rule in (_alignment_warnings, currency_warnings):
        yield from rule(plan)


def _phase_warnings(phase: Phase, *, is_last: bool) -> Iterator[Finding]:
    place, length = phase_place(phase), duration(phase.get("duration", ""))
    if length and length.is_under_an_hour:
        text = "duration must be at least 1 hour"
        yield warning("plan_phase_duration_less_then_an_hour", text, f"{place}.duration")
    if not phase["rate_cards"]:
        text = "plan phase must have at least one rate card"
        yield warning("plan_phase_has_no_rate_cards", text, f"{place}.rateCards")
    for card in phase["rate_cards"]:
        yield from (finding.within(card_place(phase, card, "ratecards")) for finding in card_warnings(card))
    if is_last and length:
        text = "duration must not be set for the last plan phase"
        yield warning("plan_has_last_phase_with_duration", text, f"{place}.duration")
    if not is_last and not length:
        text = "duration must be set for plan phase if it is not the last one"
        yield warning("plan_has_non_last_phase_with_no_duration", text, f"{place}.duration")


def _alignment_warnings(plan: Mapping[str, Any]) -> Iterator[Finding]:
    """Every priced card with a cadence divides the plan's, or is divided by it (§7.4)."""
    own = duration(plan["billing_cadence"])
    for phase, card in placed_cards(plan["phases"]):
        cadence = duration(card.get("billing_cadence", ""))
        if own and cadence and card["price"]["type"] != "free" and not aligned(own, cadence):
            yield warning(
                "rate_card_billing_cadence_unaligned",
                "ratecards with prices must have compatible billing cadence",
                f"{card_place(phase, card)}.billingCadence",
            )


def currency_warnings(plan: Mapping[str, Any]) -> Iterator[Finding]:
    """The overrides that no published plan may have (§7.6)."""
    for phase, card in placed_cards(plan["phases"]):
        if found := _override_warning(plan["currency"], card.get("currency")):
            yield warning(*found, card_place(phase, card) + CURRENCY)


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


def publish_findings(store: Store, plan: Mapping[str, Any]) -> Iterator[Finding]:
    """Everything that must hold of a plan that people can subscribe to, warnings included (§7.8)."""
    yield from structure_warnings(plan)
    yield from currency_warnings(plan)
    for phase, card in placed_cards(plan["phases"]):
        place = card_place(phase, card)
        yield from feature_findings(store, card, place, place)
        if is_usage_based(card["price"]) and "feature" in card and _without_meter(live_feature(store, card)):
            yield warning(
                "usage_based_price_with_feature_and_no_meter",
                "usage-based price requires feature with meter to be associated with",
                f"{place}.featureKey",
            )


def _without_meter(feature: Row | None) -> bool:
    return feature is not None and "meter" not in feature.document
