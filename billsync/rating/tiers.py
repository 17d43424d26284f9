"""Graduated and volume prices: the tier for each quantity. Nothing is rounded here.

Source: vectors README, Rule: graduated, Rule: volume.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from billsync.model.frozen import dataclass
from billsync.rating.arithmetic import ZERO, exactly, minus
from billsync.rating.errors import RatingError, RatingErrorCode
from billsync.rating.lines import Part
from billsync.rating.prices import GraduatedPrice, Tier, VolumePrice
from billsync.rating.usage import Position, Usage

INFINITY = Decimal("Infinity")


@dataclass(frozen=True, slots=True)
class TouchedTier:
    """A tier, counted from 1, with the quantity of a piece that is in it, and whether the piece enters it."""

    number: int
    tier: Tier
    quantity: Decimal
    entered: bool


def graduated_parts(price: GraduatedPrice, usage: Usage, position: Position) -> Iterator[Part]:
    """For each tier that the piece touches its units, then its fee. Raises RatingError for a negative quantity.

    Source: vectors README, Rule: graduated.
    """
    for touched in touched_tiers(price, usage):
        yield from _unit_part(touched)
        if touched.number > 1 or position.is_first:
            yield from _flat_part(touched)


@exactly
def touched_tiers(price: GraduatedPrice, usage: Usage) -> tuple[TouchedTier, ...]:
    """The tiers that hold something of the range from the earlier quantity to the sum, in ascending order.

    A tier holds the quantities above the previous bound, up to and including its own. A sum of 0 touches the first
    tier as written. Source: vectors README, Rule: graduated.
    """
    start, end = usage.earlier, usage.reached
    if start < 0 or end < start:
        raise RatingError(RatingErrorCode.NEGATIVE_QUANTITY)
    tiers = ascending(price.tiers)
    if end == 0:
        return (TouchedTier(1, price.tiers[0], ZERO, entered=True),)
    return tuple(_touched(tiers, start, end))


def volume_parts(price: VolumePrice, usage: Usage, position: Position) -> Iterator[Part]:
    """The fee of the one tier that the quantity reaches, then all units at its price.

    Only a single or last piece is billed. Raises RatingError for a last piece with something before it.
    Source: vectors README, Rule: volume.
    """
    if not position.is_last:
        return
    if usage.earlier != 0:
        raise RatingError(RatingErrorCode.VOLUME_SPLIT_NOT_SUPPORTED)
    number, tier = reached_tier(price, usage.quantity)
    if tier.flat is not None:
        yield Part("volume-flat-price", tier.flat, label=f": flat price for tier {number}")
    if tier.unit is not None and usage.quantity != 0:
        yield Part("volume-tiered-price", tier.unit, usage.quantity, f": unit price for tier {number}")


def reached_tier(price: VolumePrice, quantity: Decimal) -> tuple[int, Tier]:
    """The lowest tier, and its number from 1, whose bound is not below the quantity. Raises RatingError if none is
    open."""
    tiers = enumerate(ascending(price.tiers), start=1)
    return next((number, tier) for number, tier in tiers if quantity <= _bound(tier))


def ascending(tiers: tuple[Tier, ...]) -> tuple[Tier, ...]:
    """The tiers by their bound, the open one last. Raises RatingError if none is open."""
    if all(tier.up_to is not None for tier in tiers):
        raise RatingError(RatingErrorCode.MISSING_OPEN_TIER)
    return tuple(sorted(tiers, key=_bound))


def _touched(tiers: tuple[Tier, ...], start: Decimal, end: Decimal) -> Iterator[TouchedTier]:
    low = ZERO
    for number, tier in enumerate(tiers, start=1):
        high = _bound(tier)
        entered = low >= start
        if max(low, start) < end and (entered or high > start):
            yield TouchedTier(number, tier, minus(min(high, end), max(low, start)), entered)
        low = high


def _bound(tier: Tier) -> Decimal:
    return INFINITY if tier.up_to is None else tier.up_to


def _unit_part(touched: TouchedTier) -> Iterator[Part]:
    if touched.tier.unit is not None:
        reference = f"graduated-tiered-{touched.number}-price-usage"
        label = f": usage price for tier {touched.number}"
        yield Part(reference, touched.tier.unit, touched.quantity, label)


def _flat_part(touched: TouchedTier) -> Iterator[Part]:
    if touched.tier.flat is not None and touched.entered:
        reference = f"graduated-tiered-{touched.number}-flat-price"
        yield Part(reference, touched.tier.flat, label=f": flat price for tier {touched.number}")
