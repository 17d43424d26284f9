"""ISO 8601 durations as the API has them: exact, never converted between units.

All calendar arithmetic of the package is done here: expiries, phases and billing periods end by the same rules.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator
from datetime import MAXYEAR, MINYEAR, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from billsync.model.frozen import dataclass, replace
from billsync.model.patterns import whole_text
from billsync.model.value import decimal_text

_NUMBER = r"\d+(?:\.\d+)?"

LONGEST = 366 * 86_400 * 1_000
"""The seconds of the longest duration that a file may say: a thousand years."""

MEAN_MONTH_SECONDS = 2_629_746


def _units(units: str, number: str) -> str:
    return "".join(f"(?:{number}{unit})?" for unit in units)


_WHOLE_NUMBER = "[0-9]+"
PATTERN = whole_text(f"P{_units('YMWD', _WHOLE_NUMBER)}(?:T{_units('HMS', _WHOLE_NUMBER)})?")
"""Form of a duration in files: whole numbers only, as the server rounds fractions (`P1.5D` is two days there).

It lets `P` and `PT` pass, which `parse_duration` refuses. Source: customer-facts.md §7.2, catalog-facts.md §1.2.
"""

_MICROSECONDS = 1_000_000
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
        """Return the length if every month had that many days and every day that many hours; a year is 12 months."""
        return _in_seconds(self, month_days, day_hours)

    @property
    def mean_seconds(self) -> Fraction:
        """The length if every month had the mean length of the calendar's months."""
        months = Fraction(self.years) * 12 + Fraction(self.months)
        return months * MEAN_MONTH_SECONDS + replace(self, years=Decimal(0), months=Decimal(0)).in_seconds()

    @property
    def is_whole(self) -> bool:
        """Whether no part has a fraction, so that nothing is rounded when it is added to a time."""
        return all(part == part.to_integral_value() for part in self._parts)

    def after(self, start: datetime, *, times: int = 1) -> datetime:
        """The end of this duration, `times` times over, from a start, by the calendar; a negative number leads back.

        The parts are multiplied (3 x P1M15D is P3M45D) and added in the order years, months, weeks, days, hours,
        minutes, seconds; years and months end on the last day of a month at the latest. Fractions of a second count
        to the microsecond; of other parts they are rounded, 0.5 to 0 and 1.5 to 2, as the server does.
        Raises OverflowError or ValueError outside the years 1 to 9999.
        Sources: vectors README, periods.jsonl, Rule; customer-facts.md §7.2.
        """
        years, months, weeks, days, hours, minutes = (_rounded(part, times) for part in self._parts[:-1])
        date = _months_later(_months_later(start, 12 * years), months)
        exact = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes)
        return date + exact + timedelta(microseconds=_microseconds(self.seconds, times))

    @property
    def _parts(self) -> tuple[Decimal, ...]:
        return (self.years, self.months, self.weeks, self.days, self.hours, self.minutes, self.seconds)


def _rounded(part: Decimal, times: int) -> int:
    """A part multiplied, and rounded to a whole number. Few have a fraction, and exact ones of those take longer."""
    whole = int(part)
    return whole * times if whole == part else round(Fraction(part) * times)


def _microseconds(seconds: Decimal, times: int) -> int:
    """The seconds multiplied, and cut to microseconds."""
    whole = int(seconds)
    exact = whole * times if whole == seconds else Fraction(seconds) * times
    return int(exact * _MICROSECONDS)


def _months_later(start: datetime, months: int) -> datetime:
    years, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    if not MINYEAR <= years <= MAXYEAR:
        raise OverflowError("the year lies outside the calendar")
    return start.replace(year=years, month=month + 1, day=min(start.day, monthrange(years, month + 1)[1]))


@lru_cache(maxsize=4096)
def _in_seconds(duration: Duration, month_days: int, day_hours: int) -> Fraction:
    months = Fraction(duration.years) * 12 + Fraction(duration.months)
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
