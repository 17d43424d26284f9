"""Amounts of money, percentages and cadences as a person in finance reads them."""

from __future__ import annotations

from decimal import Decimal

from billsync.model.currencies import decimals
from billsync.model.duration import Duration
from billsync.model.value import decimal_text
from billsync.rating.arithmetic import magnitude, rounded
from billsync.report.impact.totals import percent

CADENCES = {"P1D": "a day", "P1W": "a week", "P7D": "a week", "P1M": "a month", "P1Y": "a year", "P12M": "a year"}
SMALLEST = Decimal("0.1")


def money(amount: Decimal, currency: str) -> str:
    """The amount with thousands apart and at least the decimals of its currency: `2,310.40`."""
    amount, places = Decimal(decimal_text(amount)), decimals(currency)
    if places is not None and -amount.as_tuple().exponent < places:  # type: ignore[operator]
        amount = rounded(amount, places)
    return format(amount, ",f")


def signed(amount: Decimal, currency: str) -> str:
    """The amount with its sign: `+2,310.40`."""
    return ("+" if amount >= 0 else "") + money(amount, currency)


def percent_text(before: Decimal, after: Decimal) -> str:
    """The change in percent, with its sign; empty where nothing was paid before: `+1.8 %`."""
    found = percent(before, after)
    if found is None:
        return ""
    if 0 < magnitude(found) < SMALLEST:
        return "less than 0.1 %"
    return f"{'+' if found >= 0 else ''}{rounded(found, 1):,f} %"


def with_percent(before: Decimal, after: Decimal) -> str:
    """The change in percent in brackets, after a space; empty where nothing was paid before."""
    text = percent_text(before, after)
    return f" ({text})" if text else ""


def each(cadence: Duration) -> str:
    """The cadence as the unit of an amount: `a month`, `each P3M`."""
    return _each(cadence.text)


def often(cadence: str) -> str:
    """The same of a cadence as text, after a space; empty without one."""
    return f" {_each(cadence)}" if cadence else ""


def _each(cadence: str) -> str:
    return CADENCES.get(cadence, f"each {cadence}")


def count(number: int | str) -> str:
    """A count with thousands apart; a text where the number may not be shown."""
    return f"{number:,}" if isinstance(number, int) else number
