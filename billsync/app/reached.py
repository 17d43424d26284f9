"""Which live subscriptions the changes of a comparison reach, with their old and their new cards. It rates nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from functools import cached_property

from billsync.app.addon_changes import AddonChanges, Concerns
from billsync.app.connection import Connection
from billsync.app.meter_slices import unmetered, with_declared
from billsync.app.metering import Catalog, Unreadable, live_subscription
from billsync.app.pipeline import Comparison
from billsync.app.reached_addons import Candidate, unread
from billsync.app.subscribers import Subscriber, Subscribers
from billsync.app.targets import Target, targets
from billsync.core.index import index, version_of
from billsync.core.moved import with_moved
from billsync.kinds.registry import KINDS
from billsync.model.address import Address
from billsync.model.change import Action
from billsync.model.state import Desired
from billsync.report.billing.subscribed import Subscribed, duration_of, unreadable
from billsync.report.impact.reached import MigrationStatus, Reached
from billsync.report.impact.repricing import repriced

PLAN, SUBSCRIPTION = "plan", "subscription"
LATEST = "latest"
NO_PLAN = "its present plan can't be read"
OTHER_CADENCE = "its billing cadence would change, so that no period is the same"


class Reach:
    """Finds what is reached; it reads from the server what the comparison lacks, once."""

    def __init__(
        self, connection: Connection, desired: Desired, comparison: Comparison, catalog: Catalog, now: datetime
    ) -> None:
        self._desired = desired
        self._comparison = comparison
        self._found = with_moved(index(comparison.snapshot, KINDS, connection.routes), desired.moved, KINDS)
        self.catalog = with_declared(catalog, desired, self._found)
        self._now = now
        self._subscribers = Subscribers(connection, desired, comparison, self._found, self.catalog.features)
        self._addons = AddonChanges(
            connection, desired, comparison, self._found, self._subscribers, self.catalog.features
        )

    def declared(self) -> Iterator[Reached | Candidate]:
        """The declared subscriptions that a change reaches or may reach, also by another plan that they are to get."""
        for one in self._subscribers.declared():
            yield from self._by_changes(one, self._meant(one))

    def everybody(self) -> Iterator[Reached | Candidate]:
        """Every live subscription that a change reaches or may reach, and the declared ones. Raises RemoteError."""
        known = set()
        for one in self._subscribers.declared():
            known.add(one.id)
            yield from self._by_changes(one, self._meant(one) or self._coming(one))
        plans = {plan for plan, target in self._targets.items() if target.address in self._plans_changing}
        for plan in sorted(plans | self._addons.plans()):
            for one in self._subscribers.of(plan):
                if one.id not in known:
                    yield from self._by_changes(one, self._meant(one) or self._coming(one))

    def _by_changes(self, one: Subscriber, target: Target | None) -> Iterator[Reached | Candidate]:
        concerns = self._addons.concerning(one, target)
        if target is None and not concerns:
            return
        try:
            before = live_subscription(one.row, self.catalog.features)
        except Unreadable as error:
            yield from self._unread(one, target, concerns, f"its row can't be read ({error.why})")
            return
        if before.period_at(self._now).holds(self._now):
            plan = self._by_plan(one, before, target) if target else None
            if concerns:
                standing = self._standing(one, target) if target else MigrationStatus.STAYING
                yield Candidate(one, before, concerns, standing, target, plan)
            elif plan:
                yield plan

    def _unread(self, one: Subscriber, target: Target | None, concerns: Concerns, problem: str) -> Iterator[Reached]:
        nothing = unreadable(one.id, str(one.row["customer_id"]), self._now)
        if target:
            yield _told(one, target, MigrationStatus.STAYING, nothing, problem)
        yield from unread(Candidate(one, nothing, concerns), problem)

    def _changing(self, kind: str) -> frozenset[Address]:
        """The entities of a kind that this comparison would change; of plans the coming versions."""
        changes = (change for change in self._comparison.plan.pending if change.action is Action.UPDATE)
        return frozenset(change.address for change in changes if change.address.kind == kind)

    @cached_property
    def _plans_changing(self) -> frozenset[Address]:
        return self._changing(PLAN)

    @cached_property
    def _moved(self) -> frozenset[Address]:
        return self._changing(SUBSCRIPTION)

    @cached_property
    def _targets(self) -> Mapping[str, Target]:
        return targets(self._desired, self._found, self._plans_changing)

    def _meant(self, one: Subscriber) -> Target | None:
        """The plan that the files give a declared subscription, if that is something else than what it has."""
        target = self._targets.get(str(one.entity.fields["plan"])) if one.entity else None
        if target is None:
            return None
        if other := self._numbered(one, target.address):
            return other
        if target.address in self._plans_changing:
            return target
        is_there = one.plan_key == target.address.key and one.plan_version == str(target.address.version)
        return target if _is_meant(one, target) and not is_there else None

    def _numbered(self, one: Subscriber, newest: Address) -> Target | None:
        """The live plan version that a subscription's declaration has the number of, if it isn't on that."""
        version = str(one.entity.fields.get("version")) if one.entity else ""
        if version == str(newest.version) or (one.plan_key, one.plan_version) == (newest.key, version):
            return None
        rows = self._found.versions.get(newest.unversioned(), ())
        return next((self._addons.live_target(row) for row in rows if str(version_of(row)) == version), None)

    def _coming(self, one: Subscriber) -> Target | None:
        """The coming version of the plan that a subscription has."""
        target = self._targets.get(one.plan_key)
        return target if target and target.address in self._plans_changing else None

    def _by_plan(self, one: Subscriber, before: Subscribed, target: Target) -> Reached:
        standing, own = self._standing(one, target), self._subscribers.cards_of(one)
        if own is None:
            return _told(one, target, standing, before, NO_PLAN)
        after = repriced(before, target.cards, own)
        is_other = duration_of(target.cadence) != before.timeline.cadence
        problem = OTHER_CADENCE if is_other else unmetered(before, after.subscribed, self.catalog)
        told = _told(one, target, standing, before, problem)
        return replace(told, after=after.subscribed, notes=() if problem else after.notes)

    def _standing(self, one: Subscriber, target: Target) -> MigrationStatus:
        """Whether this comparison has a change that moves it; else whether the files mean it to."""
        if one.entity is None:
            return MigrationStatus.STAYING
        if one.entity.address in self._moved:
            return MigrationStatus.MOVING
        return MigrationStatus.MEANT if _is_meant(one, target) else MigrationStatus.STAYING


def _told(one: Subscriber, target: Target, standing: MigrationStatus, before: Subscribed, problem: str) -> Reached:
    return Reached("/".join(one.names), one.names[0], target.address.text, standing, before, before, problem)


def _is_meant(one: Subscriber, target: Target) -> bool:
    """Whether the files want the subscription on the target: by its version, or because it is another plan."""
    version = one.entity.fields.get("version") if one.entity else None
    return version == LATEST or str(version) == str(target.address.version) or one.plan_key != target.address.key
