"""Parts of a running period that a subscription's row doesn't show, from the server's list of charges.

The API shows a card only as it is now (customer-facts.md §5.4): earlier, removed and scheduled states show only in its
charges (§11).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import TypeAlias

from billsync.model.frozen import dataclass
from billsync.model.malformed import MalformedRow, inside, optional_part, part, text
from billsync.model.moment import cut_to_seconds
from billsync.model.value import Fields
from billsync.rating.card import Card
from billsync.rating.periods import Period
from billsync.rating.prices import FreePrice
from billsync.rating.timeline import Billed, Item, Life, item_life, phase_lives
from billsync.report.billing.charges import Due
from billsync.report.billing.live_card import live_card
from billsync.report.billing.subscribed import CREDIT_ONLY, Slot, Subscribed, moment

REFERENCE = re.compile(r"(?P<phase>[^/]+)/(?P<key>[^/]+)/v\[(?P<version>\d+)\](?:/period\[(?P<index>\d+)\])?")
"""The end of a charge's `unique_reference_id`, after the subscription's id."""

CREATED, DELETED = "created", "deleted"

Place: TypeAlias = tuple[str, str]
"""A phase and the key of a card."""

Booked: TypeAlias = frozenset[tuple[Place, datetime]]
"""Periods of cards, by their starts."""


@dataclass(frozen=True, slots=True)
class Unshown:
    """Periods of cards that aren't in the row; `uncertain` are keys of usage cards whose charges don't show all terms.

    `told` are the charged periods of cards, by start, whose earlier states are known. `stale` are keys of removed cards
    that are still charged, as the server hasn't caught up.
    """

    dues: tuple[Due, ...] = ()
    uncertain: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()
    told: frozenset[tuple[Place, datetime]] = frozenset()

    def untold(self, subscription: Subscribed, now: datetime) -> Iterator[tuple[str, datetime]]:
        """Keys of cards whose earlier state in the period is unknown, each with the start of its current state."""
        period = subscription.period_at(now)
        for place, life in _lives(subscription):
            is_later = period.start < life.start <= now
            if is_later and (place, cut_to_seconds(life.start)) not in self.told:
                yield place[1], life.start


def unshown(
    rows: Iterable[Fields],
    subscription: Subscribed,
    *,
    known: Iterable[Due],
    features: Mapping[str, str],
    now: datetime,
) -> Unshown:
    """The pieces of the period running at `now`, and what is due at its end, that are not among the `known` ones.

    From rows of charges; `features` maps ids to keys. A charge that overlaps a known piece of its card is that piece.
    Empty if a charge can't be decoded.
    """
    try:
        return _unshown(rows, subscription, known, features, now)
    except MalformedRow:
        return Unshown()


def _unshown(
    rows: Iterable[Fields], subscription: Subscribed, known: Iterable[Due], features: Mapping[str, str], now: datetime
) -> Unshown:
    ours = [(_place(one), one.billed.service_period) for one in known]
    live = {(slot.phase, slot.item.key): slot.item.card for slot in subscription.slots}
    dues, stale, told = list[Due](), set[str](), set[tuple[Place, datetime]]()
    for row, named in _named(rows, subscription):
        place, service = (named["phase"], named["key"]), _period(row, "service_period")
        told.add((place, service.start))
        if any(place == card and _overlap(service, period) for card, period in ours):
            continue
        one = _due(row, named, live.get(place), subscription, features)
        if service.holds(now):
            stale.add(named["key"])
        elif _is_running(one, subscription, now):
            dues.append(one)
    uncertain = {_place(one) for one in dues if not one.billed.item.is_flat} - live.keys()
    return Unshown(tuple(dues), tuple(sorted(key for _, key in uncertain)), tuple(sorted(stale)), frozenset(told))


def booked(rows: Iterable[Fields], subscription: Subscribed) -> Booked | None:
    """The cards' periods, by their starts, that the server has made a charge of and begun to collect.

    A charge that is only `created` waits for the server's worker (customer-facts.md §11, §19). None where a charge
    can't be understood.
    """
    try:
        return frozenset(
            ((named["phase"], named["key"]), _period(row, "service_period").start)
            for row, named in _named(rows, subscription)
            if row.get("status") != CREATED
        )
    except MalformedRow:
        return None


def changing(subscription: Subscribed, now: datetime) -> Iterator[tuple[str, datetime]]:
    """Keys of cards that end before their phase, and when: by another version, or for good."""
    ends = {phase.phase.key: phase.life.end for phase in phase_lives(subscription.timeline)}
    for (phase, key), life in _lives(subscription):
        if life.end and life.end != ends[phase] and life.start <= now < life.end:
            yield key, life.end


def _lives(subscription: Subscribed) -> Iterator[tuple[Place, Life]]:
    """The cards that cost anything, from their versions' starts to their ends."""
    lives = {phase.phase.key: phase.life for phase in phase_lives(subscription.timeline)}
    for slot in subscription.slots:
        if not isinstance(slot.item.card.price, FreePrice):
            phase = lives[slot.phase]
            life = item_life(slot.item, phase)
            yield (slot.phase, slot.item.key), life


def _is_running(one: Due, subscription: Subscribed, now: datetime) -> bool:
    """Whether it belongs to the running period, or is due not after its end."""
    period = subscription.period_at(now).cut_to_seconds()
    return one.at <= period.end and (one.at > now or period.holds(one.billed.billing_period.start))


def _named(rows: Iterable[Fields], subscription: Subscribed) -> Iterator[tuple[Fields, re.Match[str]]]:
    """The charges that were made for the subscription and still count, with the parts of their references."""
    start = f"{subscription.id}/"
    for row in rows:
        reference = str(row.get("unique_reference_id", ""))
        if text(row, "status") != DELETED and reference.startswith(start):
            named = REFERENCE.fullmatch(reference.removeprefix(start))
            if named and optional_part(row, "subscription").get("id") == subscription.id:
                yield row, named


def _place(one: Due) -> Place:
    return one.billed.phase, one.billed.item.key


def _period(row: Fields, name: str) -> Period:
    return inside(row, name, lambda period: Period(moment(period, "from"), moment(period, "to")))


def _overlap(one: Period, other: Period) -> bool:
    return one == other or (one.start < other.end and other.start < one.end)


def _due(
    row: Fields, named: re.Match[str], live: Card | None, subscription: Subscribed, features: Mapping[str, str]
) -> Due:
    cadence = subscription.timeline.cadence if named["index"] else None
    item = Item(named["key"], _card(row, live), cadence)
    feature = row.get("feature_key") or features.get(str(row.get("feature_id", "")))
    is_owed = subscription.mode == CREDIT_ONLY
    place = named["key"] if is_owed else _item_id(row)
    billed = Billed(
        named["phase"],
        item,
        int(named["version"]),
        int(named["index"] or 0),
        _period(row, "service_period"),
        _period(row, "full_service_period"),
        _period(row, "billing_period"),
        moment(row, "invoice_at"),
    )
    return Due(billed, Slot(named["phase"], item, text(row, "currency"), feature, place), is_owed)


def _item_id(row: Fields) -> str:
    return text(part(part(part(row, "subscription"), "phase"), "item"), "id")


def _card(row: Fields, live: Card | None) -> Card:
    """The card that was charged. Commitments and unit conversions, which a charge doesn't show, are the card's current
    ones."""
    card = live_card({name: row[name] for name in ("name", "price", "payment_term", "discounts") if name in row})
    if live is None:
        return card
    return Card(card.price, card.name, card.payment_term, live.commitments, card.discounts, live.unit_config)
