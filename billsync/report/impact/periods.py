"""Billing periods of a subscription to rate, and the charges due in each.

Every cadence stands by itself: cards that are billed less often than the plan have periods of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import partial

from billsync.model.duration import Duration
from billsync.model.frozen import dataclass, replace
from billsync.model.moment import cut_to_seconds
from billsync.rating.periods import MICROSECOND, Period, period_at, sum_of
from billsync.rating.prices import FreePrice
from billsync.rating.timeline import NO_TIME, Billed, Item, Life, item_life, phase_lives
from billsync.report.billing.alike import ByIdentity
from billsync.report.billing.charges import Due, due, needed
from billsync.report.billing.subscribed import Slot, Subscribed
from billsync.report.impact.reached import Reached

NO_PERIOD = "it has no full billing period yet"


@dataclass(frozen=True, slots=True)
class Dues:
    """The charges of one period of a cadence, under the old cards and under the new ones."""

    cadence: Duration
    period: Period
    before: tuple[Due, ...]
    after: tuple[Due, ...]

    @property
    def has_usage(self) -> bool:
        """Whether one of its charges depends on usage."""
        return any(not one.billed.item.is_flat for one in (*self.before, *self.after))


@dataclass(frozen=True, slots=True)
class Prepared:
    """A subscription with its periods to rate, the plan's own first, or the reason why nothing is rated.

    `left_out` says, after "it has", of which cards no full period is there yet: "no full P3M yet for api".
    """

    reached: Reached
    dues: tuple[Dues, ...]
    left_out: tuple[str, ...] = ()
    problem: str = ""

    @property
    def needs(self) -> frozenset[tuple[str, Period]]:
        """The features and periods whose usage has to be known."""
        return needed(one for dues in self.dues for one in (*dues.before, *dues.after))


def own_cadence(subscription: Subscribed) -> Duration:
    """The cadence of a subscription's plan: P12M as P1Y, so that equal ones compare equal."""
    return _simplified(subscription.timeline.cadence)


def full_periods(subscription: Subscribed, now: datetime, count: int) -> tuple[Period, ...]:
    """The last full billing periods before now, newest first; fewer if the subscription is younger."""
    timeline = subscription.timeline
    found: list[Period] = []
    end = period_at(timeline.anchor, timeline.cadence, now).start
    while len(found) < count:
        period = period_at(timeline.anchor, timeline.cadence, end - MICROSECOND)
        if period.start < timeline.active_from:
            break
        found.append(period)
        end = period.start
    return tuple(found)


def prepared(reached: Reached, now: datetime, count: int) -> Prepared:
    """Return the periods to rate: the last full billing periods, and the last full period of each longer cadence."""
    periods = () if reached.problem else full_periods(reached.before, now, count)
    if not periods:
        return Prepared(reached, (), problem=reached.problem or NO_PERIOD)
    own = own_cadence(reached.before)
    usual = [Dues(own, one, _dues(reached.before, one), _dues(reached.after, one)) for one in periods]
    rare = [_rare(reached, cadence, periods[0], now) for cadence in _rare_cadences(reached, periods[0])]
    dues = (*usual, *(one for one, _ in rare if one.before or one.after))
    left_out = (*_late(reached.before, periods), *(reason for _, reasons in rare for reason in reasons))
    if left_out and not any(one.before or one.after for one in dues):
        return Prepared(reached, (), problem=f"it has {', '.join(left_out)}")
    return Prepared(reached, dues, left_out)


def prepare_all(reached: Iterable[Reached], now: datetime, count: int) -> Iterator[Prepared]:
    """The periods of each; those of subscriptions with the same cards and times are worked out once."""
    known: ByIdentity[Prepared] = ByIdentity()
    for one in reached:
        if one.problem:
            yield prepared(one, now, count)
            continue
        sides = (one.before.timeline, one.before.slots, one.after.timeline, one.after.slots)
        like = known.of(sides, partial(prepared, one, now, count))
        yield Prepared(one, like.dues, like.left_out, like.problem)


def _rare_cadences(reached: Reached, period: Period) -> list[Duration]:
    """The cadences, longer than the plan's, of cards in force at the end of a period: each once, shortest first."""
    slots = [slot for side in (reached.before, reached.after) for slot, _ in _in_force(side, period)]
    found = {
        _simplified(slot.item.cadence) for slot in slots if slot.item.cadence and _is_rare(slot.item, reached.before)
    }
    return sorted(found, key=lambda cadence: (cadence.in_seconds(), cadence.text))


