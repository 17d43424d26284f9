"""Credits spent as the rules read: every grant and every debt is looked at for each expense. An oracle for tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from billsync.rating.arithmetic import ZERO, exactly
from billsync.rating.drawdown import Drawn, Grant, Spending, Step, in_order
from billsync.report.credits.credits import Expense, Funding, Purse, Spent
from tests.support.ratings import draw_plainly


def spend(funded: Sequence[Funding], expenses: Sequence[Expense]) -> Spent:
    """What the expenses, given in order of time, draw from the grants of one currency."""
    purse = Purse(funded)
    steps = tuple(purse.pay(expense) for expense in expenses)
    return purse.spent(steps)


@exactly
def spend_plainly(funded: Sequence[Funding], expenses: Sequence[Expense]) -> Spent:
    """What the expenses, given in order of time, draw from the grants of one currency.

    An expense only sees credits that were effective at its moment. A debt is paid first from each new grant that
    may pay for it. Source: customer-facts.md §9.2, §19.1; vectors README, credits.jsonl.
    """
    purse = _Purse(in_order(funding.grant for funding in funded))
    happenings = _happenings(funded)
    steps = []
    for expense in expenses:
        while happenings and happenings[0].at <= expense.at:
            purse.change(happenings.pop(0))
        steps.append(purse.pay(expense))
    for happening in happenings:
        purse.change(happening)
    debt = sum((one.amount for one in purse.unpaid if one.is_owed), ZERO)
    return Spent(tuple(steps), dict(purse.left), debt, purse.starting())


@dataclass(frozen=True, slots=True)
class _Happening:
    """A grant is booked, or voided."""

    at: datetime
    grant: Grant
    is_void: bool


def _happenings(funded: Sequence[Funding]) -> list[_Happening]:
    starts = [_Happening(funding.at, funding.grant, is_void=False) for funding in funded]
    ends = [_Happening(one.voided_at, one.grant, is_void=True) for one in funded if one.voided_at]
    return sorted((*starts, *ends), key=lambda one: (one.at, one.is_void, one.grant.created))


@dataclass(slots=True)
class _Unpaid:
    """What credits didn't cover of an expense: a debt, or for an invoice."""

    reference: str
    feature: str | None
    amount: Decimal
    is_owed: bool


class _Purse:
    """What is left of each grant that counts so far, what is unpaid, and what each expense took from grants."""

    def __init__(self, ordered: tuple[Grant, ...]) -> None:
        self.ordered = ordered
        self.left: dict[str, Decimal] = {grant.key: ZERO for grant in ordered}
        self.unpaid: list[_Unpaid] = []
        self.drawn: dict[str, list[Drawn]] = {}
        self.reserved: dict[str, Decimal] = {}

    def starting(self) -> tuple[tuple[datetime, Decimal], ...]:
        starts = {grant.key: grant.effective_at for grant in self.ordered}
        return tuple((starts[key], amount) for key, amount in self.reserved.items())

    def change(self, happening: _Happening) -> None:
        """Take what is left of a voided grant; add a new one, from which debts are paid first, the oldest first."""
        grant = happening.grant
        self.left[grant.key] = ZERO if happening.is_void else grant.amount
        if not happening.is_void:
            for debt in self.unpaid:
                if debt.is_owed and grant.pays_for(debt.feature):
                    self._pay_debt(debt, grant)

    def _pay_debt(self, debt: _Unpaid, grant: Grant) -> None:
        if paid := min(self.left[grant.key], debt.amount):
            debt.amount -= paid
            self.left[grant.key] -= paid
            self.drawn.setdefault(debt.reference, []).append(Drawn(grant.key, paid))
            self.reserved[grant.key] = self.reserved.get(grant.key, ZERO) + paid

    def pay(self, expense: Expense) -> Step:
        """Draw on what is left, or give back."""
        if expense.amount < 0:
            return self._give_back(expense)
        step = draw_plainly(self.ordered, self.left, Spending(expense.at, expense.amount, expense.feature))
        for one in step.drawn:
            self.left[one.grant] -= one.amount
        self.drawn.setdefault(expense.reference, []).extend(step.drawn)
        if step.shortfall > 0:
            self.unpaid.append(_Unpaid(expense.reference, expense.feature, step.shortfall, expense.is_owed))
        return step

    def _give_back(self, expense: Expense) -> Step:
        """First what is unpaid, then to the grants, the last drawn first."""
        rest = -expense.amount
        for one in reversed(self.unpaid):
            if one.reference == expense.reference:
                part = min(rest, one.amount)
                one.amount -= part
                rest -= part
        returned = self._returned(self.drawn.get(expense.reference, []), rest)
        return Step(returned, expense.amount - sum((one.amount for one in returned), ZERO))

    def _returned(self, drawn: list[Drawn], amount: Decimal) -> tuple[Drawn, ...]:
        found = []
        while amount > 0 and drawn:
            last = drawn.pop()
            part = min(amount, last.amount)
            self.left[last.grant] += part
            self.reserved[last.grant] = max(self.reserved.get(last.grant, ZERO) - part, ZERO)
            amount -= part
            found.append(Drawn(last.grant, -part))
            if last.amount > part:
                drawn.append(Drawn(last.grant, last.amount - part))
        return tuple(found)
