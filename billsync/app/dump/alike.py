"""A dump of very many customers, of which most are dumped as others are: the full code sees only the rest.

Where that isn't certain, there is no such dump, and the full code sees everything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from billsync.app.dump.addons import with_addons
from billsync.app.dump.credit import credit_losses
from billsync.app.dump.dumping import dump_everything
from billsync.app.dump.losses import losses_beyond, may_bill
from billsync.app.dump.rows import ROOT, Found, Live, Member, full_row, read_members, read_roots
from billsync.app.planning.pipeline import everything
from billsync.app.server.connection import Connection
from billsync.core.changes import read_set
from billsync.core.dump.document import nested_fields
from billsync.core.dump.dump import HEADER, Dump, commented, dump
from billsync.core.dump.losses import Loss
from billsync.core.dump.selected import EXTERNAL
from billsync.core.dump_alike.rows import Alike
from billsync.kinds.registry import KINDS
from billsync.live.protocol.encoding import NotJson, decode
from billsync.model.address import Address
from billsync.model.frozen import replace
from billsync.model.kind import Kind
from billsync.model.ports import RemoteError
from billsync.model.state import Read, Row, Snapshot
from billsync.model.value import Fields, Plain


class Unsure(Exception):
    """The full code has to see everything."""


def dump_quickly(connection: Connection) -> Dump:
    """Read and dump everything that is live, as `dump_everything` does. Raises RemoteError."""
    try:
        customers = read_roots(connection)
        if len(customers) > read_set.FEW:
            return _dumped(connection, customers)
        rows = (full_row(connection, ROOT, row) for row in customers)
        known = {Read(ROOT): tuple(row for row in rows if row is not None)}
    except (Unsure, RemoteError, NotJson):
        known = {}
    return dump_everything(replace(connection, known=known))


def _dumped(connection: Connection, customers: Sequence[Live]) -> Dump:
    if may_bill(connection):
        raise Unsure("each customer has billing of its own")
    found = read_members(connection, catalog_of(connection), customers)
    alike = _alike(found)
    losses = credit_losses(connection, [(_key(member), member) for member in alike])
    rest = _rest(connection, found, {member.root.id for member in alike})
    seen = with_addons(connection, rest)
    beyond = (*losses_beyond(connection, seen.snapshot), *seen.losses)
    whole = dump(seen.snapshot, connection.kinds, connection.routes, beyond=beyond)
    if not alike:
        return whole
    _check(whole, alike, connection)
    return _joined(whole, alike, losses, connection)


def catalog_of(connection: Connection) -> Snapshot:
    """Everything live but customers and what belongs to them. Raises RemoteError."""
    nobody = {Read(name): () for name in (ROOT, *_lists_of_children(connection))}
    return everything(replace(connection, known=nobody))


def _lists_of_children(connection: Connection) -> Iterator[str]:
    """The kinds whose rows of all customers are in one list."""
    for kind in connection.kinds.values():
        if kind.parent is not None and kind.parent.kind == ROOT and connection.routes[kind.name].parent_filter:
            yield kind.name


def _key(member: Member) -> str:
    assert member.root.alike is not None
    assert member.root.alike.fields is not None
    return str(member.root.alike.fields["key"])


def _alike(found: Found) -> list[Member]:
    """The members that are dumped as others are; of each sort one is left to the full code, for what it says of all."""
    able: list[Member] = []
    keys: Counter[str] = Counter()
    for member in found.members.values():
        if member.is_alike and member.root.alike and member.root.alike.fields:
            able.append(member)
            keys[_key(member)] += 1
        else:
            keys[_key_in_doubt(member)] += 1
    if any(count > 1 for count in keys.values()):
        raise Unsure("several customers with one key: the full code reads what belongs to one of them")
    return list(_further(able))


def _further(members: Iterable[Member]) -> Iterator[Member]:
    """The members that have no kind of entity in the file that none before them has."""
    shown: set[str] = set()
    for member in members:
        has = [name for name, rows in member.children.items() if any(row.alike.fields for row in rows if row.alike)]
        if shown.issuperset(has) and shown:
            yield member
        shown.update((ROOT, *has))


def _key_in_doubt(member: Member) -> str:
    fields: Any = decode(member.root.content) if member.root.fields is None else member.root.fields
    return str(fields.get("key"))


def _rest(connection: Connection, found: Found, chosen: set[str]) -> Snapshot:
    """Everything else, as the full code reads it."""
    rows: dict[str, list[Row]] = {}

    def add(kind: str, row: Live, parent: str | None) -> None:
        if (whole := full_row(connection, kind, row, parent)) is not None:
            rows.setdefault(kind, []).append(whole)

    for server_id, member in found.members.items():
        if server_id in chosen:
            continue
        add(ROOT, member.root, None)
        for kind, children in member.children.items():
            for row in children:
                add(kind, row, server_id)
    for kind, strays in found.strays.items():
        for row in strays:
            add(kind, row, None)
    return found.catalog.with_(Snapshot({kind: tuple(members) for kind, members in rows.items()}))


def _check(whole: Dump, alike: Sequence[Member], connection: Connection) -> None:
    """Raises Unsure where the other members don't have what was taken for granted: the owner, and what is declared."""
    document: Mapping[str, Any] = whole.document
    owner = document.get(HEADER, {}).get("owner")
    samples = {id(one.sample): one.sample for member in alike for one in _all(member)}.values()
    declared = {
        (kind.name, str(entry[kind.key])) for kind in KINDS.values() for entry in document.get(kind.collection, ())
    }
    external = document.get(EXTERNAL, {})
    declared |= {(kind.name, str(key)) for kind in KINDS.values() for key in external.get(kind.collection, ())}
    for sample in samples:
        if sample.owner != owner and (sample.fields is not None or sample.owner is not None):
            raise Unsure("another owner")
        if any((address.kind, address.key) not in declared for address in sample.refers):
            raise Unsure("a reference to what the file doesn't name")
    _check_fit(
        alike, {(kind.name, str(one[kind.key])): one for kind in KINDS.values() for one in _entries(whole, kind)}
    )


