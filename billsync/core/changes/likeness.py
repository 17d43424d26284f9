"""Look-alikes: a renamed key shows as an entity that is no longer declared and a new one like it.

Two entities of a kind are alike when they share a trait (`Kind.traits`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from billsync.core.changes.chains import has_ended, head_of
from billsync.core.observed.index import Index
from billsync.core.observed.ownership import KEY, labels_of
from billsync.core.views.normalize import normalize
from billsync.model.address import Address
from billsync.model.kind import Archetype, Kind, Registry, Trait
from billsync.model.state import Desired, Row

Known = Mapping[Trait, tuple[Address, ...]]
"""By trait, the live entities of one kind."""

SHARED_AT_MOST = 10
"""A trait shared by more declared entities distinguishes none of them, such as one address for all bills."""


def begun_again(desired: Desired, found: Index, registry: Registry) -> tuple[Address, ...]:
    """The declared entities that aren't live and have traits: they would be made, though they may be there."""
    return tuple(
        entity.address
        for entity in desired.entities
        if (kind := registry[entity.address.kind]).traits and not _is_live(kind, entity.address, found)
    )


def _is_live(kind: Kind, address: Address, found: Index) -> bool:
    if kind.archetype is not Archetype.CHAINED:
        return address in found.records
    assert kind.parent is not None
    head = head_of(kind, found.chains.get(Address(kind.parent.kind, address.parents), ()), address.key)
    return head is not None and not has_ended(kind, head)


def known_by(desired: Desired, found: Index, kind: Kind) -> Known:
    """The live entities of a kind by trait: undeclared ones first, then declared ones."""
    declared = {entity.address for entity in desired.entities}
    abandoned, kept = defaultdict[Trait, list[Address]](list), defaultdict[Trait, list[Address]](list)
    for address, row in sorted(found.records.items(), key=lambda item: item[0].order):
        if address.kind == kind.name:
            for trait in kind.traits(row.fields) if kind.traits else ():
                (kept if address in declared else abandoned)[trait].append(address)
    telling = {trait: addresses for trait, addresses in kept.items() if len(addresses) <= SHARED_AT_MOST}
    return {trait: (*abandoned.get(trait, ()), *telling.get(trait, ())) for trait in (*abandoned, *telling)}


def alike(kind: Kind, fields: Mapping[str, object], others: Known) -> tuple[Address, ...]:
    """The entities that share a trait with these fields; sorted."""
    traits = kind.traits(fields) if kind.traits else frozenset()
    found = {address for trait in traits for address in others.get(trait, ())}
    return tuple(sorted(found, key=lambda address: address.order))


def alike_parents(
    desired: Desired, found: Index, registry: Registry, parents: Iterable[Address]
) -> Mapping[Address, tuple[Address, ...]]:
    """By parent, the other live entities that look like it, in its declared or its live form."""
    entities = {entity.address: entity for entity in desired.entities}
    others: dict[str, Known] = {}
    result: dict[Address, tuple[Address, ...]] = {}
    for parent in parents:
        kind = registry[parent.kind]
        if kind.name not in others:
            others[kind.name] = known_by(desired, found, kind)  # once: it looks at everything
        known = others[kind.name]
        declared = alike(kind, normalize(kind, entities[parent].fields), known) if known and parent in entities else ()
        live = alike(kind, found.records[parent].fields, known) if parent in found.records else ()
        result[parent] = tuple(dict.fromkeys(other for other in (*declared, *live) if other != parent))
    return result


Children = Mapping[Address, tuple[tuple[Address, Row], ...]]
"""By parent, its live entities of one kind."""

NO_KEY = "?"
"""Stands in the address of a row that shows no key: a server that loses keys makes such."""


def children(kind: Kind, found: Index) -> Children:
    """The live entities of a kind by parent; chains by the link that speaks for them."""
    by_parent: dict[Address, list[tuple[Address, Row]]] = defaultdict(list)
    assert kind.parent is not None
    for address, row in _of_kind(kind, found):
        by_parent[Address(kind.parent.kind, address.parents)].append((address, row))
    return {parent: tuple(sorted(rows, key=lambda item: item[0].order)) for parent, rows in by_parent.items()}


def _of_kind(kind: Kind, found: Index) -> Iterator[tuple[Address, Row]]:
    yield from ((address, row) for address, row in found.records.items() if address.kind == kind.name)
    for parent, rows in found.keyless.items():
        yield from ((Address(kind.name, (*parent.names, NO_KEY)), row) for row in rows if row.kind == kind.name)
    for parent, rows in found.chains.items():
        links = tuple(row for row in rows if row.kind == kind.name)
        yield from ((Address(kind.name, (*parent.names, key)), row) for key, row in _speaking(kind, links))


def _speaking(kind: Kind, links: tuple[Row, ...]) -> Iterator[tuple[str, Row]]:
    """By key, the link that speaks for each chain: one that runs, else the last one."""
    by_key: dict[str, list[Row]] = defaultdict(list)
    for row in links:
        by_key[str(labels_of(row.fields).get(KEY, NO_KEY))].append(row)
    for key, rows in by_key.items():
        yield key, ([row for row in rows if not has_ended(kind, row)] or rows)[-1]
