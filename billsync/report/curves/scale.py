"""The scale of a curve: a round end, and even points up to it."""

from __future__ import annotations

from decimal import Decimal

from billsync.rating.arithmetic import divided, exactly

INTERVALS = 20
LEADS = tuple(map(Decimal, ("1", "1.2", "1.5", "2", "2.5", "3", "4", "5", "6", "8", "10")))
"""The leading digits that an end of a scale may have."""


@exactly
def top_of(most: Decimal) -> Decimal:
    """The round number that a scale ends at, for numbers up to `most`, which is above zero."""
    unit = Decimal(1).scaleb(most.adjusted())
    return next(unit * lead for lead in LEADS if unit * lead >= most).normalize()


@exactly
def intervals(start: Decimal, end: Decimal) -> tuple[Decimal, ...]:
    """The ends of equal intervals, both ends included."""
    width = divided(end - start, Decimal(INTERVALS))
    return tuple((start + width * number).normalize() for number in range(INTERVALS + 1))
