"""Equal parts of many items of a recovery snapshot, of which each is kept once: the names of members, words, cards,
prices, dues."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from decimal import Decimal
from typing import Any, TypeVar, cast

from billsync.model.recovery import Credit, Promise
from billsync.model.state import Row
from billsync.model.value import Fields, Plain

MOST = 20_000
"""The largest number of values to remember; then they are forgotten, so that what is never seen again takes no room."""

T = TypeVar("T")


class Sharing:
    """Takes values in, and gives the same ones back, with the first of their equal parts in place of the others.

    Values are equal here if they are so in JSON, to the last digit: 1 isn't true, and 1.0 isn't 1.00.
    """

    def __init__(self) -> None:
        self._known: dict[Hashable, Any] = {}

    def row(self, row: Row) -> Row:
        """A row with the same fields."""
        parent = self._same(row.parent_id, row.parent_id)
        return Row(row.kind, self._same(row.id, row.id), self.fields(row.fields), parent)

    def fields(self, fields: Fields) -> dict[str, Plain]:
        """The same members."""
        return {self._same(name, name): self._value(value) for name, value in fields.items()}

    def credit(self, credit: Credit) -> Credit:
        """The same credit."""
        balances = tuple(cast(Fields, self._value(row)) for row in credit.balances)
        debts, unexplained, unlisted = map(self._amounts, (credit.debts, credit.unexplained, credit.unlisted))
        owed = {self._same(code, code): self._amounts(parts) for code, parts in credit.owed.items()}
        return Credit(balances, credit.left, debts, unexplained, unlisted, owed)

    def promise(self, promise: Promise) -> Promise:
        """The same promise."""
        addons = promise.addons
        return Promise(
            plan=self._same(promise.plan, promise.plan),
            version=promise.version,
            phase=self._same(promise.phase, promise.phase),
            period_from=self._same(promise.period_from, promise.period_from),
            period_to=self._same(promise.period_to, promise.period_to),
            ends_at=self._same(promise.ends_at, promise.ends_at),
            addons=None if addons is None else self._same(("addons", *addons.items()), addons),
            due=None if promise.due is None else self._amounts(promise.due),
            access=self._same(promise.access, promise.access),
            hidden=None if promise.hidden is None else self._amounts(promise.hidden),
            early=None if promise.early is None else self._amounts(promise.early),
        )

    def _amounts(self, amounts: Mapping[str, Decimal]) -> Mapping[str, Decimal]:
        return self._same(("amounts", *((name, str(amount)) for name, amount in amounts.items())), amounts)

    def _value(self, value: Plain) -> Plain:
        """The value; an object or a list with the very parts of an earlier one is that one."""
        if isinstance(value, str):
            return self._same(value, value)
        if isinstance(value, dict):
            members = self.fields(value)
            return self._same((*members, *map(id, members.values())), members)
        if isinstance(value, list):
            parts = [self._value(part) for part in value]
            return self._same((list, *map(id, parts)), parts)
        return value

    def _same(self, place: Hashable, value: T) -> T:
        """The value that is known at a place. The parts whose identities make up a place live as long as it is
        known."""
        if len(self._known) >= MOST:
            self._known.clear()
        known: T = self._known.setdefault(place, value)
        return known
