"""Many verdicts summed up: totals, how many pay more or less, and the largest differences. It rates nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from billsync.rating.arithmetic import ZERO, exactly
from billsync.report.impact import Verdict


@dataclass(frozen=True, slots=True)
class Sum:
    """Many subscriptions in one currency: totals before and after, and how many pay more, less and the same."""

    currency: str
    before: Decimal
    after: Decimal
    more: int
    less: int
    same: int

    @property
    def changed(self) -> int:
        """How many pay more or less."""
        return self.more + self.less

    @property
    def count(self) -> int:
        """How many subscriptions are summed."""
        return self.changed + self.same


def sums(verdicts: Iterable[Verdict]) -> tuple[Sum, ...]:
    """The sums of those that were rated, by currency."""
    rated = [one for one in verdicts if not one.problem]
    return tuple(_sum(rated, currency) for currency in sorted({code for one in rated for code in one.currencies}))


@exactly
def _sum(rated: Iterable[Verdict], currency: str) -> Sum:
    mine = [one for one in rated if currency in one.currencies]
    pairs = [one.totals(currency) for one in mine]
    return Sum(
        currency,
        sum((before for before, _ in pairs), ZERO),
        sum((after for _, after in pairs), ZERO),
        more=sum(after > before for before, after in pairs),
        less=sum(after < before for before, after in pairs),
        same=sum(after == before for before, after in pairs),
    )


def with_fewer(verdicts: Iterable[Verdict], count: int) -> tuple[Verdict, ...]:
    """Those who were rated, but had fewer full billing periods than this count."""
    return tuple(one for one in verdicts if not one.problem and len(one.usual) < count)


def largest(verdicts: Iterable[Verdict], currency: str, *, count: int) -> tuple[tuple[Verdict, ...], ...]:
    """Those who pay the most more, and those who pay the most less, each largest first."""
    mine = [one for one in verdicts if not one.problem and currency in one.currencies]
    ordered = sorted(mine, key=lambda one: (one.difference(currency), one.reached.name))
    less = [one for one in ordered if one.difference(currency) < 0][:count]
    more = [one for one in reversed(ordered) if one.difference(currency) > 0][:count]
    return tuple(more), tuple(less)


def groups(verdicts: Iterable[Verdict], currency: str, *, size: int) -> Iterator[tuple[Verdict, ...]]:
    """Those who were rated, by difference, in groups of at least this size; none if there are fewer.

    In each group nobody's bill changes, or those of at least `size`: else its sum would be the difference of a few.
    """
    mine = [one for one in verdicts if not one.problem and currency in one.currencies]
    found: list[list[Verdict]] = [[]]
    for one in sorted(mine, key=lambda one: (one.difference(currency), one.reached.name)):
        if _is_group(found[-1], currency, size):
            found.append([])
        found[-1].append(one)
    while len(found) > 1 and not _is_group(found[-1], currency, size):
        rest = found.pop()
        found[-1] += rest
    return (tuple(group) for group in found if _is_group(group, currency, size))


def _is_group(verdicts: Sequence[Verdict], currency: str, size: int) -> bool:
    changed = sum(one.difference(currency) != 0 for one in verdicts)
    return len(verdicts) >= size and (changed == 0 or changed >= size)
