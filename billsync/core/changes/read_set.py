"""Reads that a comparison needs, and no more (design.md §10)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from billsync.core.changes.likeness import alike_parents, begun_again
from billsync.core.changes.versions import offered_or_last
from billsync.core.declared.referring import referenced_kinds, referrers
from billsync.core.observed.doubts import duplicates
from billsync.core.observed.index import Index, state_of
from billsync.core.observed.ownership import is_owned, labels_of
from billsync.model.address import Address
from billsync.model.kind import Archetype, Kind, Registry, State
from billsync.model.routes import Routes
from billsync.model.state import Desired, Read, Row

FEW = 200
"""Up to this many parents are looked up by key or id; above, the whole list is read."""

LIST_FILTER_BYTES, LIST_FILTER_ITEMS = 1024, 50
"""The server's limits for a list filter (catalog-facts.md §1.4)."""


def first_reads(
    desired: Desired, registry: Registry, routes: Mapping[str, Routes], *, deletes: bool
) -> tuple[Read, ...]:
    """The lists of everything that is declared, referred to, or may have to be deleted, and has no parent.

    What may still use something that goes is among it.
    """
    declared = {entity.address.kind for entity in desired.entities} | desired.passed.declared.keys()
    parents = {_root(registry, name) for name in declared}
    named = desired.named if deletes else frozenset()
    reads: list[Read] = []
    users = referrers((name for name in named if routes[name].delete), registry)
    for name in sorted(declared | parents | referenced_kinds(desired, registry) | named | users):
        if name in registry and registry[name].parent is not None:
            continue
        keys = {entity.address.names[0] for entity in desired.entities if _root(registry, entity.address.kind) == name}
        keys |= {old.key for olds in desired.moved.values() for old in olds if old.kind == name}
        are_few = len(keys) + desired.passed.declared.get(name, 0) <= FEW
        by_key = _is_parent(registry, name) and name not in named and are_few
        reads.extend(_named(name, routes[name], keys, _claimed(desired, registry, name)) if by_key else (Read(name),))
    return tuple(reads)


def _named(name: str, routes: Routes, keys: Iterable[str], claims: Iterable[str]) -> Iterator[Read]:
    """Return reads of these keys, and of the holders of the names that they claim."""
    if routes.key_filter is not None:
        yield from _having(name, routes.key_filter, keys)
    if routes.claim_filter is not None:
        yield from _having(name, routes.claim_filter, claims)


def _claimed(desired: Desired, registry: Registry, name: str) -> frozenset[str]:
    claims = registry[name].claims
    declared = (entity.fields for entity in desired.entities if entity.address.kind == name)
    return frozenset(claim for fields in declared for claim in claims(fields)) if claims else frozenset()


def _root(registry: Registry, name: str) -> str:
    parent = registry[name].parent
    return parent.kind if parent else name


def _is_parent(registry: Registry, name: str) -> bool:
    """Whether entities of other kinds belong to this kind: its entities are many, and known by key."""
    return any(kind.parent is not None and kind.parent.kind == name for kind in registry.values())


def _having(name: str, field: str, values: Iterable[str]) -> Iterator[Read]:
    """Reads of rows with these values. A list filter trims its members and splits at commas, so such go alone."""
    alone = sorted(value for value in values if "," in value or value != value.strip())
    for chunk in filter_chunks(sorted(set(values) - set(alone))):
        yield Read(name, ((f"filter[{field}][oeq]", ",".join(chunk)),))
    for value in alone:
        yield Read(name, ((f"filter[{field}][eq]", value),))


