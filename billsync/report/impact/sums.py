"""Many verdicts summed up: totals, numbers that pay more or less, and the largest differences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from billsync.model.duration import Duration
from billsync.rating.arithmetic import exactly, minus
from billsync.rating.periods import Period
from billsync.report.impact.verdicts import NOTHING, Column, Pair, Verdict

Paid: TypeAlias = tuple[Verdict, Pair]
"""A verdict with what it has in one column."""


@dataclass(frozen=True, slots=True)
class Sum:
    """Many subscriptions at one cadence in one currency: totals before and after, and numbers that pay more or less.

    `is_usual`: the cadence is the plan's own for all subscribers, so that it needs no name.
    """

    cadence: Duration
    currency: str
    is_usual: bool
    before: Decimal
    after: Decimal
    more: int
    less: int
    same: int

    @property
    def column(self) -> Column:
        """The verdicts that are summed."""
        return self.cadence, self.currency

    @property
    def difference(self) -> Decimal:
        """The difference of all of them after the change, negative if they pay less."""
        return minus(self.after, self.before)

    @property
    def changed(self) -> int:
        """The numbers that pay more and less."""
        return self.more + self.less

    @property
    def count(self) -> int:
        """The number of subscriptions summed."""
        return self.changed + self.same


def sums(verdicts: Iterable[Verdict]) -> tuple[Sum, ...]:
    """Return the sums of rated subscriptions: by cadence, the plans' own first, and by currency."""
    rated = [one for one in verdicts if not one.problem]
    own = {one.own_cadence for one in rated}
    usual = own if len(own) == 1 else frozenset[Duration]()
    columns: dict[Column, list[Pair]] = {}
    for one in rated:
        for column, pair in one.paid.items():
            columns.setdefault(column, []).append(pair)
    ordered = sorted(columns, key=lambda column: (column[0] not in usual, _length(column[0]), column[1]))
    return tuple(_sum(column, columns[column], is_usual=column[0] in usual) for column in ordered)


def _length(cadence: Duration) -> tuple[object, str]:
    return cadence.in_seconds(), cadence.text


@exactly
def _sum(column: Column, pairs: Sequence[Pair], *, is_usual: bool) -> Sum:
    before, after = NOTHING
    for one in pairs:
        before, after = before + one[0], after + one[1]
    return Sum(
        *column,
        is_usual,
        before,
        after,
        more=sum(after > before for before, after in pairs),
        less=sum(after < before for before, after in pairs),
        same=sum(after == before for before, after in pairs),
    )


def with_fewer(verdicts: Iterable[Verdict], count: int) -> tuple[Verdict, ...]:
    """Those who were rated, but had fewer full billing periods than this count."""
    return tuple(one for one in verdicts if not one.problem and len(one.usual) < count)


def paying_nothing(verdicts: Iterable[Verdict]) -> int:
    """Return the number of rated subscriptions without anything to pay, before or after, which are in no sum."""
    return sum(not one.problem and not one.paid for one in verdicts)


def left_out(verdicts: Iterable[Verdict]) -> Mapping[str, int]:
    """Return the numbers of rated subscriptions with cards that were not rated, by card."""
    return Counter(reason for one in verdicts if not one.problem for reason in one.left_out)


def noted(verdicts: Iterable[Verdict]) -> Mapping[str, int]:
    """Return the numbers of rated subscriptions whose amounts leave something out, by the thing left out."""
    return Counter(note for one in verdicts if not one.problem for note in one.reached.notes)


def windows(verdicts: Iterable[Verdict]) -> Mapping[Duration, Period]:
    """From when to when usage was looked at: of the plans' own cadences, and of longer ones that price usage."""
    found: dict[Duration, Period] = {}
    for one in verdicts:
        for dues in one.dues:
            if dues.cadence == one.own_cadence or dues.has_usage:
                period = dues.period.cut_to_seconds()
                known = found.get(dues.cadence, period)
                start, end = min(known.start, period.start), max(known.end, period.end)
                found[dues.cadence] = Period(start, end)
    return {cadence: found[cadence] for cadence in sorted(found, key=_length)}


def largest(ordered: Sequence[Paid], *, count: int) -> tuple[tuple[Paid, ...], tuple[Paid, ...]]:
    """The subscribers with the largest increases, and those with the largest decreases, each largest first; given from
    the smallest difference to the largest."""
    less = tuple(one for one in ordered[:count] if difference(one) < 0)
    more = tuple(one for one in reversed(ordered[-count:]) if difference(one) > 0)
    return more, less


@exactly
def difference(one: Paid) -> Decimal:
    """Return the difference after the change, negative if less is paid."""
    before, after = one[1]
    return after - before


def by_difference(verdicts: Iterable[Verdict], column: Column) -> list[Paid]:
    """The rated subscribers with an amount in a column, from the smallest difference to the largest."""
    mine = [(one, pair) for one in verdicts if not one.problem and (pair := one.paid.get(column))]
    return sorted(mine, key=lambda one: (difference(one), one[0].reached.name))


def groups(verdicts: Iterable[Verdict], column: Column, *, size: int) -> Iterator[tuple[Paid, ...]]:
    """Return rated subscriptions by difference, in groups of at least this size; none if there are fewer.

    In each group no bill changes, or at least `size` bills do; otherwise its sum would reveal a few customers'
    differences.
    """
    found = [_Group([], 0)]
    for one in by_difference(verdicts, column):
        if found[-1].is_large(size):
            found.append(_Group([], 0))
        found[-1].add([one])
    while len(found) > 1 and not found[-1].is_large(size):
        rest = found.pop()
        found[-1].add(rest.members)
    return (tuple(group.members) for group in found if group.is_large(size))


@dataclass(slots=True)
class _Group:
    """Members so far, and how many of them pay more or less."""

    members: list[Paid]
    changed: int

    def add(self, more: Sequence[Paid]) -> None:
        self.members += more
        self.changed += sum(difference(one) != 0 for one in more)

    def is_large(self, size: int) -> bool:
        return len(self.members) >= size and (self.changed == 0 or self.changed >= size)
