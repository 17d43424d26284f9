"""ISO 8601 durations as the API has them: exact, never converted between units. Calendar arithmetic is done here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from dateutil.relativedelta import relativedelta

from billsync.model.value import decimal_text

_NUMBER = r"\d+(?:\.\d+)?"


def _units(units: str, number: str) -> str:
    return "".join(f"(?:{number}{unit})?" for unit in units)


PATTERN = f"^P{_units('YMWD', _NUMBER)}(?:T{_units('HMS', _NUMBER)})?$"
"""What the API accepts (catalog-facts.md §1.2); it lets `P` and `PT` pass, which `parse_duration` refuses."""

_PARTS = re.compile(f"P{_units('YMWD', f'({_NUMBER})')}(T{_units('HMS', f'({_NUMBER})')})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Duration:
    """The parts as written, each 0 or more."""

    years: Decimal = Decimal(0)
    months: Decimal = Decimal(0)
    weeks: Decimal = Decimal(0)
    days: Decimal = Decimal(0)
    hours: Decimal = Decimal(0)
    minutes: Decimal = Decimal(0)
    seconds: Decimal = Decimal(0)

    @property
    def text(self) -> str:
        """ISO 8601 without parts that are zero; `P0D` if all are (catalog-facts.md §1.6)."""
        date = _joined((self.years, "Y"), (self.months, "M"), (self.weeks, "W"), (self.days, "D"))
        time = _joined((self.hours, "H"), (self.minutes, "M"), (self.seconds, "S"))
        return "P" + date + ("T" + time if time else "") if date or time else "P0D"

    def in_seconds(self, *, month_days: int = 28, day_hours: int = 24) -> Fraction:
        """How long it is where every month has that many days and every day that many hours; a year is 12 months."""
        return _in_seconds(self, month_days, day_hours)

    def after(self, start: datetime) -> datetime:
        """The end of this duration from a start, by calendar: months end on their last day at the latest.

        Fractions count for weeks and shorter units. Raises OverflowError or ValueError beyond the year 9999.
        """
        calendar = relativedelta(years=int(self.years), months=int(self.months))
        exact = Duration(weeks=self.weeks, days=self.days, hours=self.hours, minutes=self.minutes, seconds=self.seconds)
        seconds = exact.in_seconds()
        return start + calendar + timedelta(seconds=int(seconds), microseconds=int(seconds % 1 * 1_000_000))


@lru_cache(maxsize=4096)
def _in_seconds(duration: Duration, month_days: int, day_hours: int) -> Fraction:
    months = Fraction(duration.years * 12 + duration.months)
    days = months * month_days + Fraction(duration.weeks) * 7 + Fraction(duration.days)
    hours = days * day_hours + Fraction(duration.hours)
    return hours * 3_600 + Fraction(duration.minutes) * 60 + Fraction(duration.seconds)


@lru_cache(maxsize=4096)
def parse_duration(text: str) -> Duration | None:
    """The duration that an ISO 8601 text means; None for another text, also for `P` and `PT` without any part."""
    match = _PARTS.fullmatch(text)
    if match is None:
        return None
    years, months, weeks, days, time, hours, minutes, seconds = match.groups()
    if text == "P" or time == "T":
        return None
    return Duration(*(Decimal(part or 0) for part in (years, months, weeks, days, hours, minutes, seconds)))


def divides_evenly(one: Duration, other: Duration) -> bool:
    """Whether one of two billing cadences is a whole multiple of the other, however long months and days are.

    Both must be longer than zero. Source: catalog-facts.md §7.4.
    """
    lengths = list(_lengths(one, other))
    return all(a % b == 0 for a, b in lengths) or all(b % a == 0 for a, b in lengths)


def _lengths(one: Duration, other: Duration) -> Iterator[tuple[Fraction, Fraction]]:
    for month_days in range(28, 32):
        for day_hours in range(23, 26):
            yield (
                one.in_seconds(month_days=month_days, day_hours=day_hours),
                other.in_seconds(month_days=month_days, day_hours=day_hours),
            )


def _joined(*parts: tuple[Decimal, str]) -> str:
    return "".join(decimal_text(number) + unit for number, unit in parts if number)
