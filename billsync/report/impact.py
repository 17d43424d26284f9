"""Who would pay what more or less, had new cards been in force in past billing periods. An estimate; it reads nothing.

Left out: taxes, payment fees, one-time fees, and credits, which pay the same bill before and after.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import TypeAlias

from billsync.model.address import Symbol
from billsync.model.duration import Duration
from billsync.model.value import Fields
from billsync.rating.arithmetic import ZERO, exactly
from billsync.rating.card import card_of
from billsync.rating.errors import RatingError
from billsync.rating.periods import MICROSECOND, Period, period_at
from billsync.rating.prices import FreePrice
from billsync.rating.timeline import Billed, Item, Phase, phase_lives
from billsync.report.charges import Charge, Due, Metered, UnknownCurrency, charge, due, needed
from billsync.report.subscribed import Slot, Subscribed, duration_of

NO_PERIOD = "it has no full billing period yet"


class Standing(Enum):
    """Whether a run would move a subscription to the new cards; if not, whether the files mean it to."""

    MOVING = "moving"
    MEANT = "meant_to_move"
    STAYING = "grandfathered"


@dataclass(frozen=True, slots=True)
class Reached:
    """A live subscription that a change reaches.

    `problem` says why it can't be rated, as far as that is known before its usage is read.
    """

    name: str
    customer: str
    target: str
    standing: Standing
    before: Subscribed
    after: Subscribed
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Bill:
    """One billing period under the old cards and under the new ones."""

    period: Period
    before: tuple[Charge, ...]
    after: tuple[Charge, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a change means for one subscription: its bills, or the reason why there are none."""

    reached: Reached
    bills: tuple[Bill, ...]
    problem: str = ""

    @property
    def usual(self) -> tuple[Bill, ...]:
        """The bills of the plan's own billing periods, without those of cards that are billed less often."""
        plan = self.reached.before.timeline
        ends = ((bill, period_at(plan.anchor, plan.cadence, bill.period.start).cut_to_seconds()) for bill in self.bills)
        return tuple(bill for bill, period in ends if period.end == bill.period.end)

    @property
    def currencies(self) -> tuple[str, ...]:
        """Every currency of its bills."""
        charges = (one for bill in self.bills for one in (*bill.before, *bill.after))
        return tuple(sorted({one.currency for one in charges}))

    def totals(self, currency: str) -> tuple[Decimal, Decimal]:
        """What is paid before and after, in one currency, over all its bills."""
        before = [one for bill in self.bills for one in bill.before]
        after = [one for bill in self.bills for one in bill.after]
        return _total(before, currency), _total(after, currency)

    @exactly
    def difference(self, currency: str) -> Decimal:
        """How much more is paid after, below zero if less."""
        before, after = self.totals(currency)
        return after - before


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


def verdict(one: Prepared, metered: Metered) -> Verdict:
    """Both bills of each period. A card that can't be rated makes the whole subscription one that can't be."""
    reached = one.reached
    if not one.dues:
        return Verdict(reached, (), one.problem)
    try:
        return Verdict(reached, tuple(_bill(reached, *dues, metered) for dues in one.dues))
    except RatingError as error:
        return Verdict(reached, (), f"the server would not rate it ({error.code})")
    except UnknownCurrency as error:
        return Verdict(reached, (), f"the decimals of the currency {error} are not known")


def _bill(reached: Reached, period: Period, before: Iterable[Due], after: Iterable[Due], metered: Metered) -> Bill:
    return Bill(
        period.cut_to_seconds(),
        tuple(charge(one, metered, reached.before) for one in before),
        tuple(charge(one, metered, reached.after) for one in after),
    )


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


@dataclass(frozen=True, slots=True)
class NewCards:
    """The phases of a plan that is to come: slots by the phase's key. The last phase stands for those it lacks."""

    phases: Mapping[str, tuple[Slot, ...]]

    def of(self, phase: str) -> tuple[Slot, ...]:
        """The cards for a phase of the old plan."""
        last = next(reversed(list(self.phases.values())), ())
        return self.phases.get(phase, last)


def repriced(subscription: Subscribed, new: NewCards, old_keys: Mapping[str, frozenset[str]]) -> Subscribed:
    """The subscription with new cards. What its old plan didn't have (an add-on's card, say) it keeps.

    `old_keys` are the keys of the old plan's cards by phase.
    """
    slots: list[Slot] = []
    phases: list[Phase] = []
    for phase in subscription.timeline.phases:
        kept = [slot for slot in subscription.slots if slot.phase == phase.key and _is_own(slot, old_keys)]
        fresh = [replace(slot, phase=phase.key) for slot in new.of(phase.key)]
        taken = {slot.item.key for slot in fresh}
        mine = [*fresh, *(slot for slot in kept if slot.item.key not in taken)]
        slots += mine
        phases.append(replace(phase, items=tuple(slot.item for slot in mine)))
    return replace(subscription, timeline=replace(subscription.timeline, phases=tuple(phases)), slots=tuple(slots))


def _is_own(slot: Slot, old_keys: Mapping[str, frozenset[str]]) -> bool:
    return slot.item.key not in old_keys.get(slot.phase, frozenset())


@exactly
def _total(charges: Iterable[Charge], currency: str) -> Decimal:
    return sum((one.totals.total for one in charges if one.currency == currency), ZERO)


def new_cards(plan: Fields) -> NewCards:
    """The cards of a plan in canonical form: references are Symbols. Raises KeyError or ValueError for another form."""
    return NewCards(
        {
            str(phase["key"]): tuple(_new_slot(str(phase["key"]), card, plan) for card in phase["rate_cards"])
            for phase in plan["phases"]
        }
    )


def _new_slot(phase: str, card: Fields, plan: Fields) -> Slot:
    cadence, feature = card.get("billing_cadence"), card.get("feature")
    key = str(card["key"])
    item = Item(key, card_of(card), duration_of(cadence) if cadence else None)
    name = feature.address.key if isinstance(feature, Symbol) else None
    return Slot(phase, item, str(card.get("currency") or plan["currency"]), name, place=key)


def old_keys(plan: Fields) -> dict[str, frozenset[str]]:
    """The keys of the cards of a plan's row, by phase."""
    return {
        str(phase["key"]): frozenset(str(card["key"]) for card in phase.get("rate_cards") or ())
        for phase in plan["phases"]
    }
