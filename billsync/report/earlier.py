"""What a subscription had earlier in its running period, from the server's list of charges. It reads and rates nothing.

The API shows an item only as it is now (customer-facts.md §5.4): what it was before it was last changed, and what is
gone, only the charges tell (§11).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from billsync.model.value import Fields
from billsync.rating.card import Card
from billsync.rating.periods import Period
from billsync.rating.timeline import Billed, Item
from billsync.report.charges import Due
from billsync.report.live_card import live_card
from billsync.report.subscribed import CREDIT_ONLY, Slot, Subscribed, moment_of

REFERENCE = re.compile(r"(?P<phase>[^/]+)/(?P<key>[^/]+)/v\[(?P<version>\d+)\](?:/period\[(?P<index>\d+)\])?")
"""The end of a charge's `unique_reference_id`, after the subscription's id."""

SYSTEM, DELETED = "system", "deleted"


@dataclass(frozen=True, slots=True)
class Earlier:
    """Periods of items as they were; `uncertain` are keys of usage of which a charge doesn't show all terms."""

    dues: tuple[Due, ...] = ()
    uncertain: tuple[str, ...] = ()


def earlier(
    rows: Iterable[Fields],
    subscription: Subscribed,
    *,
    known: Iterable[Due],
    features: Mapping[str, str],
    now: datetime,
) -> Earlier:
    """The pieces of the period running at `now` that are over and not among the `known` ones, from rows of charges.

    `features` maps ids to keys. Raises KeyError, TypeError or ValueError for rows that are not the API's.
    """
    ours = [(one.billed.phase, one.billed.item.key, one.billed.service_period) for one in known]
    live = {(slot.phase, slot.item.key): slot.item.card for slot in subscription.slots}
    period = subscription.period_at(now).cut_to_seconds()
    dues: list[Due] = []
    uncertain: set[str] = set()
    for row in rows:
        named = _named(row, subscription)
        if named is None or not period.holds(_period(row, "billing_period").start):
            continue
        service = _period(row, "service_period")
        place = named["phase"], named["key"]
        if service.end > now or any(place == one[:2] and _overlap(service, one[2]) for one in ours):
            continue
        one = _due(row, named, live.get(place), subscription, features)
        dues.append(one)
        if not one.billed.item.is_flat and place not in live:
            uncertain.add(named["key"])
    return Earlier(tuple(dues), tuple(sorted(uncertain)))


def _named(row: Fields, subscription: Subscribed) -> re.Match[str] | None:
    """The parts of its reference, if a charge was made for the subscription and still counts."""
    if row.get("lifecycle_controller") != SYSTEM or row["status"] == DELETED:
        return None
    start = f"{subscription.id}/"
    reference = str(row.get("unique_reference_id", ""))
    return REFERENCE.fullmatch(reference.removeprefix(start)) if reference.startswith(start) else None


def _period(row: Fields, name: str) -> Period:
    return Period(moment_of(row[name]["from"]), moment_of(row[name]["to"]))


def _overlap(one: Period, other: Period) -> bool:
    return one.start < other.end and other.start < one.end


def _due(
    row: Fields, named: re.Match[str], live: Card | None, subscription: Subscribed, features: Mapping[str, str]
) -> Due:
    cadence = subscription.timeline.cadence if named["index"] else None
    item = Item(named["key"], _card(row, live), cadence)
    feature = row.get("feature_key") or features.get(str(row.get("feature_id", "")))
    is_owed = subscription.mode == CREDIT_ONLY
    place = named["key"] if is_owed else str(row["subscription"]["phase"]["item"]["id"])
    billed = Billed(
        named["phase"],
        item,
        int(named["version"]),
        int(named["index"] or 0),
        _period(row, "service_period"),
        _period(row, "full_service_period"),
        _period(row, "billing_period"),
        moment_of(row["invoice_at"]),
    )
    return Due(billed, Slot(named["phase"], item, str(row["currency"]), feature, place), is_owed)


def _card(row: Fields, live: Card | None) -> Card:
    """The card that was charged. Commitments and unit conversions, which a charge doesn't show, are those of today."""
    card = live_card({name: row[name] for name in ("name", "price", "payment_term", "discounts") if name in row})
    if live is None:
        return card
    return Card(card.price, card.name, card.payment_term, live.commitments, card.discounts, live.unit_config)
