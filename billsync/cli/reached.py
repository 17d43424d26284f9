"""Which live subscriptions the changes of a comparison reach, with their old and their new cards. It rates nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from billsync.cli.metering import Catalog, Unreadable, live_subscription
from billsync.cli.pipeline import Comparison, Connection
from billsync.core.index import Index, index, version_of
from billsync.core.marks import KEY
from billsync.core.normalize import normalize
from billsync.kinds.registry import KINDS
from billsync.live.paging import read_document, read_list
from billsync.model.address import Address
from billsync.model.change import Action
from billsync.model.ports import RemoteError
from billsync.model.state import Desired, Entity
from billsync.model.value import Fields, canonical
from billsync.rating.prices import FreePrice
from billsync.report.impact_reached import Reached, Standing
from billsync.report.repricing import PlanCards, Repriced, live_plan_cards, plan_cards, repriced
from billsync.report.subscribed import Subscribed, duration_of, unreadable
from billsync.report.usage import Gauge

PLAN, SUBSCRIPTION, CUSTOMER, FEATURE = "plan", "subscription", "customer", "feature"
DEFAULT_KEY = "default"
LATEST = "latest"
RUNNING = ("active", "canceled")
NO_PLAN = "its present plan can't be read"


@dataclass(frozen=True, slots=True)
class _Target:
    """A declared plan as it will be: the address of its coming version, or of the one that it has."""

    address: Address
    cards: PlanCards
    cadence: str


class Reach:
    """Finds what is reached; it reads from the server what the comparison lacks, once."""

    def __init__(
        self, connection: Connection, desired: Desired, comparison: Comparison, catalog: Catalog, now: datetime
    ) -> None:
        self._connection = connection
        self._desired = desired
        self._comparison = comparison
        self._found = index(comparison.snapshot, KINDS, connection.routes)
        self.catalog = _with_declared(catalog, desired, self._found)
        self._now = now
        self._plans = {e.address: e for e in desired.entities if e.address.kind == PLAN}
        self._declared = {e.address.names: e for e in desired.entities if e.address.kind == SUBSCRIPTION}
        self._own: dict[str, PlanCards | None] = {}

    def declared(self) -> Iterator[Reached]:
        """The declared subscriptions whose plan changes, or that are to get another plan."""
        for row in (row.fields for row in self._comparison.snapshot.of(SUBSCRIPTION)):
            names = (self._key_of(row), _chain_key(row))
            entity = self._declared.get(names)
            target = self._targets.get(str(entity.fields["plan"])) if entity else None
            if entity and target and _is_running(row) and self._is_new(row, target):
                yield from self._one(row, names, entity, target)

    def everybody(self) -> Iterator[Reached]:
        """Every live subscription of a plan that changes, and the declared ones. Raises RemoteError."""
        own = list(self.declared())
        yield from own
        known = {one.before.id for one in own}
        keys = self._all_customers()
        for plan, target in sorted(self._targets.items()):
            for row in self._subscribers(plan) if target.address in self._changing else ():
                if _is_running(row) and str(row["id"]) not in known:
                    customer = str(row["customer_id"])
                    yield from self._one(row, (keys.get(customer, customer), _chain_key(row)), None, target)

    @cached_property
    def _changing(self) -> frozenset[Address]:
        """The versions that this comparison would publish in place of others."""
        changes = (change for change in self._comparison.plan.pending if change.action is Action.UPDATE)
        return frozenset(change.address for change in changes if change.address.kind == PLAN)

    @cached_property
    def _targets(self) -> Mapping[str, _Target]:
        """What each declared plan will be, by its key; plans that aren't live in any form are left out."""
        coming = {address.unversioned(): address for address in self._changing}
        found = {}
        for address, entity in self._plans.items():
            versions = self._found.versions.get(address)
            if versions:
                want = normalize(KINDS[PLAN], entity.fields)
                version = coming.get(address) or address.at(version_of(versions[-1]))
                found[address.key] = _Target(version, plan_cards(want), str(want["billing_cadence"]))
        return found

    def _is_new(self, row: Fields, target: _Target) -> bool:
        """Whether the target is something else than what the subscription has."""
        return target.address in self._changing or _plan_key(row) != target.address.key

    def _one(self, row: Fields, names: tuple[str, ...], entity: Entity | None, target: _Target) -> Iterator[Reached]:
        try:
            before = live_subscription(row, self.catalog.features)
        except Unreadable as error:
            nothing = unreadable(str(row["id"]), str(row["customer_id"]), self._now)
            problem = f"its row can't be read ({error.why})"
            yield Reached("/".join(names), names[0], target.address.text, Standing.STAYING, nothing, nothing, problem)
            return
        if not before.period_at(self._now).holds(self._now):
            return
        own = self._own_cards(row)
        after = repriced(before, target.cards, own) if own else Repriced(before)
        problem = _problem(before, after.subscribed, target, self.catalog) if own else NO_PLAN
        standing = self._standing(row, entity, target)
        yield Reached(
            "/".join(names),
            names[0],
            target.address.text,
            standing,
            before,
            after.subscribed,
            problem,
            () if problem else after.notes,
        )

    def _standing(self, row: Fields, entity: Entity | None, target: _Target) -> Standing:
        """Whether this comparison has a change that moves it; else whether the files mean it to."""
        if entity is None:
            return Standing.STAYING
        if entity.address in self._moved:
            return Standing.MOVING
        return Standing.MEANT if _is_meant(row, entity, target) else Standing.STAYING

    @cached_property
    def _moved(self) -> frozenset[Address]:
        changes = (change for change in self._comparison.plan.pending if change.action is Action.UPDATE)
        return frozenset(change.address for change in changes if change.address.kind == SUBSCRIPTION)

    def _own_cards(self, row: Fields) -> PlanCards | None:
        """The cards of the plan version that a subscription has; None if it has none, or none that can be read."""
        plan_id = str(row.get("plan_id") or (row.get("plan") or {}).get("id") or "")
        if plan_id and plan_id not in self._own:
            self._own[plan_id] = self._cards_of(plan_id, Address(PLAN, (_plan_key(row),)))
        return self._own.get(plan_id)

    def _cards_of(self, plan_id: str, address: Address) -> PlanCards | None:
        known = [version.fields for version in self._found.versions.get(address, ()) if version.id == plan_id]
        try:
            version = known[0] if known else read_document(self._connection.remote, self._plan_path(plan_id))
            return live_plan_cards(version, self.catalog.features)
        except (RemoteError, KeyError, ValueError, TypeError, ArithmeticError):
            return None

    def _plan_path(self, plan_id: str) -> str:
        return self._connection.routes[PLAN].item(plan_id)

    def _key_of(self, row: Fields) -> str:
        address = self._found.names.get(str(row["customer_id"]))
        return address.key if address else ""

    def _subscribers(self, plan: str) -> Iterable[Fields]:
        routes = self._connection.routes[SUBSCRIPTION]
        filters = ((f"filter[{PLAN}_key][eq]", plan),)
        return read_list(self._connection.remote, routes.collection, filters, routes.listing, self._connection.clock)

    def _all_customers(self) -> Mapping[str, str]:
        routes = self._connection.routes[CUSTOMER]
        rows = read_list(self._connection.remote, routes.collection, (), routes.listing, self._connection.clock)
        return {str(row["id"]): str(row.get("key") or row["id"]) for row in rows}


