"""Live state -> the document of a file that declares it, with notes about what can't be declared or read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from billsync.core.chains import ENDED
from billsync.core.index import Index, index, status_of, version_of
from billsync.core.lifecycle.newest import ACTIVE
from billsync.core.marks import KEY, OWNER, PREFIX, labels_of
from billsync.core.view import view
from billsync.kinds.registry import LATER_COLLECTIONS
from billsync.model.address import Address, Symbol, symbols_in
from billsync.model.kind import Archetype, Kind, Registry, Routes
from billsync.model.state import Row, Snapshot
from billsync.model.value import Fields, Plain

HEADER = "_info"


@dataclass(frozen=True, slots=True)
class Dump:
    """A document in the file's shape, and what it lacks, a sentence each, sorted."""

    document: Fields
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Source:
    found: Index
    registry: Registry

    def view(self, row: Row) -> Fields:
        return view(self.registry[row.kind], row.fields, self.found.names)

    def kind(self, row: Row) -> Kind:
        return self.registry[row.kind]


@dataclass(frozen=True, slots=True)
class _Item:
    """One entity as it will stand in the file: its row, where it belongs, and its plain fields."""

    address: Address
    fields: Fields


def dump(snapshot: Snapshot, registry: Registry, routes: Mapping[str, Routes]) -> Dump:
    """What a file must say so that a diff with this live state is empty.

    Left out, with a note each: what no file can declare (no key, a reference to what is gone), what has ended, and
    versions that aren't for new subscribers.
    """
    source = _Source(index(snapshot, registry, routes), registry)
    notes: list[str] = []
    items = [item for kind in registry.values() for item in _items(source, kind, snapshot, notes)]
    whole = [item for item in items if not _broken(item, notes)]
    notes.extend(_unreadable(whole, registry))
    document = {**_header(snapshot, notes), **_external(whole, registry), **_collections(whole, registry)}
    return Dump(document, tuple(sorted(set(notes))))


def _items(source: _Source, kind: Kind, snapshot: Snapshot, notes: list[str]) -> Iterator[_Item]:
    match kind.archetype:
        case Archetype.VERSIONED:
            yield from _versioned(source, kind, notes)
        case Archetype.CHAINED:
            yield from _chained(source, kind, notes)
        case Archetype.RECORD | Archetype.APPEND_ONLY:
            yield from _records(source, kind, snapshot, notes)


def _records(source: _Source, kind: Kind, snapshot: Snapshot, notes: list[str]) -> Iterator[_Item]:
    addresses = {row.id: address for address, row in source.found.records.items()}
    for row in snapshot.of(kind.name):
        status = status_of(kind, row.fields)
        if row.id not in addresses or not row.fields.get(kind.key):
            notes.append(f"a {kind.name} named {row.fields.get('name')!r} has no key, so no file can declare it")
        elif status in ("voided", "expired"):
            notes.append(f"{addresses[row.id].text} is {status}: left out")
        else:
            yield _Item(addresses[row.id], source.view(row))


def _versioned(source: _Source, kind: Kind, notes: list[str]) -> Iterator[_Item]:
    for address, rows in source.found.versions.items():
        if address.kind != kind.name:
            continue
        active = latest_active(kind, rows)
        others = [f"@{version_of(row)} ({status_of(kind, row.fields)})" for row in rows if row is not active]
        if others:
            notes.append(f"{address.text}: left out {', '.join(others)}; a file declares the active version")
        if active is not None:
            item = _Item(address, source.view(active))
            notes.extend(_outdated(source, item))
            yield item


def _outdated(source: _Source, item: _Item) -> Iterator[str]:
    """References to versions that aren't the active ones: a file names a key, which means the active version."""
    for referred in symbols_in(item.fields):
        if referred.version is None:
            continue
        rows = source.found.versions.get(referred.unversioned(), ())
        active = latest_active(source.registry[referred.kind], rows)
        if active is None:
            yield f"{item.address.text} has {referred.text}, of which no version is active: the file can't be synced so"
        elif version_of(active) != referred.version:
            newer = referred.at(version_of(active))
            yield f"{item.address.text} has {referred.text}, and {newer.text} is active: a sync makes a new version"


def latest_active(kind: Kind, rows: tuple[Row, ...]) -> Row | None:
    """The version that new subscribers get."""
    return next((row for row in reversed(rows) if status_of(kind, row.fields) == ACTIVE), None)


def _chained(source: _Source, kind: Kind, notes: list[str]) -> Iterator[_Item]:
    for parent, rows in source.found.chains.items():
        running: dict[str, list[Row]] = defaultdict(list)
        for row in rows:
            if row.kind == kind.name and status_of(kind, row.fields) != ENDED:
                running[str(labels_of(row.fields).get(KEY, kind.default_key))].append(row)
        for key, links in running.items():
            address = Address(kind.name, (*parent.names, key))
            if len(links) > 1:
                notes.append(f"{address.text}: only its last link is declared; it replaces the running one later")
            yield _Item(address, _link(source, kind, links[-1]))


