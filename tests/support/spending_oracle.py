"""Credits spent as the rules read: every grant and every debt is looked at for each expense. An oracle for tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from billsync.rating.arithmetic import ZERO, exactly
from billsync.rating.drawdown import Drawn, Grant, Spending, Step
from billsync.report.credits.credits import Expense, Funding, Purse, Spent
from tests.support.ratings import draw_plainly

BEGINNING, END = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


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
    purse = _Purse(funded)
    steps = []
    for expense in expenses:
        purse.wait_until(expense.at)
        steps.append(purse.pay(expense))
    purse.wait_until(END)
    owed = dict.fromkeys((one.feature for one in purse.unpaid if one.is_owed and one.amount), ZERO)
    for one in purse.unpaid:
        if one.feature in owed and one.is_owed:
            owed[one.feature] += one.amount
    return Spent(tuple(steps), dict(purse.left), owed, purse.starting())


def drawing_order(grants: Sequence[Grant]) -> tuple[Grant, ...]:
    """The grants in the order in which they are drawn on: again and again, the first of those that remain."""
    remaining, ordered = list(grants), []
    while remaining:
        first = _drawn_first(remaining, grants)
        remaining.remove(first)
        ordered.append(first)
    return tuple(ordered)


def _drawn_first(remaining: Sequence[Grant], every: Sequence[Grant]) -> Grant:
    """The grant that is left when each rule, in turn, has ruled out others (customer-facts.md §9.2)."""
    urgent = [grant for grant in remaining if grant.priority == min(other.priority for other in remaining)]
    candidates = [grant for grant in urgent if grant.features] or urgent
    if ends := [grant.expires_at for grant in candidates if grant.expires_at]:
        return _oldest([grant for grant in candidates if grant.expires_at == min(ends)])
    routes = {_route(grant) for grant in candidates}
    earliest = _oldest([grant for grant in every if _route(grant) in routes])
    return _oldest([grant for grant in candidates if _route(grant) == _route(earliest)])


def _oldest(grants: Sequence[Grant]) -> Grant:
    return min(grants, key=lambda grant: grant.created)


def _route(grant: Grant) -> tuple[int, frozenset[str], Decimal]:
    """The terms that grants of one balance share (vectors README, credits.jsonl, Rule: order)."""
    return grant.priority, grant.features, grant.cost_basis


@dataclass(slots=True)
class _Unpaid:
    """What credits didn't cover of an expense: a debt, or for an invoice."""

    reference: str
    feature: str | None
    amount: Decimal
    is_owed: bool


class _Purse:
    """What is left of each grant that counts so far, what is unpaid, and what each expense took from grants."""

    def __init__(self, funded: Sequence[Funding]) -> None:
        self.by_age = sorted(funded, key=lambda funding: funding.grant.created)
        self.ordered = drawing_order([funding.grant for funding in funded])
        self.now = BEGINNING
        self.left: dict[str, Decimal] = {grant.key: ZERO for grant in self.ordered}
        self.unpaid: list[_Unpaid] = []
        self.drawn: dict[str, list[Drawn]] = {}
        self.reserved: dict[str, Decimal] = {}

    def starting(self) -> tuple[tuple[datetime, Decimal], ...]:
        starts = {grant.key: grant.effective_at for grant in self.ordered}
        return tuple((starts[key], amount) for key, amount in self.reserved.items())

    def wait_until(self, end: datetime) -> None:
        """Book and void the grants whose moment has come. At one moment, all are booked before any is voided."""
        moments = {moment for one in self.by_age for moment in (one.at, one.voided_at) if moment}
        for moment in sorted(one for one in moments if self.now < one <= end):
            for booked in [one.grant for one in self.by_age if one.at == moment]:
                self._book(booked)
            for voided in [one.grant for one in self.by_age if one.voided_at == moment]:
                self.left[voided.key] = ZERO
        self.now = max(self.now, end)

    def _book(self, grant: Grant) -> None:
        """Add a grant, from which debts are paid first, the oldest first."""
        self.left[grant.key] = grant.amount
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