def _plan_key(row: Fields) -> str:
    return str((row.get("plan") or {}).get("key", ""))


def _chain_key(row: Fields) -> str:
    return str((row.get("labels") or {}).get(KEY) or DEFAULT_KEY)


def _is_running(row: Fields) -> bool:
    return not row.get("deleted_at") and row.get("status") in RUNNING


def _is_meant(row: Fields, entity: Entity, target: _Target) -> bool:
    """Whether the files want the subscription on the target: by its version, or because it is another plan."""
    version = entity.fields.get("version")
    return version == LATEST or str(version) == str(target.address.version) or _plan_key(row) != target.address.key


def _problem(before: Subscribed, after: Subscribed, target: _Target, catalog: Catalog) -> str:
    """Why a subscription can't be rated under the new cards; empty if it can."""
    if duration_of(target.cadence) != before.timeline.cadence:
        return "its billing cadence would change, so that no period is the same"
    slots = [slot for side in (before, after) for slot in side.slots if not slot.item.is_flat]
    priced = {slot.feature for slot in slots if slot.feature and not isinstance(slot.item.card.price, FreePrice)}
    missing = sorted(priced - catalog.gauges.keys())
    return f"nothing was metered for {', '.join(missing)} so far" if missing else ""


def _with_declared(catalog: Catalog, desired: Desired, found: Index) -> Catalog:
    """The gauges with those of declared features that aren't live yet, over meters that are."""
    gauges = dict(catalog.gauges)
    for entity in desired.entities:
        if entity.address.kind == FEATURE and entity.address.key not in gauges:
            meter = normalize(KINDS[FEATURE], entity.fields).get("meter")
            row = found.records.get(meter["key"].address) if meter else None
            if meter and row:
                gauges[entity.address.key] = Gauge(row.id, canonical(meter.get("filters") or {}))
    return replace(catalog, gauges=gauges)