def _entries(whole: Dump, kind: Kind) -> Sequence[Fields]:
    found: Any = whole.document.get(kind.collection, ())
    return tuple(found)


def _check_fit(alike: Sequence[Member], others: Mapping[tuple[str, str], Fields]) -> None:
    """Raises Unsure where rules across entities have something to say of a member beside the others."""
    roots = {_key(member): member.root.alike.fields for member in alike if member.root.alike}

    def find(kind: str, key: str) -> Fields | None:
        found = roots.get(key) if kind == ROOT else None
        return others.get((kind, key)) if found is None else found

    for member in alike:
        for kind, names, fields in _declared(member):
            address = Address(kind.name, names)
            for rule in kind.cross:
                for _ in rule(address, fields, find):
                    raise Unsure("something doesn't fit")


def _declared(member: Member) -> Iterator[tuple[Kind, tuple[str, ...], Fields]]:
    """The parts of a member in a file whose kinds have rules across entities, with the names of their addresses."""
    key = _key(member)
    for name, rows in ((ROOT, (member.root,)), *member.children.items()):
        kind = KINDS[name]
        for row in rows if kind.cross else ():
            if row.alike is not None and (fields := row.alike.fields) is not None:
                yield kind, (key,) if name == ROOT else (key, str(fields[kind.key])), fields


def _all(member: Member) -> Iterator[Alike]:
    for row in (member.root, *(row for rows in member.children.values() for row in rows)):
        assert row.alike is not None
        yield row.alike


def _joined(whole: Dump, alike: Sequence[Member], losses: Sequence[Loss], connection: Connection) -> Dump:
    """The whole dump, with the other members and their losses."""
    kind = connection.kinds[ROOT]
    children = [child for child in connection.kinds.values() if child.parent and child.parent.kind == ROOT]
    entries = [*whole.document[kind.collection], *(_nested(member, children) for member in alike)]
    entries.sort(key=lambda entry: str(entry[kind.key]))
    document = {**whole.document, kind.collection: entries}
    return commented(document, (*whole.losses, *losses), connection.kinds, whole.own)


def _nested(member: Member, kinds: Iterable[Kind]) -> dict[str, Plain]:
    """A customer as the file has it, with what of these kinds is nested in it."""
    assert member.root.alike is not None
    assert member.root.alike.fields is not None
    fields = dict(member.root.alike.fields)
    for kind in kinds:
        rows = member.children.get(kind.name, ())
        shown = [row.alike.fields for row in rows if row.alike and row.alike.fields is not None]
        if len(shown) > 1:
            shown.sort(key=lambda one: str(one[kind.key]))
        if shown:
            fields.update(nested_fields(kind, shown))
    return fields
