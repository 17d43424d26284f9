"""The rules of a whole plan: its phases, cadences, currencies and references (catalog-facts.md §7, §14.1)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from billsync.local.catalog.card_references import (
    CardPlace,
    looked_up_stages,
    override_warnings,
    plan_worth_findings,
    reference_stages,
    sold_feature_findings,
    unknown_fiat,
)
from billsync.local.catalog.card_rules import (
    card_warnings,
    critical_findings,
    duplicate_findings,
    reading_findings,
    unreadable,
)
from billsync.local.catalog.rate_cards import Card, is_free
from billsync.local.catalog.rules import Finding, critical, fault, first_broken, warning
from billsync.local.store.durations import NOTHING, aligned, is_under_an_hour
from billsync.local.store.store import Store
from billsync.model.duration import parse_duration

CADENCES = ("P1W", "P2W", "P4W", "P1M", "P3M", "P6M", "P12M", "P1Y")
UNPLACED = ".phases[?(@.key=='!UNSUPPORTED')]"
Phase = Mapping[str, Any]


def phase_place(phase: Phase) -> str:
    return f".phases[?(@.key=='{phase['key']}')]"


def placed_cards(phases: Sequence[Phase]) -> Iterator[tuple[CardPlace, Card]]:
    return ((CardPlace(phase_place(phase), card["key"]), card) for phase in phases for card in phase["rate_cards"])


def request_findings(phases: Sequence[Phase]) -> Iterator[Finding]:
    """Yield problems found while the request is read."""
    for phase in phases:
        if unreadable(phase.get("duration")):
            yield fault("invalid phase duration")
    for _, card in placed_cards(phases):
        yield from reading_findings(card)


def plan_findings(currency: str, cadence: str) -> Iterator[Finding]:
    """The critical rules of a plan's own fields."""
    yield from unknown_fiat(currency)
    known = parse_duration(cadence)
    if known is None:
        yield fault("invalid billing cadence")
    elif known == NOTHING:
        yield fault("invalid billing cadence: it must not be empty")
    elif known.text not in CADENCES:
        text = f"billing cadence must be one of the following: {', '.join(CADENCES)}"
        yield critical("plan_billing_cadence_invalid", text, ".billingCadence")


def phases_findings(phases: Sequence[Phase]) -> Iterator[Finding]:
    """The critical rules that the phases show by themselves."""
    for key, times in Counter(phase["key"] for phase in phases).items():
        if times > 1:
            yield critical("plan_phase_duplicated_key", "duplicated key", f"{phase_place({'key': key})}.key.key")
    for phase in phases:
        yield from duplicate_findings(phase["rate_cards"])
    for _, card in placed_cards(phases):
        yield from critical_findings(card)


def reference_findings(store: Store, currency: str, phases: Sequence[Phase]) -> list[Finding]:
    """The critical rules that need other things of the server: features, tax codes, currencies (§14.5 for places)."""
    holders = [list(placed_cards([phase])) for phase in phases]
    return first_broken(reference_stages(store, currency, holders, lost=UNPLACED))


def looked_up_findings(store: Store, phases: Sequence[Phase]) -> list[Finding]:
    """Those of them that are found before the plan itself is looked up."""
    return first_broken(looked_up_stages(store, [list(placed_cards([phase])) for phase in phases], lost=UNPLACED))


def structure_warnings(plan: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield the `validation_errors` of a draft, from its own (kept) form alone (§7.8)."""
    last = len(plan["phases"]) - 1
    for place, phase in enumerate(plan["phases"]):
        yield from _phase_warnings(phase, is_last=place == last)
    for rule in (currency_warnings, _alignment_warnings):
        yield from rule(plan)


def _phase_warnings(phase: Phase, *, is_last: bool) -> Iterator[Finding]:
    """Yield warnings for a phase: its position, its length, then its cards."""
    place, length = phase_place(phase), parse_duration(phase.get("duration", ""))
    if is_last and length:
        text = "duration must not be set for the last plan phase"
        yield warning("plan_has_last_phase_with_duration", text, f"{place}.duration")
    if not is_last and not length:
        text = "duration must be set for plan phase if it is not the last one"
        yield warning("plan_has_non_last_phase_with_no_duration", text, f"{place}.duration")
    if length and is_under_an_hour(length):
        text = "duration must be at least 1 hour"
        yield warning("plan_phase_duration_less_then_an_hour", text, f"{place}.duration")
    if not phase["rate_cards"]:
        text = "plan phase must have at least one rate card"
        yield warning("plan_phase_has_no_rate_cards", text, f"{place}.rateCards")
    for card in phase["rate_cards"]:
        own = CardPlace(place, card["key"]).own
        yield from (finding.within(own) for finding in card_warnings(card))


def _alignment_warnings(plan: Mapping[str, Any]) -> Iterator[Finding]:
    """Every priced card with a cadence divides the plan's, or is divided by it (§7.4)."""
    own = parse_duration(plan["billing_cadence"])
    for place, card in placed_cards(plan["phases"]):
        cadence = parse_duration(card.get("billing_cadence", ""))
        if own and cadence and not is_free(card) and not aligned(own, cadence):
            yield warning(
                "rate_card_billing_cadence_unaligned",
                "ratecards with prices must have compatible billing cadence",
                f"{place.held}.billingCadence",
            )


def currency_warnings(plan: Mapping[str, Any]) -> Iterator[Finding]:
    """The overrides that no published plan may have (§7.6)."""
    for place, card in placed_cards(plan["phases"]):
        yield from override_warnings(plan["currency"], card, place)


def publish_findings(store: Store, plan: Mapping[str, Any], now: datetime) -> Iterator[Finding]:
    """Yield problems that keep a plan from being subscribed to, warnings included (§7.8)."""
    yield from structure_warnings(plan)
    for place, card in placed_cards(plan["phases"]):
        yield from override_warnings(plan["currency"], card, place)
        yield from plan_worth_findings(store, card, place.held, plan=plan, now=now)
    for place, card in placed_cards(plan["phases"]):
        yield from sold_feature_findings(store, card, place)
