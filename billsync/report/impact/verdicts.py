"""Bills of past billing periods under the old cards and under the new ones. An estimate.

Each cadence is summed by itself: a yearly fee is never added to what a month costs. Left out: taxes, payment fees,
one-time fees, and credits, which pay the same bill before and after.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from decimal import Decimal
from typing import TypeAlias

from billsync.model.duration import Duration
from billsync.model.frozen import dataclass
from billsync.rating.arithmetic import ZERO, exactly
from billsync.rating.errors import RatingError
from billsync.rating.periods import Period
from billsync.report.billing.charges import Charge, Metered, UnknownCurrency, charge
from billsync.report.impact.periods import Dues, Prepared, own_cadence
from billsync.report.impact.reached import Reached

Column: TypeAlias = tuple[Duration, str]
"""A cadence and a currency, which are summed by themselves."""

Pair: TypeAlias = tuple[Decimal, Decimal]
"""The amounts paid before and after."""

NOTHING: Pair = (ZERO, ZERO)


@dataclass(frozen=True, slots=True)
class Bill:
    """One period of a cadence under the old cards and under the new ones."""

    cadence: Duration
    period: Period
    before: tuple[Charge, ...]
    after: tuple[Charge, ...]

    @property
    def has_usage(self) -> bool:
        """Whether one of its charges depends on usage."""
        return any(not one.is_flat for one in (*self.before, *self.after))


@dataclass(frozen=True, slots=True)
class Verdict:
    """The effect of a change on one subscription: its bills, or the reason why there are none.

    `left_out` says of which cards no full period is there yet; the others are rated. `paid` is what is paid before
    and after by cadence and currency, the plan's own cadence first.
    """

    reached: Reached
    bills: tuple[Bill, ...]
    problem: str = ""
    left_out: tuple[str, ...] = ()
    paid: Mapping[Column, Pair] = field(default_factory=dict)

    @property
    def own_cadence(self) -> Duration:
        """The cadence of its plan."""
        return own_cadence(self.reached.before)

    @property
    def usual(self) -> tuple[Bill, ...]:
        """The bills of the plan's own billing periods, without those of cards that are billed less often."""
        return tuple(bill for bill in self.bills if bill.cadence == self.own_cadence)

    def totals(self, currency: str, cadence: Duration | None = None) -> Pair:
        """The amounts paid before and after in one currency at one cadence, by default the plan's own."""
        return self.paid.get((cadence or self.own_cadence, currency), NOTHING)


def verdict(one: Prepared, metered: Metered) -> Verdict:
    """Both bills of each period. A card that can't be rated makes the whole subscription one that can't be."""
    reached = one.reached
    if not one.dues:
        return Verdict(reached, (), one.problem)
    try:
        bills = tuple(_bill(reached, dues, metered) for dues in one.dues)
    except RatingError as error:
        return Verdict(reached, (), f"the server would not rate it ({error.code})")
    except UnknownCurrency as error:
        return Verdict(reached, (), f"the decimals of the currency {error} are not known")
    return Verdict(reached, bills, left_out=one.left_out, paid=_paid(bills))


@exactly
def _paid(bills: Iterable[Bill]) -> Mapping[Column, Pair]:
    found: dict[Column, Pair] = {}
    for bill in bills:
        for one in bill.before:
            column = bill.cadence, one.currency
            before, after = found.get(column, NOTHING)
            found[column] = before + one.totals.total, after
        for one in bill.after:
            column = bill.cadence, one.currency
            before, after = found.get(column, NOTHING)
            found[column] = before, after + one.totals.total
    return found


def _bill(reached: Reached, dues: Dues, metered: Metered) -> Bill:
    return Bill(
        dues.cadence,
        dues.period.cut_to_seconds(),
        tuple(charge(one, metered, reached.before) for one in dues.before),
        tuple(charge(one, metered, reached.after) for one in dues.after),
    )
