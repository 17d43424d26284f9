"""Reads of what is attached to chains, and of what their pinned versions offer: only where files or a change ask."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from billsync.core.changes.chains import has_ended, head_of, parent_of, running_links
from billsync.core.changes.versions import offered
from billsync.core.lifecycle.chain_steps import CHANGE, VERBS
from billsync.core.observed.index import Index, version_of
from billsync.core.views.view import view
from billsync.model.address import Address, Symbol
from billsync.model.change import PlanFile
from billsync.model.kind import Archetype, Kind, Registry
from billsync.model.routes import Routes
from billsync.model.state import Desired, Entity, Read, Row, Snapshot

Tables = Mapping[str, Routes]


def attached_reads(desired: Desired, found: Index, registry: Registry, routes: Tables) -> tuple[Read, ...]:
    """The reads for chains whose declaration says what is attached to them."""
    asked = (entity for entity in desired.entities if _asks(entity, routes))
    return tuple(dict.fromkeys(read for entity in asked for read in _reads(entity, found, registry, routes)))


def _asks(entity: Entity, routes: Tables) -> bool:
    attachments = routes[entity.address.kind].attachments
    return attachments is not None and attachments.part.field in entity.fields


def _reads(entity: Entity, found: Index, registry: Registry, routes: Tables) -> Iterator[Read]:
    kind = registry[entity.address.kind]
    attachments = routes[kind.name].attachments
    assert attachments is not None
    running = running_rows(kind, entity.address, found)
    for row in running:
        yield Read(kind.name, parent_id=row.id, part=attachments.part.field)
    for row in _pinned(kind, entity, running, found, registry):
        yield Read(row.kind, parent_id=row.id, part=attachments.offers)


def running_rows(kind: Kind, address: Address, found: Index) -> tuple[Row, ...]:
    """The links of a chain that are in force or scheduled; one that billsync didn't make if it has no other."""
    rows = found.chains.get(parent_of(kind, address), ())
    head = head_of(kind, rows, address.key)
    return running_links(kind, rows, address.key) or (() if head is None or has_ended(kind, head) else (head,))


def _pinned(kind: Kind, entity: Entity, running: tuple[Row, ...], found: Index, registry: Registry) -> Iterator[Row]:
    """The versions that a chain is pinned to: those of its links, and the one that a next link gets."""
    pinned = kind.pins or ""
    for link in running:
        symbol = view(kind, link.fields, found.names).get(pinned)
        if isinstance(symbol, Symbol):
            rows = found.versions.get(symbol.address.unversioned(), ())
            yield from (row for row in rows if version_of(row) == symbol.address.version)
    declared = Address(pinned, (str(entity.fields.get(pinned)),))
    newest = offered(registry[pinned], found.versions.get(declared, ())) if pinned in registry else None
    if newest is not None:
        yield newest


def unread_attached(intended: PlanFile, found: Index, registry: Registry, routes: Tables) -> tuple[Read, ...]:
    """The reads of what a plan file's changes of chains would end, if it has not been read."""
    return tuple(
        read for address in _changing(intended, registry) for read in _unread(address, found, registry, routes)
    )


def _changing(intended: PlanFile, registry: Registry) -> Iterable[Address]:
    chained = {name for name, kind in registry.items() if kind.archetype is Archetype.CHAINED}
    pending = (change for change in intended.pending if change.verb == VERBS[CHANGE])
    return dict.fromkeys(change.address for change in pending if change.address.kind in chained)


def _unread(address: Address, found: Index, registry: Registry, routes: Tables) -> Iterator[Read]:
    attachments = routes[address.kind].attachments
    if attachments is not None:
        for row in running_rows(registry[address.kind], address, found):
            if attachments.part.field not in row.fields:
                yield Read(row.kind, parent_id=row.id, part=attachments.part.field)


def kinds_attached(snapshot: Snapshot, registry: Registry, routes: Tables) -> tuple[Read, ...]:
    """The lists of what can be attached, if they have not been read: a row names an entity by its id alone."""
    names = {
        attachments.part.titled_by
        for kind in registry
        if (attachments := routes[kind].attachments) and attachments.part.titled_by not in snapshot.rows
    }
    return tuple(Read(name) for name in sorted(names))
