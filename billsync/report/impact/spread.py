"""The spread of an impact over its subscriptions: how many pay more or less by how much, in percent and in amounts."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from typing import TypeAlias

from billsync.model.frozen import dataclass
from billsync.rating.arithmetic import HUNDRED, exactly
from billsync.report.impact.sums import Paid, difference
from billsync.report.impact.verdicts import Pair

EDGES = tuple(map(Decimal, (-50, -20, -10, 0, 10, 20, 50, 100)))
"""The bounds of the bands, in percent."""
TENTHS = (1, 5, 9)

Bound: TypeAlias = Decimal | None


@dataclass(frozen=True, slots=True)
class Band:
    """Subscriptions whose increase in percent lies between two bounds, the one farther from zero included; between two
    zeros those that pay the same. None is without a bound."""

    start: Bound
    end: Bound
    count: int


@dataclass(frozen=True, slots=True)
class Spread:
    """Subscriptions by how much more they pay. `without_percent` are those that paid nothing before, or less.

    The differences are of those that pay the least more (or the most less), of the subscriptions after a tenth, a half
    and nine tenths of all in that order, and of those that pay the most more.
    """

    bands: tuple[Band, ...]
    without_percent: int
    least: Decimal
    tenth: Decimal
    median: Decimal
    nine_tenths: Decimal
    greatest: Decimal


def spread(ordered: Sequence[Paid]) -> Spread | None:
    """The spread of subscriptions in one column, from the smallest difference to the largest; None without any."""
    if not ordered:
        return None
    counts: dict[tuple[Bound, Bound], int] = dict.fromkeys(_bounds(), 0)
    without = 0
    for _, pair in ordered:
        band = _band(pair)
        if band is None:
            without += 1
        else:
            counts[band] += 1
    ranks = [ordered[max(0, -(-len(ordered) * tenth // 10) - 1)] for tenth in TENTHS]
    tenth, median, nine_tenths = map(difference, ranks)
    bands = tuple(Band(start, end, count) for (start, end), count in counts.items())
    return Spread(bands, without, difference(ordered[0]), tenth, median, nine_tenths, difference(ordered[-1]))


def _bounds() -> list[tuple[Bound, Bound]]:
    """The bands from the greatest decrease to the greatest increase."""
    inner: list[tuple[Bound, Bound]] = list(pairwise(EDGES))
    zero = EDGES.index(Decimal(0))
    return [(None, EDGES[0]), *inner[:zero], (Decimal(0), Decimal(0)), *inner[zero:], (EDGES[-1], None)]


@exactly
def _band(pair: Pair) -> tuple[Bound, Bound] | None:
    """The band of a subscription; None where there is no percentage."""
    before, after = pair
    if before == after:
        return Decimal(0), Decimal(0)
    if before <= 0:
        return None
    more = (after - before) * HUNDRED
    if more < 0:
        end = next(edge for edge in EDGES if more < edge * before)
        return (EDGES[EDGES.index(end) - 1] if end != EDGES[0] else None), end
    start = next(edge for edge in reversed(EDGES) if more > edge * before)
    return start, (EDGES[EDGES.index(start) + 1] if start != EDGES[-1] else None)
