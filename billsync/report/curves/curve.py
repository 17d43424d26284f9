"""A price curve as a value: the cost of a billing period by the quantity used, before and after a change."""

from __future__ import annotations

from decimal import Decimal

from billsync.model.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Point:
    """Cost of a quantity."""

    quantity: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True)
class TierEnd:
    """A quantity at which a tier ends, in the old price, the new one, or both."""

    quantity: Decimal
    in_old: bool
    in_new: bool


@dataclass(frozen=True, slots=True)
class Bin:
    """A range of usage, from `start` (included) to `end`, and how many subscriptions' periods fall in it.

    The last range includes its end. `count` is None where it is too small to be shown.
    """

    start: Decimal
    end: Decimal
    count: int | None


@dataclass(frozen=True, slots=True)
class PriceCurve:
    """The old and the new cost of one feature in a billing period.

    `target` is the changed entity, as text: `plan/pro@3`. `unit` names what is counted, the feature. `old` and `new`
    have the same quantities, ascending; one of them is empty where there is no such price. `usage` are ranges of equal
    width, empty where no usage is known; `beyond` counts the periods with more usage than the range has.
    """

    target: str
    title: str
    unit: str
    currency: str
    cadence: str
    old: tuple[Point, ...]
    new: tuple[Point, ...]
    steps: tuple[TierEnd, ...] = ()
    usage: tuple[Bin, ...] = ()
    beyond: int = 0
