"""Live subscriptions on the plan that a migration leaves: those that it moves, and why others stay."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from datetime import datetime

from billsync.core.changes.chains import has_ended
from billsync.core.changes.planned import note, refused
from billsync.core.observed.chain_refusals import BEGINS_LATER, CHANGE_SCHEDULED
from billsync.core.observed.index import Index, state_of
from billsync.core.observed.ownership import KEY, OWNER, labels_of
from billsync.kinds.registry import KINDS
from billsync.model.address import Address
from billsync.model.change import Change
from billsync.model.frozen import dataclass
from billsync.model.kind import State
from billsync.model.moment import parse_moment
from billsync.model.state import Desired, Entity, Row
from billsync.report.migration.selecting import Selector, selects
from billsync.report.moves.sides import plan_of

SUBSCRIPTION = KINDS["subscription"]
OTHER_OWNERS, UNLABELLED, NOT_SELECTED = "other_owners", "unlabelled", "not_selected"
MOVED, THERE = "moved", "on_target"
"""Counts of subscriptions that are left alone without being named, and of those that are where they are to be."""


@dataclass(frozen=True, slots=True)
class Route:
    """The plan that subscriptions are on, at any version but the target or at one, and the version that they get."""

    source: Address
    target: Address
    version: int | None = None

    def leaves(self, plan: Address) -> bool:
        """Whether a subscription on this plan version is one that moves."""
        is_of_source = plan.unversioned() == self.source and plan != self.target
        return is_of_source and self.version in (None, plan.version)


@dataclass(frozen=True, slots=True)
class Member:
    """A subscription that moves: its customer, and the plan version that it is on."""

    address: Address
    customer: Row
    plan: Address


@dataclass(frozen=True, slots=True)
class Standing:
    """The subscriptions that move, those that stay for a reason, each named, and numbers of all others."""

    members: tuple[Member, ...] = ()
    left: tuple[Change, ...] = ()
    counts: Mapping[str, int] = field(default_factory=Counter)


def standing(found: Index, desired: Desired, route: Route, selectors: Sequence[Selector]) -> Standing:
    """Sort this owner's subscriptions on the plan that is left; `found` holds them by their addresses in the files."""
    declared = {entity.address: entity for entity in desired.entities}
    members: list[Member] = []
    left: list[Change] = []
    counts: Counter[str] = Counter()
    for customer, key, links in _chains(found, desired, route):
        address = Address(SUBSCRIPTION.name, (*customer.names, key))
        row = found.records[customer]
        if not selects(selectors, customer.key, row.fields, _began(found, customer, key)):
            counts[NOT_SELECTED] += 1
        elif stays := _stays(address, links, found, route) or _declared(address, declared.get(address), route):
            left.append(stays)
        else:
            members.append(Member(address, row, plan_of(links[-1], found)))
    counts[MOVED] = sum(change.code == CHANGE_SCHEDULED.code for change in left)
    return Standing(tuple(members), tuple(left), counts)


def _chains(found: Index, desired: Desired, route: Route) -> Iterator[tuple[Address, str, tuple[Row, ...]]]:
    """The customers, keys and running links of this owner's chains with a link that moves."""
    for customer, rows in sorted(found.chains.items(), key=lambda item: item[0].order):
        ours = [row for row in rows if not has_ended(SUBSCRIPTION, row) and not stranger(row, desired)]
        for key in sorted({str(labels_of(row.fields)[KEY]) for row in ours}):
            links = tuple(row for row in ours if labels_of(row.fields)[KEY] == key)
            if customer in found.records and any(route.leaves(plan_of(link, found)) for link in links):
                yield customer, key, links


def stranger(link: Row, desired: Desired) -> str:
    """The count in which a subscription of somebody else stands; empty for one that billsync made for this owner."""
    labels = labels_of(link.fields)
    if OWNER in labels and labels.get(OWNER) != desired.owner:
        return OTHER_OWNERS
    return UNLABELLED if KEY not in labels or OWNER not in labels else ""


def is_there(link: Row, plan: Address, plans: Index) -> bool:
    """Whether a link is in force on a plan version; `plans` names versions by their ids."""
    is_in_force = state_of(SUBSCRIPTION, link.fields) in (State.CURRENT, State.ENDING)
    return is_in_force and plan_of(link, plans) == plan


def _began(found: Index, customer: Address, key: str) -> datetime | None:
    """The start of a chain's first link."""
    own = [row for row in found.chains[customer] if labels_of(row.fields).get(KEY) == key]
    return parse_moment(str(own[0].fields.get("active_from"))) if own else None


def _stays(address: Address, links: Sequence[Row], found: Index, route: Route) -> Change | None:
    """The reason why a subscription stays: it has moved already, has another change coming, an end, or hasn't begun."""
    head = links[-1]
    plan = plan_of(head, found)
    match state_of(SUBSCRIPTION, head.fields):
        case State.COMING if plan == route.target:
            begins = head.fields.get("active_from")
            return refused(address, CHANGE_SCHEDULED, pinned=plan.text, begins=begins, hint="").change
        case State.COMING if len(links) == 1:
            return refused(address, BEGINS_LATER, begins=head.fields.get("active_from")).change
        case State.COMING:
            reason = f"a change to {plan.text} is scheduled for {head.fields.get('active_from')}: left alone"
            return note(address, code="another-change", reason=reason).change
        case State.ENDING:
            reason = f"it is on {plan.text} and ends at {head.fields.get('active_to')}: it isn't moved"
            return note(address, code="ending", reason=reason).change
    return None


def _declared(address: Address, entity: Entity | None, route: Route) -> Change | None:
    """A note on a subscription that the files declare otherwise: a migration never moves one against them."""
    said = _said(entity, route) if entity else ""
    if not said:
        return None
    reason = f"the files declare {said}, and it is not moved to {route.target.text} against them"
    return note(address, code="declared-otherwise", reason=reason, hint="change its declaration first").change


def _said(entity: Entity, route: Route) -> str:
    plan, version = str(entity.fields.get("plan")), entity.fields.get("version")
    if plan != route.target.key:
        return f"plan {plan}"
    if version not in (None, "latest") and str(version) != str(route.target.version):
        return f"version {version}"
    return f"that it ends ({entity.fields['ends']})" if entity.fields.get("ends") else ""
