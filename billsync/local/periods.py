"""Calendar arithmetic: adding durations, and the periods that an anchor and a cadence cut time into.

Rule: customer-facts.md §5.2 (aligned billing periods); boundaries are always counted from the anchor.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from dateutil.relativedelta import relativedelta

from billsync.local.durations import duration
from billsync.local.problems import invalid

SECOND = timedelta(seconds=1)
MICROSECONDS = 1_000_000
MEAN_MONTH_SECONDS = 2_629_746
SECONDS = {"W": 604_800, "D": 86_400, "h": 3_600, "m": 60, "s": 1}
MONTHS = {"Y": 12, "M": 1}
ZERO = Fraction(0)


@dataclass(frozen=True, slots=True)
class Span:
    """A calendar length: months (clipped to the end of a month when added), then seconds."""

    months: int
    seconds: Fraction

    def __add__(self, other: Span) -> Span:
        return Span(self.months + other.months, self.seconds + other.seconds)

    def times(self, count: int) -> Span:
        """The span that many times over; negative leads backward."""
        return Span(self.months * count, self.seconds * count)

    def after(self, start: datetime) -> datetime:
        """The moment that lies this span after the start. Raises Problem (400) beyond the year 9999."""
        try:
            moved = start + relativedelta(months=self.months)
            return moved + timedelta(microseconds=int(self.seconds * MICROSECONDS))
        except (OverflowError, ValueError):
            raise invalid("the time lies outside the calendar") from None

    @property
    def is_empty(self) -> bool:
        return not self.months and not self.seconds

    @property
    def mean_seconds(self) -> Fraction:
        """About how long the span is."""
        return self.months * MEAN_MONTH_SECONDS + self.seconds


NOTHING = Span(0, ZERO)


@dataclass(frozen=True, slots=True)
class Period:
    """From its start (included) to its end (not included)."""

    start: datetime
    end: datetime

    def cut(self, start: datetime, end: datetime | None) -> Period:
        """The part of the period between two moments."""
        return Period(max(self.start, start), self.end if end is None else min(self.end, end))


def span_of(text: str) -> Span | None:
    """The span that an ISO 8601 duration names; None when it names none. A part of a month is one of a mean month."""
    known = duration(text)
    if known is None:
        return None
    months = sum((Fraction(value) * MONTHS.get(unit, 0) for unit, value in known.parts), ZERO)
    seconds = sum((Fraction(value) * SECONDS.get(unit, 0) for unit, value in known.parts), ZERO)
    whole = int(months)
    return Span(whole, seconds + (months - whole) * MEAN_MONTH_SECONDS)


def period_at(anchor: datetime, cadence: Span, moment: datetime) -> Period:
    """The period around a moment, of those whose boundaries lie whole cadences from the anchor."""
    count = int(((moment - anchor) // SECOND) / cadence.mean_seconds)
    while cadence.times(count).after(anchor) > moment:
        count -= 1
    while cadence.times(count + 1).after(anchor) <= moment:
        count += 1
    return Period(cadence.times(count).after(anchor), cadence.times(count + 1).after(anchor))
