"""Metered and billed quantities: unit conversion, then free units.

Source: vectors README, Rule: unit conversion, Rule: usage discount.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

from billsync.model.frozen import dataclass
from billsync.rating.arithmetic import ZERO, divided, exactly, rounded, rounded_down, rounded_up
from billsync.rating.card import Operation, UnitConfig, UnitRounding
from billsync.rating.errors import RatingError, RatingErrorCode


class Position(StrEnum):
    """The piece of a full period to rate: all of it, or one of several pieces."""

    SINGLE = "single"
    FIRST = "first"
    MIDDLE = "middle"
    LAST = "last"

    @property
    def is_first(self) -> bool:
        return self in (Position.SINGLE, Position.FIRST)

    @property
    def is_last(self) -> bool:
        return self in (Position.SINGLE, Position.LAST)


@dataclass(frozen=True, slots=True)
class Usage:
    """A quantity in the piece that is rated, and the quantity earlier in the same full period."""

    quantity: Decimal
    earlier: Decimal = ZERO

    @property
    def reached(self) -> Decimal:
        """The end of the piece, counted from the start of the full period."""
        return _sum(self.earlier, self.quantity)


def converted(usage: Usage, config: UnitConfig) -> Usage:
    """Both quantities in the units that are billed, each converted on its own.

    So pieces of a rounded period can sum to more than the whole. Raises RatingError for a factor of 0 or less.
    Source: vectors README, Rule: unit conversion.
    """
    if config.factor <= 0:
        raise RatingError(RatingErrorCode.INVALID_UNIT_CONFIG)
    return Usage(converted_quantity(usage.quantity, config), converted_quantity(usage.earlier, config))


@exactly
def converted_quantity(quantity: Decimal, config: UnitConfig) -> Decimal:
    """The quantity in the units that are billed. Source: vectors README, Rule: unit conversion."""
    match config.operation:
        case Operation.MULTIPLY:
            exact = quantity * config.factor
        case Operation.DIVIDE:
            exact = divided(quantity, config.factor)
    match config.rounding:
        case UnitRounding.NONE:
            return exact
        case UnitRounding.CEILING:
            return rounded_up(exact, config.decimals)
        case UnitRounding.FLOOR:
            return rounded_down(exact, config.decimals)
        case UnitRounding.HALF_UP:
            return rounded(exact, config.decimals)


@exactly
def free_units(usage: Usage, free: Decimal) -> Usage:
    """Return the free units that each quantity uses up: the earlier one first, then this one.

    A negative quantity counts as free in full. Source: vectors README, Rule: usage discount.
    """
    earlier = min(free, usage.earlier)
    return Usage(min(free - earlier, usage.quantity), earlier)


@exactly
def less(usage: Usage, free: Usage) -> Usage:
    """The usage without its free units."""
    return Usage(usage.quantity - free.quantity, usage.earlier - free.earlier)


@exactly
def _sum(one: Decimal, other: Decimal) -> Decimal:
    return one + other
