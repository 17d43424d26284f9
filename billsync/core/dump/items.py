"""Live rows as the items of a dumped file, and the losses where a file has no place for a fact."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Set

from billsync.core.changes.versions import offered
from billsync.core.dump.attached import dumped_attached
from billsync.core.dump.losses import Loss, loss_of
from billsync.core.lifecycle.chain_begin import START
from billsync.core.lifecycle.chain_end import ENDS
from billsync.core.lifecycle.chain_steps import FROM, TO
from billsync.core.lifecycle.progress import reached
from billsync.core.lifecycle.proof import DIGEST, VERSION
from billsync.core.observed.index import Index, is_over, parent_id, state_of, status_of, version_of
from billsync.core.observed.ownership import KEY, is_servers_own, labels_of
from billsync.core.views.content import content_digest
from billsync.core.views.view import UNKNOWN, view
from billsync.model.address import Address, Symbol, symbols_in
from billsync.model.frozen import dataclass
from billsync.model.kind import Archetype, Kind, Registry, State
from billsync.model.routes import Routes
from billsync.model.said import Word, sentence
from billsync.model.state import Row, Snapshot
from billsync.model.value import Fields, Plain


@dataclass(frozen=True, slots=True)
class Source:
    """The inputs of a dump: the live rows by address, and the tables."""

    found: Index
    registry: Registry
    routes: Mapping[str, Routes]

    def view(self, row: Row) -> Fields:
        return view(self.registry[row.kind], row.fields, self.found.names)

    def versions(self, address: Address) -> tuple[Row, ...]:
        return self.found.versions.get(address.unversioned(), ())


@dataclass(frozen=True, slots=True)
class Item:
    """One entity as it will appear in the file: its row, its address, and its plain fields."""

    address: Address
    fields: Fields
    row: Row


def items_of(source: Source, snapshot: Snapshot, losses: list[Loss]) -> list[Item]:
    """Return everything that a file can declare, by kind; adds the rest to `losses`."""
    items = [item for kind in source.registry.values() for item in items_of_kind(source, kind, snapshot, losses)]
    whole = [item for item in items if not _broken(item, losses)]
    there = {item.address for item in whole}
    return [item for item in whole if not _orphaned(item, source.registry[item.address.kind], there, losses)]


def items_of_kind(source: Source, kind: Kind, snapshot: Snapshot, losses: list[Loss]) -> Iterator[Item]:
    """The entities of one kind that a file can declare, as far as they are looked at by themselves."""
    match kind.archetype:
        case Archetype.VERSIONED:
            yield from _versioned(source, kind, losses)
        case Archetype.CHAINED:
            yield from _chained(source, kind, losses)
        case Archetype.RECORD | Archetype.APPEND_ONLY:
            yield from _records(source, kind, snapshot, losses)


def _records(source: Source, kind: Kind, snapshot: Snapshot, losses: list[Loss]) -> Iterator[Item]:
    addresses = {row.id: address for address, row in source.found.records.items()}
    for row in snapshot.of(kind.name):
        status = status_of(kind, row.fields)
        if row.id not in addresses or not row.fields.get(kind.key):
            text = "a {kind} named {named!r} has no key, so no file can declare it"
            said = sentence(text, kind=Word(kind.name), named=str(row.fields.get("name")))
            losses.append(Loss("no-key", said, _parent(source, kind, row), kind=kind.name))
        elif is_over(kind, row.fields):
            at = addresses[row.id]
            losses.append(loss_of("over", "{it} is {status}: left out", at, it=at, status=Word(str(status))))
        elif not is_servers_own(row.fields):
            yield Item(addresses[row.id], {**source.view(row), **reached(kind, row.fields)}, row)


def _parent(source: Source, kind: Kind, row: Row) -> Address | None:
    """Return the place of a comment about something left out: its parent, for a kind that has one."""
    return source.found.names.get(parent_id(row, source.routes[kind.name]) or "") if kind.parent else None


def _versioned(source: Source, kind: Kind, losses: list[Loss]) -> Iterator[Item]:
    for address, rows in source.found.versions.items():
        if address.kind != kind.name:
            continue
        active = offered(kind, rows)
        others = [f"@{version_of(row)} ({status_of(kind, row.fields)})" for row in rows if row is not active]
        if others:
            text = "{it}: left out {others}; a file declares the active version"
            said = sentence(text, it=address, others=Word(", ".join(others)))
            losses.append(Loss("older-version", said, address, "version", count=len(others)))
        if active is not None:
            item = Item(address, source.view(active), active)
            losses.extend(_outdated(source, item))
            yield item


def _outdated(source: Source, item: Item) -> Iterator[Loss]:
    """References to versions that aren't the active ones: a file names a key, which means the active version."""
    for referred in symbols_in(item.fields):
        if referred.version is None:
            continue
        active = offered(source.registry[referred.kind], source.versions(referred))
        if active is None:
            text = "{it} has {other}, which has no active version: the file can't be synced like this"
            yield loss_of("outdated-reference", text, item.address, it=item.address, other=referred)
        elif version_of(active) != referred.version:
            newer = referred.at(version_of(active))
            text = "{it} has {other}, and {newer} is active: a sync makes a new version"
            yield loss_of("outdated-reference", text, item.address, it=item.address, other=referred, newer=newer)


