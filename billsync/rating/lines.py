"""Lines and totals of a charge, each number rounded on its own. `rate` decides which lines there are.

Source: vectors README, Rule: rounding place.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from enum import StrEnum

from billsync.model.frozen import dataclass, replace
from billsync.rating.arithmetic import ONE, ZERO, exactly, rounded
from billsync.rating.card import PaymentTerm
from billsync.rating.periods import Period


class Category(StrEnum):
    REGULAR = "regular"
    COMMITMENT = "commitment"


class Reason(StrEnum):
    """Reasons for a discount of a line."""

    PERCENTAGE = "ratecard_percentage"
    MAXIMUM = "maximum_spend"


@dataclass(frozen=True, slots=True)
class Discount:
    """A discount of a line; the amount is rounded, and negative where it takes a refund back."""

    reason: Reason
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Credit:
    """An amount of credit to use, or the part of it that a line used."""

    id: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums of rounded numbers. `amount` is regular lines before discounts, `charges` is commitment lines."""

    amount: Decimal = ZERO
    charges: Decimal = ZERO
    discounts: Decimal = ZERO
    credits: Decimal = ZERO

    @property
    def total(self) -> Decimal:
        """The amount left to pay."""
        return _total(self)

    @property
    def is_zero(self) -> bool:
        return not (self.amount or self.charges or self.discounts or self.credits)

    def plus(self, other: Totals) -> Totals:
        return sum_of_totals((self, other))

    def minus(self, other: Totals) -> Totals:
        return self.plus(other.negated())

    def negated(self) -> Totals:
        return Totals(*(number.copy_negate() for number in (self.amount, self.charges, self.discounts, self.credits)))


@dataclass(frozen=True, slots=True)
class Part:
    """Something to be charged, before any rounding: a quantity at an amount for each unit."""

    reference: str
    unit_amount: Decimal
    quantity: Decimal = ONE
    label: str = ""
    payment_term: PaymentTerm = PaymentTerm.IN_ARREARS


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a charge or an invoice; `reference` is the server's `child_unique_reference_id`.

    `unit_amount` is not rounded, `amount` is the rounded product. `period` is None where it is the line's own.
    """

    reference: str
    name: str
    quantity: Decimal
    unit_amount: Decimal
    amount: Decimal
    category: Category = Category.REGULAR
    payment_term: PaymentTerm = PaymentTerm.IN_ARREARS
    period: Period | None = None
    discounts: tuple[Discount, ...] = ()
    credits: tuple[Credit, ...] = ()

    @property
    def totals(self) -> Totals:
        return _line_totals(self)

    @property
    def total(self) -> Decimal:
        """The total of the line after its discounts and credits."""
        return self.totals.total

    def discounted(self, reason: Reason, amount: Decimal) -> Line:
        return replace(self, discounts=(*self.discounts, Discount(reason, amount)))

    def credited(self, credit: Credit) -> Line:
        return replace(self, credits=(*self.credits, credit))


@exactly
def booked(part: Part, *, name: str, decimals: int) -> Line:
    """The part as a line: its amount is rounded to the currency. Source: vectors README, Rule: rounding place."""
    return Line(
        reference=part.reference,
        name=name + part.label,
        quantity=part.quantity,
        unit_amount=part.unit_amount,
        amount=rounded(part.quantity * part.unit_amount, decimals),
        payment_term=part.payment_term,
    )


@exactly
def sum_of_totals(all_totals: Iterable[Totals]) -> Totals:
    """The sum, field by field."""
    amount, charges, discounts, credits = ZERO, ZERO, ZERO, ZERO
    for totals in all_totals:
        amount += totals.amount
        charges += totals.charges
        discounts += totals.discounts
        credits += totals.credits
    return Totals(amount, charges, discounts, credits)


@exactly
def _line_totals(line: Line) -> Totals:
    regular = line.category is Category.REGULAR
    return Totals(
        amount=line.amount if regular else ZERO,
        charges=ZERO if regular else line.amount,
        discounts=sum((discount.amount for discount in line.discounts), ZERO),
        credits=sum((credit.amount for credit in line.credits), ZERO),
    )


@exactly
def _total(totals: Totals) -> Decimal:
    return totals.amount + totals.charges - totals.discounts - totals.credits
