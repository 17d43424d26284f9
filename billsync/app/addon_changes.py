"""What a comparison does to add-ons that subscriptions may have. What a subscription does have it doesn't ask.

An add-on gets a new version, is archived, or is offered no longer, or less of it, by a plan version to come. Each plan
version is asked once what it offers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from billsync.app.connection import Connection
from billsync.app.pipeline import Comparison
from billsync.app.subscribers import PLAN, Subscriber, Subscribers
from billsync.app.targets import Target
from billsync.core.index import Index, version_of
from billsync.core.normalize import normalize
from billsync.core.versions import offered_or_last
from billsync.kinds.registry import KINDS
from billsync.live.paging import Refused
from billsync.model.address import Address
from billsync.model.change import Action, Change
from billsync.model.malformed import Malformed, each, text
from billsync.model.state import Desired, Row
from billsync.model.value import Fields
from billsync.report.billing.attached import parse_own_items
from billsync.report.billing.subscribed import Slot, card_slot
from billsync.report.impact.offers import UNKNOWN, Offer, offer
from billsync.report.impact.repricing import declared_slots, parse_plan_cards

ADDON = "addon"
PART = "addons"
ARCHIVED = "archived"


@dataclass(frozen=True, slots=True)
class AddonChange:
    """A change of an add-on: to a version that is declared, or live already as `row`; without either it goes.

    `because` says why it goes. `ids` are the server's, of the versions that it is about.
    """

    address: Address
    ids: frozenset[str]
    fields: Fields | None = None
    because: str = ""
    row: Fields | None = None

    @property
    def goes(self) -> bool:
        """Whether nobody can have the add-on any more."""
        return self.fields is None and self.row is None

    def cards(self, phase: str, features: Mapping[str, str]) -> tuple[Slot, ...]:
        """The cards of the new version, in a phase; none if the add-on goes. `features` maps ids to keys.

        Raises MalformedRow for a live version that is not as the API promises.
        """
        if self.fields is not None:
            return declared_slots(phase, self.fields, self.fields)
        if self.row is None:
            return ()
        currency = text(self.row, "currency")
        return each(self.row, "rate_cards", lambda card: card_slot(phase, card, currency, features))


@dataclass(frozen=True, slots=True)
class Narrowed:
    """An add-on of which a plan version to come offers less than the present one."""

    addon: str
    new: Offer
    old: Offer


@dataclass(frozen=True, slots=True)
class Concerns:
    """What matters of the add-ons that a plan version offers: changes, and what is narrowed, by an add-on's id."""

    changes: tuple[AddonChange, ...] = ()
    narrowed: Mapping[str, Narrowed] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.changes or self.narrowed)


