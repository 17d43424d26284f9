"""A live subscription as rating needs it, from the row that the API shows. It reads nothing and rates nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal

from billsync.model.duration import Duration, parse_duration
from billsync.model.value import Fields
from billsync.rating.arithmetic import EXACT
from billsync.rating.periods import MICROSECOND, Period, period_at
from billsync.rating.prices import FlatPrice, FreePrice
from billsync.rating.timeline import Item, Phase, Subscription
from billsync.report.billing.live_card import live_card

CREDIT_ONLY = "credit_only"


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
    """A subscription: its timeline, and what of each card the timeline doesn't know."""

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

    def slot(self, phase: str, item: Item) -> Slot:
        """What the timeline doesn't know of an item of a phase. Raises KeyError."""
        for slot in self.slots:
            if slot.phase == phase and slot.item == item:
                return slot
        raise KeyError((phase, item.key))

    def ending(self, moment: datetime | None) -> Subscribed:
        """The same subscription with another end."""
        return replace(self, timeline=replace(self.timeline, active_to=moment))


def subscribed(row: Fields, features: Mapping[str, str]) -> Subscribed:
    """The subscription in a row of the API; `features` maps ids of features to their keys.

    Source: customer-facts.md §5.2, §5.4. Raises KeyError or ValueError for a row that is not one of the API's.
    """
    start = moment_of(row["active_from"])
    slots = tuple(_slots(row, features))
    timeline = Subscription(
        active_from=start,
        active_to=moment_of(row["active_to"]) if row.get("active_to") else None,
        anchor=moment_of(row["billing_anchor"]),
        cadence=duration_of(row["billing_cadence"]),
        phases=tuple(_phases(row["phases"], slots)),
    )
    return Subscribed(
        id=str(row["id"]),
        customer_id=str(row["customer_id"]),
        plan_key=str((row.get("plan") or {}).get("key", "")),
        mode=str(row.get("settlement_mode", "")),
        pro_rated=bool((row.get("pro_rating_config") or {}).get("enabled", True)),
        timeline=timeline,
        slots=slots,
    )


def unreadable(server_id: str, customer_id: str, now: datetime) -> Subscribed:
    """Stands for a subscription whose row can't be read, so that it is told and not dropped. It has no cards."""
    empty = Subscription(active_from=now, active_to=now, anchor=now, cadence=Duration(months=Decimal(1)), phases=())
    return Subscribed(server_id, customer_id, "", "", pro_rated=False, timeline=empty, slots=())


def moment_of(text: str) -> datetime:
    """A time of the API, in UTC. Raises ValueError for another text."""
    return datetime.fromisoformat(text).astimezone(UTC)


def duration_of(text: str) -> Duration:
    """A duration of the API. Raises ValueError for another text."""
    found = parse_duration(text)
    if found is None:
        raise ValueError(f"not an ISO 8601 duration: {text!r}")
    return found


def _slots(row: Fields, features: Mapping[str, str]) -> Iterator[Slot]:
    for phase in row["phases"]:
        start = moment_of(phase["active_from"])
        for item in phase["items"]:
            yield _slot(str(phase["key"]), start, item, row=row, features=features)


def _slot(phase: str, start: datetime, item: Fields, *, row: Fields, features: Mapping[str, str]) -> Slot:
    card = item["rate_card"]
    key = str(card["key"])
    cadence = card.get("billing_cadence")
    timed = Item(
        key=key,
        card=live_card(card),
        cadence=duration_of(cadence) if cadence else None,
        from_offset=_after(start, item.get("active_from")),
        to_offset=_after(start, item.get("active_to") if item.get("active_to") != row.get("active_to") else None),
    )
    feature = (card.get("feature") or {}).get("id")
    place = key if row.get("settlement_mode") == CREDIT_ONLY else str(item["id"])
    currency = str(card.get("currency") or row["invoice_currency"])
    return Slot(phase, timed, currency, features.get(feature, str(feature)) if feature else None, place)


def _after(start: datetime, moment: str | None) -> Duration | None:
    """How long after the phase's start, for an item that begins or ends within it."""
    if not moment or moment_of(moment) == start:
        return None
    return span(start, moment_of(moment))


def _phases(rows: Sequence[Fields], slots: Sequence[Slot]) -> Iterator[Phase]:
    """The phases with durations in exact seconds: the server has worked out the calendar already."""
    starts = [moment_of(row["active_from"]) for row in rows]
    for row, start, following in zip(rows, starts, [*starts[1:], None], strict=True):
        items = tuple(slot.item for slot in slots if slot.phase == row["key"])
        yield Phase(str(row["key"]), span(start, following) if following else None, items)


def span(start: datetime, end: datetime) -> Duration:
    """The time between two moments, in exact seconds."""
    return Duration(seconds=Decimal((end - start) // MICROSECOND).scaleb(-6, EXACT))
