"""Bills of past billing periods under the old cards and under the new ones. An estimate.

Each cadence is summed by itself: a yearly fee is never added to what a month costs. Left out: taxes, payment fees,
one-time fees, and credits, which pay the same bill before and after.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from decimal import Decimal
from functools import lru_cache
from typing import TypeAlias

from billsync.model.duration import Duration
from billsync.model.frozen import dataclass, replace
from billsync.rating.arithmetic import ZERO, exactly
from billsync.rating.errors import RatingError
from billsync.rating.periods import Period
from billsync.report.billing.alike import ByIdentity
from billsync.report.billing.charges import (
    Charge,
    Due,
    Metered,
    Terms,
    UnknownCurrency,
    charge,
    quantity_of,
    terms,
)
from billsync.report.impact.periods import Dues, Prepared, own_cadence
from billsync.report.impact.reached import Reached

Column: TypeAlias = tuple[Duration, str]
"""A cadence and a currency, which are summed by themselves."""

Pair: TypeAlias = tuple[Decimal, Decimal]
"""The amounts paid before and after."""

NOTHING: Pair = (ZERO, ZERO)
COLUMNS, FEW_QUANTITIES = 1_024, 16


@dataclass(frozen=True, slots=True)
class Bill:
    """One period of a cadence under the old cards and under the new ones."""

    cadence: Duration
    period: Period
    before: tuple[Charge, ...]
    after: tuple[Charge, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """A quantity that a card with a price for usage was rated with."""

    feature: str
    cadence: Duration
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Verdict:
    """The effect of a change on one subscription: its periods, or the reason why there are none.

    `left_out` says of which cards no full period is there yet; the others are rated. `paid` is what is paid before
    and after by cadence and currency, the plan's own cadence first. Bills are worked out again whenever they are asked
    for: those of a hundred thousand subscriptions would not fit into memory.
    """

    reached: Reached
    dues: tuple[Dues, ...] = ()
    problem: str = ""
    left_out: tuple[str, ...] = ()
    paid: Mapping[Column, Pair] = field(default_factory=dict)
    metered: Metered = field(default_factory=dict)

    @property
    def own_cadence(self) -> Duration:
        """The cadence of its plan."""
        return own_cadence(self.reached.before)

    @property
    def bills(self) -> tuple[Bill, ...]:
        """Its periods under the old cards and under the new ones."""
        return tuple(_bill(self.reached, dues, self.metered) for dues in self.dues)

    @property
    def usual(self) -> tuple[Period, ...]:
        """The plan's own billing periods, without those of cards that are billed less often."""
        own = self.own_cadence
        return tuple(dues.period.cut_to_seconds() for dues in self.dues if dues.cadence == own)

    @property
    def every_reading(self) -> Iterator[Reading]:
        """The quantities used under the old cards and under the new ones."""
        sides = ((dues.cadence, side) for dues in self.dues for side in (dues.before, dues.after))
        return (one for cadence, side in sides for one in readings(cadence, side, self.metered))

    def totals(self, currency: str, cadence: Duration | None = None) -> Pair:
        """The amounts paid before and after in one currency at one cadence, by default the plan's own."""
        return self.paid.get((cadence or self.own_cadence, currency), NOTHING)


def verdict(one: Prepared, metered: Metered, rating: Rating | None = None) -> Verdict:
    """Both bills of each period. A card that can't be rated makes the whole subscription one that can't be."""
    reached = one.reached
    if not one.dues:
        return Verdict(reached, problem=one.problem)
    try:
        paid = (rating or Rating()).paid(one, metered)
    except RatingError as error:
        return Verdict(reached, problem=f"the server would not rate it ({error.code})")
    except UnknownCurrency as error:
        return Verdict(reached, problem=f"the decimals of the currency {error} are not known")
    return Verdict(reached, one.dues, left_out=one.left_out, paid=paid, metered=metered)


class Rating:
    """Rates dues that many subscriptions share: fees once for all, and a card that costs what it did once for both
    sides."""

    def __init__(self) -> None:
        self._lines: ByIdentity[tuple[_DueLine, ...]] = ByIdentity()

    @exactly
    def paid(self, one: Prepared, metered: Metered) -> Mapping[Column, Pair]:
        """The amounts paid before and after by cadence and currency. Raises RatingError, UnknownCurrency."""
        found: dict[Column, Pair] = {}
        for line in self._lines.of((one.dues,), lambda: tuple(_due_lines(one))):
            more = line.amount_of(metered)
            before, after = found.get(line.column, NOTHING)
            found[line.column] = before + more if line.is_before else before, after + more if line.is_after else after
        return found


@dataclass(frozen=True, slots=True)
class _DueLine:
    """A due of one side, or of both where they cost the same; `fee` is its amount if that is known without usage."""

    column: Column
    terms: Terms
    is_before: bool
    is_after: bool
    fee: Decimal | None
    known: dict[Decimal, Decimal] = field(default_factory=dict)

    def amount_of(self, metered: Metered) -> Decimal:
        """The amount at the usage. Raises RatingError, UnknownCurrency."""
        if self.fee is not None:
            return self.fee
        needs, known = self.terms.needs, self.known
        quantity = metered.get(needs, ZERO) if needs else ZERO
        found = known.get(quantity)
        if found is None:
            found = self.terms.amount(quantity)
            if len(known) < FEW_QUANTITIES:
                known[quantity] = found
        return found


def _due_lines(one: Prepared) -> Iterator[_DueLine]:
    """The dues of both sides, in the order in which they are rated."""
    sides = one.reached.before, one.reached.after
    for dues in one.dues:
        before, rest = (
            [terms(due, pro_rated=side.pro_rated) for due in found]
            for side, found in zip(sides, (dues.before, dues.after), strict=True)
        )
        for each in before:
            is_equal = each in rest
            if is_equal:
                rest.remove(each)
            yield _due_line(dues, each, is_before=True, is_after=is_equal)
        for each in rest:
            yield _due_line(dues, each, is_before=False, is_after=True)


def _due_line(dues: Dues, due: Terms, *, is_before: bool, is_after: bool) -> _DueLine:
    return _DueLine(column_of(dues.cadence, due.currency), due, is_before, is_after, _fee(due))


def _fee(due: Terms) -> Decimal | None:
    """The amount of a due that depends on no usage; None for another, and for one that can't be rated."""
    try:
        return due.amount(ZERO) if due.needs is None else None
    except (RatingError, UnknownCurrency):
        return None


@lru_cache(maxsize=COLUMNS)
def column_of(cadence: Duration, currency: str) -> Column:
    """The column: one value for all of its subscriptions."""
    return cadence, currency


def readings(cadence: Duration, dues: Iterable[Due], metered: Metered) -> Iterator[Reading]:
    """The quantity of each feature whose usage is priced; of several cards of one feature, each has it."""
    for due in dues:
        if due.slot.feature and not due.billed.item.is_flat:
            yield Reading(due.slot.feature, cadence, quantity_of(due, metered))


def _bill(reached: Reached, dues: Dues, metered: Metered) -> Bill:
    before = reached.before
    after = replace(reached.after, id=before.id, customer_id=before.customer_id)
    return Bill(
        dues.cadence,
        dues.period.cut_to_seconds(),
        tuple(charge(one, metered, before) for one in dues.before),
        tuple(charge(one, metered, after) for one in dues.after),
    )
