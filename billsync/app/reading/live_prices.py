"""Reads the live side of an impact: subscribers, their plan versions, and the add-ons these offer.

Each round depends on the one before: changed plans give the lists of subscriptions, these the plan versions, and these
the add-ons.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import cached_property, partial
from itertools import chain

from billsync.app.reading.plan_shelf import PlanShelf
from billsync.app.reading.subscription_pages import ReadRow, SubscriptionPages
from billsync.app.server.connection import Connection
from billsync.core.observed.index import Index
from billsync.model.address import Address
from billsync.model.diagnostic import Position
from billsync.model.frozen import dataclass
from billsync.model.malformed import Malformed
from billsync.model.passed import PassedLink
from billsync.model.state import Desired, Entity, Snapshot
from billsync.model.value import Fields
from billsync.report.billing.alike import Alike, AlikeRows, ByIdentity
from billsync.report.billing.attached import parse_own_items
from billsync.report.billing.catalog import Catalog
from billsync.report.impact.live import Live, PlanVersion, offers_in, plan_version
from billsync.report.impact.offers import Offer
from billsync.report.impact.price_changes import PriceChanges
from billsync.report.impact.subscribers import (
    CUSTOMER,
    SUBSCRIPTION,
    Identity,
    Subscriber,
    naming,
    plan_named,
    running,
)

NOWHERE = Position("", 1, 1)


@dataclass(frozen=True, slots=True)
class _Found:
    """A running subscription and its row, or that of one that is alike."""

    identity: Identity
    row: Fields
    alike: Alike | None = None


class LivePrices:
    """Reads the live side of changes of prices.

    `known` are the rows read for the comparison, and `found` the same rows by the addresses in the files.
    """

    def __init__(
        self, connection: Connection, desired: Desired, known: Snapshot, found: Index, changes: PriceChanges
    ) -> None:
        self._connection = connection
        self._known = known
        self._found = found
        self._changes = changes
        self._naming = naming(desired)
        self._passed = desired.passed.links
        self._shelf = PlanShelf(connection, known, found)
        self._plans: dict[str, PlanVersion] = {}
        self._offers: dict[str, Mapping[str, Offer] | None] = {}
        self._own: ByIdentity[frozenset[str] | Malformed] = ByIdentity()

    def read(self, catalog: Catalog, now: datetime) -> Live:
        """Read the subscribers that the changes may reach, their plan versions, and the offers of these.

        Raises RemoteError.
        """
        subscribers = list(self._subscribers(chain(self._left_out(), self._declared()), catalog.features))
        if self._changes.everybody:
            known = {one.identity.id for one in self._declared()}
            found = self._of_plans(self._plans_to_look_at())
            subscribers += self._subscribers((one for one in found if one.identity.id not in known), catalog.features)
        return Live(now, catalog, self._plans, self._offers, self._shelf.addon_keys, tuple(subscribers))

    def _left_out(self) -> Iterator[_Found]:
        """The declared ones that the comparison left out, as they are equal."""
        for link in self._passed or ():
            assert isinstance(link.made, Alike)
            yield _Found(_identity(link, link.made.fields), link.made.fields, link.made)

    def _declared(self) -> Iterator[_Found]:
        """The running subscriptions that the files declare, without those that were left out."""
        for row in running(row.fields for row in self._known.of(SUBSCRIPTION)):
            address = self._found.names.get(str(row["customer_id"]))
            one = self._naming.identity(row, address.key if address else "")
            if one.entity:
                yield _Found(one, row)

    def _of_plans(self, plans: frozenset[str]) -> Iterator[_Found]:
        """The running subscriptions of all versions of plans, by their keys, without those that were left out."""
        customers: Mapping[str, str] | None = None
        for plan in sorted(plans):
            for row in running(self._rows_of(plan)):
                customers = customers if customers is not None else self._customers()
                customer = str(row["customer_id"])
                yield _Found(self._naming.identity(row, customers.get(customer, customer)), row)

    def _rows_of(self, plan: str) -> Iterator[Fields]:
        """The subscriptions of a plan: read, or from the whole list if that was read."""
        if self._passed is not None:
            return iter(self._known_by_plan.get(plan, ()))
        pages = SubscriptionPages(self._connection.routes[SUBSCRIPTION].collection)
        read = self._connection.rows_as(SUBSCRIPTION, pages.decode, plan_key=plan)
        return (row.fields if isinstance(row, ReadRow) else row for row in read)

    @cached_property
    def _known_by_plan(self) -> Mapping[str, list[Fields]]:
        """The compared subscriptions by the keys of their plans."""
        found: dict[str, list[Fields]] = {}
        for row in self._known.of(SUBSCRIPTION):
            found.setdefault(str((row.fields.get("plan") or {}).get("key")), []).append(row.fields)
        return found

    def _customers(self) -> Mapping[str, str]:
        rows = self._connection.rows(CUSTOMER)
        return {str(row["id"]): str(row.get("key") or row["id"]) for row in rows}

    def _plans_to_look_at(self) -> frozenset[str]:
        """The keys of plans that get a new version, and of plans with a version that offers a changing add-on."""
        if not self._changes.addons:
            return self._changes.plans
        rows = self._shelf.published()
        return self._changes.plans | {str(row["key"]) for row in rows if self._offers_a_change(str(row["id"]))}

    def _subscribers(self, rows: Iterable[_Found], features: Mapping[str, str]) -> Iterator[Subscriber]:
        """The subscriptions that a change may reach, each with its plan version read."""
        alike = AlikeRows(features)
        for found in rows:
            one = found.identity
            is_aimed = self._has_target(one, features)
            has_plan = bool(one.plan_id) and (is_aimed or bool(self._changes.addons))
            plan = self._plan(one.plan_id, features) if has_plan else None
            if is_aimed or (has_plan and self._offers_a_change(one.plan_id)):
                own = self._own_items(found, plan, is_aimed=is_aimed) if has_plan else frozenset[str]()
                like = alike.like(found.alike, one.id, one.customer_id) if found.alike else alike.parse(found.row)
                yield Subscriber(one, like, own)

    def _has_target(self, one: Identity, features: Mapping[str, str]) -> bool:
        """Whether a subscription will get another plan version; if that version is live, its offers are read."""
        row = self._changes.version_meant(one)
        if row:
            self._keyed_offers(row.id)
            if not isinstance(self._version(row.id, row.fields, features).cards, Malformed):
                return True
        return self._changes.plan_meant(one) is not None

    def _plan(self, plan_id: str, features: Mapping[str, str]) -> Fields | None:
        row = self._shelf.plan(plan_id)
        if row is not None:
            self._version(plan_id, row, features)
        return row

    def _version(self, plan_id: str, row: Fields, features: Mapping[str, str]) -> PlanVersion:
        if plan_id not in self._plans:
            self._plans[plan_id] = plan_version(row, features)
        return self._plans[plan_id]

    def _own_items(self, found: _Found, plan: Fields | None, *, is_aimed: bool) -> frozenset[str] | Malformed:
        plan_id = found.identity.plan_id
        offers = self._keyed_offers(plan_id) if is_aimed else self._offers_of(plan_id)
        if plan is None or offers == {}:
            return frozenset()
        if found.alike is None:
            return parse_own_items(found.row, plan)
        return self._own.of((found.alike, plan), partial(parse_own_items, found.row, plan))

    def _offers_a_change(self, plan_id: str) -> bool:
        offers = self._offers_of(plan_id)
        offered = self._shelf.addon_keys if offers is None else offers
        return any(change.ids & offered.keys() for change in self._changes.addons)

    def _keyed_offers(self, plan_id: str) -> Mapping[str, Offer] | None:
        """The offers of a plan version; also reads the keys of their add-ons."""
        offers = self._offers_of(plan_id)
        for addon_id in offers or ():
            self._shelf.addon_key(addon_id)
        return offers

    def _offers_of(self, plan_id: str) -> Mapping[str, Offer] | None:
        """The offers of a plan version by the ids of add-ons; None where they can't be read."""
        if plan_id not in self._offers:
            rows = self._shelf.offers(plan_id)
            self._offers[plan_id] = None if rows is None else offers_in(rows, self._shelf.known_plan(plan_id))
        return self._offers[plan_id]


def _identity(link: PassedLink, row: Fields) -> Identity:
    """The names of a subscription that is as its declaration says; the row is one that is alike."""
    entity = Entity(Address(SUBSCRIPTION, link.names), link.fields, NOWHERE)
    return Identity(link.id, link.parent_id, link.names, entity, *plan_named(row))
