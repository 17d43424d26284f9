"""ISO 8601 durations as the catalog keeps and compares them (catalog-facts.md §1.6, §7.4). No unit becomes another."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import product

from billsync.local.values import canonical

PARTS = re.compile(
    r"P(?:(?P<Y>[\d.]+)Y)?(?:(?P<M>[\d.]+)M)?(?:(?P<W>[\d.]+)W)?(?:(?P<D>[\d.]+)D)?"
    r"(?:T(?:(?P<h>[\d.]+)H)?(?:(?P<m>[\d.]+)M)?(?:(?P<s>[\d.]+)S)?)?",
    re.ASCII,
)
HOUR = 3600
CALENDARS = tuple(product((28, 29, 30, 31), (23, 24, 25)))
MEAN_CALENDAR = (Fraction(3652425, 120000), 24)


@dataclass(frozen=True, slots=True)
class Duration:
    """The parts of a duration, each an exact decimal text without superfluous zeros."""

    parts: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        """Zero parts are left out; nothing at all is `P0D`."""
        date = "".join(value + unit for unit, value in self.parts if unit in "YMWD" and value != "0")
        time = "".join(value + unit.upper() for unit, value in self.parts if unit in "hms" and value != "0")
        return f"P{date}T{time}" if time else f"P{date or '0D'}"

    def seconds(self, days_in_month: Fraction | int, hours_in_day: int) -> Fraction:
        """Its length in a calendar whose months and days are all of these lengths; a year has twelve months."""
        day = HOUR * hours_in_day
        month = days_in_month * day
        units = {"Y": 12 * month, "M": month, "W": 7 * day, "D": day, "h": HOUR, "m": 60, "s": 1}
        return sum((Fraction(value) * units[unit] for unit, value in self.parts), Fraction(0))

    @property
    def lengths(self) -> tuple[Fraction, Fraction, Fraction]:
        """Months, days and seconds, which no calendar can exchange: `P12M` has those of `P1Y`, `P7D` those of `P1W`."""
        months, days, seconds = {"Y": 12, "M": 1}, {"W": 7, "D": 1}, {"h": HOUR, "m": 60, "s": 1}
        return self._sum(months), self._sum(days), self._sum(seconds)

    def _sum(self, units: Mapping[str, int]) -> Fraction:
        return sum((Fraction(value) * units[unit] for unit, value in self.parts if unit in units), Fraction(0))

    @property
    def is_zero(self) -> bool:
        return all(value == "0" for _, value in self.parts)

    @property
    def is_under_an_hour(self) -> bool:
        return self.seconds(*MEAN_CALENDAR) < HOUR


@cache
def duration(text: str) -> Duration | None:
    """The duration that the text names; None for `P` and `PT`, which fit the pattern but name none."""
    match = PARTS.fullmatch(text)
    if match is None or not (found := {unit: value for unit, value in match.groupdict().items() if value}):
        return None
    return Duration(tuple((unit, canonical(value)) for unit, value in found.items()))


def canonical_duration(text: str) -> str:
    """The text as the server shows it; unchanged where it names no duration."""
    known = duration(text)
    return text if known is None else str(known)


def aligned(one: Duration, other: Duration) -> bool:
    """Whether one divides the other in every calendar: months of 28 to 31 days, days of 23 to 25 hours (§7.4)."""
    lengths = [(one.seconds(*calendar), other.seconds(*calendar)) for calendar in CALENDARS]
    return all(_divides(a, b) for a, b in lengths) or all(_divides(b, a) for a, b in lengths)


def _divides(part: Fraction, whole: Fraction) -> bool:
    return part != 0 != whole and whole % part == 0