class AddonChanges:
    """The changes of a comparison, told by what plan versions offer."""

    def __init__(
        self,
        connection: Connection,
        desired: Desired,
        comparison: Comparison,
        found: Index,
        subscribers: Subscribers,
        features: Mapping[str, str],
    ) -> None:
        self._connection = connection
        self._features = features
        self._subscribers = subscribers
        self._addons = {server_id: at for server_id, at in found.names.items() if at.kind == ADDON}
        self._versions = found.versions
        self._offers: dict[str, Mapping[str, Offer]] = {}
        self._concerns: dict[tuple[str, Address | None], Concerns] = {}
        changes = [change for change in comparison.plan.pending if change.address.kind == ADDON]
        self._changes = tuple(_changes(changes, desired, found))

    def live_target(self, plan: Row) -> Target | None:
        """A plan version that is live; None if its cards can't be read. Raises RemoteError."""
        offers = self._offers_of(plan.id, plan.fields)
        keys = {server_id: self._key_of(server_id) for server_id in offers}
        cards = parse_plan_cards(plan.fields, self._features)
        if isinstance(cards, Malformed):
            return None
        return Target(
            Address(PLAN, (str(plan.fields["key"]),), version_of(plan)),
            cards,
            str(plan.fields["billing_cadence"]),
            {keys[server_id]: offered for server_id, offered in offers.items()},
            {key: server_id for server_id, key in keys.items()},
        )

    def plans(self) -> frozenset[str]:
        """The keys of plans of which a version offers an add-on that changes. Raises RemoteError."""
        if not self._changes:
            return frozenset()
        rows = list(self._subscribers.every_plan())
        return frozenset(str(row["key"]) for row in rows if self._of_version(str(row["id"]), row, None))

    def concerning(self, one: Subscriber, target: Target | None) -> Concerns:
        """What may concern a subscriber; nothing if its items are its plan version's alone. Raises RemoteError."""
        if not one.plan_id or not (self._changes or target):
            return Concerns()
        plan = self._subscribers.plan_of(one)
        found = self._of_version(one.plan_id, plan, target)
        return found if found and _may_have_any(one, plan) else Concerns()

    def _of_version(self, plan_id: str, plan: Fields | None, target: Target | None) -> Concerns:
        key = plan_id, target.address if target else None
        if key not in self._concerns:
            offers = self._offers_of(plan_id, plan)
            self._concerns[key] = self._made(offers, str((plan or {}).get("key", "")), target)
        return self._concerns[key]

    def _offers_of(self, plan_id: str, plan: Fields | None) -> Mapping[str, Offer]:
        if plan_id not in self._offers:
            self._offers[plan_id] = self._offered(plan_id, plan)
        return self._offers[plan_id]

    def _made(self, offers: Mapping[str, Offer], plan: str, target: Target | None) -> Concerns:
        """Of an add-on a subscriber stands under one change: what its target doesn't offer goes."""
        changes = tuple(change for change in self._changes if change.ids & offers.keys())
        if target is None:
            return Concerns(changes)
        changes = tuple(change for change in changes if change.goes or target.gets_new(change.address.key))
        keys = {server_id: self._key_of(server_id) for server_id in offers}
        archived = {change.address.key for change in changes if change.goes}
        lost = {key for key in keys.values() if key not in target.offers and key not in archived}
        told = {change.address.key for change in changes}
        newer = (self._newer(at, key, target) for at, key in keys.items() if key in target.offers and key not in told)
        narrowed = {
            server_id: Narrowed(key, new, offers[server_id])
            for server_id, key in keys.items()
            if (new := target.offers.get(key)) and new.is_narrower(offers[server_id])
        }
        because = f"{'no longer' if target.address.key == plan else 'not'} offered by {target.address.text}"
        gone = (_lost(key, (one for one in keys if keys[one] == key), because) for key in sorted(lost))
        return Concerns((*changes, *gone, *(change for change in newer if change)), narrowed)

    def _newer(self, server_id: str, key: str, target: Target) -> AddonChange | None:
        """The version of an add-on that a target has, or that new subscribers get already, if it is another."""
        versions = self._versions.get(Address(ADDON, (key,)), ())
        had = [row for row in versions if row.id == target.pins.get(key)]
        row = offered_or_last(KINDS[ADDON], had or versions)
        if row is None or server_id in (row.id, target.pins.get(key)):
            return None
        return AddonChange(Address(ADDON, (key,), version_of(row)), frozenset([server_id]), row=row.fields)

    def _key_of(self, server_id: str) -> str:
        """The key of an add-on version, which only its own row shows; its id where that can't be read."""
        if server_id not in self._addons:
            try:
                key = self._connection.item(ADDON, server_id).get("key") or server_id
            except Refused:
                key = server_id
            self._addons[server_id] = Address(ADDON, (str(key),))
        return self._addons[server_id].key

    def _offered(self, plan_id: str, plan: Fields | None) -> Mapping[str, Offer]:
        """What a plan version offers, by the ids of add-ons; all known ones where that can't be read."""
        rows = (plan or {}).get(PART)
        if rows is None:
            try:
                rows = self._connection.part(PLAN, PART, plan_id)
            except Refused:
                return dict.fromkeys(self._addons, UNKNOWN)
        phases = [str(phase["key"]) for phase in (plan or {}).get("phases") or ()]
        return {str(row["addon"]["id"]): offer(row, phases) for row in rows if not row.get("deleted_at")}


def _changes(changes: Iterable[Change], desired: Desired, found: Index) -> Iterator[AddonChange]:
    """New versions of add-ons, and archived ones, in the order of their addresses."""
    declared = {entity.address: entity for entity in desired.entities if entity.address.kind == ADDON}
    for change in sorted(changes, key=lambda change: change.address.text):
        key = change.address.unversioned()
        ids = frozenset(row.id for row in found.versions.get(key, ()))
        if change.action is Action.UPDATE:
            yield AddonChange(change.address, ids, normalize(KINDS[ADDON], declared[key].fields))
        elif change.action is Action.DELETE:
            yield AddonChange(change.address, ids, because=ARCHIVED)


def _lost(key: str, ids: Iterable[str], because: str) -> AddonChange:
    return AddonChange(Address(ADDON, (key,)), frozenset(ids), because=because)


def _may_have_any(one: Subscriber, plan: Fields | None) -> bool:
    own = parse_own_items(one.row, plan) if plan else Malformed("plan", None)
    return isinstance(own, Malformed) or bool(own)
