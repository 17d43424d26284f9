"""Add-ons of subscriptions: their rows, quantities over time, and resulting items (§6).

Sections are those of customer-facts.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby, pairwise

from billsync.local.accounts.item_versions import Item, Window, is_static, item_window, key_of
from billsync.local.accounts.manual_entitlements import check_not_given
from billsync.local.accounts.subscription_view import windows
from billsync.local.catalog import addons
from billsync.local.server.resource import Call
from billsync.local.store.documents import Document
from billsync.local.store.store import LIVE, Row, Store, changed
from billsync.local.store.times import from_micros, micros
from billsync.local.subscriptions.addon_overlay import Bought, Version, overlaid
from billsync.local.subscriptions.subscription_start import (
    anew,
    check_cadences,
    check_features,
    feature_terms,
    item_card,
)
from billsync.model.frozen import dataclass

SUBSCRIPTION_ADDON = "subscription_addon"
ITS_OWN = ("id", "made_at", "place", "entitlement_id", "issued_id")


@dataclass(frozen=True, slots=True)
class Segment:
    """A quantity, 0 included, and when it holds."""

    quantity: int
    window: Window


def attached(store: Store, subscription_id: str) -> list[Row]:
    """The add-ons that the subscription has, or had, in order of making."""
    return store.rows(SUBSCRIPTION_ADDON, f"parent = :subscription AND {LIVE}", {"subscription": subscription_id})


def quantity_from(moment: datetime, quantity: int) -> Document:
    """An entry of a row's `quantities`: each holds until the next one."""
    return {"from": micros(moment), "quantity": quantity}


def segments(row: Row) -> list[Segment]:
    """The quantities in order of time, the last one without an end."""
    entries = sorted(row.document["quantities"], key=lambda entry: int(entry["from"]))
    return [
        Segment(
            entry["quantity"],
            Window(from_micros(entry["from"]), None if following is None else from_micros(following["from"])),
        )
        for entry, following in pairwise([*entries, None])
        if entry is not None
    ]


def quantity_at(row: Row, moment: datetime) -> int:
    """Return the quantity at a moment: zero before the first segment."""
    return next((segment.quantity for segment in segments(row) if segment.window.holds(moment)), 0)


def affected_items(row: Row, subscription: Row, key: str) -> list[str]:
    """The ids of the items of a key that the add-on has a part in, by phase and time."""
    parts = [segment.window for segment in segments(row) if segment.quantity]
    return [
        item["id"]
        for phase, window in zip(
            subscription.document["phases"], windows(subscription, subscription.ends_at), strict=True
        )
        for item in phase["items"]
        if key_of(item) == key and any(item_window(item, window).common(part) for part in parts)
    ]


def follow_addons(call: Call, subscription: Row) -> Row:
    """Store the subscription with the items that result from its add-ons now, and return it. Raises Problem as for a
    new subscription (§5.3)."""
    bought = list(bought_by(call.store, subscription))
    phases = [
        with_items(call, phase, overlaid(own_cards(phase), window, bought), window)
        for phase, window in zip(subscription.document["phases"], windows(subscription, None), strict=True)
    ]
    check_features(call.store, phases)
    check_not_given(call.store, subscription.document["customer_id"], phases)
    check_cadences(phases)
    document = {**subscription.document, "phases": phases}
    terms = tuple(feature_terms(phases))
    return call.store.update(changed(subscription, subscription.updated_at, document=document, terms=terms))


def bought_by(store: Store, subscription: Row) -> Iterator[Bought]:
    for row in attached(store, subscription.id):
        addon = addons.find(store, row.document["addon_id"])
        cards = [item_card(card, addon.document["currency"]) for card in addon.document["rate_cards"]]
        for segment in segments(row):
            yield Bought(cards, segment.quantity, segment.window)


def own_cards(phase: Document) -> list[Document]:
    """The cards that the phase has from its plan."""
    return list(phase.get("cards") or (item["rate_card"] for item in phase["items"]))


def with_items(call: Call, phase: Document, versions: Sequence[Version], window: Window) -> Document:
    """The phase with these versions as its items, and with its plan's cards noted."""
    planned = {card["key"] for card in own_cards(phase)}
    have = {key: list(items) for key, items in groupby(phase["items"], key=key_of)}
    items = []
    for key, found in groupby(versions, key=lambda version: str(version.card["key"])):
        old = have.get(key, []) if key in planned else []
        for place, version in enumerate(found):
            items.append(item_of(call, version, window, old[place] if place < len(old) else None))
    return {**phase, "items": items, "cards": own_cards(phase)}


def item_of(call: Call, version: Version, phase: Window, old: Item | None) -> Document:
    """The old item if it is unchanged, else a new one. An item of add-ons alone is always new (§6.1)."""
    item: Document = {"rate_card": dict(version.card)}
    if version.window.start != phase.start:
        item["begins_at"] = micros(version.window.start)
    if version.window.end is not None and version.window.end != phase.end:
        item["ends_at"] = micros(version.window.end)
    if old is None or is_static(item) or item != {name: old[name] for name in old if name not in ITS_OWN}:
        return anew(call, item)
    return dict(old)
