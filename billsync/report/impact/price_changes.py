"""Changes of prices in a comparison: coming plan versions, add-ons that change or go, and who is meant to move.

They come from the files and the comparison alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from billsync.core.observed.index import Index, version_of
from billsync.core.views.normalize import normalize
from billsync.kinds.registry import KINDS
from billsync.model.address import Address
from billsync.model.change import Action, Change, PlanFile
from billsync.model.frozen import dataclass, replace
from billsync.model.malformed import Malformed
from billsync.model.state import Desired, Row
from billsync.report.billing.subscribed import Slot
from billsync.report.impact.moving import MIGRATING, SUBSCRIPTION, Begun, begun_by
from billsync.report.impact.reached import MigrationStatus
from billsync.report.impact.repricing import declared_slots
from billsync.report.impact.subscribers import Identity
from billsync.report.impact.targets import Target, targets

PLAN, ADDON = "plan", "addon"
LATEST = "latest"
ARCHIVED = "archived"


@dataclass(frozen=True, slots=True)
class AddonChange:
    """A change of an add-on: `new` are its cards to come, Malformed where they can't be rated; None if it goes.

    `because` says why it goes. `ids` are the server's, of the versions that it is about.
    """

    address: Address
    ids: frozenset[str]
    new: tuple[Slot, ...] | Malformed | None = None
    because: str = ""

    @property
    def goes(self) -> bool:
        """Whether no subscription can have the add-on any more."""
        return self.new is None

    def cards(self, phase: str) -> tuple[Slot, ...]:
        """The cards to come, in a phase; none if the add-on goes, or if they can't be rated."""
        slots = () if self.new is None or isinstance(self.new, Malformed) else self.new
        return tuple(replace(slot, phase=phase) for slot in slots)


@dataclass(frozen=True, slots=True)
class PriceChanges:
    """The changes of prices in a comparison. `coming` are the new plan versions, `moved` the subscriptions that a run
    changes, by address.

    `targets` are the declared plans by key; `versions` live ones by the address of their plan. With `everybody` a
    coming version is also looked at for subscribers that the files don't declare.
    """

    targets: Mapping[str, Target]
    coming: frozenset[Address]
    moved: Mapping[Address, Begun]
    addons: tuple[AddonChange, ...]
    versions: Mapping[Address, tuple[Row, ...]]
    everybody: bool

    @property
    def plans(self) -> frozenset[str]:
        """The keys of the plans that get a new version."""
        return frozenset(key for key, target in self.targets.items() if target.address in self.coming)

    def moving(self, one: Identity) -> Begun | None:
        """The change of a subscription in this run, if there is one."""
        return self.moved.get(Address(SUBSCRIPTION, one.names)) if self.moved else None

    def drops_addons(self, one: Identity) -> bool:
        """Whether this run's change of a subscription drops its add-ons: a migration in place keeps them."""
        moving = self.moving(one)
        return moving is not None and moving.verb != MIGRATING

    def version_meant(self, one: Identity) -> Row | None:
        """The live plan version that a subscription's declaration has the number of, if it isn't on that.

        Of a plan that is not declared, it is the version that this run moves the subscription to.
        """
        target = self._declared(one)
        moving = self.moving(one)
        if target is None and moving is not None:
            return self._live(moving.plan.unversioned(), str(moving.plan.version))
        version = str(one.entity.fields.get("version")) if one.entity else ""
        if target is None or version == str(target.address.version):
            return None
        if (one.plan_key, one.plan_version) == (target.address.key, version):
            return None
        return self._live(target.address.unversioned(), version)

    def plan_meant(self, one: Identity) -> Target | None:
        """The declared plan whose newest version a subscription will get, or None if it keeps its version.

        With `everybody`, a subscription without such a plan gets the coming version of its present plan.
        """
        return self._meant(one) or (self._coming(one) if self.everybody else None)

    def status(self, one: Identity, target: Target) -> MigrationStatus:
        """Whether this run moves it to the target; else whether the files mean it to."""
        moving = self.moving(one)
        if moving is not None and moving.plan == target.address:
            return MigrationStatus.MOVING
        if one.entity is None:
            return MigrationStatus.STAYING
        return MigrationStatus.MEANT if _is_meant(one, target) else MigrationStatus.STAYING

    def _live(self, plan: Address, version: str) -> Row | None:
        return next((row for row in self.versions.get(plan, ()) if str(version_of(row)) == version), None)

    def _declared(self, one: Identity) -> Target | None:
        return self.targets.get(str(one.entity.fields["plan"])) if one.entity else None

    def _meant(self, one: Identity) -> Target | None:
        target = self._declared(one)
        if target is None or target.address in self.coming:
            return target
        is_there = one.plan_key == target.address.key and one.plan_version == str(target.address.version)
        return target if _is_meant(one, target) and not is_there else None

    def _coming(self, one: Identity) -> Target | None:
        target = self.targets.get(one.plan_key)
        return target if target and target.address in self.coming else None


def price_changes(desired: Desired, plan: PlanFile, found: Index, *, everybody: bool) -> PriceChanges:
    """The changes of prices in a plan file; `found` holds the compared rows by the addresses that the files use."""
    coming = _coming(plan)
    return PriceChanges(
        targets(desired, found, coming),
        coming,
        {one.address: one for one in begun_by(plan) if one.is_change},
        tuple(_addons([change for change in plan.pending if change.address.kind == ADDON], desired, found)),
        found.versions,
        everybody,
    )


def _coming(plan: PlanFile) -> frozenset[Address]:
    """The coming versions of plans."""
    changes = (change for change in plan.pending if change.action is Action.UPDATE)
    return frozenset(change.address for change in changes if change.address.kind == PLAN)


def _addons(changes: list[Change], desired: Desired, found: Index) -> Iterator[AddonChange]:
    """New versions of add-ons, and archived ones, in the order of their addresses."""
    declared = {entity.address: entity for entity in desired.entities if entity.address.kind == ADDON}
    for change in sorted(changes, key=lambda change: change.address.text):
        key = change.address.unversioned()
        ids = frozenset(row.id for row in found.versions.get(key, ()))
        if change.action is Action.UPDATE:
            fields = normalize(KINDS[ADDON], declared[key].fields)
            yield AddonChange(change.address, ids, declared_slots("", fields, fields))
        elif change.action is Action.DELETE:
            yield AddonChange(change.address, ids, because=ARCHIVED)


def _is_meant(one: Identity, target: Target) -> bool:
    """Whether the files want the subscription on the target: by its version, or because it is another plan."""
    version = one.entity.fields.get("version") if one.entity else None
    return version == LATEST or str(version) == str(target.address.version) or one.plan_key != target.address.key
