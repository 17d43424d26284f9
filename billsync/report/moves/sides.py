"""Both sides of each change: the terms of the old and the new plan version, and the link that ends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from datetime import datetime

from billsync.core.lifecycle.chain_end import ENDS
from billsync.core.observed.index import Index, version_of
from billsync.core.views.normalize import normalize
from billsync.kinds.registry import KINDS
from billsync.model.address import Address
from billsync.model.frozen import dataclass
from billsync.model.malformed import Malformed
from billsync.model.state import Entity, Row
from billsync.model.value import Fields
from billsync.report.billing.subscribed import Subscribed, parse_subscription
from billsync.report.impact.moving import CHANGING, PLAN, starts
from billsync.report.moves.changes import Changing
from billsync.report.moves.move import Move
from billsync.report.moves.plan_ids import plan_id_of
from billsync.report.moves.terms import PlanTerms, declared_terms, live_terms

FEATURE = "feature"


@dataclass(frozen=True, slots=True)
class Sides:
    """Both sides' facts; `plans` are rows of plan versions by their ids, and `named` keys of features by theirs, in
    addition to those that were compared.

    The terms of a plan version are worked out once.
    """

    now: datetime
    found: Index
    declared: Mapping[Address, Entity]
    plans: Mapping[str, Fields | None] = field(default_factory=dict)
    named: Mapping[str, str] = field(default_factory=dict)
    known: dict[Address, PlanTerms | Malformed | None] = field(default_factory=dict)
    features: dict[str, str] = field(init=False)
    """The keys of the features that were read, by their ids."""

    def __post_init__(self) -> None:
        names = self.found.names.items()
        compared = {server_id: at.key for server_id, at in names if at.kind == FEATURE}
        object.__setattr__(self, "features", {**self.named, **compared})

    def terms(self, plan: Address, plan_id: str = "") -> PlanTerms | Malformed | None:
        """The terms of a plan version: of the one with this id or of a live one, else of the declared one, which is to
        come."""
        if plan not in self.known:
            self.known[plan] = self._terms(plan, plan_id)
        return self.known[plan]

    def _terms(self, plan: Address, plan_id: str) -> PlanTerms | Malformed | None:
        rows = self.found.versions.get(plan.unversioned(), ())
        live = (row.fields for row in rows if version_of(row) == plan.version)
        shown = self.plans.get(plan_id) or next(live, None)
        if shown is not None:
            return live_terms(plan, shown, self.features)
        entity = self.declared.get(plan.unversioned())
        return declared_terms(plan, normalize(KINDS[PLAN], entity.fields)) if entity else None


def moves_in(changing: Iterable[Changing], sides: Sides) -> tuple[Move, ...]:
    """The changes with both their sides."""
    return tuple(_move(one, sides) for one in changing)


def plan_of(row: Row | None, found: Index) -> Address:
    """The plan version that a subscription is on; one of unknown number where its row doesn't say."""
    if row is None:
        return Address(PLAN, ("?",))
    shown = row.fields.get("plan") or {}
    version = shown.get("version")
    named = Address(PLAN, (str(shown.get("key") or "?"),), version if isinstance(version, int) else None)
    return found.names.get(plan_id_of(row.fields), named)


def _move(one: Changing, sides: Sides) -> Move:
    links = {row.id: parse_subscription(row.fields, sides.features) for row in one.links}
    running = links[one.running.id] if one.running else None
    old_plan = plan_of(one.before, sides.found)
    return Move(
        address=one.begun.address,
        timing=one.begun.timing,
        at=_takes_effect(one, running, sides.now),
        old_plan=old_plan,
        new_plan=one.begun.plan,
        old=sides.terms(old_plan, plan_id_of(one.before.fields) if one.before else ""),
        new=sides.terms(one.begun.plan),
        running=running,
        earlier=tuple(links.values()),
        anchor=one.begun.anchor,
        begins_again=one.begun.verb == CHANGING,
        is_instead_of_end=_ends(sides.declared.get(one.begun.address)),
    )


def _ends(entity: Entity | None) -> bool:
    """Whether a subscription is declared to end; what a run changes of one is what a rule has it change to instead."""
    return entity is not None and bool(entity.fields.get(ENDS))


def _takes_effect(one: Changing, running: Subscribed | Malformed | None, now: datetime) -> datetime:
    """The moment of a change: at renewal the end of the running period, if that is known."""
    renewal = running.renewal_after(now) if isinstance(running, Subscribed) else now
    return starts(one.begun.timing, renewal) or now
