"""Prices of plan versions in words, for the people who pay them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import assert_never

from billsync.model.value import decimal_text
from billsync.rating.card import Card
from billsync.rating.prices import (
    DynamicPrice,
    FlatPrice,
    FreePrice,
    GraduatedPrice,
    PackagePrice,
    Price,
    Tier,
    UnitPrice,
    VolumePrice,
)
from billsync.report.billing.subscribed import Slot
from billsync.report.moves.amounts import amounts_text
from billsync.report.moves.fees import fees_of
from billsync.report.moves.terms import PhaseTerms


def fees_text(phases: Iterable[PhaseTerms]) -> str:
    """The flat fees of phases: `25 USD each P1M`, each after its phase's name where there are several.

    Raises RatingError.
    """
    return _by_phase({phase: _fees(phase) for phase in phases})


def unit_prices(phases: Iterable[PhaseTerms]) -> Mapping[str, str]:
    """The prices by usage of phases, by feature."""
    every = tuple(phases)
    features = sorted({_feature(slot) for phase in every for slot in _metered(phase)})
    return {name: _by_phase({phase: _usage(phase, name) for phase in every}) for name in features}


def _by_phase(texts: Mapping[PhaseTerms, str]) -> str:
    """The texts of phases, without their names where all are the same."""
    if len(set(texts.values())) == 1:
        return next(iter(texts.values()))
    return ", then ".join(f"{text} in {_named(phase)}" for phase, text in texts.items())


def _named(phase: PhaseTerms) -> str:
    return f"phase {phase.key}{f' ({phase.lasts.text})' if phase.lasts else ''}"


def _fees(phase: PhaseTerms) -> str:
    fees = fees_of(phase.slots)
    once = f" and {amounts_text(fees.once)} once" if fees.once else ""
    return f"{fees.text}{once}"


def _metered(phase: PhaseTerms) -> tuple[Slot, ...]:
    return tuple(slot for slot in phase.slots if not slot.item.is_flat)


def _feature(slot: Slot) -> str:
    return slot.feature or slot.item.key


def _usage(phase: PhaseTerms, feature: str) -> str:
    found = [_slot_text(slot) for slot in _metered(phase) if _feature(slot) == feature]
    return " and ".join(found) or "not part of it"


def _slot_text(slot: Slot) -> str:
    card = slot.item.card
    parts = [_price_text(card.price, slot.currency), *_terms(card, slot.currency)]
    return ", ".join(parts)


def _price_text(price: Price, currency: str) -> str:
    match price:
        case FreePrice():
            return "free"
        case FlatPrice(amount):
            return f"{_money(amount, currency)}"
        case UnitPrice(amount):
            return f"{_money(amount, currency)} a unit"
        case GraduatedPrice(tiers):
            return f"graduated: {_tiers(tiers, currency)}"
        case VolumePrice(tiers):
            return f"by volume: {_tiers(tiers, currency)}"
        case PackagePrice(amount, size):
            return f"{_money(amount, currency)} for each {decimal_text(size)}"
        case DynamicPrice(multiplier):
            return f"its cost times {decimal_text(multiplier)}"
    assert_never(price)


def _tiers(tiers: Iterable[Tier], currency: str) -> str:
    return "; ".join(_tier(tier, currency) for tier in tiers)


def _tier(tier: Tier, currency: str) -> str:
    unit = [f"{_money(tier.unit, currency)} a unit"] if tier.unit else []
    flat = [_money(tier.flat, currency)] if tier.flat else []
    bound = "above" if tier.up_to is None else f"up to {decimal_text(tier.up_to)}"
    return f"{bound} {' + '.join([*unit, *flat]) or 'free'}"


def _terms(card: Card, currency: str) -> Iterable[str]:
    """Other terms that decide the price: discounts, commitments, and a conversion of the quantity."""
    if card.unit_config is not None:
        config = card.unit_config
        yield f"units {config.operation.value} by {decimal_text(config.factor)}"
    if card.discounts.percentage:
        yield f"{decimal_text(card.discounts.percentage)} % off"
    if card.discounts.usage:
        yield f"the first {decimal_text(card.discounts.usage)} free"
    if card.commitments.minimum:
        yield f"at least {_money(card.commitments.minimum, currency)}"
    if card.commitments.maximum:
        yield f"at most {_money(card.commitments.maximum, currency)}"


def _money(amount: Decimal, currency: str) -> str:
    return f"{decimal_text(amount)} {currency}"
