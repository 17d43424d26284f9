"""Rates a card for a piece of a period, applying the rules of the other modules in the server's order.

Source: vectors README, Rule: order.
"""

from __future__ import annotations

from decimal import Decimal
from enum import Enum, auto

from billsync.model.frozen import dataclass
from billsync.rating.adjustments import Lines, with_credits, with_maximum, with_minimum, with_percentage
from billsync.rating.arithmetic import ZERO, exactly
from billsync.rating.card import Card
from billsync.rating.errors import RatingError, RatingErrorCode
from billsync.rating.lines import Credit, Totals, booked, sum_of_totals
from billsync.rating.periods import Period
from billsync.rating.prices import DynamicPrice, FlatPrice, FreePrice, PackagePrice
from billsync.rating.pricing import flat_parts, usage_parts
from billsync.rating.usage import Position, Usage, converted, free_units, less

NOTHING = Usage(ZERO)


class Without(Enum):
    """Optional inputs of the engine."""

    MINIMUM = auto()
    CREDITS = auto()
    UNIT_CONFIG = auto()


@dataclass(frozen=True, slots=True)
class Piece:
    """The piece to rate: a full period, or a part of it with the usage before.

    `previously_billed` is the sum of `totals.amount` of the earlier pieces: before discounts, without commitment
    lines (vectors README, Rule: previously billed). Credits are used in their order.
    """

    full_period: Period
    usage: Usage = NOTHING
    position: Position = Position.SINGLE
    previously_billed: Decimal = ZERO
    credits: tuple[Credit, ...] = ()


@dataclass(frozen=True, slots=True)
class Rated:
    """The lines of a piece, in the server's order; for a usage price also the billed and the free quantity."""

    lines: Lines
    billed: Usage | None = None
    free: Usage | None = None

    @property
    def totals(self) -> Totals:
        return sum_of_totals(line.totals for line in self.lines)


@exactly
def rate(card: Card, piece: Piece, *, decimals: int, without: frozenset[Without] = frozenset()) -> Rated:
    """Return the lines of a card for the piece, in a currency with `decimals` decimals. Raises RatingError.

    Source: vectors README, Rule: order.
    """
    if isinstance(card.price, FreePrice):
        return Rated(())
    if isinstance(card.price, FlatPrice):
        return _rate_flat(card, card.price, piece, decimals=decimals, without=without)
    return _rate_usage(card, piece, decimals=decimals, without=without)


def _rate_flat(card: Card, price: FlatPrice, piece: Piece, *, decimals: int, without: frozenset[Without]) -> Rated:
    """Price, percentage, credits; free units, conversion and commitments are ignored."""
    parts = flat_parts(price, card.payment_term, piece.position)
    lines = tuple(booked(part, name=card.name, decimals=decimals) for part in parts)
    lines = _discounted(lines, card, decimals=decimals)
    return Rated(_credited(lines, piece, decimals=decimals, without=without))


def _rate_usage(card: Card, piece: Piece, *, decimals: int, without: frozenset[Without]) -> Rated:
    """Conversion, free units, price, percentage, maximum, minimum, credits."""
    usage = _converted(card, piece.usage, without)
    free = NOTHING if card.discounts.usage is None else free_units(usage, card.discounts.usage)
    billed = less(usage, free)
    parts = usage_parts(card.price, billed, piece.position, decimals=decimals)
    lines = tuple(booked(part, name=card.name, decimals=decimals) for part in parts)
    lines = _discounted(lines, card, decimals=decimals)
    lines = _committed(lines, card, piece, decimals=decimals, without=without)
    lines = _credited(lines, piece, decimals=decimals, without=without)
    return Rated(lines, billed, free if free.quantity else None)


def _converted(card: Card, usage: Usage, without: frozenset[Without]) -> Usage:
    if card.unit_config is None:
        return usage
    if Without.UNIT_CONFIG in without:
        raise RatingError(RatingErrorCode.UNIT_CONFIG_DISABLED)
    if isinstance(card.price, PackagePrice | DynamicPrice):
        raise RatingError(RatingErrorCode.UNIT_CONFIG_UNSUPPORTED_PRICE)
    return converted(usage, card.unit_config)


def _discounted(lines: Lines, card: Card, *, decimals: int) -> Lines:
    percentage = card.discounts.percentage
    return lines if percentage is None else with_percentage(lines, percentage, decimals=decimals)


def _committed(lines: Lines, card: Card, piece: Piece, *, decimals: int, without: frozenset[Without]) -> Lines:
    minimum, maximum = card.commitments.minimum, card.commitments.maximum
    before = piece.previously_billed
    if maximum is not None:
        lines = with_maximum(lines, maximum, previously_billed=before, decimals=decimals)
    if minimum is None or not piece.position.is_last or Without.MINIMUM in without:
        return lines
    return with_minimum(
        lines, minimum, previously_billed=before, full_period=piece.full_period, name=card.name, decimals=decimals
    )


def _credited(lines: Lines, piece: Piece, *, decimals: int, without: frozenset[Without]) -> Lines:
    if Without.CREDITS in without:
        return lines
    return with_credits(lines, piece.credits, decimals=decimals)
