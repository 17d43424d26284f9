"""Balances of grants, drawn in their order: a spent or expired grant isn't looked at again.

Debts, and the booking and voiding of grants, are handled in `report/credits`. Source: vectors README, credits.jsonl.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from heapq import heappop, heappush

from billsync.rating.arithmetic import ZERO, exactly
from billsync.rating.drawdown import Drawn, Grant, Spending, Step

EVER = datetime.min.replace(tzinfo=UTC)


class Stock:
    """Grants of one currency `in_order`; each counts only once it is added.

    Copies are independent. Positions in the order are kept in heaps, by start until the grant starts, then by feature
    (None for unrestricted grants); the position of a spent or expired grant is removed when it reaches the top.
    """

    __slots__ = ("_clock", "_left", "_ordered", "_places", "_ready", "_waiting")

    def __init__(self, ordered: Sequence[Grant]) -> None:
        self._ordered = ordered
        self._places = {grant.key: place for place, grant in enumerate(ordered)}
        self._left = {grant.key: ZERO for grant in ordered}
        self._clock = EVER
        self._waiting: list[tuple[datetime, int]] = []
        self._ready: dict[str | None, list[int]] = {}

    @property
    def left(self) -> Mapping[str, Decimal]:
        """Return the balance of each grant, whether it counts now or not."""
        return self._left

    def copy(self) -> Stock:
        """An independent stock with the same balances."""
        other = Stock.__new__(Stock)
        other._ordered, other._places, other._clock = self._ordered, self._places, self._clock
        other._left = self._left.copy()
        other._waiting = self._waiting.copy()
        other._ready = {feature: places.copy() for feature, places in self._ready.items()}
        return other

    @exactly
    def put(self, key: str, amount: Decimal) -> None:
        """Add an amount to the balance of a grant."""
        was_spent = self._left[key] <= 0
        self._left[key] += amount
        if was_spent:
            self._enter(self._places[key])

    @exactly
    def take(self, key: str, amount: Decimal) -> None:
        """Take an amount from the balance of a grant."""
        self._left[key] -= amount

    @exactly
    def draw(self, spending: Spending) -> Step:
        """Draw one spending, and return its draws. Spendings should come in order of time; an earlier one restarts the
        search."""
        self._turn_to(spending.at)
        missing, drawn = spending.amount, []
        for grant in self._usable(spending.feature):
            if missing <= 0:
                break
            amount = min(missing, self._left[grant.key])
            missing -= amount
            self._left[grant.key] -= amount
            drawn.append(Drawn(grant.key, amount))
        return Step(tuple(drawn), missing)

    def _usable(self, feature: str | None) -> Iterator[Grant]:
        """The first grant that pays for a feature, then the first after it is spent, and so on."""
        heaps = [places for name in {None, feature} if (places := self._ready.get(name))]
        while tops := [places[0] for places in heaps if self._has_top(places)]:
            yield self._ordered[min(tops)]

    def _has_top(self, places: list[int]) -> bool:
        """Whether a heap has a grant that counts; those on top that don't are dropped."""
        while places:
            grant = self._ordered[places[0]]
            if self._left[grant.key] > 0 and not grant.is_expired_at(self._clock):
                return True
            heappop(places)
        return False

    def _turn_to(self, moment: datetime) -> None:
        if moment < self._clock:
            self._begin_again(moment)
        self._clock = moment
        while self._waiting and self._waiting[0][0] <= moment:
            self._make_ready(heappop(self._waiting)[1])

    def _begin_again(self, moment: datetime) -> None:
        self._clock, self._waiting, self._ready = moment, [], {}
        for place, grant in enumerate(self._ordered):
            if self._left[grant.key] > 0:
                self._enter(place)

    def _enter(self, place: int) -> None:
        start = self._ordered[place].effective_at
        if start > self._clock:
            heappush(self._waiting, (start, place))
        else:
            self._make_ready(place)

    def _make_ready(self, place: int) -> None:
        for feature in self._ordered[place].features or (None,):
            heappush(self._ready.setdefault(feature, []), place)
