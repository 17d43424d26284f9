"""Desired and live state -> the plan file: changes for people, steps for the executor, guards."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from billsync.core.claims import without_kept_claims
from billsync.core.doubts import doubts
from billsync.core.guards import guards
from billsync.core.index import index
from billsync.core.lifecycle.append_only import append_only_change
from billsync.core.lifecycle.chained import chained_change
from billsync.core.lifecycle.doubtful import doubtful, other_doubts
from billsync.core.lifecycle.grandfathered import grandfathered
from billsync.core.lifecycle.moving import on_both_sides
from billsync.core.lifecycle.record import record_change
from billsync.core.lifecycle.unmarked import unrecorded
from billsync.core.lifecycle.versioned import versioned_changes
from billsync.core.lost import without_lost_references
from billsync.core.moved import with_moved
from billsync.core.obstacles import with_obstacles
from billsync.core.order import linked, ordered, with_delete_edges, with_soft_edges, without_dependents
from billsync.core.planned import Context, Planned
from billsync.core.prune import as_waiting, held_by, holders, kept, removals
from billsync.core.unmanageable import Missing, unmanageable
from billsync.core.versions import NextVersions, coming_versions
from billsync.model.address import Address
from billsync.model.change import Action, Outcome, PlanFile, Step
from billsync.model.kind import Archetype, Registry, Routes
from billsync.model.state import Desired, Entity, Snapshot

VALID_FOR = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Mode:
    """How far a run may go: `apply` never deletes, `sync` does. `allow` are the guards' flags by name."""

    name: str
    deletes: bool
    allow: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Server:
    """What is compared with: its name, its tables, where a balance is read, and the fields that it lacks by kind.

    `one_chain_per_parent`: it allows one running chain a parent.
    """

    target: str
    routes: Mapping[str, Routes]
    balance_path: str
    missing: Missing
    one_chain_per_parent: bool


def diff(
    desired: Desired, snapshot: Snapshot, registry: Registry, *, server: Server, mode: Mode, now: datetime
) -> PlanFile:
    """The plan file that makes the live state the desired one. Same input, same bytes.

    `now` dates it, and is when new entities that end at a declared moment begin.
    """
    entities = {entity.address: entity for entity in desired.entities}
    found = with_moved(index(snapshot, registry, server.routes), desired.moved, registry)
    context = Context(
        desired=desired,
        entities=entities,
        children=_children(desired),
        snapshot=snapshot,
        index=found,
        registry=registry,
        routes=server.routes,
        one_chain_per_parent=server.one_chain_per_parent,
        now=now,
        deletes=mode.deletes,
        doubts=doubts(found, registry, entities),
    )
    decided = _planned(context, server.missing, deletes=mode.deletes)
    planned = tuple(with_obstacles(decided, context, balance=server.balance_path, allow=mode.allow))
    steps, planned = _ordered(planned, context)
    planned = (*planned, *_staying(context, planned), *_unrecorded(context, planned, mode))
    return PlanFile(
        target=server.target,
        owner=desired.owner,
        mode=mode.name,
        changes=tuple(p.change for p in sorted(planned, key=lambda p: _shown_order(p, registry))),
        steps=steps,
        guards=guards(context, planned, allow=mode.allow, balance_path=server.balance_path),
        created_at=now.isoformat(),
        expires_at=(now + VALID_FOR).isoformat(),
        intended=desired.target.facts,
        moved=desired.moved,
    )


def _children(desired: Desired) -> Mapping[tuple[str, tuple[str, ...]], tuple[str, ...]]:
    found: dict[tuple[str, tuple[str, ...]], list[str]] = defaultdict(list)
    for entity in desired.entities:
        found[entity.address.kind, entity.address.parents].append(entity.address.key)
    return {place: tuple(keys) for place, keys in found.items()}


def _planned(context: Context, missing: Missing, *, deletes: bool) -> tuple[Planned, ...]:
    declared = without_lost_references(_declared(context, missing), context)
    twice = on_both_sides(context)
    left = frozenset(p.change.address for p in twice)
    doubted = (p for p in other_doubts(context, deletes=deletes) if p.change.address not in left)
    remaining = (p for p in kept(context) if p.change.address not in left)
    found = list(without_dependents([*declared, *twice, *doubted, *remaining], context.registry))
    if deletes:
        found += _removed(context, found, left)
    found = list(without_kept_claims(found, context))
    with_needs = with_soft_edges(linked(found, context.registry), context.registry)
    return without_dependents(with_delete_edges(with_needs, _users(context, with_needs)), context.registry)


