"""Rules of the catalog about durations (catalog-facts.md §1.6, §7.4); their arithmetic is the model's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from decimal import Decimal
from fractions import Fraction

from billsync.model.duration import Duration, divides_evenly, parse_duration

NOTHING = Duration()
HOUR = 3600
MONTHS_IN_YEAR = 12


def canonical_duration(text: str) -> str:
    """The text as the server shows it; unchanged where it names no duration."""
    known = parse_duration(text)
    return text if known is None else known.text


def is_under_an_hour(length: Duration) -> bool:
    """Whether it is, where every month has the mean length."""
    return length.mean_seconds < HOUR


def lengths(length: Duration) -> tuple[Fraction, Fraction, Fraction]:
    """The length in months, days and seconds, which can't be converted into each other: `P12M` equals `P1Y`, and `P7D`
    equals `P1W`."""
    days = Duration(weeks=length.weeks, days=length.days).in_seconds(day_hours=1) / HOUR
    exact = Duration(hours=length.hours, minutes=length.minutes, seconds=length.seconds).in_seconds()
    return Fraction(length.years) * MONTHS_IN_YEAR + Fraction(length.months), days, exact


def negative(length: Duration) -> Duration:
    """The length with its sign reversed."""
    return Duration(*(getattr(length, part.name).copy_negate() for part in fields(length)))


def kept_length(length: Duration) -> list[str]:
    """The parts as a document keeps them: unlike an ISO 8601 text, each may be negative."""
    return [str(getattr(length, part.name)) for part in fields(length)]


def length_kept(parts: Sequence[str]) -> Duration:
    """The length that a document keeps."""
    return Duration(*map(Decimal, parts))


def aligned(one: Duration, other: Duration) -> bool:
    """Whether one cadence divides the other in every calendar; False if either is zero (§7.4)."""
    return NOTHING not in (one, other) and divides_evenly(one, other)