def _chained(source: Source, kind: Kind, losses: list[Loss]) -> Iterator[Item]:
    for parent, rows in source.found.chains.items():
        running: dict[str, list[Row]] = defaultdict(list)
        for row in rows:
            if row.kind == kind.name and not is_over(kind, row.fields):
                running[str(labels_of(row.fields).get(KEY, kind.default_key))].append(row)
        for key, links in running.items():
            address = Address(kind.name, (*parent.names, key))
            if len(links) > 1:
                text = "{it}: only its last link is declared; it replaces the running one later"
                losses.append(loss_of("several-links", text, address, it=address))
            fields = {**_link(source, kind, links[-1], address, losses), **_attached(source, links, address, losses)}
            yield Item(address, fields, links[-1])


def _link(source: Source, kind: Kind, row: Row, address: Address, losses: list[Loss]) -> Fields:
    """A link's fields, with its end, and its start if the chain hasn't begun; if new links get another version, with
    the link's version and the digest of that version's content."""
    fields = {**source.view(row), **dict(_moments(kind, row))}
    pinned = fields.get(kind.pins or "")
    if not isinstance(pinned, Symbol):
        return fields
    rows = source.versions(pinned.address)
    active = offered(source.registry[pinned.address.kind], rows)
    if active is None or version_of(active) != pinned.address.version:
        fields[VERSION] = pinned.address.version
        fields.update(_proof(source, pinned.address, rows))
        text = (
            "{it} is on {other}, which this file doesn't declare: a server that lacks it can't have {it} at its price"
        )
        losses.append(loss_of("price-of-an-older-version", text, address, VERSION, it=address, other=pinned.address))
    return fields


def _moments(kind: Kind, row: Row) -> Iterator[tuple[str, Plain]]:
    """The declared moments of a link that ends, or of the first one of a chain that hasn't begun."""
    facts = kind.facts(row.fields) if kind.facts else {}
    state = state_of(kind, row.fields)
    if state is State.ENDING:
        yield ENDS, facts.get(TO)
    if state is State.COMING and kind.predecessor not in labels_of(row.fields):
        yield START, facts.get(FROM)


def _attached(source: Source, links: list[Row], address: Address, losses: list[Loss]) -> Fields:
    """Attachments of the last link, in the quantities that it will have; the rest is a loss."""
    attachments = source.routes[address.kind].attachments
    if attachments is None:
        return {}
    found = dumped_attached(source.found, attachments, links, address)
    losses.extend(found.losses)
    if not found.members:
        return {}
    part = attachments.part
    losses.extend(loss for of, _ in found.members for loss in _older(source, of, address, part.field))
    return {
        part.field: tuple(
            {part.titled_by: Symbol(of.unversioned()), attachments.quantity: number} for of, number in found.members
        )
    }


def _older(source: Source, of: Address, address: Address, field: str) -> Iterator[Loss]:
    """Yield the loss of an attached version that isn't the one that new links get."""
    active = offered(source.registry[of.kind], source.versions(of))
    if active is not None and version_of(active) != of.version:
        newer = of.at(version_of(active))
        text = "{it} has {other}, and {newer} is active: created again, it has that one's price"
        yield loss_of("attached-older", text, address, field, it=address, other=of, newer=newer)


def _proof(source: Source, pinned: Address, rows: tuple[Row, ...]) -> Fields:
    """The digest of a version's content; empty if the version was deleted, or refers to a deleted entity."""
    row = next((row for row in rows if version_of(row) == pinned.version), None)
    if row is None:
        return {}
    found = content_digest(source.registry[row.kind], source.view(row), source.routes[row.kind])
    return {DIGEST: found} if found else {}


def refers_to_gone(item: Item) -> bool:
    """Whether an entity refers to one that isn't among the rows."""
    return any(a.key.startswith(UNKNOWN) for a in symbols_in(item.fields))


def _broken(item: Item, losses: list[Loss]) -> bool:
    """Whether an entity refers to a deleted or archived one, so that its declaration couldn't be loaded."""
    gone = refers_to_gone(item)
    if gone:
        text = "{it} refers to something that was deleted or archived, so no file can declare it"
        losses.append(loss_of("refers-to-gone", text, item.address, it=item.address))
    return gone


def _orphaned(item: Item, kind: Kind, there: Set[Address], losses: list[Loss]) -> bool:
    """Whether an entity belongs to one that the file doesn't declare."""
    orphaned = kind.parent is not None and Address(kind.parent.kind, item.address.parents) not in there
    if orphaned:
        text = "{it} belongs to something that no file can declare: left out"
        losses.append(loss_of("no-parent", text, item.address, it=item.address))
    return orphaned
