"""Payment with credits: grants, draws, and the unpaid rest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from billsync.model.frozen import dataclass
from billsync.model.moment import cut_to_seconds
from billsync.model.value import Fields
from billsync.rating.arithmetic import ZERO, exactly, plus
from billsync.rating.drawdown import Drawn, Grant, Spending, Step, in_order
from billsync.rating.stock import Stock
from billsync.report.billing.subscribed import moment_of
from billsync.report.credits.shortfalls import Shortfalls


@dataclass(frozen=True, slots=True)
class Expense:
    """An amount to be paid from credits at a moment. `is_owed`: what they don't cover is a debt (`credit_only`).

    A negative amount returns credits drawn by earlier expenses with the same `reference`. One that was `posted` later
    than at its moment makes a debt that no grant booked by then pays.
    """

    at: datetime
    amount: Decimal
    feature: str | None = None
    is_owed: bool = False
    reference: str = ""
    posted: datetime | None = None

    @property
    def known_at(self) -> datetime:
        """The moment from which it counts."""
        return max(self.at, self.posted) if self.posted else self.at


@dataclass(frozen=True, slots=True)
class Funding:
    """A grant of one currency with the moment at which it was booked, and at which it was voided, if it was.

    It pays debts when it is booked, and is drawn on from its start.
    """

    at: datetime
    grant: Grant
    voided_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Spent:
    """A step for each expense, in order; then each grant's balance, and the remaining debts by feature, None for those
    that are for none.

    `reserved` is what grants pay of debts from their start on, with that start.
    """

    steps: tuple[Step, ...]
    left: Mapping[str, Decimal]
    owed: Mapping[str | None, Decimal]
    reserved: tuple[tuple[datetime, Decimal], ...] = ()

    @property
    @exactly
    def debt(self) -> Decimal:
        """The sum of all debts."""
        return sum(self.owed.values(), ZERO)

    @exactly
    def debt_at(self, moment: datetime) -> Decimal:
        """The debt at a moment, including the part that grants starting later will pay."""
        return sum((amount for start, amount in self.reserved if start > moment), self.debt)


def fundings(rows: Iterable[Fields], currency: str) -> tuple[Funding, ...]:
    """The grants of a currency from rows of the API, in the order of their creation.

    One that waits for its invoice gives no credits yet; one that was voided counts until then (customer-facts.md
    §7.6). Source: customer-facts.md §7.2.
    """
    counted = [row for row in rows if row["currency"] == currency and row["status"] != "pending"]
    ordered = sorted(counted, key=lambda row: (moment_of(row["created_at"]), str(row["id"])))
    return tuple(_funding(row, number) for number, row in enumerate(ordered))


def _funding(row: Fields, number: int) -> Funding:
    """A grant's funding. Its times are cut to seconds, as fees' are: a fee in the same second is paid from the grant
    (§9.1)."""
    created = moment_of(row["created_at"])
    start = moment_of(row["effective_at"]) if row.get("effective_at") else created
    grant = Grant(
        key=str(row["id"]),
        amount=Decimal(row["amount"]),
        created=number,
        effective_at=cut_to_seconds(start),
        expires_at=moment_of(row["expires_at"]) if row.get("expires_at") else None,
        priority=int(row.get("priority") or 10),
        features=frozenset((row.get("filters") or {}).get("features") or ()),
        cost_basis=Decimal((row.get("purchase") or {}).get("per_unit_cost_basis") or 0),
    )
    voided_at = moment_of(row["voided_at"]) if row.get("voided_at") else None
    booked = max(created, start) if row.get("funding_method") == "invoice" else created
    return Funding(cut_to_seconds(booked), grant, voided_at)


def purse_after(funded: Sequence[Funding], expenses: Iterable[Expense]) -> Purse:
    """A purse that has paid the expenses of one currency, given in the order in which they count.

    An expense only sees credits that were effective at its moment. A debt is paid first from each new grant that
    may pay for it. Source: customer-facts.md §9.2, §19.1; vectors README, credits.jsonl.
    """
    purse = Purse(funded)
    for expense in expenses:
        purse.pay(expense)
    return purse


@exactly
def held(funded: Sequence[Funding], spent: Spent, moment: datetime) -> Decimal:
    """Return the balance of grants that count at a moment; a debt is not subtracted."""
    counted = [one.grant.key for one in funded if one.at <= moment and one.grant.counts_at(moment)]
    return sum((spent.left[key] for key in counted), ZERO)


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


class Purse:
    """Balances of grants as expenses are paid, the unpaid rest, and the draws of each reference.

    Copies are independent, so that a history is computed once for many futures.
    """

    __slots__ = ("_coming", "_drawn", "_happened", "_reserved", "_stock", "_unpaid")

    def __init__(self, funded: Sequence[Funding]) -> None:
        self._coming = _happenings(funded)
        self._happened = 0
        self._stock = Stock(in_order(funding.grant for funding in funded))
        self._unpaid = Shortfalls()
        self._drawn: dict[str, list[Drawn]] = {}
        self._reserved: dict[str, Decimal] = {}

    def copy(self) -> Purse:
        """An independent purse with the same payments."""
        other = Purse.__new__(Purse)
        other._coming, other._happened = self._coming, self._happened
        other._stock, other._unpaid = self._stock.copy(), self._unpaid.copy()
        other._drawn = {reference: drawn.copy() for reference, drawn in self._drawn.items()}
        other._reserved = self._reserved.copy()
        return other

    @exactly
    def pay(self, expense: Expense) -> Step:
        """Draw an expense from the balances at its moment, or return a negative one. Expenses must come in
        the order in which they count."""
        while self._happened < len(self._coming) and self._coming[self._happened].at <= expense.known_at:
            self._go_on()
        return self._draw(expense) if expense.amount >= 0 else self._give_back(expense)

    @exactly
    def spent(self, steps: tuple[Step, ...] = ()) -> Spent:
        """Return the balance once every grant is booked, with the steps. Doesn't change the purse."""
        last = self.copy()
        while last._happened < len(last._coming):
            last._go_on()
        starts = {one.grant.key: one.grant.effective_at for one in last._coming}
        reserved = tuple((starts[grant], amount) for grant, amount in last._reserved.items())
        return Spent(steps, last._stock.left, last._unpaid.owed, reserved)

    def _go_on(self) -> None:
        """Take what is left of a voided grant; add a new one, from which debts are paid first, the oldest first."""
        happening = self._coming[self._happened]
        self._happened += 1
        grant = happening.grant
        if happening.is_void:
            self._stock.take(grant.key, self._stock.left[grant.key])
            return
        self._stock.put(grant.key, grant.amount)
        for reference, paid in self._unpaid.pay(grant, grant.amount):
            self._stock.take(grant.key, paid)
            self._drawn.setdefault(reference, []).append(Drawn(grant.key, paid))
            self._reserved[grant.key] = plus(self._reserved.get(grant.key, ZERO), paid)

    def _draw(self, expense: Expense) -> Step:
        step = self._stock.draw(Spending(expense.at, expense.amount, expense.feature))
        self._drawn.setdefault(expense.reference, []).extend(step.drawn)
        if step.shortfall > 0 and expense.is_owed:
            self._unpaid.owe(expense.reference, step.shortfall, expense.feature)
        elif step.shortfall > 0:
            self._unpaid.add(expense.reference, step.shortfall)
        return step

    @exactly
    def _give_back(self, expense: Expense) -> Step:
        """Return an amount: first to the unpaid rest, then to the grants, last drawn first."""
        rest = self._unpaid.give_back(expense.reference, -expense.amount)
        returned = self._returned(self._drawn.get(expense.reference, []), rest)
        return Step(returned, expense.amount - sum((one.amount for one in returned), ZERO))

    @exactly
    def _returned(self, drawn: list[Drawn], amount: Decimal) -> tuple[Drawn, ...]:
        found = []
        while amount > 0 and drawn:
            last = drawn.pop()
            part = min(amount, last.amount)
            self._stock.put(last.grant, part)
            self._reserved[last.grant] = max(self._reserved.get(last.grant, ZERO) - part, ZERO)
            amount -= part
            found.append(Drawn(last.grant, -part))
            if last.amount > part:
                drawn.append(Drawn(last.grant, last.amount - part))
        return tuple(found)