def _rare(reached: Reached, cadence: Duration, last: Period, now: datetime) -> tuple[Dues, tuple[str, ...]]:
    """The last full period of a cadence, whole, and of which cards there is none yet.

    A fee is known without one, so it counts in a period that began before the card did; usage doesn't.
    """
    anchor = reached.before.timeline.anchor
    own = period_at(anchor, cadence, period_at(anchor, cadence, now).start - MICROSECOND).cut_to_seconds()
    before, after = (_billed_each(cadence, side, last) for side in (reached.before, reached.after))
    usage = [(slot.item.key, cut_to_seconds(life.start)) for slot, life in (*before, *after) if not slot.item.is_flat]
    young = {key for key, began in usage if began > own.start}
    sides = (tuple(_whole(slot, own) for slot, _ in side if slot.item.key not in young) for side in (before, after))
    return Dues(cadence, own, *sides), tuple(f"no full {cadence.text} yet for {key}" for key in sorted(young))


def _late(subscription: Subscribed, periods: Sequence[Period]) -> Iterator[str]:
    """Cards that the subscription has had only since a change. What it had before, the API doesn't show any more.

    Source: customer-facts.md §5.4.
    """
    changed = [slot for slot in subscription.slots if slot.item.from_offset and slot.item.cadence and _is_priced(slot)]
    for phase in phase_lives(subscription.timeline) if changed else ():
        within = [one for one in periods if phase.life.start < one.end and not phase.life.is_over_at(one.start)]
        for slot in changed if within else ():
            start = item_life(slot.item, phase.life).start
            known = within[0].end - MICROSECOND if _is_rare(slot.item, subscription) else within[-1].start
            if slot.phase == phase.phase.key and cut_to_seconds(start) > known:
                yield f"{slot.item.key} only since it was last changed, not for the whole period"


def _billed_each(cadence: Duration, subscription: Subscribed, last: Period) -> list[tuple[Slot, Life]]:
    found = _in_force(subscription, last)
    return [(slot, life) for slot, life in found if slot.item.cadence and _simplified(slot.item.cadence) == cadence]


def _whole(slot: Slot, period: Period) -> Due:
    at = period.start if slot.item.is_in_advance else period.end
    billed = Billed(
        phase=slot.phase,
        item=slot.item,
        version=0,
        index=0,
        service_period=period,
        full_service_period=period,
        billing_period=period,
        invoice_at=at,
    )
    return Due(billed, slot)


def _in_force(subscription: Subscribed, period: Period) -> Iterator[tuple[Slot, Life]]:
    """The priced cards that hold at the end of a period, with when they begin and end."""
    last = period.end - MICROSECOND
    phases = [one for one in phase_lives(subscription.timeline) if one.life.start <= last]
    for phase in phases[-1:]:
        for slot in subscription.slots:
            life = item_life(slot.item, phase.life)
            is_there = slot.phase == phase.phase.key and life.start <= last and not life.is_over_at(last)
            if is_there and _is_priced(slot):
                yield slot, life


def _is_priced(slot: Slot) -> bool:
    return not isinstance(slot.item.card.price, FreePrice)


def _is_rare(item: Item, subscription: Subscribed) -> bool:
    return item.cadence is not None and item.cadence.in_seconds() > subscription.timeline.cadence.in_seconds()


def _simplified(cadence: Duration) -> Duration:
    return sum_of(cadence, NO_TIME)


def _dues(subscription: Subscribed, period: Period) -> tuple[Due, ...]:
    """Return the cards of one full billing period, without one-time fees and cards that are billed less often."""
    narrow = _within(subscription, period)
    whole = period.cut_to_seconds()
    return tuple(
        one
        for one in due(narrow, until=period.end)
        if whole.holds(one.billed.billing_period.start)
        and one.billed.item.cadence is not None
        and not _is_rare(one.billed.item, subscription)
    )


def _within(subscription: Subscribed, period: Period) -> Subscribed:
    """The subscription as if it began with the period, where every card is billed each period: a shorter timeline."""
    timeline = subscription.timeline
    in_force = [one for one in phase_lives(timeline) if not one.life.is_over_at(period.start)][:1]
    items = [item for one in in_force for item in one.phase.items]
    is_plain = all(
        item.cadence in (None, timeline.cadence) and not item.from_offset and not item.to_offset for item in items
    )
    if not in_force or not is_plain or in_force[0].life.start > period.start or in_force[0].life.is_over_at(period.end):
        return subscription.ending(None)
    phase = replace(in_force[0].phase, duration=None)
    return replace(subscription, timeline=replace(timeline, active_from=period.start, active_to=None, phases=(phase,)))
