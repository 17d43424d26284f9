"""Live entities of ours that are no longer declared: deleted or archived by `sync`, or noted (design.md §4, §5)."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Set

from billsync.core.changes.chains import head_of
from billsync.core.changes.obstacles import holds
from billsync.core.changes.planned import Context, Planned, note, step_id
from billsync.core.changes.read_set import undeclared
from billsync.core.changes.versions import LEFT_OVER, offered
from billsync.core.lifecycle.chain_end import end_of_undeclared
from billsync.core.lifecycle.grandfathered import subscribers
from billsync.core.lifecycle.record import claims_of
from billsync.core.lifecycle.versioned import archive_step
from billsync.core.observed.index import is_over, version_of
from billsync.core.observed.ownership import KEY, OWNER, labels_of
from billsync.core.observed.refusals import IN_USE
from billsync.model.address import Address, symbols_in
from billsync.model.change import Action, Call, Change, Expectation, Step
from billsync.model.frozen import replace
from billsync.model.kind import Archetype, Kind
from billsync.model.state import Row
from billsync.model.value import add_texts


def removals(context: Context) -> tuple[Planned, ...]:
    """Yield the deletes of `sync`, one change per entity."""
    found: list[Planned] = []
    for kind in context.registry.values():
        for address in undeclared(context.desired, context.index, kind):
            if address in context.doubts:
                continue
            planned = _archive(context, address) if kind.archetype is Archetype.VERSIONED else _delete(context, address)
            found.extend([planned] if planned else [])
    return tuple(found)


def _delete(context: Context, address: Address) -> Planned | None:
    kind = context.registry[address.kind]
    routes = context.routes[address.kind]
    have = context.view(context.index.records[address])
    if not routes.delete:
        return note(
            address, code="not-deletable", reason=f"it is no longer declared, and a {kind.title} can't be deleted"
        )
    step = Step(
        id=step_id(address, "delete"),
        address=address,
        verb=kind.deleted_verb,
        call=Call("DELETE", routes.item(address.symbol)),
        before=Expectation(have),
        after=Expectation(None),
    )
    change = Change(address, Action.DELETE, kind.deleted_verb, steps=(step.id,))
    return Planned(change, (step,), frees=claims_of(kind, have))


def _archive(context: Context, address: Address) -> Planned | None:
    active = offered(context.registry[address.kind], context.index.versions[address])
    if active is None:
        return None
    version = address.at(version_of(active))
    step = archive_step(context, version, context.view(active))
    return Planned(Change(version, Action.DELETE, "archiving", steps=(step.id,)), (step,))


def going_on(context: Context, planned: Planned, ended: Mapping[Address, int]) -> Planned:
    """The change; one that archives a version names its chains that go on, without those that this run ends."""
    row = _going(context, planned)
    found = subscribers(context, row) if planned.change.is_pending and row is not None else None
    number = found[0] - ended.get(planned.change.address, 0) if found else 0
    if found is None or number <= 0:
        return planned
    reason = f"{number} of its {found[1].collection} {'goes' if number == 1 else 'go'} on (grandfathered)"
    return replace(planned, change=replace(planned.change, reason=reason))


def holders(context: Context, going: Iterable[Planned], changes: Iterable[Planned], users: Users) -> Users:
    """The users of each deleted entity that still use it after this run, by its address; those without any are left
    out.

    The server refuses such a delete (catalog-facts.md §4.3, §5.3, customer-facts.md §3.6), or it breaks an offer: an
    archived add-on can't be bought any more, even if a plan offers it (§9.5).
    """
    by_address: dict[Address, list[Planned]] = defaultdict(list)
    for p in changes:
        if p.steps:
            by_address[p.change.address.unversioned()].append(p)
    staying = {
        p.change.address: frozenset(
            user
            for user in users.get(p.change.address, ())
            if not any(_gives_up(context, other, p) for other in by_address.get(user.unversioned(), ()))
        )
        for p in going
        if p.steps
    }
    return {address: found for address, found in staying.items() if found}


Users = Mapping[Address, frozenset[Address]]
"""By the address of an entity that a change would delete, the entities that use it at this moment."""


def users_of(context: Context, planned: Iterable[Planned]) -> Users:
    """The users of all entities that changes would delete: live rows that name one and hold on to it, not drafts,
    archived versions or ended links. Chains go on without the version that they began on."""
    going = {p.change.address: row for p in planned if (row := _going(context, p))}
    found: dict[str, set[Address]] = {row.id: set() for row in going.values()}
    versions = {row.id for row in going.values() if context.registry[row.kind].archetype is Archetype.VERSIONED}
    for kind in context.registry.values() if going else ():
        ids = found.keys() - versions if kind.archetype is Archetype.CHAINED else found.keys()
        for user in context.snapshot.of(kind.name):
            if holds(kind, user.fields):
                for server_id in _named(user, ids):
                    found[server_id].add(_shown_address(context, kind, user))
    return {address: frozenset(found[row.id]) for address, row in going.items()}


def _named(row: Row, wanted: Set[str]) -> Set[str]:
    """The server ids among the wanted ones that a row names, without its own."""
    found = set[str]()
    add_texts(row.fields, wanted, found)
    return found - {row.id}


def _going(context: Context, planned: Planned) -> Row | None:
    """The live row that a change would delete."""
    address = planned.change.address
    if planned.change.action is not Action.DELETE:
        return None
    versions = context.index.versions.get(address.unversioned(), ())
    version = next((row for row in versions if version_of(row) == address.version), None)
    return context.index.records.get(address) or version


def _gives_up(context: Context, planned: Planned, going: Planned) -> bool:
    """Whether a change ends its entity's use of a deleted entity: it is deleted too, or its next version doesn't refer
    to it."""
    if planned.change.action is Action.DELETE:
        return planned.change.code != LEFT_OVER
    is_versioned = context.registry[planned.change.address.kind].archetype is Archetype.VERSIONED
    return is_versioned and going.change.address not in symbols_in(planned.steps[-1].after.view)


def _shown_address(context: Context, kind: Kind, row: Row) -> Address:
    if address := context.index.names.get(row.id):
        return address
    owner = str(row.fields.get(f"{kind.parent.kind}_id") or "?") if kind.parent else "?"
    parent = context.index.names[owner].names if owner in context.index.names else (owner,)
    return Address(kind.name, (*parent, str(labels_of(row.fields).get(KEY, row.id))))


def kept(context: Context) -> tuple[Planned, ...]:
    """Notes about children of declared parents that are ours, live, and no longer declared: left alone."""
    declared = {entity.address for entity in context.desired.entities}
    found: list[Planned] = []
    for kind in context.registry.values():
        if kind.archetype is Archetype.APPEND_ONLY:
            found.extend(_kept_records(context, kind, declared))
        if kind.archetype is Archetype.CHAINED:
            found.extend(_kept_chains(context, kind, declared))
    return tuple(found)


def _kept_records(context: Context, kind: Kind, declared: set[Address]) -> Iterator[Planned]:
    for address, row in context.index.records.items():
        if address.kind != kind.name or address in declared or _parent(kind, address) not in declared:
            continue
        if address in context.doubts or address in context.desired.forgotten:
            continue
        mine = context.desired.owner is not None and labels_of(row.fields).get(OWNER) == context.desired.owner
        if mine and not is_over(kind, row.fields):
            yield note(
                address,
                code="kept",
                reason=f"it is no longer declared; a {kind.name} is never taken back by leaving it out: left alone",
                hint=_how_to_end(kind),
            )


def _how_to_end(kind: Kind) -> str:
    form = kind.taking_back
    return f"declare it with `{form.field}: {form.value}` to take it back, or list it under `forget`" if form else ""


def _parent(kind: Kind, address: Address) -> Address | None:
    return Address(kind.parent.kind, address.parents) if kind.parent else None


def _kept_chains(context: Context, kind: Kind, declared: set[Address]) -> Iterator[Planned]:
    for parent, rows in context.index.chains.items():
        if parent not in declared:
            continue
        for key in sorted({str(labels_of(row.fields)[KEY]) for row in rows if KEY in labels_of(row.fields)}):
            head = head_of(kind, rows, key)
            address = Address(kind.name, (*parent.names, key))
            mine = head is not None and labels_of(head.fields).get(OWNER) == context.desired.owner
            silent = address in declared or address in context.doubts or address in context.desired.forgotten
            if head is not None and mine and not silent and not is_over(kind, head.fields):
                yield from end_of_undeclared(context, address, head)


def as_waiting(planned: Planned, users: Collection[Address]) -> Planned:
    """Return the delete as waiting until the entity is no longer in use."""
    more = f" and {len(users) - 3} more" if len(users) > 3 else ""
    first = heapq.nsmallest(3, users, key=lambda address: address.order)
    names = ", ".join(address.text for address in first) + more
    return planned.refused(IN_USE, names=names, use="uses" if len(users) == 1 else "use")
