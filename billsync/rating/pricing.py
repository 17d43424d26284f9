"""A price and a usage -> the charge before discounts and commitments.

Source: vectors README, the rules named at each function.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from billsync.rating.arithmetic import ONE, ZERO, divided, exactly, is_multiple, rounded, rounded_down
from billsync.rating.card import PaymentTerm
from billsync.rating.lines import Part
from billsync.rating.prices import (
    DynamicPrice,
    FlatPrice,
    FreePrice,
    GraduatedPrice,
    PackagePrice,
    Price,
    UnitPrice,
    VolumePrice,
)
from billsync.rating.tiers import graduated_parts, volume_parts
from billsync.rating.usage import Position, Usage

IN_PERIOD = ": usage in period"


def usage_parts(price: Price, usage: Usage, position: Position, *, decimals: int) -> Iterator[Part]:
    """Return the lines of a usage price; none for a flat or free price. Raises RatingError."""
    match price:
        case FreePrice() | FlatPrice():
            return
        case UnitPrice():
            yield from unit_parts(price, usage)
        case GraduatedPrice():
            yield from graduated_parts(price, usage, position)
        case VolumePrice():
            yield from volume_parts(price, usage, position)
        case PackagePrice():
            yield from package_parts(price, usage, position)
        case DynamicPrice():
            yield from dynamic_parts(price, usage, decimals=decimals)


def flat_parts(price: FlatPrice, payment_term: PaymentTerm, position: Position) -> Iterator[Part]:
    """The fee, billed by the first piece if in advance, by the last one if in arrears; also a fee of 0.

    Source: vectors README, Rule: flat.
    """
    due = position.is_first if payment_term is PaymentTerm.IN_ADVANCE else position.is_last
    if due:
        yield Part("flat-price", price.amount, payment_term=payment_term)


def unit_parts(price: UnitPrice, usage: Usage) -> Iterator[Part]:
    """Every unit of a quantity above 0. Source: vectors README, Rule: unit."""
    if usage.quantity > 0:
        yield Part("unit-price-usage", price.amount, usage.quantity, IN_PERIOD)


@exactly
def _dynamic_amount(price: DynamicPrice, quantity: Decimal, decimals: int) -> Decimal:
    return rounded(quantity * price.multiplier, decimals)


def dynamic_parts(price: DynamicPrice, usage: Usage, *, decimals: int) -> Iterator[Part]:
    """One unit at the quantity times the multiplier. Source: vectors README, Rule: dynamic."""
    if usage.quantity > 0:
        yield Part("usage", _dynamic_amount(price, usage.quantity, decimals), ONE, IN_PERIOD)


def package_parts(price: PackagePrice, usage: Usage, position: Position) -> Iterator[Part]:
    """The packages begun by this piece; fewer than none after a correction. Source: vectors README, Rule: package."""
    count = _begun(price, usage, position)
    if count != 0:
        yield Part("usage", price.amount, count, IN_PERIOD)


@exactly
def _begun(price: PackagePrice, usage: Usage, position: Position) -> Decimal:
    before = ZERO if position.is_first else packages(usage.earlier, price.size)
    return packages(usage.reached, price.size) - before


@exactly
def packages(quantity: Decimal, size: Decimal) -> Decimal:
    """Return the number of packages for a quantity; the quotient is rounded to 16 decimals first.

    Source: vectors README, Rule: package.
    """
    whole = rounded_down(divided(quantity, size), 0)
    return whole if is_multiple(quantity, size) else whole + ONE
