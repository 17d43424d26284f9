"""Periods, and the boundaries that an anchor and a cadence cut time into.

Source: vectors README, periods.jsonl.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from billsync.model.duration import Duration
from billsync.model.frozen import dataclass
from billsync.model.moment import cut_to_seconds
from billsync.rating.arithmetic import exactly

MICROSECOND = timedelta(microseconds=1)
MICROSECONDS = 1_000_000
SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Period:
    """From its start (included) to its end (not included), both in UTC."""

    start: datetime
    end: datetime

    @property
    def is_empty(self) -> bool:
        return self.end <= self.start

    @property
    def whole_seconds(self) -> int:
        """Its length; both ends are cut to whole seconds first."""
        cut = self.cut_to_seconds()
        return (cut.end - cut.start) // SECOND

    def holds(self, moment: datetime) -> bool:
        return self.start <= moment < self.end

    def cut_to_seconds(self) -> Period:
        return Period(cut_to_seconds(self.start), cut_to_seconds(self.end))

    def within(self, start: datetime, end: datetime | None) -> Period:
        """The part of the period between two moments; None means no end."""
        return Period(max(self.start, start), self.end if end is None else min(self.end, end))


@exactly
def boundary(anchor: datetime, cadence: Duration, count: int) -> datetime:
    """Return the anchor plus `number` cadences, counted from the anchor and never from the boundary before.

    Raises OverflowError or ValueError outside the years 1 to 9999. Source: vectors README, periods.jsonl, Rule.
    """
    return cadence.after(anchor, times=count)


@lru_cache(maxsize=4096)
def period_at(anchor: datetime, cadence: Duration, moment: datetime) -> Period:
    """The period that a moment is in: its start is included, its end is not. The cadence must be above zero."""
    count = _count_at(anchor, cadence, moment)
    return Period(boundary(anchor, cadence, count), boundary(anchor, cadence, count + 1))


def next_after(anchor: datetime, cadence: Duration, moment: datetime) -> datetime:
    """The first boundary after a moment."""
    return boundary(anchor, cadence, _count_at(anchor, cadence, moment) + 1)


def next_at_or_after(anchor: datetime, cadence: Duration, moment: datetime) -> datetime:
    """The moment itself if it is a boundary, else the boundary after it."""
    return next_after(anchor, cadence, moment - MICROSECOND)


def _count_at(anchor: datetime, cadence: Duration, moment: datetime) -> int:
    """Return the number of the last boundary that is not after the moment."""
    count = (moment - anchor) // MICROSECOND // _mean_microseconds(cadence)
    while boundary(anchor, cadence, count) > moment:
        count -= 1
    while boundary(anchor, cadence, count + 1) <= moment:
        count += 1
    return count


def _mean_microseconds(cadence: Duration) -> int:
    if cadence.mean_seconds <= 0:
        raise ValueError("a cadence must be longer than nothing")
    return int(cadence.mean_seconds * MICROSECONDS)


@lru_cache(maxsize=4096)
@exactly
def sum_of(one: Duration, other: Duration) -> Duration:
    """Both durations field by field, as the server keeps a sum: P1M + P1M is P2M, P7D + P7D is P2W.

    60 seconds are a minute, 60 minutes an hour, 7 days a week, 12 months a year; days are never hours.
    """
    minutes, seconds = _carried(one.minutes + other.minutes, one.seconds + other.seconds, 60)
    hours, minutes = _carried(one.hours + other.hours, minutes, 60)
    weeks, days = _carried(one.weeks + other.weeks, one.days + other.days, 7)
    years, months = _carried(one.years + other.years, one.months + other.months, 12)
    return Duration(years, months, weeks, days, hours, minutes, seconds)


@exactly
def _carried(larger: Decimal, smaller: Decimal, size: int) -> tuple[Decimal, Decimal]:
    """The duration with whole multiples moved to the larger unit, unless only a fraction below 1 would be left."""
    whole, rest = divmod(smaller, size)
    return (larger, smaller) if 0 < rest < 1 else (larger + whole, rest)
