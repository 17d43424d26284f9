"""Which live subscriptions have an add-on that gets a new version, and with its new cards. It rates nothing.

Only the subscription's own list says what it has: so it is asked for where the plan version offers such an add-on and
the items differ from that plan's cards.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from billsync.api.documents import SUBSCRIPTION_ADDONS
from billsync.cli.gauges import unmetered
from billsync.cli.metering import Catalog
from billsync.cli.pipeline import Connection
from billsync.cli.subscribers import PLAN, Subscriber, Subscribers
from billsync.core.index import Index
from billsync.core.normalize import normalize
from billsync.kinds.registry import KINDS
from billsync.live.paging import Refused, read_list
from billsync.live.snapshot import PARENT
from billsync.model.address import Address
from billsync.model.kind import ListQuery
from billsync.model.state import Desired
from billsync.model.value import Fields
from billsync.report.addon_repricing import Unclear, with_new_addon
from billsync.report.attached import Attached, attached, shows_addons
from billsync.report.impact_reached import Reached, Standing
from billsync.report.repricing import declared_slots
from billsync.report.subscribed import Subscribed

ADDON = "addon"
PART = "addons"
LISTING = ListQuery(sort="id", size=100, at_once=1)
LATER = "it gets the add-on only later"
UNREAD = "its add-ons can't be read"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A live subscription that may have one of these add-ons. `attaching` are those of the plan that it is to get."""

    subscriber: Subscriber
    before: Subscribed
    addons: tuple[Address, ...]
    standing: Standing
    attaching: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Coming:
    """An add-on's version to come: the ids of those so far, and its canonical fields."""

    ids: frozenset[str]
    fields: Fields


class ChangingAddons:
    """The add-ons that get a new version. It reads what plan versions offer, once, and what a candidate has."""

    def __init__(
        self,
        connection: Connection,
        desired: Desired,
        changing: frozenset[Address],
        found: Index,
        subscribers: Subscribers,
        catalog: Catalog,
        now: datetime,
    ) -> None:
        self._connection = connection
        self._subscribers = subscribers
        self._catalog = catalog
        self._now = now
        self._offers: dict[str, frozenset[str] | None] = {}
        declared = {entity.address: entity for entity in desired.entities if entity.address.kind == ADDON}
        self._coming = {
            address: _Coming(
                frozenset(row.id for row in found.versions.get(address.unversioned(), ())),
                normalize(KINDS[ADDON], declared[address.unversioned()].fields),
            )
            for address in sorted(changing, key=lambda address: address.text)
        }

    def plans(self) -> frozenset[str]:
        """The keys of plans of which a version offers one of them. Raises RemoteError."""
        if not self._coming:
            return frozenset()
        rows = list(self._subscribers.every_plan())
        return frozenset(str(row["key"]) for row in rows if any(self._offered_by(str(row["id"]))))

    def offered_to(self, one: Subscriber) -> tuple[Address, ...]:
        """Those that a subscription may have: its plan version offers them, and its items are not that plan's alone."""
        if not self._coming or not one.plan_id:
            return ()
        return tuple(self._offered_by(one.plan_id)) if self._may_have_any(one) else ()

    def _may_have_any(self, one: Subscriber) -> bool:
        plan = self._subscribers.plan_of(one)
        try:
            return plan is None or shows_addons(one.row, plan)
        except (KeyError, TypeError):
            return True

    def _offered_by(self, plan_id: str) -> Iterator[Address]:
        """Those that a plan version offers; all of them where that can't be read."""
        if plan_id not in self._offers:
            self._offers[plan_id] = self._offers_of(plan_id)
        offers = self._offers[plan_id]
        return (address for address, coming in self._coming.items() if offers is None or coming.ids & offers)

    def _offers_of(self, plan_id: str) -> frozenset[str] | None:
        part = self._connection.routes[PLAN].part(PART)
        path = part.collection.replace(PARENT, plan_id)
        try:
            rows = read_list(self._connection.remote, path, (), part.listing, self._connection.clock)
        except Refused:
            return None
        return frozenset(str(row["addon"]["id"]) for row in rows if not row.get("deleted_at"))

    def reached(self, one: Candidate) -> Iterator[Reached]:
        """What the new versions make of a subscription, for each of the add-ons that it has. One list is read."""
        try:
            mine = list(self._attached(one))
        except Refused as refused:
            yield from (self._told(one, address, one.before, f"{UNREAD} ({refused.status})") for address in one.addons)
            return
        except (KeyError, ValueError, TypeError):
            yield from (self._told(one, address, one.before, UNREAD) for address in one.addons)
            return
        for address in one.addons:
            has = [each for each in mine if each.addon_id in self._coming[address].ids]
            if any(each.at(self._now) for each in has):
                yield self._changed(one, address, has)
            elif any(each.is_ahead(self._now) for each in has):
                yield self._told(one, address, one.before, LATER)

    def _attached(self, one: Candidate) -> Iterable[Attached]:
        path = SUBSCRIPTION_ADDONS.replace(PARENT, one.before.id)
        rows = read_list(self._connection.remote, path, (), LISTING, self._connection.clock)
        return [attached(row) for row in rows]

    def _changed(self, one: Candidate, address: Address, has: Iterable[Attached]) -> Reached:
        fields, after = self._coming[address].fields, one.before
        try:
            for each in has:
                after = with_new_addon(
                    after,
                    each,
                    lambda phase: declared_slots(phase, fields, fields),
                    features=self._catalog.features,
                    now=self._now,
                )
        except Unclear as unclear:
            return self._told(one, address, one.before, str(unclear))
        except (KeyError, ValueError, TypeError, ArithmeticError):
            return self._told(one, address, one.before, UNREAD)
        return self._told(one, address, after, unmetered(one.before, after, self._catalog))

    def _told(self, one: Candidate, address: Address, after: Subscribed, problem: str) -> Reached:
        standing = one.standing if address.key in one.attaching else Standing.STAYING
        names = one.subscriber.names
        return Reached("/".join(names), names[0], address.text, standing, one.before, after, problem, is_part=True)
