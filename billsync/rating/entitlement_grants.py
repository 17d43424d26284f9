"""Grants of metered entitlements (the older engine): the draws of usage from each grant, with resets and recurrence.

Source: vectors README, entitlement_grants.jsonl.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from typing import TypeAlias

from billsync.model.duration import Duration
from billsync.model.frozen import dataclass
from billsync.rating.arithmetic import ZERO, exactly, total
from billsync.rating.drawdown import Drawn
from billsync.rating.periods import Period, next_after, next_at_or_after

NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Recurrence:
    """The recurrence with which a grant has its full amount again."""

    anchor: datetime
    interval: Duration


@dataclass(frozen=True, slots=True)
class EntitlementGrant:
    """An amount of usage, active from `effective_at` (included) to `expires_at` (not included).

    A voided grant is inactive from `voided_at` on, and keeps its place in the order.
    """

    key: str
    amount: Decimal
    created_at: datetime
    effective_at: datetime
    expires_at: datetime | None = None
    priority: int = 1
    recurrence: Recurrence | None = None
    least_rollover: Decimal = ZERO
    most_rollover: Decimal = ZERO
    voided_at: datetime | None = None

    def is_active_at(self, moment: datetime) -> bool:
        return self.effective_at <= moment and all(moment < end for end in (self.expires_at, self.voided_at) if end)


@dataclass(frozen=True, slots=True)
class Metered:
    """Usage at a moment."""

    at: datetime
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Span:
    """The time to look at. A reset lies after the start and not after the end.

    `exceptions` says of single resets whether they keep overage, whatever `preserve_overage` says. At each of `cuts`
    a segment begins, though nothing changes.
    """

    period: Period
    resets: tuple[datetime, ...] = ()
    preserve_overage: bool = False
    opening: Mapping[str, Decimal] = field(default_factory=dict)
    exceptions: Mapping[datetime, bool] = field(default_factory=dict)
    cuts: frozenset[datetime] = frozenset()

    def keeps_overage_at(self, reset: datetime) -> bool:
        return self.exceptions.get(reset, self.preserve_overage)


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a span within which nothing about the grants changes; a reset is one of length 0.

    `opened` is each grant's balance at its start, before any draw.
    """

    period: Period
    usage: Decimal
    drawn: tuple[Drawn, ...]
    overage: Decimal
    opened: Mapping[str, Decimal] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class Burndown:
    """The segments of a span, each grant's balance at the span's end, and the usage that no grant covered."""

    segments: tuple[Segment, ...]
    balances: Mapping[str, Decimal]
    overage: Decimal


Balances: TypeAlias = dict[str, Decimal]


@exactly
def burn_down(grants: Sequence[EntitlementGrant], usage: Iterable[Metered], span: Span) -> Burndown:
    """Return the draws of usage from grants over the span.

    A grant has its full amount when it starts and again at every recurrence, and 0 when it is not active; a grant
    that started before the span has what `opening` says, else 0.
    Source: vectors README, entitlement_grants.jsonl, Rule.
    """
    ordered = tuple(sorted(grants, key=_place))
    metered = sorted(usage, key=_time)
    balances: Balances = {grant.key: span.opening.get(grant.key, ZERO) for grant in grants}
    overage, segments = ZERO, list[Segment]()
    for part in _parts(ordered, span):
        if part.is_reset:
            carried = overage if span.keeps_overage_at(part.period.start) else ZERO
            segment, balances = _reset(ordered, balances, carried, part.period)
        else:
            segment, balances = _burned(ordered, balances, overage, part, _used(metered, part.period))
        segments.append(segment)
        overage = segment.overage
    return Burndown(tuple(segments), balances, overage)


def _place(grant: EntitlementGrant) -> tuple[int, datetime, datetime, str]:
    """Lower priority number, earlier expiry, earlier creation, key."""
    return grant.priority, grant.expires_at or NEVER, grant.created_at, grant.key


def _time(metered: Metered) -> datetime:
    return metered.at


@dataclass(frozen=True, slots=True)
class _Part:
    period: Period
    refilled: frozenset[str] = frozenset()
    is_reset: bool = False


def _parts(grants: Iterable[EntitlementGrant], span: Span) -> Iterator[_Part]:
    """The span cut at its resets, then at starts, ends and recurrences of grants."""
    edges = (span.period.start, *sorted(span.resets), span.period.end)
    last = len(edges) - 2
    for number, (start, end) in enumerate(pairwise(edges)):
        if number > 0:
            yield _Part(Period(start, start), is_reset=True)
        yield from _between_resets(tuple(grants), Period(start, end), span.cuts, ends_here=number == last)


