"""The timeline of a subscription: its phases, and for each item the periods that are billed and when.

Source: vectors README, timelines.jsonl.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import groupby

from billsync.model.duration import Duration
from billsync.model.frozen import dataclass
from billsync.model.moment import cut_to_seconds
from billsync.rating.card import Card, PaymentTerm
from billsync.rating.periods import Period, boundary, period_at, sum_of
from billsync.rating.prices import FlatPrice, FreePrice
from billsync.rating.proration import Fee

NO_TIME = Duration()


@dataclass(frozen=True, slots=True)
class Item:
    """A card in a phase; without a cadence it is billed once. Items of one key are its versions, in order."""

    key: str
    card: Card
    cadence: Duration | None
    from_offset: Duration | None = None
    to_offset: Duration | None = None

    @property
    def is_flat(self) -> bool:
        return isinstance(self.card.price, FlatPrice)

    @property
    def is_in_advance(self) -> bool:
        return self.is_flat and self.card.payment_term is PaymentTerm.IN_ADVANCE


@dataclass(frozen=True, slots=True)
class Phase:
    """Items that hold for a duration; None is an open end."""

    key: str
    duration: Duration | None
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Subscription:
    """The inputs of a timeline. The API's default anchor is `active_from`."""

    active_from: datetime
    active_to: datetime | None
    anchor: datetime
    cadence: Duration
    phases: tuple[Phase, ...]


@dataclass(frozen=True, slots=True)
class Life:
    """A time from its start (included) to its end (not included); None means no end."""

    start: datetime
    end: datetime | None

    @property
    def is_empty(self) -> bool:
        return self.end is not None and self.end <= self.start

    def is_over_at(self, moment: datetime) -> bool:
        return self.end is not None and moment >= self.end


@dataclass(frozen=True, slots=True)
class PhaseLife:
    """The span of a phase, and its distance from the subscription's start."""

    phase: Phase
    start_after: Duration
    life: Life


@dataclass(frozen=True, slots=True)
class Billed:
    """One period of one version of an item, cut to whole seconds."""

    phase: str
    item: Item
    version: int
    index: int
    service_period: Period
    full_service_period: Period
    billing_period: Period
    invoice_at: datetime

    @property
    def is_billable(self) -> bool:
        """False while a fee in arrears has no full period yet: a one-time one, in a phase without an end."""
        return self.item.is_in_advance or not self.full_service_period.is_empty

    def fee(self, *, pro_rated: bool) -> Fee | None:
        """The flat fee of this period, for `proration`; None for another price."""
        price = self.item.card.price
        if not isinstance(price, FlatPrice):
            return None
        return Fee(price.amount, self.service_period, self.full_service_period, pro_rated)

    @property
    def unique_id(self) -> str:
        """`phase/item/v[version]/period[index]`, without the last part for a one-time item."""
        version = f"{self.phase}/{self.item.key}/v[{self.version}]"
        return version if self.item.cadence is None else f"{version}/period[{self.index}]"


def phase_lives(subscription: Subscription) -> tuple[PhaseLife, ...]:
    """Return each phase's start and end. Durations are summed field by field and applied once, so they don't drift.

    Source: vectors README, timelines.jsonl, Rule.
    """
    afters = [NO_TIME]
    for phase in subscription.phases[:-1]:
        afters.append(sum_of(afters[-1], phase.duration or NO_TIME))
    starts = [boundary(subscription.active_from, after, 1) for after in afters]
    ends = [_earlier(start, subscription.active_to) for start in starts[1:]] + [subscription.active_to]
    return tuple(
        PhaseLife(phase, after, Life(start, None if end is None else max(start, end)))
        for phase, after, start, end in zip(subscription.phases, afters, starts, ends, strict=True)
    )


def timeline(subscription: Subscription, *, until: datetime) -> tuple[Billed, ...]:
    """Every period whose invoice time is not after `until`: by phase, item key, version and index.

    Source: vectors README, timelines.jsonl, Rule.
    """
    return tuple(
        billed
        for phase in phase_lives(subscription)
        if not phase.life.is_empty
        for item, version in _versions(phase.phase)
        for billed in _billed(subscription, phase, item, version, until)
    )


def _versions(phase: Phase) -> Iterator[tuple[Item, int]]:
    for _, versions in groupby(sorted(phase.items, key=_key), key=_key):
        for version, item in enumerate(versions):
            if not isinstance(item.card.price, FreePrice):
                yield item, version


def _key(item: Item) -> str:
    return item.key


def _billed(
    subscription: Subscription, phase: PhaseLife, item: Item, version: int, until: datetime
) -> Iterator[Billed]:
    life = item_life(item, phase.life)
    for index, full in enumerate(_full_service_periods(subscription, phase.life, item, life)):
        service = full.within(life.start, life.end)
        billing = billing_period(subscription, phase.life, service.start)
        invoice_at = cut_to_seconds(billing.start if item.is_in_advance else max(service.end, billing.end))
        if invoice_at > cut_to_seconds(until):
            return
        if item.is_flat or not service.cut_to_seconds().is_empty:
            yield Billed(
                phase=phase.phase.key,
                item=item,
                version=version,
                index=index,
                service_period=service.cut_to_seconds(),
                full_service_period=full.cut_to_seconds(),
                billing_period=billing.cut_to_seconds(),
                invoice_at=invoice_at,
            )


def item_life(item: Item, phase: Life) -> Life:
    """From phase start (and its offset) to phase end, or its offset if that is first."""
    start = phase.start if item.from_offset is None else boundary(phase.start, item.from_offset, 1)
    end = phase.end if item.to_offset is None else _earlier(boundary(phase.start, item.to_offset, 1), phase.end)
    return Life(start if phase.end is None else min(start, phase.end), end)


def billing_period(subscription: Subscription, phase: Life, moment: datetime) -> Period:
    """The period of the subscription's cadence around a moment, cut to the phase."""
    return period_at(subscription.anchor, subscription.cadence, moment).within(phase.start, phase.end)


def _full_service_periods(subscription: Subscription, phase: Life, item: Item, life: Life) -> Iterator[Period]:
    """The periods of the item's cadence, from its start to the end of its life or of its phase; one if one-time."""
    if item.cadence is None:
        yield Period(life.start, phase.end or life.end or life.start)
        return
    moment = life.start
    while not phase.is_over_at(moment):
        full = period_at(subscription.anchor, item.cadence, moment)
        yield full
        moment = full.end
        if life.is_over_at(moment):
            return


def _earlier(moment: datetime, limit: datetime | None) -> datetime:
    return moment if limit is None else min(moment, limit)