def _declared(context: Context, missing: Missing) -> list[Planned]:
    """What every declared entity needs, in the order in which kinds are created: later ones refer to new versions."""
    found: list[Planned] = []
    coming: dict[Address, Address] = {}
    rank = {name: number for number, name in enumerate(context.registry)}
    for entity in sorted(context.desired.entities, key=lambda e: (rank[e.address.kind], e.address.order)):
        certain = unmanageable(entity, missing) or doubtful(context, entity.address)
        planned = (certain,) if certain else _by_archetype(context, entity, coming)
        found.extend(planned)
        coming.update(coming_versions(context, planned))
    return found


def _by_archetype(context: Context, entity: Entity, coming: NextVersions) -> tuple[Planned, ...]:
    if context.registry[entity.address.kind].archetype is Archetype.VERSIONED:
        return versioned_changes(context, entity, coming)
    planned = _single(context, entity, coming)
    return (planned,) if planned else ()


def _single(context: Context, entity: Entity, coming: NextVersions) -> Planned | None:
    match context.registry[entity.address.kind].archetype:
        case Archetype.RECORD:
            return record_change(context, entity)
        case Archetype.APPEND_ONLY:
            return append_only_change(context, entity)
        case Archetype.CHAINED:
            return chained_change(context, entity, coming)
        case Archetype.VERSIONED:
            raise ValueError("a versioned entity may need more than one change")


def _staying(context: Context, planned: tuple[Planned, ...]) -> Iterator[Planned]:
    """Who stays on older versions than those that this run does publish: a blocked one doesn't come."""
    coming = coming_versions(context, (p for p in planned if p.change.is_pending))
    for entity in context.desired.entities:
        if context.registry[entity.address.kind].archetype is Archetype.VERSIONED:
            yield from grandfathered(context, entity, coming)


def _unrecorded(context: Context, planned: tuple[Planned, ...], mode: Mode) -> Iterator[Planned]:
    """What the files should say from now on, where a flag has said it this time."""
    yield from unrecorded(context, (p for p in planned if p.change.is_pending), allow=mode.allow)


def _removed(context: Context, planned: list[Planned], left: frozenset[Address]) -> list[Planned]:
    """What `sync` takes away, but for what is left; what somebody still uses waits."""
    gone = [p for p in removals(context) if p.change.address not in left]
    while True:
        everything = [*planned, *gone]
        held = {i: users for i, p in enumerate(gone) if p.steps and (users := holders(context, p, everything))}
        if not held:
            return gone
        gone = [as_waiting(p, held[i]) if i in held else p for i, p in enumerate(gone)]


def _users(context: Context, planned: Iterable[Planned]) -> Mapping[Address, frozenset[Address]]:
    """By deleted address: who uses it now and lets go of it in this run."""
    return {
        p.change.address: frozenset(address.unversioned() for address in held_by(context, p))
        for p in planned
        if p.steps and p.change.action is Action.DELETE
    }


def _ordered(planned: tuple[Planned, ...], context: Context) -> tuple[tuple[Step, ...], tuple[Planned, ...]]:
    """The steps in order; changes that need one another in a circle are refused, with what hangs on them."""
    steps, circle = ordered(planned, context.registry)
    if not circle:
        return steps, planned
    named = ", ".join(circle)
    refused = tuple(_in_circle(p, circle, named) for p in planned)
    remaining = without_dependents(without_kept_claims(refused, context), context.registry)
    return _ordered(remaining, context)


def _in_circle(planned: Planned, circle: tuple[str, ...], named: str) -> Planned:
    if not any(step.id in circle for step in planned.steps):
        return planned
    reason = f"these steps need one another, so none can be first: {named}"
    hint = "make the change in two runs"
    change = replace(planned.change, outcome=Outcome.REFUSED, steps=(), code="circle", reason=reason, hint=hint)
    return Planned(change)


def _shown_order(planned: Planned, registry: Registry) -> tuple[int, int, tuple[str, tuple[str, ...], int]]:
    address = planned.change.address
    is_delete = planned.change.action is Action.DELETE
    return (int(is_delete), list(registry).index(address.kind), address.order)
