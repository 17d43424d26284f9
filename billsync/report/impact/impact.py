"""The impact of new prices on subscriptions: verdicts, counted and summed up for every way of showing them.

A count is a number, or a text where the number itself may not be shown (redact.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from datetime import datetime
from decimal import Decimal
from typing import TypeAlias

from billsync.model.duration import Duration
from billsync.model.frozen import dataclass
from billsync.rating.periods import Period
from billsync.report.impact.reached import COMBINED, MigrationStatus
from billsync.report.impact.spread import Spread, spread
from billsync.report.impact.sums import (
    Paid,
    Sum,
    by_difference,
    largest,
    left_out,
    noted,
    paying_nothing,
    sums,
    windows,
    with_fewer,
)
from billsync.report.impact.verdicts import Verdict

LARGEST = 20
"""The number of the largest differences each way that an impact has; text shows fewer."""

Count: TypeAlias = int | str
"""A number, or a text where the number may not be shown."""


@dataclass(frozen=True, slots=True)
class Group:
    """Subscriptions that are shown together, and how much more they pay together, below zero if less."""

    count: int
    difference: Decimal


@dataclass(frozen=True, slots=True)
class PartSum:
    """A part of a change at one cadence in one currency; with `not_shown`, a reason, it has no numbers.

    `is_usual`: the cadence is the plan's own for all subscribers. `before` and `after` are None if only the difference
    may be shown. `counts` are counts by subject. `more` and `less` are the subscribers with the largest increases and
    decreases, largest first, and `spread` says how many differ by how much; `groups` replace all that in an anonymous
    impact.
    """

    cadence: Duration
    currency: str
    is_usual: bool
    difference: Decimal = Decimal(0)
    before: Decimal | None = None
    after: Decimal | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    more: tuple[Paid, ...] = ()
    less: tuple[Paid, ...] = ()
    spread: Spread | None = None
    groups: tuple[Group, ...] | None = None
    not_shown: str = ""


@dataclass(frozen=True, slots=True)
class Later:
    """Subscriptions that move only later: how many, and from when to when; None where it may not be shown."""

    count: Count
    first: datetime | None = None
    last: datetime | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """The subscriptions under a change that a run moves, or doesn't; `sums` is None where they may not be shown.

    `later` are those of them that move at a time that is still to come, None without any.
    """

    count: Count
    sums: tuple[PartSum, ...] | None = ()
    paying_nothing: Count = 0
    later: Later | None = None


@dataclass(frozen=True, slots=True)
class NotRated:
    """A subscription that can't be rated, and why; without a name, several for the same reason."""

    reason: str
    name: str = ""
    count: Count = 1


@dataclass(frozen=True, slots=True)
class ChangeImpact:
    """The impact of one change: subscriptions reached, the windows of usage, and sums.

    `own_cadences` are those of the plans of those who were rated. `left_out` and `notes` count, by subject, parts
    missing from the numbers and remarks on them. `verdicts` are None in an anonymous impact.
    """

    target: str
    because: str
    title: str
    reached: Count
    windows: Mapping[Duration, Period]
    own_cadences: frozenset[Duration]
    parts: Mapping[MigrationStatus, Part]
    left_out: Mapping[str, Count]
    notes: Mapping[str, Count]
    not_rated: tuple[NotRated, ...]
    verdicts: tuple[Verdict, ...] | None

    @property
    def is_combined(self) -> bool:
        """Whether this is the combined impact, for subscribers reached by several changes."""
        return self.target == COMBINED


@dataclass(frozen=True, slots=True)
class Impact:
    """The impact of all changes. `reached` counts all subscriptions, `looked_at` those that a sample doesn't leave out.

    `with_fewer_periods` counts those who had fewer full periods than `periods`; `meter_queries` and `addon_lists` are
    the requests that it took. `remarks` stand below it.
    """

    everybody: bool
    periods: int
    with_fewer_periods: Count
    meter_queries: int
    addon_lists: Count
    reached: Count
    looked_at: Count
    is_sample: bool
    changes: tuple[ChangeImpact, ...]
    remarks: tuple[str, ...] = ()

    @property
    def verdicts(self) -> Mapping[str, tuple[Verdict, ...]]:
        """All verdicts by change; none if customers may not be named."""
        return {change.title: change.verdicts for change in self.changes if change.verdicts is not None}


@dataclass(frozen=True, slots=True)
class Looked:
    """The scope of an impact: at whom, over how many periods, by which requests; `reached` is before sampling."""

    everybody: bool
    periods: int
    reached: int
    meter_queries: int = 0
    addon_lists: int = 0


def impact_of(verdicts: Mapping[str, tuple[Verdict, ...]], looked: Looked) -> Impact:
    """Sum up verdicts by changed entity."""
    every = [one for them in verdicts.values() for one in them]
    count = len({(one.reached.name, one.reached.before.id) for one in every})
    return Impact(
        everybody=looked.everybody,
        periods=looked.periods,
        with_fewer_periods=len(with_fewer(every, looked.periods)),
        meter_queries=looked.meter_queries,
        addon_lists=looked.addon_lists,
        reached=looked.reached,
        looked_at=count,
        is_sample=count < looked.reached,
        changes=tuple(_change(title, them) for title, them in verdicts.items()),
    )


def having(verdicts: Iterable[Verdict], standing: MigrationStatus) -> list[Verdict]:
    """The rated subscribers with a status."""
    return [one for one in verdicts if not one.problem and one.reached.standing is standing]


def moving_later(verdicts: Iterable[Verdict]) -> list[datetime]:
    """The times at which subscriptions move, of those that don't move at once."""
    return [one.reached.since for one in verdicts if one.reached.since]


def counts(one: Sum) -> Mapping[str, int]:
    """Counts of those who pay more, less and the same."""
    return {"paying_more": one.more, "paying_less": one.less, "paying_the_same": one.same}


def _change(title: str, verdicts: tuple[Verdict, ...]) -> ChangeImpact:
    reached = verdicts[0].reached
    return ChangeImpact(
        target=reached.target,
        because=reached.because,
        title=title,
        reached=len(verdicts),
        windows=windows(verdicts),
        own_cadences=frozenset(one.own_cadence for one in verdicts if not one.problem),
        parts={standing: _part(having(verdicts, standing)) for standing in MigrationStatus},
        left_out=_sorted(left_out(verdicts)),
        notes=_sorted(noted(verdicts)),
        not_rated=tuple(NotRated(one.problem, one.reached.name) for one in verdicts if one.problem),
        verdicts=verdicts,
    )


def _part(verdicts: Sequence[Verdict]) -> Part:
    return Part(
        len(verdicts),
        tuple(_sum(one, verdicts) for one in sums(verdicts)),
        paying_nothing(verdicts),
        _later(verdicts),
    )


def _later(verdicts: Sequence[Verdict]) -> Later | None:
    times = sorted(moving_later(verdicts))
    return Later(len(times), times[0], times[-1]) if times else None


def _sum(one: Sum, verdicts: Sequence[Verdict]) -> PartSum:
    ordered = by_difference(verdicts, one.column)
    more, less = largest(ordered, count=LARGEST)
    return PartSum(
        one.cadence,
        one.currency,
        one.is_usual,
        one.difference,
        one.before,
        one.after,
        counts(one),
        more,
        less,
        spread(ordered),
    )


def _sorted(found: Mapping[str, int]) -> Mapping[str, int]:
    return {what: found[what] for what in sorted(found)}
