"""What credits pay for: grants, what was drawn, what stays unpaid. It reads nothing and prices nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from billsync.model.moment import cut_to_seconds
from billsync.model.value import Fields
from billsync.rating.arithmetic import ZERO, exactly
from billsync.rating.drawdown import Grant, Spending, Step, draw_one, in_order
from billsync.report.subscribed import moment_of


@dataclass(frozen=True, slots=True)
class Expense:
    """An amount to be paid from credits at a moment. `is_owed`: what they don't cover is a debt (`credit_only`)."""

    at: datetime
    amount: Decimal
    feature: str | None = None
    is_owed: bool = False


@dataclass(frozen=True, slots=True)
class Funding:
    """A grant of one currency with the moment at which it first counts, and at which it was voided, if it was."""

    at: datetime
    grant: Grant
    voided_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Spent:
    """One step for each expense, in their order; then what is left of each grant, and the debt that is left."""

    steps: tuple[Step, ...]
    left: Mapping[str, Decimal]
    debt: Decimal


def fundings(rows: Iterable[Fields], currency: str) -> tuple[Funding, ...]:
    """The grants of a currency from rows of the API, in the order of their creation.

    One that waits for its invoice gives no credits yet; one that was voided counts until then (customer-facts.md
    §7.6). Source: customer-facts.md §7.2.
    """
    counted = [row for row in rows if row["currency"] == currency and row["status"] != "pending"]
    ordered = sorted(counted, key=lambda row: (moment_of(row["created_at"]), str(row["id"])))
    return tuple(_funding(row, number) for number, row in enumerate(ordered))


def _funding(row: Fields, number: int) -> Funding:
    """Times are cut to seconds, as those of fees are: a fee in the second of the grant is paid from it (§9.1)."""
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
    return Funding(max(cut_to_seconds(created), grant.effective_at), grant, voided_at)


@exactly
def spend(funded: Sequence[Funding], expenses: Sequence[Expense]) -> Spent:
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
    return Spent(tuple(steps), dict(purse.left), sum(purse.debts.values(), ZERO))


@dataclass(frozen=True, slots=True)
class _Happening:
    """A grant begins to count, or is voided."""

    at: datetime
    grant: Grant
    is_void: bool


def _happenings(funded: Sequence[Funding]) -> list[_Happening]:
    starts = [_Happening(funding.at, funding.grant, is_void=False) for funding in funded]
    ends = [_Happening(one.voided_at, one.grant, is_void=True) for one in funded if one.voided_at]
    return sorted((*starts, *ends), key=lambda one: (one.at, one.is_void, one.grant.created))


class _Purse:
    """What is left of each grant that counts so far, and the debts by feature."""

    def __init__(self, ordered: tuple[Grant, ...]) -> None:
        self.ordered = ordered
        self.left: dict[str, Decimal] = {grant.key: ZERO for grant in ordered}
        self.debts: dict[str | None, Decimal] = {}

    def change(self, happening: _Happening) -> None:
        """Take what is left of a voided grant; add a new one, from which debts are paid first, the oldest first."""
        grant = happening.grant
        amount = ZERO if happening.is_void else grant.amount
        for feature in self.debts:
            if grant.pays_for(feature):
                paid = min(amount, self.debts[feature])
                self.debts[feature] -= paid
                amount -= paid
        self.left[grant.key] = amount

    def pay(self, expense: Expense) -> Step:
        """Draw on what is left."""
        step = draw_one(self.ordered, self.left, Spending(expense.at, expense.amount, expense.feature))
        for one in step.drawn:
            self.left[one.grant] -= one.amount
        if expense.is_owed and step.shortfall > 0:
            self.debts[expense.feature] = self.debts.get(expense.feature, ZERO) + step.shortfall
        return step
