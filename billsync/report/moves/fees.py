"""Flat fees of a phase: by cadence and currency, and normalized to a month so that cadences can be compared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

from billsync.model.duration import MEAN_MONTH_SECONDS, Duration
from billsync.model.frozen import dataclass
from billsync.rating.arithmetic import divided
from billsync.rating.periods import Period
from billsync.rating.rate import Piece, rate
from billsync.rating.usage import Usage
from billsync.report.billing.subscribed import Slot
from billsync.report.impact.price_policy import DECIMALS
from billsync.report.moves.amounts import Amounts, amounts_text, money, summed

MONTH = Period(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class Fees:
    """The flat fees of a phase: recurring ones by cadence, shortest first, and one-time ones."""

    recurring: Mapping[Duration, Amounts] = field(default_factory=dict)
    once: Amounts = field(default_factory=dict)

    @property
    def currencies(self) -> frozenset[str]:
        """The currencies of the recurring fees."""
        return frozenset(currency for amounts in self.recurring.values() for currency in amounts)

    def a_month(self, currency: str) -> Fraction:
        """The recurring fees in a currency for a month, exactly."""
        parts = (
            Fraction(amounts[currency]) / months_in(cadence)
            for cadence, amounts in self.recurring.items()
            if currency in amounts
        )
        return sum(parts, Fraction(0))

    @property
    def text(self) -> str:
        """`25 USD each P1M and 100 USD each P1Y`; `nothing` without any."""
        return (
            " and ".join(f"{amounts_text(amounts)} each {cadence.text}" for cadence, amounts in self.recurring.items())
            or "nothing"
        )


def fees_of(slots: Iterable[Slot]) -> Fees:
    """The flat fees among the cards of a phase, after their discounts, before they are rounded to their currency.

    Raises RatingError.
    """
    flat = [slot for slot in slots if slot.item.is_flat]
    cadences = sorted(
        {slot.item.cadence for slot in flat if slot.item.cadence}, key=lambda one: (months_in(one), one.text)
    )
    every = {cadence: _sums(slot for slot in flat if slot.item.cadence == cadence) for cadence in cadences}
    recurring = {cadence: amounts for cadence, amounts in every.items() if amounts}
    return Fees(recurring, _sums(slot for slot in flat if slot.item.cadence is None))


def months_in(cadence: Duration) -> Fraction:
    """The number of months that a cadence lasts: exact for months and years, else of mean months."""
    return cadence.mean_seconds / MEAN_MONTH_SECONDS


def _sums(slots: Iterable[Slot]) -> Amounts:
    return summed((slot.currency, _cost(slot)) for slot in slots)


def _cost(slot: Slot) -> Decimal:
    return rate(slot.item.card, Piece(MONTH, Usage(Decimal(0))), decimals=DECIMALS).totals.total


def dearer_fees(old: Fees, new: Fees) -> Iterator[str]:
    """Everything that costs more of the fees, with both amounts; for a month too where cadences differ."""
    if new.once:
        yield f"a one-time fee of {amounts_text(new.once)} is due"
    if old.currencies and new.currencies - old.currencies:
        yield f"fees of {old.text} become {new.text}, which can't be compared"
        return
    more = [code for code in sorted(new.currencies) if new.a_month(code) > old.a_month(code)]
    if not more:
        return
    is_alike = len(old.recurring.keys() | new.recurring.keys()) == 1
    monthly = "" if is_alike else f" ({', '.join(_monthly(code, old, new) for code in more)})"
    yield f"fees of {old.text} become {new.text}{monthly}" if old.recurring else f"fees of {new.text} are new"


def _monthly(code: str, old: Fees, new: Fees) -> str:
    before, after = (_decimal(fees, code) for fees in (old, new))
    return f"{money(before)} → {money(after)} {code} a month"


def _decimal(fees: Fees, code: str) -> Decimal:
    monthly = fees.a_month(code)
    return divided(Decimal(monthly.numerator), Decimal(monthly.denominator))