def _between_resets(
    grants: Sequence[EntitlementGrant], period: Period, cuts: Iterable[datetime], *, ends_here: bool
) -> Iterator[_Part]:
    """A recurrence exactly at the end of the whole span gives one more part, of length 0."""
    refills = _refills(grants, period, ends_here=ends_here)
    changes = [moment for grant in grants for moment in (grant.effective_at, grant.expires_at, grant.voided_at)]
    inside = {moment for moment in (*cuts, *changes, *refills) if moment and period.start < moment < period.end}
    edges = (period.start, *sorted(inside), period.end)
    for start, end in pairwise(edges):
        yield _Part(Period(start, end), refills.get(start, frozenset()))
    if period.end in refills and not period.is_empty:
        yield _Part(Period(period.end, period.end), refills[period.end])


def _refills(grants: Iterable[EntitlementGrant], period: Period, *, ends_here: bool) -> dict[datetime, frozenset[str]]:
    """Return the grants that recur in a period, by moment; its end counts if the whole span ends there."""
    refills: dict[datetime, frozenset[str]] = {}
    for grant in grants:
        for moment in _recurrences(grant, period):
            if moment < period.end or ends_here or period.is_empty:
                refills[moment] = refills.get(moment, frozenset()) | {grant.key}
    return refills


def _recurrences(grant: EntitlementGrant, period: Period) -> Iterator[datetime]:
    if grant.recurrence is None:
        return
    anchor, interval = grant.recurrence.anchor, grant.recurrence.interval
    moment = next_at_or_after(anchor, interval, max(grant.effective_at, period.start))
    while moment <= period.end and grant.is_active_at(moment):
        yield moment
        moment = next_after(anchor, interval, moment)


def _used(metered: Sequence[Metered], period: Period) -> Decimal:
    first = bisect_left(metered, period.start, key=_time)
    end = bisect_left(metered, period.end, key=_time)
    return total(one.amount for one in metered[first:end])


@exactly
def _burned(
    grants: Sequence[EntitlementGrant], balances: Balances, overage: Decimal, part: _Part, used: Decimal
) -> tuple[Segment, Balances]:
    """A segment: its usage and earlier overage, drawn from the grants that are active at its start."""
    start = part.period.start
    opened = {grant.key: _opened(grant, balances[grant.key], start, part.refilled) for grant in grants}
    drawn, missing = _drawn(grants, opened, used + overage)
    return Segment(part.period, used, drawn, missing, opened), _after(opened, drawn)


def _opened(grant: EntitlementGrant, balance: Decimal, start: datetime, refilled: frozenset[str]) -> Decimal:
    if not grant.is_active_at(start):
        return ZERO
    return grant.amount if grant.effective_at == start or grant.key in refilled else balance


def _reset(
    grants: Sequence[EntitlementGrant], balances: Balances, overage: Decimal, period: Period
) -> tuple[Segment, Balances]:
    """Roll active grants over within their limits; then draw preserved overage at once."""
    rolled = {grant.key: _rolled(grant, balances[grant.key], period.start) for grant in grants}
    drawn, missing = _drawn(grants, rolled, overage) if overage else ((), overage)
    return Segment(period, ZERO, drawn, missing, rolled), _after(rolled, drawn)


def _rolled(grant: EntitlementGrant, balance: Decimal, at: datetime) -> Decimal:
    if not grant.is_active_at(at):
        return balance
    return min(grant.most_rollover, max(grant.least_rollover, balance))


@exactly
def _drawn(
    grants: Iterable[EntitlementGrant], balances: Balances, amount: Decimal
) -> tuple[tuple[Drawn, ...], Decimal]:
    """Return the draw from each grant that has a balance, also if it is 0, and the rest that no grant covers."""
    missing, drawn = amount, list[Drawn]()
    for grant in grants:
        if balances[grant.key] != 0:
            drawn.append(Drawn(grant.key, min(missing, balances[grant.key])))
            missing -= drawn[-1].amount
    return tuple(drawn), missing


@exactly
def _after(balances: Balances, drawn: Iterable[Drawn]) -> Balances:
    return balances | {one.grant: balances[one.grant] - one.amount for one in drawn}