def filter_chunks(values: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """The values in pieces that a list filter takes; never an empty one, which would match every row."""
    chunk: list[str] = []
    size = 0
    for value in values:
        length = len(value.encode()) + 1
        if chunk and (size + length > LIST_FILTER_BYTES or len(chunk) == LIST_FILTER_ITEMS):
            yield tuple(chunk)
            chunk, size = [], 0
        chunk.append(value)
        size += length
    if chunk:
        yield tuple(chunk)


def more_reads(
    desired: Desired, found: Index, registry: Registry, routes: Mapping[str, Routes], *, deletes: bool
) -> tuple[Read, ...]:
    """Return reads that depend on the rows found: children of declared parents, and subscribers of versions."""
    reads: list[Read] = []
    for kind in registry.values():
        if kind.parent is not None:
            reads.extend(_children(kind, desired, found, registry, routes, deletes=deletes))
        if kind.archetype is Archetype.CHAINED:
            reads.extend(_counts(kind, desired, found, registry, deletes=deletes))
    return tuple(reads)


def _children(
    kind: Kind,
    desired: Desired,
    found: Index,
    registry: Registry,
    routes: Mapping[str, Routes],
    *,
    deletes: bool,
) -> Iterator[Read]:
    assert kind.parent is not None
    going = going_parents(desired, found, registry, kind.parent.kind) if deletes else ()
    ids = sorted({found.records[a].id for a in (*_looked_into(kind, desired), *going) if a in found.records})
    if deletes and routes[kind.name].parent_filter and holds_others(desired, found, registry, routes):
        yield Read(kind.name)
    else:
        yield from _belonging(kind.name, routes[kind.name], ids, desired.passed.holders.get(kind.name, 0))


def _belonging(name: str, routes: Routes, ids: Sequence[str], more: int = 0) -> Iterator[Read]:
    """Reads of the children of these parents, besides which there are more that need no reading."""
    field = routes.parent_filter
    if field is None:
        yield from (Read(name, parent_id=parent) for parent in ids)
    elif len(ids) + more > FEW:
        yield Read(name)
    else:
        yield from belonging_each(name, field, ids)


def belonging_each(name: str, field: str, ids: Sequence[str]) -> Iterator[Read]:
    """Reads of the children of these parents alone, in a list that is filtered by a field, however many they are."""
    yield from (Read(name, ((f"filter[{field}][oeq]", ",".join(chunk)),)) for chunk in filter_chunks(ids))


def look_alike_reads(desired: Desired, found: Index, registry: Registry, *, deletes: bool) -> tuple[Read, ...]:
    """Reads of whole parent lists of which only some rows were read by key, if a parent is new or gets a new child.

    One of the other parents may be the same under another key (`core.guards.doubling`).
    """
    names = sorted({_root(registry, address.kind) for address in begun_again(desired, found, registry)})
    return tuple(Read(name) for name in names if not (deletes and name in desired.named))


def look_alike_children(
    desired: Desired, found: Index, registry: Registry, routes: Mapping[str, Routes]
) -> tuple[Read, ...]:
    """Return reads, not made yet, of children of look-alikes of parents that get a new child."""
    reads: list[Read] = []
    everything = begun_again(desired, found, registry)
    for name, kind in registry.items():
        begun = [address for address in everything if address.kind == name]
        if kind.parent is None or not begun:
            continue
        parents = {Address(kind.parent.kind, address.parents) for address in begun}
        others = alike_parents(desired, found, registry, sorted(parents, key=lambda address: address.order))
        unread = {other for several in others.values() for other in several} - _looked_into(kind, desired)
        ids = sorted(found.records[other].id for other in unread)
        reads.extend(_belonging(name, routes[name], ids))
    return tuple(reads)


def _looked_into(kind: Kind, desired: Desired) -> set[Address]:
    """The declared parents whose children are read: all if they are few, else those that declare a child or have
    moved."""
    assert kind.parent is not None
    with_child = {moved for moved in desired.moved if moved.kind == kind.parent.kind} | {
        Address(kind.parent.kind, e.address.parents) for e in desired.entities if e.address.kind == kind.name
    }
    declared = {e.address for e in desired.entities if e.address.kind == kind.parent.kind}
    passed = desired.passed.declared.get(kind.parent.kind, 0)
    return with_child | declared if len(declared) + passed <= FEW else with_child


def undeclared(desired: Desired, found: Index, kind: Kind) -> Iterator[Address]:
    """The live, owned, undeclared entities of a kind that the files name; `sync` removes them."""
    if kind.name not in desired.named or kind.parent is not None:
        return
    declared = {entity.address for entity in desired.entities}
    live: Mapping[Address, Row]
    if kind.archetype is Archetype.VERSIONED:
        of_kind = ((address, rows) for address, rows in found.versions.items() if address.kind == kind.name)
        live = {address: row for address, rows in of_kind if (row := offered_or_last(kind, rows))}
    else:
        live = {address: row for address, row in found.records.items() if address.kind == kind.name}
    going = [
        address
        for address, row in live.items()
        if address not in declared
        and is_owned(row, address, owner=desired.owner, adopted=desired.adopted)
        and desired.selection.carried_by(labels_of(row.fields))
        and not (address in desired.forgotten or desired.external.match(kind.name, address.key))
    ]
    yield from sorted(going, key=lambda address: address.order)


def going_parents(desired: Desired, found: Index, registry: Registry, name: str) -> tuple[Address, ...]:
    """The parents of one kind that `sync` would delete."""
    return tuple(undeclared(desired, found, registry[name]))


def holds_others(desired: Desired, found: Index, registry: Registry, routes: Mapping[str, Routes]) -> bool:
    """Whether something may be deleted that other live rows could still use, so that all of them must be read."""
    return any(
        any(True for _ in undeclared(desired, found, kind))
        for kind in registry.values()
        if kind.parent is None and routes[kind.name].delete and not _is_parent(registry, kind.name)
    )


def _counts(kind: Kind, desired: Desired, found: Index, registry: Registry, *, deletes: bool) -> Iterator[Read]:
    """Return reads that count the running children of each version of declared, adopted or pruned entities."""
    told = {entity.address for entity in desired.entities}
    if deletes and kind.pins is not None:
        told |= set(undeclared(desired, found, registry[kind.pins]))
    for address, rows in sorted(found.versions.items(), key=lambda item: item[0].order):
        relevant = address in told or desired.adopted.match(address.kind, address.key)
        if address.kind == kind.pins and relevant:
            for row in rows:
                if state_of(registry[row.kind], row.fields) is not State.DRAFT:
                    yield subscribers_read(kind, row.id)


def subscribers_read(kind: Kind, version_id: str) -> Read:
    """The count of the running children of one version."""
    return _count(kind, version_id, State.COMING, State.CURRENT, State.ENDING)


def ending_read(kind: Kind, version_id: str) -> Read:
    """The count of the running children of one version that have an end."""
    return _count(kind, version_id, State.ENDING)


def _count(kind: Kind, version_id: str, *states: State) -> Read:
    words = ",".join(sorted(kind.words(*states)))
    query = ((f"filter[{kind.pins}_id]", version_id), ("filter[status][oeq]", words))
    return Read(kind.name, query, count_only=True)


def ending_reads(desired: Desired, found: Index, counts: Mapping[Read, int], registry: Registry) -> tuple[Read, ...]:
    """Counts of the children that have an end, of each declared version that has running ones."""
    return tuple(
        ending_read(kind, row.id)
        for kind in registry.values()
        if kind.archetype is Archetype.CHAINED
        for entity in desired.entities
        if entity.address.kind == kind.pins
        for row in found.versions.get(entity.address, ())
        if counts.get(subscribers_read(kind, row.id))
    )


def going_ids(desired: Desired, found: Index, registry: Registry) -> tuple[str, ...]:
    """The ids of parents that would be deleted, without doubtful ones."""
    doubtful = duplicates(found)
    names = {kind.parent.kind for kind in registry.values() if kind.parent}
    going = (address for name in sorted(names) for address in going_parents(desired, found, registry, name))
    return tuple(found.records[address].id for address in going if address not in doubtful)


def all_reads(registry: Registry, routes: Mapping[str, Routes]) -> tuple[Read, ...]:
    """Reads of the lists of all kinds without a parent, including kinds that are only referred to."""
    return tuple(Read(name) for name in routes if name not in registry or registry[name].parent is None)


def nested_reads(found: Index, registry: Registry, routes: Mapping[str, Routes]) -> tuple[Read, ...]:
    """The lists of everything that belongs to the rows that were found."""
    reads: list[Read] = []
    for kind in registry.values():
        if kind.parent is None:
            continue
        if routes[kind.name].parent_filter is not None:
            reads.append(Read(kind.name))
        else:
            parents = sorted(row.id for a, row in found.records.items() if a.kind == kind.parent.kind)
            reads.extend(Read(kind.name, parent_id=parent) for parent in parents)
    return tuple(reads)
