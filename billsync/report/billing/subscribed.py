"""A live subscription as rating needs it, from the API's row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import TypeAlias

from billsync.model.duration import Duration, parse_duration
from billsync.model.frozen import dataclass, replace
from billsync.model.malformed import Malformed, MalformedRow, each, inside, members, optional_part, parsed, text
from billsync.model.value import Fields, Plain
from billsync.rating.arithmetic import EXACT
from billsync.rating.periods import MICROSECOND, Period, period_at
from billsync.rating.prices import FlatPrice, FreePrice
from billsync.rating.timeline import Item, Phase, Subscription, billing_period, phase_lives
from billsync.report.billing.live_card import live_card

CREDIT_ONLY = "credit_only"
UNSHOWN = Malformed("phases", None)
"""A row without phases, as Konnect shows it. They can't be derived from its plan version: neither the start, and with
it the phase in force, nor what was edited or attached is shown either (customer-facts.md §5.2)."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A card that a subscription has; `place` is its place when credits are scarce.

    `feature` is its feature's key, or the id where no key is known.

    Credits are taken on an invoice in the order in which the items were made, and with `credit_only` by item key;
    so it was recorded each time (customer-facts.md §19.1), and the server promises neither.
    """

    phase: str
    item: Item
    currency: str
    feature: str | None
    place: str


@dataclass(frozen=True, slots=True)
class Subscribed:
    """A subscription: its timeline, and each card's fields that the timeline doesn't hold."""

    id: str
    customer_id: str
    plan_key: str
    mode: str
    pro_rated: bool
    timeline: Subscription
    slots: tuple[Slot, ...]

    @property
    def features(self) -> frozenset[str]:
        """The keys of all features that its cards price."""
        return frozenset(slot.feature for slot in self.slots if slot.feature)

    @property
    def priced_by_usage(self) -> frozenset[str]:
        """The keys of the features whose usage has a price."""
        metered = (slot for slot in self.slots if not isinstance(slot.item.card.price, FreePrice | FlatPrice))
        return frozenset(slot.feature for slot in metered if slot.feature)

    def period_at(self, moment: datetime) -> Period:
        """The billing period of a moment, within the subscription's life."""
        found = period_at(self.timeline.anchor, self.timeline.cadence, moment)
        return found.within(self.timeline.active_from, self.timeline.active_to)

    def renewal_after(self, moment: datetime) -> datetime:
        """The end of the billing period of a moment, within its phase: there a change at renewal takes effect.

        Source: customer-facts.md §5.4, §5.7.
        """
        begun = [one for one in phase_lives(self.timeline) if one.life.start <= moment]
        if not begun:
            return self.period_at(moment).end
        return billing_period(self.timeline, begun[-1].life, moment).end

    def slot(self, phase: str, item: Item) -> Slot:
        """Return the fields of a phase's item that the timeline doesn't have. Raises KeyError."""
        for slot in self.slots:
            if slot.phase == phase and slot.item == item:
                return slot
        raise KeyError((phase, item.key))

    def ending(self, moment: datetime | None) -> Subscribed:
        """The subscription with another end."""
        return replace(self, timeline=replace(self.timeline, active_to=moment))


Cards: TypeAlias = dict[str, Slot]
"""Cards by the text of their row."""


def running_at(now: datetime, subscriptions: Iterable[Subscribed]) -> tuple[Subscribed, ...]:
    """Those in force at a moment."""
    return tuple(one for one in subscriptions if one.period_at(now).holds(now))


def subscribed(row: Fields, features: Mapping[str, str], cards: Cards | None = None) -> Subscribed:
    """The subscription in a row of the API; `features` maps ids of features to their keys. Cards that are known are
    taken from `cards`, and others are added.

    Source: customer-facts.md §5.2, §5.4. Raises MalformedRow for a row that is not one of the API's.
    """
    slots = tuple(_slots(row, features, {} if cards is None else cards))
    timeline = Subscription(
        active_from=moment(row, "active_from"),
        active_to=optional_moment(row, "active_to"),
        anchor=moment(row, "billing_anchor"),
        cadence=duration(row, "billing_cadence"),
        phases=tuple(_phases(members(row, "phases"), slots)),
    )
    return Subscribed(
        id=text(row, "id"),
        customer_id=text(row, "customer_id"),
        plan_key=str(optional_part(row, "plan").get("key", "")),
        mode=str(row.get("settlement_mode", "")),
        pro_rated=bool(optional_part(row, "pro_rating_config").get("enabled", True)),
        timeline=timeline,
        slots=slots,
    )


