"""The headline of an impact: each subscription once, whatever number of changes reach it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from billsync.model.duration import Duration
from billsync.model.frozen import dataclass
from billsync.rating.arithmetic import HUNDRED, divided, exactly, magnitude, minus, negative
from billsync.report.impact.impact import Count, Impact, having
from billsync.report.impact.reached import COMBINED, MigrationStatus
from billsync.report.impact.sums import Sum, sums
from billsync.report.impact.verdicts import Verdict

MUCH = Decimal(20)
"""The increase, in percent, above which a subscription is counted as paying much more."""


@dataclass(frozen=True, slots=True)
class Money:
    """Totals at one cadence in one currency, before and after."""

    cadence: Duration
    currency: str
    before: Decimal
    after: Decimal

    @property
    def difference(self) -> Decimal:
        """The difference after the change, negative if less is paid."""
        return minus(self.after, self.before)


@dataclass(frozen=True, slots=True)
class Totals:
    """The totals of an impact.

    `moving` is of the subscriptions that the run changes, `all` of all that are reached, as if everybody moved.
    `much_more` counts those of all who would pay over 20 % more. In an anonymous impact that is zero, and both sums are
    those of one change that it shows.
    """

    reached: Count
    periods: int
    moving: tuple[Money, ...] = ()
    all: tuple[Money, ...] = ()
    much_more: int = 0


def totals(impact: Impact) -> Totals:
    """The totals of an impact."""
    verdicts = each_once(impact)
    if not verdicts:
        shown = _shown_sums(impact)
        return Totals(impact.reached, impact.periods, shown, shown)
    return Totals(
        reached=impact.reached,
        periods=impact.periods,
        moving=tuple(map(_money, sums(having(verdicts, MigrationStatus.MOVING)))),
        all=tuple(map(_money, sums(verdicts))),
        much_more=sum(_pays_much_more(one) for one in verdicts),
    )


def _shown_sums(impact: Impact) -> tuple[Money, ...]:
    """The sums of those who move, as far as an anonymous impact shows them; none of several changes, as some
    subscriptions may be in more than one."""
    parts = [change.parts[MigrationStatus.MOVING] for change in impact.changes]
    sums_of_one = parts[0].sums or () if len(parts) == 1 else ()
    return tuple(
        Money(one.cadence, one.currency, one.before, one.after)
        for one in sums_of_one
        if one.before is not None and one.after is not None
    )


def each_once(impact: Impact) -> Sequence[Verdict]:
    """One verdict for each subscription: on everything together, else on the change that makes a difference."""
    found: dict[tuple[str, str], Verdict] = {}
    for one in (verdict for change in impact.changes for verdict in change.verdicts or ()):
        key = one.reached.name, one.reached.before.id
        known = found.get(key)
        if known is None or one.reached.target == COMBINED or (not _differs(known) and _differs(one)):
            found[key] = one
    return tuple(found.values())


def percent(before: Decimal, after: Decimal) -> Decimal | None:
    """The increase in percent; None where nothing was paid before, or less than nothing."""
    return _percent(before, after) if before > 0 else None


@exactly
def _percent(before: Decimal, after: Decimal) -> Decimal:
    return divided((after - before) * HUNDRED, before)


def _money(one: Sum) -> Money:
    return Money(one.cadence, one.currency, one.before, one.after)


def _differs(one: Verdict) -> bool:
    return any(before != after for before, after in one.paid.values())


def _pays_much_more(one: Verdict) -> bool:
    return any(_is_much(before, after) for before, after in one.paid.values())


@exactly
def _is_much(before: Decimal, after: Decimal) -> bool:
    return after > before and (after - before) * HUNDRED > MUCH * before


@dataclass(frozen=True, slots=True)
class LineSum:
    """The cost of one line of the bills for all subscriptions of a change, before and after."""

    name: str
    currency: str
    before: Decimal
    after: Decimal


def line_sums(verdicts: Iterable[Verdict]) -> tuple[LineSum, ...]:
    """The lines of the bills, summed up by name and currency: the largest difference first, then by name."""
    found: dict[tuple[str, str], tuple[Decimal, Decimal]] = {}
    for bill in (bill for one in verdicts for bill in one.bills):
        for one in bill.before:
            _add(found, (one.name or one.key, one.currency), one.totals.total, Decimal(0))
        for one in bill.after:
            _add(found, (one.name or one.key, one.currency), Decimal(0), one.totals.total)
    lines = [LineSum(name, currency, *amounts) for (name, currency), amounts in found.items()]
    return tuple(
        sorted(lines, key=lambda line: (negative(magnitude(minus(line.after, line.before))), line.name, line.currency))
    )


@exactly
def _add(
    found: dict[tuple[str, str], tuple[Decimal, Decimal]], key: tuple[str, str], before: Decimal, after: Decimal
) -> None:
    known = found.get(key, (Decimal(0), Decimal(0)))
    found[key] = known[0] + before, known[1] + after
