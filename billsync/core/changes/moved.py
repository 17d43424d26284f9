"""Renamed keys: an entity that is live under an old key counts as the one declared under the new key.

Most servers never change a key, so the entity keeps its old one there, and is found by it (design.md §3, `moved`).
An entity that is live under the new key always goes before one under an old key.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from billsync.core.changes.chains import has_ended
from billsync.core.observed.index import Index
from billsync.core.observed.ownership import KEY, LABELS, labels_of
from billsync.model.address import Address
from billsync.model.frozen import replace
from billsync.model.kind import Archetype, Kind, Registry
from billsync.model.state import Moved, Row
from billsync.model.value import Fields


def with_moved(found: Index, moved: Moved, registry: Registry) -> Index:
    """The live state with every entity under its present key; children of a moved entity move with it."""
    owners = {new: olds for new, olds in moved.items() if registry[new.kind].parent is None}
    found = _readdressed(found, owners, registry)
    found = _readdressed(found, {new: olds for new, olds in moved.items() if new not in owners}, registry)
    for new, olds in moved.items():
        if registry[new.kind].archetype is Archetype.CHAINED:
            found = _chain(found, registry[new.kind], new, olds)
    return found


def _readdressed(found: Index, moved: Moved, registry: Registry) -> Index:
    """The records and their children under their present addresses."""
    present = {
        old: new
        for new, olds in moved.items()
        if new not in found.records and (old := next((old for old in olds if old in found.records), None))
    }
    if not present:
        return found

    def named(address: Address) -> Address:
        return _renamed(address, present, registry)

    return replace(
        found,
        names={server_id: named(address) for server_id, address in found.names.items()},
        records={named(address): row for address, row in found.records.items()},
        chains={named(address): rows for address, rows in found.chains.items()},
        keyless={named(address): rows for address, rows in found.keyless.items()},
    )


def _renamed(address: Address, present: Mapping[Address, Address], registry: Registry) -> Address:
    """The present address of an entity that was moved, or that belongs to one that was."""
    if address in present:
        return present[address]
    kind = registry.get(address.kind)
    if kind is None or kind.parent is None:
        return address
    owner = present.get(Address(kind.parent.kind, address.parents))
    return address._replace(names=(*owner.names, address.key)) if owner else address


def _chain(found: Index, kind: Kind, new: Address, olds: Sequence[Address]) -> Index:
    assert kind.parent is not None
    parent = Address(kind.parent.kind, new.parents)
    if parent not in found.chains:
        return found
    return replace(found, chains={**found.chains, parent: respelled(kind, found.chains[parent], new, olds)})


def respelled(kind: Kind, rows: Iterable[Row], new: Address, olds: Sequence[Address]) -> tuple[Row, ...]:
    """The links of one parent, those under an old key with the new one in their label.

    A chain can't be two: where links run under both keys, they stay apart.
    """
    links = tuple(rows)
    for old in olds:
        if not (_runs(kind, links, new.key) and _runs(kind, links, old.key)):
            links = tuple(_with_key(row, new.key) if _key(row) == old.key else row for row in links)
    return links


def _key(row: Row) -> object:
    return labels_of(row.fields).get(KEY)


def _runs(kind: Kind, rows: Iterable[Row], key: str) -> bool:
    return any(_key(row) == key and not has_ended(kind, row) for row in rows)


def _with_key(row: Row, key: str) -> Row:
    return replace(row, fields={**row.fields, LABELS: {**labels_of(row.fields), KEY: key}})


def both_live(found: Index, moved: Moved, registry: Registry) -> Iterator[tuple[Address, Address, Row]]:
    """Yield the present and the old address of each entity that is live under both, with the row under the old one.

    `found` is the state after `with_moved`.
    """
    for new in sorted(moved, key=lambda address: address.order):
        kind = registry[new.kind]
        for old in moved[new]:
            row = _running(found, kind, old) if kind.archetype is Archetype.CHAINED else found.records.get(old)
            if row is not None:
                yield new, old, row


def _running(found: Index, kind: Kind, address: Address) -> Row | None:
    assert kind.parent is not None
    rows = found.chains.get(Address(kind.parent.kind, address.parents), ())
    running = (row for row in rows if _key(row) == address.key and not has_ended(kind, row))
    return next(running, None)


def names_of(address: Address, moved: Mapping[Address, tuple[Address, ...]]) -> tuple[Address, ...]:
    """The addresses under which an entity may be found, the present one first."""
    return (address, *moved.get(address, ()))


def present_label(row: Fields, name: Address, address: Address) -> Fields:
    """A row that was found under an old name, with the present key where its label holds the key."""
    labels = labels_of(row)
    return {**row, LABELS: {**labels, KEY: address.key}} if labels.get(KEY) == name.key else row


def present(address: Address, moved: Moved) -> Address:
    """The address that an entity has in the files, of one that a server shows."""
    return next((new for new, olds in moved.items() if address in olds), address)
