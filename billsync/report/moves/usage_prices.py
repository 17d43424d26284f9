"""Prices by usage of two phases, compared at every quantity at which they may differ most (price_policy.py)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

from billsync.model.diagnostic import Position
from billsync.model.duration import Duration
from billsync.model.frozen import replace
from billsync.model.globs import Patterns
from billsync.model.policy import PricePolicy
from billsync.model.value import decimal_text
from billsync.rating.arithmetic import ZERO, exactly
from billsync.rating.card import Card, Commitments, Discounts
from billsync.rating.prices import GraduatedPrice, UnitPrice, VolumePrice
from billsync.report.billing.subscribed import Slot
from billsync.report.impact.price_policy import Breach, CurrencyChanged, breaches
from billsync.report.impact.repricing import PlanCards
from billsync.report.moves.amounts import money
from billsync.report.moves.terms import PhaseTerms

USAGE_TO = Decimal(1_000_000)
BEYOND = 10
"""Usage is looked at up to a million, or ten times the largest bound of a tier."""

NOWHERE = Position("", 0, 0)
PHASE = ""
NO_USAGE: Mapping[str, tuple[Decimal, ...]] = {}


def dearer_usage(old: PhaseTerms, new: PhaseTerms) -> Iterator[str]:
    """Every feature that costs more at some usage, at the usage where the difference is largest. Raises RatingError."""
    before, after = _metered(old), _metered(new)
    for feature in after:
        sides = _comparable(before.get(feature, ()), after[feature])
        if sides is None:
            rhythms = f"{_cadences(after[feature])} instead of {_cadences(before[feature])}"
            yield f"{feature} is billed {rhythms}, so that its prices can't be compared"
        else:
            yield from map(_usage_text, _breaches(feature, *sides))


def _metered(phase: PhaseTerms) -> dict[str, tuple[Slot, ...]]:
    """The cards that are priced by usage, by feature."""
    slots = [slot for slot in phase.priced if not slot.item.is_flat]
    features = sorted({slot.feature or slot.item.key for slot in slots})
    return {name: tuple(one for one in slots if (one.feature or one.item.key) == name) for name in features}


def _breaches(feature: str, old: tuple[Slot, ...], new: tuple[Slot, ...]) -> tuple[Breach | CurrencyChanged, ...]:
    policy = PricePolicy(Patterns(), ZERO, None, ZERO, _usage_to((*old, *new)), NOWHERE)
    before, after = (PlanCards({PHASE: tuple(replace(one, feature=feature) for one in side)}) for side in (old, new))
    return breaches(policy, before, after, NO_USAGE)


@exactly
def _usage_to(slots: Iterable[Slot]) -> Decimal:
    prices = [slot.item.card.price for slot in slots]
    tiers = [tier for price in prices if isinstance(price, GraduatedPrice | VolumePrice) for tier in price.tiers]
    return max((BEYOND * tier.up_to for tier in tiers if tier.up_to is not None), default=ZERO).max(USAGE_TO)


def _comparable(old: tuple[Slot, ...], new: tuple[Slot, ...]) -> tuple[tuple[Slot, ...], tuple[Slot, ...]] | None:
    """Both sides billed by the same cadence; other cadences matter only to more than a plain price of each unit.

    None if they can't be compared.
    """
    cadences = {slot.item.cadence for slot in (*old, *new)}
    if not old or len(cadences) == 1:
        return old, new
    if not all(_is_plain(slot.item.card) for slot in (*old, *new)):
        return None
    cadence = new[0].item.cadence
    return _billed_each(cadence, old), _billed_each(cadence, new)


def _is_plain(card: Card) -> bool:
    is_whole = card.commitments == Commitments() and card.discounts == Discounts() and card.unit_config is None
    return isinstance(card.price, UnitPrice) and is_whole


def _billed_each(cadence: Duration | None, slots: Iterable[Slot]) -> tuple[Slot, ...]:
    return tuple(replace(slot, item=replace(slot.item, cadence=cadence)) for slot in slots)


def _cadences(slots: Iterable[Slot]) -> str:
    return " and ".join(sorted({f"each {slot.item.cadence.text}" if slot.item.cadence else "once" for slot in slots}))


def _usage_text(breach: Breach | CurrencyChanged) -> str:
    if isinstance(breach, CurrencyChanged):
        before, after = (" and ".join(codes) for codes in (breach.before, breach.after))
        return f"{breach.feature} is charged in {after} instead of {before}, which can't be compared"
    amounts = f"{money(breach.before)} → {money(breach.after)} {breach.currency}"
    verb = "costs" if breach.quantity == 1 else "cost"
    return f"{decimal_text(breach.quantity)} of {breach.feature} {verb} {amounts}"
