"""Parts of expenses that credits didn't cover, and later payments of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from decimal import Decimal
from heapq import merge
from typing import NamedTuple

from billsync.rating.arithmetic import ZERO, exactly, minus
from billsync.rating.drawdown import Grant


class _Debt(NamedTuple):
    """In the order in which debts were made; a number's rest is kept apart."""

    number: int
    reference: str


class Shortfalls:
    """Debts, and uncovered amounts of invoices. Copies are independent; paid amounts are not searched again."""

    __slots__ = ("_count", "_debts", "_numbers", "_rest")

    def __init__(self) -> None:
        self._count = 0
        self._rest: dict[int, Decimal] = {}
        self._debts: dict[str | None, deque[_Debt]] = {}
        self._numbers: dict[str, list[int]] = {}

    def copy(self) -> Shortfalls:
        """An independent copy with the same unpaid amounts."""
        other = Shortfalls()
        other._count, other._rest = self._count, self._rest.copy()
        other._debts = {feature: debts.copy() for feature, debts in self._debts.items()}
        other._numbers = {reference: numbers.copy() for reference, numbers in self._numbers.items()}
        return other

    @property
    @exactly
    def debt(self) -> Decimal:
        """Return the sum owed of all debts."""
        return sum(self.owed.values(), ZERO)

    @property
    @exactly
    def owed(self) -> Mapping[str | None, Decimal]:
        """Return the sums owed by feature, without zeros; None for what is for none."""
        sums = {
            feature: sum((self._rest.get(debt.number, ZERO) for debt in debts), ZERO)
            for feature, debts in self._debts.items()
        }
        return {feature: amount for feature, amount in sums.items() if amount}

    def add(self, reference: str, amount: Decimal) -> int:
        """An invoice asks for this; its number is returned."""
        self._count += 1
        self._rest[self._count] = amount
        self._numbers.setdefault(reference, []).append(self._count)
        return self._count

    def owe(self, reference: str, amount: Decimal, feature: str | None) -> None:
        """A debt for the usage of a feature."""
        number = self.add(reference, amount)
        self._debts.setdefault(feature, deque()).append(_Debt(number, reference))

    @exactly
    def pay(self, grant: Grant, amount: Decimal) -> list[tuple[str, Decimal]]:
        """Pays debts that the grant may cover, the oldest first; returns the amount paid by reference."""
        queues = [debts for feature, debts in self._debts.items() if grant.pays_for(feature)]
        found = []
        for debt in merge(*queues):
            if amount <= 0:
                break
            if paid := self._lowered(debt.number, amount):
                amount -= paid
                found.append((debt.reference, paid))
        for debts in queues:
            self._drop_paid(debts)
        return found

    @exactly
    def give_back(self, reference: str, amount: Decimal) -> Decimal:
        """Takes an amount off the unpaid amounts of a reference, the latest first; returns the rest of the amount."""
        numbers = self._numbers.get(reference, [])
        while numbers and amount > 0:
            amount -= self._lowered(numbers[-1], amount)
            if numbers[-1] not in self._rest:
                numbers.pop()
        return amount

    def _lowered(self, number: int, amount: Decimal) -> Decimal:
        """Return the part of an amount that a rest took."""
        rest = self._rest.get(number, ZERO)
        if rest > amount:
            self._rest[number] = minus(rest, amount)
            return amount
        self._rest.pop(number, None)
        return rest

    def _drop_paid(self, debts: deque[_Debt]) -> None:
        while debts and debts[0].number not in self._rest:
            debts.popleft()
