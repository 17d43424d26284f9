"""Usage of many periods that all begin at another moment, from few queries: by whole days, and by minutes of the days
on which periods begin and end. Only for meters whose values add up.

A period's usage is that of its whole days, of the minutes of its first day from its beginning on, and of the minutes of
its last day up to its end. A period that begins or ends within a minute with usage stays in doubt.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TypeAlias

from billsync.model.frozen import dataclass
from billsync.model.value import Fields
from billsync.rating.arithmetic import ZERO, plus
from billsync.rating.periods import Period
from billsync.report.billing.subscribed import moment_of
from billsync.report.billing.usage import CUSTOMER, SIGNIFICANT, MeterSlice

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
BY_MINUTE = "PT1M"

Need: TypeAlias = tuple[MeterSlice, Period]
Place: TypeAlias = tuple[Need, str]
"""A meter slice in a period, of a customer."""
Served: TypeAlias = Mapping[str, tuple[Need, ...]]
"""The needs that a query serves, by customer."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """One meter query: whole days as one, or the minutes of a day."""

    meter_slice: MeterSlice
    period: Period
    granularity: str | None = None


def stretches(need: Need) -> Iterator[Stretch]:
    """The queries whose answers hold a period's usage."""
    meter_slice, period = need
    first, last = _next_midnight(period.start), _midnight(period.end)
    for day in dict.fromkeys(_midnight(edge) for edge in (period.start, period.end) if edge != _midnight(edge)):
        yield Stretch(meter_slice, Period(day, day + DAY), BY_MINUTE)
    if first < last:
        yield Stretch(meter_slice, Period(first, last))


def daily(needs: Iterable[tuple[Need, Iterable[str]]]) -> Mapping[Stretch, Served]:
    """The queries that serve needs, which are given with their customers."""
    found: dict[Stretch, dict[str, tuple[Need, ...]]] = defaultdict(dict)
    for need, customers in needs:
        wanted = tuple(customers)
        for stretch in stretches(need):
            served = found[stretch]
            for customer in wanted:
                served[customer] = (*served.get(customer, ()), need)
    return found


class DailyUsage:
    """The usage of periods, added up from the rows of the queries that serve them."""

    def __init__(self) -> None:
        self._sums: dict[Place, Decimal] = {}
        self._doubtful: set[Place] = set()

    def add(self, stretch: Stretch, served: Served, rows: Iterable[Fields]) -> None:
        """Adds the rows of one query, grouped by customer. Raises ValueError for other rows."""
        for row in rows:
            customer = (row.get("dimensions") or {}).get(CUSTOMER)
            for need in served.get(str(customer), ()) if customer else ():
                self._add(stretch, (need, str(customer)), row)

    def _add(self, stretch: Stretch, place: Place, row: Fields) -> None:
        (_, period), _ = place
        if stretch.granularity is not None:
            start = moment_of(row["from"])
            if start + MINUTE <= period.start or start >= period.end:
                return
            if start < period.start or start + MINUTE > period.end:
                self._doubtful.add(place)
        self._sums[place] = plus(self._sums.get(place, ZERO), Decimal(row["value"]))

    @property
    def doubtful(self) -> Mapping[Need, frozenset[str]]:
        """Periods that have to be asked for by themselves, with their customers."""
        found: dict[Need, set[str]] = defaultdict(set)
        for need, customer in self._doubtful:
            found[need].add(customer)
        return {need: frozenset(customers) for need, customers in found.items()}

    @property
    def known(self) -> Iterator[tuple[Need, str, Decimal]]:
        """The usage of periods that aren't in doubt, rounded as that of one query is."""
        for (need, customer), value in self._sums.items():
            if (need, customer) not in self._doubtful:
                yield need, customer, SIGNIFICANT.create_decimal(value)


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _next_midnight(moment: datetime) -> datetime:
    """The first midnight that isn't before a moment."""
    return moment if moment == _midnight(moment) else _midnight(moment) + DAY
