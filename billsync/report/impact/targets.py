"""The plans that subscriptions are to get: their declared form, and the address of the version that it will be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field

from billsync.core.changes.versions import offered_or_last
from billsync.core.observed.index import Index, version_of
from billsync.core.views.normalize import normalize
from billsync.kinds.registry import KINDS
from billsync.model.address import Address
from billsync.model.frozen import dataclass
from billsync.model.state import Desired
from billsync.model.value import Fields
from billsync.report.impact.offers import Offer, offer
from billsync.report.impact.repricing import PlanCards, plan_cards

PLAN = "plan"


@dataclass(frozen=True, slots=True)
class Target:
    """A plan version that subscriptions are to get: of a declared plan the coming one, or one that is live.

    `offers` are its add-ons by key, and `pins` the server's ids of their versions, if it has them already.
    """

    address: Address
    cards: PlanCards
    cadence: str
    offers: Mapping[str, Offer]
    pins: Mapping[str, str] = field(default_factory=dict)

    def gets_new(self, addon: str) -> bool:
        """Whether it offers an add-on in the version that is to come."""
        return addon in self.offers and addon not in self.pins


def targets(desired: Desired, found: Index, changing: Iterable[Address]) -> Mapping[str, Target]:
    """Return each declared plan's coming version, by its key; without plans that aren't live in any form.

    `changing` are the coming versions.
    """
    coming = {address.unversioned(): address for address in changing}
    made = {}
    for entity in desired.entities:
        versions = found.versions.get(entity.address, ()) if entity.address.kind == PLAN else ()
        if row := offered_or_last(KINDS[PLAN], versions):
            version = coming.get(entity.address) or entity.address.at(version_of(row))
            made[entity.address.key] = _target(version, normalize(KINDS[PLAN], entity.fields))
    return made


def _target(version: Address, want: Fields) -> Target:
    phases = [str(phase["key"]) for phase in want["phases"]]
    offers = {one["addon"].address.key: offer(one, phases) for one in want.get("addons") or ()}
    return Target(version, plan_cards(want), str(want["billing_cadence"]), offers)