def parse_subscription(row: Fields, features: Mapping[str, str], cards: Cards | None = None) -> Subscribed | Malformed:
    """The subscription in a row, or the field because of which it can't be rated. `features` maps ids to keys; `cards`
    are cards that are known, by their text."""
    return parsed(subscribed, row, features, cards)


def unreadable(server_id: str, customer_id: str, now: datetime) -> Subscribed:
    """A subscription whose row can't be read, without cards, so that it is reported and not dropped."""
    empty = Subscription(active_from=now, active_to=now, anchor=now, cadence=Duration(months=Decimal(1)), phases=())
    return Subscribed(server_id, customer_id, "", "", pro_rated=False, timeline=empty, slots=())


def moment_of(text: str) -> datetime:
    """A time of the API, in UTC. Raises ValueError for another text."""
    return datetime.fromisoformat(text).astimezone(UTC)


def moment(row: Fields, name: str) -> datetime:
    """A time in a row, in UTC. Raises MalformedRow for anything else."""
    value = text(row, name)
    try:
        return moment_of(value)
    except (ValueError, OverflowError):
        raise MalformedRow(name, value) from None


def optional_moment(row: Fields, name: str) -> datetime | None:
    """A time in a row, if it has one. Raises MalformedRow for anything else."""
    return moment(row, name) if row.get(name) else None


def duration(row: Fields, name: str) -> Duration:
    """A duration in a row. Raises MalformedRow for anything else."""
    value = text(row, name)
    found = parse_duration(value)
    if found is None:
        raise MalformedRow(name, value)
    return found


def optional_duration(row: Fields, name: str) -> Duration | None:
    """A duration in a row, if it has one. Raises MalformedRow for anything else."""
    return duration(row, name) if row.get(name) else None


def duration_of(text: str) -> Duration:
    """A duration of the API. Raises ValueError for another text."""
    found = parse_duration(text)
    if found is None:
        raise ValueError(f"not an ISO 8601 duration: {text!r}")
    return found


def _slots(row: Fields, features: Mapping[str, str], cards: Cards) -> Iterator[Slot]:
    def in_phase(phase: Fields) -> tuple[Slot, ...]:
        key, start = text(phase, "key"), moment(phase, "active_from")
        return each(phase, "items", lambda item: _slot(key, start, item, row=row, features=features, cards=cards))

    return (slot for slots in each(row, "phases", in_phase) for slot in slots)


def _slot(phase: str, start: datetime, item: Fields, *, row: Fields, features: Mapping[str, str], cards: Cards) -> Slot:
    ends_with_all = item.get("active_to") == row.get("active_to")
    text_of_card = repr((phase, item.get("rate_card"), row.get("invoice_currency")))
    priced = cards.get(text_of_card)
    if priced is None:
        priced = inside(item, "rate_card", lambda card: card_slot(phase, card, row.get("invoice_currency"), features))
        cards[text_of_card] = priced
    timed = replace(
        priced.item,
        from_offset=_after(start, optional_moment(item, "active_from")),
        to_offset=None if ends_with_all else _after(start, optional_moment(item, "active_to")),
    )
    place = priced.place if row.get("settlement_mode") == CREDIT_ONLY else text(item, "id")
    return replace(priced, item=timed, place=place)


def card_slot(phase: str, card: Fields, currency: Plain, features: Mapping[str, str]) -> Slot:
    """A card as the API shows it, in a phase; the currency holds where the card has none of its own.

    `features` maps ids to keys. Raises MalformedRow.
    """
    key, feature = text(card, "key"), optional_part(card, "feature").get("id")
    return Slot(
        phase,
        Item(key, live_card(card), optional_duration(card, "billing_cadence")),
        _currency(card.get("currency") or currency),
        features.get(str(feature), str(feature)) if feature else None,
        place=key,
    )


def _currency(code: Plain) -> str:
    if not isinstance(code, str):
        raise MalformedRow("currency", code)
    return code


def _after(start: datetime, time: datetime | None) -> Duration | None:
    """Return the distance from the phase's start, for an item that begins or ends within it."""
    return None if time is None or time == start else span(start, time)


def _phases(rows: Sequence[Fields], slots: Sequence[Slot]) -> Iterator[Phase]:
    """The phases with durations in exact seconds: the server has worked out the calendar already."""
    starts = [moment(row, "active_from") for row in rows]
    for row, start, following in zip(rows, starts, [*starts[1:], None], strict=True):
        items = tuple(slot.item for slot in slots if slot.phase == row["key"])
        yield Phase(text(row, "key"), span(start, following) if following else None, items)


def span(start: datetime, end: datetime) -> Duration:
    """The time between two moments, in exact seconds."""
    return Duration(seconds=Decimal((end - start) // MICROSECOND).scaleb(-6, EXACT))
