"""Changes and narrower offers of the add-ons that a plan version offers, for its subscribers."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import field

from billsync.core.changes.versions import offered_or_last
from billsync.core.observed.index import version_of
from billsync.kinds.registry import KINDS
from billsync.model.address import Address
from billsync.model.frozen import dataclass
from billsync.model.malformed import Malformed
from billsync.report.impact.live import Live
from billsync.report.impact.offers import Offer
from billsync.report.impact.price_changes import ADDON, AddonChange, PriceChanges
from billsync.report.impact.repricing import parse_addon_cards
from billsync.report.impact.subscribers import Subscriber
from billsync.report.impact.targets import Target

DROPPED = "not attached again"
"""The reason why an add-on goes that a move drops, and no file declares."""


@dataclass(frozen=True, slots=True)
class Narrowed:
    """An add-on of which a plan version to come offers less than the present one."""

    addon: str
    new: Offer
    old: Offer


@dataclass(frozen=True, slots=True)
class Concerns:
    """Changes of the add-ons that a plan version offers, and narrower offers by an add-on's id."""

    changes: tuple[AddonChange, ...] = ()
    narrowed: Mapping[str, Narrowed] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.changes or self.narrowed)


def may_have_any(one: Subscriber, live: Live) -> bool:
    """Whether a subscriber may have add-ons: not if its items are its plan version's alone."""
    is_unknown = one.identity.plan_id not in live.plans or isinstance(one.own_items, Malformed)
    return is_unknown or bool(one.own_items)


def concerns_at(plan_id: str, target: Target | None, changes: PriceChanges, live: Live) -> Concerns:
    """The concerns of a plan version's subscribers who are to get a target.

    Of an add-on a subscriber stands under one change: what its target doesn't offer goes.
    """
    offers = live.offers_of(plan_id)
    offered = tuple(change for change in changes.addons if change.ids & offers.keys())
    if target is None:
        return Concerns(offered)
    mine = tuple(change for change in offered if change.goes or target.gets_new(change.address.key))
    keys = {server_id: live.addon_keys[server_id] for server_id in offers}
    archived = {change.address.key for change in mine if change.goes}
    lost = sorted({key for key in keys.values() if key not in target.offers and key not in archived})
    named = {change.address.key for change in mine}
    newer = (
        _newer(at, key, target, changes, live.catalog.features)
        for at, key in keys.items()
        if key in target.offers and key not in named
    )
    plan = live.plans.get(plan_id)
    because = f"{'no longer' if plan and target.address.key == plan.key else 'not'} offered by {target.address.text}"
    gone = (_lost(key, (one for one in keys if keys[one] == key), because) for key in lost)
    return Concerns((*mine, *gone, *(change for change in newer if change)), _narrowed(offers, keys, target))


def with_dropped(concerns: Concerns, plan_id: str, kept: Container[str], live: Live) -> Concerns:
    """The concerns of a subscriber whose plan this run changes: the server drops its add-ons then, and only those that
    the files declare are attached again."""
    offers = live.offers_of(plan_id)
    keys = {server_id: live.addon_keys[server_id] for server_id in offers}
    going = {change.address.key for change in concerns.changes if change.goes}
    dropped = sorted({key for key in keys.values() if key not in kept and key not in going})
    stay = (change for change in concerns.changes if change.address.key not in dropped)
    lost = (_lost(key, (one for one in keys if keys[one] == key), DROPPED) for key in dropped)
    return Concerns((*stay, *lost), concerns.narrowed)


def _narrowed(offers: Mapping[str, Offer], keys: Mapping[str, str], target: Target) -> Mapping[str, Narrowed]:
    return {
        server_id: Narrowed(key, new, offers[server_id])
        for server_id, key in keys.items()
        if (new := target.offers.get(key)) and new.is_narrower(offers[server_id])
    }


def _newer(
    server_id: str, key: str, target: Target, changes: PriceChanges, features: Mapping[str, str]
) -> AddonChange | None:
    """The version of an add-on that a target has, or that new subscribers get already, if it is another."""
    versions = changes.versions.get(Address(ADDON, (key,)), ())
    had = [row for row in versions if row.id == target.pins.get(key)]
    row = offered_or_last(KINDS[ADDON], had or versions)
    if row is None or server_id in (row.id, target.pins.get(key)):
        return None
    cards = parse_addon_cards(row.fields, features)
    return AddonChange(Address(ADDON, (key,), version_of(row)), frozenset([server_id]), cards)


def _lost(key: str, ids: Iterable[str], because: str) -> AddonChange:
    return AddonChange(Address(ADDON, (key,)), frozenset(ids), because=because)
