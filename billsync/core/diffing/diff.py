"""Desired and live state -> the plan file: changes for people, steps for the executor, guards."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from datetime import datetime, timedelta
from functools import cache, partial

from billsync.core.changes.conflicts import (
    block_dependents,
    refuse_circle,
    refuse_dangling_references,
    refuse_held_names,
    refuse_lacking,
)
from billsync.core.changes.misfits import refuse_misfits
from billsync.core.changes.moved import with_moved
from billsync.core.changes.obstacles import with_obstacles
from billsync.core.changes.order import linked, ordered, with_delete_edges, with_soft_edges
from billsync.core.changes.planned import Context, Planned
from billsync.core.changes.selected_changes import within_selection
from billsync.core.changes.unsupported import Missing, Unmentionable, unsupported
from billsync.core.changes.versions import NextVersions, coming_versions
from billsync.core.diffing.readings import readings
from billsync.core.guards.effects import ending, moving_away, with_effects
from billsync.core.guards.guards import guards
from billsync.core.guards.leaving import after_its_children, leaving
from billsync.core.guards.policies import permitted, policy_in
from billsync.core.guards.prune import as_waiting, going_on, holders, kept, removals, users_of
from billsync.core.lifecycle.append_only import append_only_change
from billsync.core.lifecycle.attached import with_attached
from billsync.core.lifecycle.chained import chained_change
from billsync.core.lifecycle.doubtful import doubtful, other_doubts
from billsync.core.lifecycle.grandfathered import Moving, ending_children, grandfathered
from billsync.core.lifecycle.moving import on_both_sides
from billsync.core.lifecycle.record import record_change
from billsync.core.lifecycle.unmarked import unrecorded
from billsync.core.lifecycle.versioned import versioned_changes
from billsync.core.observed.doubts import doubts, several_at_once
from billsync.core.observed.index import Index, index
from billsync.model.address import Address
from billsync.model.change import Action, PlanFile, Step
from billsync.model.frozen import dataclass, replace
from billsync.model.kind import Archetype, Registry, State
from billsync.model.routes import Routes
from billsync.model.state import Desired, Entity, Snapshot

VALID_FOR = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Mode:
    """The mode of a run: `apply` never deletes, `sync` does. `allow` are the guards' flags by name; `command` is one
    that reads no files, empty for all others."""

    name: str
    deletes: bool
    allow: Mapping[str, str]
    command: str = ""


@dataclass(frozen=True, slots=True)
class Server:
    """The server to compare with: its name, its tables, the path of balances, the fields that it lacks by kind, and
    those that can't name other entities there.

    `one_chain_per_parent`: it allows one running chain a parent.
    """

    target: str
    routes: Mapping[str, Routes]
    balance_path: str
    missing: Missing
    one_chain_per_parent: bool
    unmentionable: Unmentionable = field(default_factory=dict)


def diff(
    desired: Desired, snapshot: Snapshot, registry: Registry, *, server: Server, mode: Mode, now: datetime
) -> PlanFile:
    """The plan file that makes the live state the desired one. Same input, same bytes.

    `now` dates it, and is when new entities that end at a declared moment begin.
    """
    mode = replace(mode, allow=permitted(desired.policy, mode.allow))
    context = context_of(desired, snapshot, registry, server=server, mode=mode, now=now)
    whole = _changes(context, server, mode)
    steps, changes = _in_order(within_selection(whole, context), context)
    changes += (*_staying(context, changes, whole), *_unrecorded(context, changes, mode))
    return PlanFile(
        target=server.target,
        owner=desired.owner,
        mode=mode.name,
        changes=with_effects(context, (p.change for p in _as_shown(changes, registry))),
        steps=steps,
        guards=guards(context, changes, allow=mode.allow, balance_path=server.balance_path),
        created_at=now.isoformat(),
        expires_at=(now + VALID_FOR).isoformat(),
        intended=desired.target.facts,
        moved=desired.moved,
        readings=readings(context, steps),
        allowed=tuple(sorted(f"{flag}={value}" if value else flag for flag, value in mode.allow.items())),
        selection=desired.selection.names,
        since=desired.selection.since,
        policy=policy_in(desired.besides),
    )


def context_of(
    desired: Desired, snapshot: Snapshot, registry: Registry, *, server: Server, mode: Mode, now: datetime
) -> Context:
    """Both states and the tables, as decisions about single entities need them."""
    entities = {entity.address: entity for entity in desired.entities}
    found = with_moved(index(snapshot, registry, server.routes), desired.moved, registry)
    return Context(
        desired=desired,
        entities=entities,
        children=_children(desired),
        snapshot=snapshot,
        index=found,
        registry=registry,
        routes=server.routes,
        one_chain_per_parent=one_chain_per_parent(server, desired, found, registry),
        now=now,
        deletes=mode.deletes,
        allow=frozenset(mode.allow),
        doubts=doubts(found, registry, entities),
    )


def one_chain_per_parent(server: Server, desired: Desired, found: Index, registry: Registry) -> bool:
    """Whether a parent may have one running chain only: as the files say, else as the server's table says, unless some
    parent has two of different keys in force, which proves the contrary."""
    if desired.target.has_several_chains is not None:
        return not desired.target.has_several_chains
    return server.one_chain_per_parent and not any(several_at_once(registry, rows) for rows in found.chains.values())


def _children(desired: Desired) -> Mapping[tuple[str, tuple[str, ...]], tuple[str, ...]]:
    found: dict[tuple[str, tuple[str, ...]], list[str]] = defaultdict(list)
    for entity in desired.entities:
        found[entity.address.kind, entity.address.parents].append(entity.address.key)
    return {place: tuple(keys) for place, keys in found.items()}


def _changes(context: Context, server: Server, mode: Mode) -> tuple[Planned, ...]:
    """Return all changes with their steps' needs and obstacles; those that the server or another change rules out are
    refused."""
    changes = (*declared_changes(context, server), *left_alone(context))
    changes = block_dependents(_without_what_is_missing(changes, context))
    changes += prunable(context, changes) if mode.deletes else ()
    changes = with_dependencies(refuse_held_names(changes, context), context)
    return tuple(with_obstacles(changes, context, balance=server.balance_path, allow=mode.allow))


def _without_what_is_missing(changes: tuple[Planned, ...], context: Context) -> tuple[Planned, ...]:
    """The changes; those for which the server lacks something, or has it in a form that doesn't go with them, are
    refused."""
    return refuse_misfits(refuse_lacking(refuse_dangling_references(changes, context), context), context)


def left_alone(context: Context) -> tuple[Planned, ...]:
    """Yield notes about undeclared entities that a run leaves: live under two keys, in doubt, or kept.

    One entity is named once.
    """
    twice = on_both_sides(context)
    named = {p.change.address for p in twice}
    others = (*other_doubts(context, deletes=context.deletes), *kept(context))
    return (*twice, *(p for p in others if p.change.address not in named))


def with_dependencies(changes: Iterable[Planned], context: Context) -> tuple[Planned, ...]:
    """Return the changes, each step with the steps that it needs; changes that depend on a refused one are blocked."""
    linked_changes = with_soft_edges(linked(changes), context.registry)
    return block_dependents(with_delete_edges(linked_changes, _users(context, linked_changes)))


def declared_changes(context: Context, server: Server) -> tuple[Planned, ...]:
    """Yield the change of every declared entity, in creation order of kinds, as later ones refer to new versions."""
    found: list[Planned] = []
    coming: dict[Address, Address] = {}
    rank = {name: number for number, name in enumerate(context.registry)}
    for entity in sorted(context.desired.entities, key=lambda e: (rank[e.address.kind], e.address.order)):
        lacking = unsupported(entity, server.missing, context, server.unmentionable)
        certain = lacking or doubtful(context, entity.address)
        planned = (certain,) if certain else _by_archetype(context, entity, coming)
        found.extend(planned)
        coming.update(coming_versions(context, planned))
    return tuple(found)


def _by_archetype(context: Context, entity: Entity, coming: NextVersions) -> tuple[Planned, ...]:
    match context.registry[entity.address.kind].archetype:
        case Archetype.RECORD:
            planned = record_change(context, entity)
        case Archetype.APPEND_ONLY:
            planned = append_only_change(context, entity)
        case Archetype.CHAINED:
            return with_attached(context, entity, chained_change(context, entity, coming), coming)
        case Archetype.VERSIONED:
            return versioned_changes(context, entity, coming)
    return (planned,) if planned else ()


def _staying(context: Context, planned: tuple[Planned, ...], whole: tuple[Planned, ...]) -> Iterator[Planned]:
    """Yield notes about chains that stay on older versions than this run publishes; blocked versions don't count.

    Chains that only the whole run would move are counted apart.
    """
    coming = coming_versions(context, (p for p in planned if p.change.is_pending))
    now = moving_away(context, (p.change for p in planned))
    later = moving_away(context, (p.change for p in whole)) - now
    ended = ending(context, (p.change for p in planned))
    found = cache(partial(ending_children, context))  # only looked for where a note needs them
    moving = Moving(now, ended, later, found)
    for entity in context.desired.entities:
        is_versioned = context.registry[entity.address.kind].archetype is Archetype.VERSIONED
        if is_versioned and context.desired.selection.includes(entity.address):
            yield from grandfathered(context, entity, coming, moving)


def _unrecorded(context: Context, planned: tuple[Planned, ...], mode: Mode) -> Iterator[Planned]:
    """Yield notes with the lines for the files that make a flag of this run unnecessary in the next."""
    yield from unrecorded(context, (p for p in planned if p.change.is_pending), allow=mode.allow)


def prunable(context: Context, changes: Sequence[Planned]) -> tuple[Planned, ...]:
    """The deletes of entities that are no longer declared, except those that a change names already, and the ends of
    chains that have to be over before. A delete waits while its entity is in use."""
    named = {p.change.address for p in changes}
    gone = [p for p in removals(context) if p.change.address not in named]
    left = leaving(context, gone)
    gone = [after_its_children(context, p, left) for p in gone]
    users = users_of(context, gone)
    while held := holders(context, gone, (*changes, *gone), users):
        gone = [as_waiting(p, held[p.change.address]) if p.change.address in held else p for p in gone]
    every = (State.COMING, State.CURRENT, State.ENDING)
    ended = ending(context, (p.change for p in (*changes, *gone, *left.ends.values())), every)
    return (*(going_on(context, p, ended) for p in gone), *left.ends.values())


def _users(context: Context, planned: Iterable[Planned]) -> Mapping[Address, frozenset[Address]]:
    """By deleted address, the entities that use it now and stop using it in this run."""
    deletes = (p for p in planned if p.steps and p.change.action is Action.DELETE)
    found = users_of(context, deletes)
    return {address: frozenset(user.unversioned() for user in users) for address, users in found.items()}


def _in_order(changes: tuple[Planned, ...], context: Context) -> tuple[tuple[Step, ...], tuple[Planned, ...]]:
    """The steps in order; changes that need one another in a circle are refused, and their dependents are blocked."""
    steps, circle = ordered(changes, context.registry)
    if not circle:
        return steps, changes
    return _in_order(block_dependents(refuse_held_names(refuse_circle(changes, circle), context)), context)


def _as_shown(planned: Iterable[Planned], registry: Registry) -> list[Planned]:
    """The changes in creation order of kinds, deletes last."""
    rank = {name: number for number, name in enumerate(registry)}

    def place(planned: Planned) -> tuple[int, int, tuple[str, tuple[str, ...], int]]:
        address = planned.change.address
        return (int(planned.change.action is Action.DELETE), rank[address.kind], address.order)

    return sorted(planned, key=place)
