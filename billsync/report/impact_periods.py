"""Which billing periods of a subscription are rated, and what is due in each. It rates nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias

from billsync.model.duration import Duration
from billsync.rating.periods import MICROSECOND, Period, period_at
from billsync.rating.prices import FreePrice
from billsync.rating.timeline import Billed, Item, phase_lives
from billsync.report.charges import Due, due, needed
from billsync.report.impact_reached import Reached
from billsync.report.subscribed import Slot, Subscribed

NO_PERIOD = "it has no full billing period yet"


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


Dues: TypeAlias = tuple[Period, tuple[Due, ...], tuple[Due, ...]]
"""A period with what is rated of it under the old cards and under the new ones."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A subscription with what is to be rated of it, or the reason why nothing is."""

    reached: Reached
    dues: tuple[Dues, ...]
    problem: str = ""

    @property
    def needs(self) -> frozenset[tuple[str, Period]]:
        """The features and periods whose usage has to be known."""
        return needed(one for _, before, after in self.dues for one in (*before, *after))


def prepared(reached: Reached, now: datetime, count: int) -> Prepared:
    """What has to be rated: the last full billing periods, and of cards that are billed less often their own."""
    periods = () if reached.problem else full_periods(reached.before, now, count)
    if not periods:
        return Prepared(reached, (), reached.problem or NO_PERIOD)
    usual = [(one, _dues(reached.before, one), _dues(reached.after, one)) for one in periods]
    rare = [_rare(reached, cadence, periods[0], now) for cadence in _rare_cadences(reached, periods[0])]
    young = [dues for dues in rare if dues[0].start < reached.before.timeline.active_from and _needs_usage(dues)]
    if young:
        return Prepared(reached, (), "a card that is billed less often than the plan has no full period yet")
    return Prepared(reached, (*usual, *rare))


def _needs_usage(dues: Dues) -> bool:
    return bool(needed((*dues[1], *dues[2])))


def _rare_cadences(reached: Reached, period: Period) -> list[Duration]:
    """The cadences, longer than the plan's, of cards in force at the end of a period, each once."""
    slots = [slot for side in (reached.before, reached.after) for slot in _in_force(side, period)]
    found = {
        slot.item.cadence.text: slot.item.cadence
        for slot in slots
        if slot.item.cadence and _is_rare(slot.item, reached.before)
    }
    return [found[text] for text in sorted(found)]


def _rare(reached: Reached, cadence: Duration, period: Period, now: datetime) -> Dues:
    """The last full period of a cadence, whole; for fees alone also one that began before the subscription did."""
    anchor = reached.before.timeline.anchor
    own = period_at(anchor, cadence, period_at(anchor, cadence, now).start - MICROSECOND).cut_to_seconds()
    before, after = (
        tuple(_whole(slot, own) for slot in _in_force(side, period) if slot.item.cadence == cadence)
        for side in (reached.before, reached.after)
    )
    return own, before, after


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


def _in_force(subscription: Subscribed, period: Period) -> tuple[Slot, ...]:
    """The priced cards of the phase that holds at the end of a period."""
    last = period.end - MICROSECOND
    phases = [one.phase.key for one in phase_lives(subscription.timeline) if one.life.start <= last]
    slots = (slot for slot in subscription.slots if [slot.phase] == phases[-1:])
    return tuple(slot for slot in slots if not isinstance(slot.item.card.price, FreePrice))


def _is_rare(item: Item, subscription: Subscribed) -> bool:
    return item.cadence is not None and item.cadence.in_seconds() > subscription.timeline.cadence.in_seconds()


def _dues(subscription: Subscribed, period: Period) -> tuple[Due, ...]:
    """What belongs to one full billing period, without one-time fees and without cards that are billed less often."""
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
    is_plain = all(item.cadence in (None, timeline.cadence) and not item.from_offset for item in items)
    if not in_force or not is_plain or in_force[0].life.start > period.start or in_force[0].life.is_over_at(period.end):
        return subscription.ending(None)
    phase = replace(in_force[0].phase, duration=None)
    return replace(subscription, timeline=replace(timeline, active_from=period.start, active_to=None, phases=(phase,)))
