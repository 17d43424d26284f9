"""Who would pay what more or less, had new cards been in force in past billing periods. An estimate; it reads nothing.

Left out: taxes, payment fees, one-time fees, and credits, which pay the same bill before and after.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from billsync.rating.arithmetic import ZERO, exactly
from billsync.rating.errors import RatingError
from billsync.rating.periods import Period, period_at
from billsync.report.charges import Charge, Due, Metered, UnknownCurrency, charge
from billsync.report.impact_periods import Prepared
from billsync.report.impact_reached import Reached


@dataclass(frozen=True, slots=True)
class Bill:
    """One billing period under the old cards and under the new ones."""

    period: Period
    before: tuple[Charge, ...]
    after: tuple[Charge, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a change means for one subscription: its bills, or the reason why there are none."""

    reached: Reached
    bills: tuple[Bill, ...]
    problem: str = ""

    @property
    def usual(self) -> tuple[Bill, ...]:
        """The bills of the plan's own billing periods, without those of cards that are billed less often."""
        plan = self.reached.before.timeline
        ends = ((bill, period_at(plan.anchor, plan.cadence, bill.period.start).cut_to_seconds()) for bill in self.bills)
        return tuple(bill for bill, period in ends if period.end == bill.period.end)

    @property
    def currencies(self) -> tuple[str, ...]:
        """Every currency of its bills."""
        charges = (one for bill in self.bills for one in (*bill.before, *bill.after))
        return tuple(sorted({one.currency for one in charges}))

    def totals(self, currency: str) -> tuple[Decimal, Decimal]:
        """What is paid before and after, in one currency, over all its bills."""
        before = [one for bill in self.bills for one in bill.before]
        after = [one for bill in self.bills for one in bill.after]
        return _total(before, currency), _total(after, currency)

    @exactly
    def difference(self, currency: str) -> Decimal:
        """How much more is paid after, below zero if less."""
        before, after = self.totals(currency)
        return after - before


def verdict(one: Prepared, metered: Metered) -> Verdict:
    """Both bills of each period. A card that can't be rated makes the whole subscription one that can't be."""
    reached = one.reached
    if not one.dues:
        return Verdict(reached, (), one.problem)
    try:
        return Verdict(reached, tuple(_bill(reached, *dues, metered) for dues in one.dues))
    except RatingError as error:
        return Verdict(reached, (), f"the server would not rate it ({error.code})")
    except UnknownCurrency as error:
        return Verdict(reached, (), f"the decimals of the currency {error} are not known")


def _bill(reached: Reached, period: Period, before: Iterable[Due], after: Iterable[Due], metered: Metered) -> Bill:
    return Bill(
        period.cut_to_seconds(),
        tuple(charge(one, metered, reached.before) for one in before),
        tuple(charge(one, metered, reached.after) for one in after),
    )


@exactly
def _total(charges: Iterable[Charge], currency: str) -> Decimal:
    return sum((one.totals.total for one in charges if one.currency == currency), ZERO)