def _link(source: _Source, kind: Kind, row: Row) -> Fields:
    """A link's fields; the version stands in them where it isn't the one that new links get."""
    fields = dict(source.view(row))
    pinned = fields.get(kind.pins or "")
    if isinstance(pinned, Symbol):
        active = latest_active(
            source.registry[pinned.address.kind], source.found.versions.get(pinned.address.unversioned(), ())
        )
        if active is None or version_of(active) != pinned.address.version:
            fields["version"] = pinned.address.version
    return fields


def _broken(item: _Item, notes: list[str]) -> bool:
    """Whether an entity refers to what is gone, so that its declaration could not be loaded."""
    gone = any(a.key.startswith("?") for a in symbols_in(item.fields))
    if gone:
        notes.append(f"{item.address.text} refers to something that was deleted or archived, so no file can declare it")
    return gone


def _unreadable(items: Iterable[_Item], registry: Registry) -> Iterator[str]:
    """What a file may declare and no server shows, once a kind: fields that only a chain inherits, and labels."""
    dumped = {item.address.kind for item in items}
    for kind in registry.values():
        for name in kind.inherits if kind.pins in dumped else ():
            yield f"{name} of a {kind.pins} can't be read: each {kind.name} says its own"


def _header(snapshot: Snapshot, notes: list[str]) -> Fields:
    rows = (row for kind in snapshot.rows for row in snapshot.of(kind))
    owners = sorted({str(labels_of(row.fields)[OWNER]) for row in rows if OWNER in labels_of(row.fields)})
    if len(owners) > 1:
        notes.append(f"several owners are live ({', '.join(owners)}): the file names none")
    return {HEADER: {"owner": owners[0]}} if len(owners) == 1 else {}


def _external(items: Iterable[_Item], registry: Registry) -> Fields:
    """What is referred to and not declared: another kind, or something that no file can declare."""
    declared = {item.address for item in items}
    collections = {name: collection for collection, name in LATER_COLLECTIONS.items()}
    collections.update({kind.name: kind.collection for kind in registry.values()})
    found: dict[str, set[str]] = defaultdict(set)
    for item in items:
        for address in (*symbols_in(item.fields), *_mentioned(item, registry[item.address.kind])):
            if address.unversioned() not in declared:
                found[collections[address.kind]].add(address.key)
    return {"external": {name: sorted(keys) for name, keys in sorted(found.items())}} if found else {}


def _mentioned(item: _Item, kind: Kind) -> Iterator[Address]:
    for _, name, key in kind.mentions(item.fields) if kind.mentions else ():
        yield Address(name, (key,))


def _collections(items: list[_Item], registry: Registry) -> Fields:
    """The collections in the registry's order, children nested in their parents."""
    nested: dict[Address, dict[str, Plain]] = defaultdict(dict)
    for kind in registry.values():
        if kind.parent is not None:
            for parent, children in _by_parent(items, kind).items():
                nested[parent].update(_nested(kind, children))
    return {
        kind.collection: [
            {**_plain_fields(kind, item), **nested.get(item.address, {})} for item in _sorted(items, kind.name)
        ]
        for kind in registry.values()
        if kind.parent is None and any(item.address.kind == kind.name for item in items)
    }


def _sorted(items: Iterable[_Item], name: str) -> list[_Item]:
    return sorted((item for item in items if item.address.kind == name), key=lambda item: item.address.order)


def _by_parent(items: list[_Item], kind: Kind) -> Mapping[Address, list[_Item]]:
    assert kind.parent is not None
    found: dict[Address, list[_Item]] = defaultdict(list)
    for item in _sorted(items, kind.name):
        found[Address(kind.parent.kind, item.address.parents)].append(item)
    return found


def _nested(kind: Kind, children: list[_Item]) -> dict[str, Plain]:
    assert kind.parent is not None
    if kind.parent.one and len(children) == 1 and children[0].address.key == kind.default_key:
        fields = _plain_fields(kind, children[0])
        return {kind.parent.one: {name: value for name, value in fields.items() if name != kind.key}}
    return {kind.parent.many: [_plain_fields(kind, child) for child in children]}


def _plain_fields(kind: Kind, item: _Item) -> dict[str, Plain]:
    """An entity's fields as a file has them: the key first, then in the kind's order."""
    known = {kind.key: item.address.key, **item.fields}
    ordered = [name for name in kind.record.fields if name in known]
    plain = {name: _plain(known[name]) for name in ordered}
    if "labels" in plain:
        plain["labels"] = {k: v for k, v in plain["labels"].items() if not k.startswith(PREFIX)}
    return {name: value for name, value in plain.items() if value not in ({}, [])}


def _plain(value: Plain) -> Plain:
    if isinstance(value, Symbol):
        return value.address.key
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value
