"""Whether an add-on version fits a plan version (catalog-facts.md §9.3, §9.4, §14.4). All findings are warnings: with
most of them an assignment may still be attached, but not changed or published."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import filterfalse
from typing import Any

from billsync.local.catalog.addons import ADDON
from billsync.local.catalog.assignments import assignments_of_plan
from billsync.local.catalog.card_references import CURRENCY, CardPlace, plan_worth_findings
from billsync.local.catalog.currencies import is_fiat_form
from billsync.local.catalog.overlay_cards import mismatches
from billsync.local.catalog.rate_cards import Card, is_free
from billsync.local.catalog.rules import Finding, warning
from billsync.local.catalog.versions import ACTIVE, ARCHIVED, status
from billsync.local.store.durations import aligned
from billsync.local.store.store import Row, Store
from billsync.model.duration import parse_duration
from billsync.model.frozen import dataclass

ON_ADDON = ".addon"


@dataclass(frozen=True, slots=True)
class Overlay:
    """An add-on on a plan as an assignment wants it, at a moment."""

    plan: Row
    addon: Row
    assignment: Mapping[str, Any]
    now: datetime

    @property
    def cards(self) -> list[Card]:
        """The add-on's cards."""
        cards: list[Card] = self.addon.document["rate_cards"]
        return cards

    @property
    def phases(self) -> list[Mapping[str, Any]]:
        """The plan's phases from the first with the add-on on; empty if no phase has it."""
        phases: list[Mapping[str, Any]] = self.plan.document["phases"]
        keys = [phase["key"] for phase in phases]
        first = self.assignment["from_plan_phase"]
        return phases[keys.index(first) :] if first in keys else []


def has_incompatible_addon(store: Store, plan: Row, now: datetime) -> Iterator[Finding]:
    """For each add-on that keeps the plan from being published; why, its assignment says (§9.4)."""
    for attached in assignments_of_plan(store, plan.id):
        addon = store.get(ADDON, attached.document["addon"]["id"])
        if addon and any(overlay_findings(Overlay(plan, addon, attached.document, now))):
            yield warning("plan_has_incompatible_addon", "plan has incompatible add-on assignment")


def overlay_findings(overlay: Overlay) -> Iterator[Finding]:
    """Yield problems that keep the plan from being published with this add-on (§9.4)."""
    yield from _status_findings(overlay)
    yield from _quantity_findings(overlay)
    yield from _alignment_findings(overlay)
    if not overlay.phases:
        text = "add-on must define valid/existing plan phase key from which the add-on is available for purchase"
        yield warning("plan_addon_unknown_plan_phase_key", text, ".fromPlanPhase").unlisted()
        return
    for phase in overlay.phases:
        yield from _card_findings(overlay, phase)
    yield from currency_findings(overlay)


def _status_findings(overlay: Overlay) -> Iterator[Finding]:
    code, text = "plan_addon_incompatible_status", "plan status is incompatible with the addon status"
    if status(overlay.plan, overlay.now) == ARCHIVED:
        yield warning(code, text, ".plan.status")
    if status(overlay.addon, overlay.now) != ACTIVE or overlay.addon.ends_at is not None:
        yield warning(code, text, f"{ON_ADDON}.status")


def _quantity_findings(overlay: Overlay) -> Iterator[Finding]:
    if overlay.addon.document["instance_type"] == "single" and "max_quantity" in overlay.assignment:
        text = "maximum quantity must not be set for add-on with single instance type"
        yield warning("plan_addon_max_quantity_must_not_be_set", text, ".maxQuantity")


def _alignment_findings(overlay: Overlay) -> Iterator[Finding]:
    """Every cadence of the add-on, of free cards too, divides the plan's or is divided by it; one finding in all."""
    own = parse_duration(overlay.plan.document["billing_cadence"])
    cadences = [parse_duration(card["billing_cadence"]) for card in overlay.cards if "billing_cadence" in card]
    if own and not all(cadence and aligned(own, cadence) for cadence in cadences):
        text = "ratecards with prices must have compatible billing cadence"
        yield warning("rate_card_billing_cadence_unaligned", text, ".billingCadence")


def _card_findings(overlay: Overlay, phase: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield conflicts of the add-on's cards with the phase's cards of the same keys."""
    below = {card["key"]: card for card in phase["rate_cards"]}
    for card in overlay.cards:
        if card["key"] in below:
            place = CardPlace(ON_ADDON, card["key"]).own
            yield from (finding.within(place) for finding in mismatches(below[card["key"]], card))


def currency_findings(overlay: Overlay) -> Iterator[Finding]:
    """Yield problems found as soon as the add-on is attached: another currency than the plan's (§9.3)."""
    plan, addon = overlay.plan.document["currency"], overlay.addon.document["currency"]
    if plan != addon and is_fiat_form(plan) and is_fiat_form(addon):
        yield _second_fiat(f"{ON_ADDON}.currency")
    for phase in overlay.phases:
        priced = {card["key"]: card.get("currency", plan) for card in phase["rate_cards"] if not is_free(card)}
        for card in filterfalse(is_free, overlay.cards):
            place = CardPlace(ON_ADDON, card["key"]).own + CURRENCY
            yield from _card_currency(plan, priced.get(card["key"]), card.get("currency", addon), place)


def worth_findings(store: Store, overlay: Overlay) -> Iterator[Finding]:
    """The custom currencies of the add-on's cards are worth something in the plan's fiat one (§9.3)."""
    for card in overlay.cards:
        priced = {"currency": overlay.addon.document["currency"], **card}
        place = CardPlace(ON_ADDON, card["key"]).own
        yield from plan_worth_findings(store, priced, place, plan=overlay.plan.document, now=overlay.now)


def _card_currency(plan: str, below: str | None, own: str, place: str) -> Iterator[Finding]:
    """`below` is the currency of the phase's priced card of the same key."""
    if below is not None:
        if own != below:
            yield warning("plan_addon_currency_mismatch", "currency of the plan and addon must match", place)
    elif own != plan and not is_fiat_form(plan):
        text = "currency override is not allowed when the default currency is custom"
        yield warning("rate_card_currency_override_not_allowed", text, place)
    elif own != plan and is_fiat_form(own):
        yield _second_fiat(place)


def _second_fiat(place: str) -> Finding:
    return warning("plan_multiple_fiat_currencies", "plan cannot contain more than one fiat currency", place)
