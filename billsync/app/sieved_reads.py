"""The reads of a sieving: the catalog first, as ever, then the lists of the crowd and of what belongs to its members,
of which each page is compared at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any, TypeAlias

from billsync.api.promises import forms_of
from billsync.app.connection import ReadingConnection
from billsync.core import read_set
from billsync.core.crowd import children_of, members_as_entities, nested, nested_names, with_key
from billsync.core.diff import Mode
from billsync.core.index import Index, index
from billsync.core.moved import with_moved
from billsync.core.ownership import labels_of
from billsync.core.referring import rounds
from billsync.core.sieve.alike import naming, sharing, traits_of_new
from billsync.core.sieve.form import Form, Surroundings, form_of
from billsync.core.sieve.members import (
    Facts,
    Make,
    Members,
    Seen,
    Unsure,
    all_equal,
    link_taker,
    odd_row,
    plain_link,
    plain_root,
    root_taker,
)
from billsync.core.sieve.page import page_decoder
from billsync.kinds.registry import KINDS
from billsync.live.door import check_rows
from billsync.live.encoding import decode
from billsync.live.paging import read_list
from billsync.live.snapshot import PARENT, snapshot
from billsync.live.streams import read_short_lists
from billsync.model.crowd import Crowd
from billsync.model.frozen import dataclass, replace
from billsync.model.kind import Archetype, Kind
from billsync.model.labels import OURS
from billsync.model.passed import Passed
from billsync.model.ports import Decode
from billsync.model.state import Desired, Read, Row, Snapshot
from billsync.model.value import Fields

Known: TypeAlias = Mapping[Read, tuple[Row, ...]]
Making: TypeAlias = tuple[str, Make]
"""A kind of chain, and what to make of its links that are left out."""

NO_CROWD = Crowd()


@dataclass(frozen=True, slots=True)
class _Sieve:
    """The constants of one sieving. `rest` is what is declared besides the crowd."""

    connection: ReadingConnection
    crowd: Crowd
    rest: Desired
    deletes: bool
    forms: Mapping[str, Form]
    facts: Facts
    catalog: Snapshot
    making: Making | None = None


def sift(
    connection: ReadingConnection, desired: Desired, mode: Mode, making: Making | None = None
) -> tuple[Known, Desired]:
    """The rows of all reads that were made, and the desired state, both without what is certainly equal.

    Raises Unsure, Uncompiled, RemoteError, NotJson.
    """
    crowd = desired.crowd
    rest = replace(desired, crowd=NO_CROWD, passed=_passed(crowd, crowd.members))
    known, catalog = _read_catalog(connection, rest, crowd.kind, deletes=mode.deletes)
    found = _indexed(connection, catalog, rest)
    if mode.deletes and read_set.holds_others(rest, found, KINDS, connection.routes):
        raise Unsure("something else may go, which any row may name")
    sieve = replace(_sieve(connection, desired, rest, found, catalog, deletes=mode.deletes), making=making)
    members = Members(sieve.facts)
    _read_roots(sieve, members)
    _carry_named(sieve, members)
    _read_links(sieve, members)
    known.update(_read_children(sieve, members))
    found_left, left = _left(sieve, members, known)
    return found_left, _with_links(sieve, members, left)


def _with_links(sieve: _Sieve, members: Members, left: Desired) -> Desired:
    """The desired state with the links of which something was made."""
    if sieve.making is None:
        return left
    return replace(left, passed=replace(left.passed, links=members.passed(KINDS[sieve.making[0]])))


def _passed(crowd: Crowd, keys: Iterable[str]) -> Passed:
    """The counts of these members."""
    declared, holders = Counter[str](), Counter[str]()
    parents = [(child.name, child.parent) for child in children_of(crowd.kind, KINDS) if child.parent is not None]
    members = crowd.members
    for key in keys:
        member = members[key]
        declared[crowd.kind] += 1
        for name, parent in parents:
            if count := (parent.one in member) or len(member.get(parent.many) or ()):
                declared[name] += count
                holders[name] += 1
    return Passed(declared, holders=holders)


def _less(whole: Mapping[str, int], part: Mapping[str, int]) -> Mapping[str, int]:
    return {name: left for name, count in whole.items() if (left := count - part.get(name, 0))}


def _read_catalog(
    connection: ReadingConnection, rest: Desired, root: str, *, deletes: bool
) -> tuple[dict[Read, tuple[Row, ...]], Snapshot]:
    """The lists that are read first, but for that of the crowd."""
    reads = read_set.first_reads(rest, KINDS, connection.routes, deletes=deletes)
    if [read for read in reads if read.kind == root] != [Read(root)] or len({r.kind for r in reads}) != len(reads):
        raise Unsure("not all lists are read whole")
    found, known = Snapshot(), dict[Read, tuple[Row, ...]]()
    for together in rounds((read for read in reads if read.kind != root), KINDS):
        more = snapshot(connection.source, together)
        found = found.with_(more)
        known.update({read: more.of(read.kind) for read in together if read.kind not in more.absent})
    return known, found


def _indexed(connection: ReadingConnection, found: Snapshot, desired: Desired) -> Index:
    return with_moved(index(found, KINDS, connection.routes), desired.moved, KINDS)


def _sieve(
    connection: ReadingConnection, desired: Desired, rest: Desired, found: Index, catalog: Snapshot, *, deletes: bool
) -> _Sieve:
    declared = {(entity.address.kind, entity.address.key): entity.fields for entity in rest.entities}
    around = Surroundings(found.names, declared.keys(), decode)
    kind = desired.crowd.kind
    children = children_of(kind, KINDS)
    several = (address for address, count in Counter(found.names.values()).items() if count > 1)
    return _Sieve(
        connection,
        desired.crowd,
        rest,
        deletes,
        {
            kind: _form(connection, kind, around, aside=nested_names(children)),
            **{child.name: _form(connection, child.name, around) for child in children},
        },
        Facts(desired.crowd, rest.owner, found.names, declared, frozenset(several)),
        catalog,
    )


def _form(connection: ReadingConnection, name: str, around: Surroundings, aside: frozenset[str] = frozenset()) -> Form:
    routes = connection.routes[name]
    path = routes.collection.replace(PARENT, "-")
    lacking = [path.split(".")[0] for path in connection.generation.missing.get(name, ())]
    return form_of(connection.kinds[name], routes, forms_of(path), around, lacking=lacking, aside=aside)


def _read_roots(sieve: _Sieve, members: Members) -> None:
    form = sieve.forms[sieve.crowd.kind]
    plain = partial(plain_root, form)
    seen = _rows(sieve, form, page_decoder(form, root_taker(form, sieve.facts), odd_row(decode, plain)))
    members.add_roots(row if isinstance(row, Seen) else plain(row) for row in seen)


def _rows(sieve: _Sieve, form: Form, decoder: Decode[Seen]) -> tuple[Seen | Fields, ...]:
    here, routes = sieve.connection, sieve.connection.routes[form.kind.name]
    return read_list(here.remote, routes.collection, (), routes.listing, here.clock, decoder)


def _holders(sieve: _Sieve, kind: Kind) -> int:
    """The number of parents of which files declare an entity of a kind."""
    others = {entity.address.parents for entity in sieve.rest.entities if entity.address.kind == kind.name}
    return sieve.rest.passed.holders.get(kind.name, 0) + len(others)


def _read_links(sieve: _Sieve, members: Members) -> None:
    going = naming(_going(sieve, members), decode)
    for kind in children_of(sieve.crowd.kind, KINDS):
        if kind.archetype is not Archetype.CHAINED or not (count := _holders(sieve, kind)):
            continue
        field = sieve.connection.routes[kind.name].parent_filter
        if count <= read_set.FEW or field is None:
            raise Unsure("a list that isn't read whole")
        form = sieve.forms[kind.name]
        plain = partial(_plain_link, members, field)
        make = sieve.making[1] if sieve.making is not None and sieve.making[0] == kind.name else None
        take = link_taker(form, members, going, make)
        seen = _rows(sieve, form, page_decoder(form, take, odd_row(decode, plain)))
        members.add_links(kind, (row if isinstance(row, Seen) else plain(row) for row in seen))


def _plain_link(members: Members, field: str, row: Fields) -> Seen:
    return plain_link(row, row.get(field), members.parents)


def _read_children(sieve: _Sieve, members: Members) -> Iterator[tuple[Read, tuple[Row, ...]]]:
    """Yield the lists below members in doubt, which all others with a declared child are compared with."""
    is_named = naming(_going(sieve, members), decode)
    for kind in children_of(sieve.crowd.kind, KINDS):
        if kind.archetype is Archetype.CHAINED:
            continue
        routes = sieve.connection.routes[kind.name]
        if kind.archetype is not Archetype.APPEND_ONLY or routes.parent_filter is not None:
            raise Unsure("a kind whose lists aren't below its parents")
        form = sieve.forms[kind.name]
        holders = [key for key, member in sieve.crowd.members.items() if key in members.rows and nested(kind, member)]
        paths = (routes.collection.replace(PARENT, members.rows[key].id) for key in holders)
        lists = read_short_lists(sieve.connection.remote, paths, routes.listing, page_decoder(form, lambda row: row))
        ids = members.children
        for key, rows in zip(holders, lists, strict=True):
            if rows is None:
                members.doubtful.add(key)
                continue
            before = len(ids)
            ids.update([row.id for row in rows])
            if len(ids) - before != len(rows):
                raise Unsure("an id in two lists")
            wants = [with_key(kind, want) for want in nested(kind, sieve.crowd.members[key])]
            named = any(is_named(row.bytes) for row in rows)
            if key in members.doubtful or named or not all_equal(form, sieve.facts, wants, rows, members.parents):
                members.doubtful.add(key)
                parent = members.rows[key].id
                full = _full(sieve, kind.name, (row for row in rows if not row.deleted_at), parent)
                yield Read(kind.name, parent_id=parent), full


def _left_of(sieve: _Sieve, members: Members, kind: str) -> tuple[Row, ...]:
    """The rows of a kind without those of members that are certainly equal. Links that weren't kept are read again.

    Raises Unsure where a row of the list isn't among those of its parent.
    """
    field, again = sieve.connection.routes[kind].parent_filter, members.unkept(kind)
    reads = tuple(read_set.belonging_each(kind, field, again)) if field else ()
    found = snapshot(sieve.connection.source, reads).of(kind) if reads else ()
    keys = {members.parents[parent] for parent in again}
    if not {row.id for row in members.listed[kind] if row.key in keys} <= {row.id for row in found}:
        raise Unsure("a link that isn't found by its parent")
    kept = (row for row in members.left(kind) if row.key is None or row.key not in keys)
    return (*_full(sieve, kind, kept), *found)


def _full(sieve: _Sieve, kind: str, rows: Iterable[Any], parent: str | None = None) -> tuple[Row, ...]:
    """The rows as all other code reads them. Raises RemoteError for one that isn't as the API promises."""
    found = tuple(
        Row(kind, row.id, row.fields if row.bytes is None else decode(bytes(row.bytes)), parent) for row in rows
    )
    path = sieve.connection.routes[kind].collection.replace(PARENT, parent or "")
    check_rows(path, (row.fields for row in found))
    return found


def _going(sieve: _Sieve, members: Members) -> frozenset[str]:
    """The ids of all parents that may be deleted."""
    if not sieve.deletes:
        return frozenset()
    return frozenset(server_id for server_id, key in members.parents.items() if key is None)


def _carry_named(sieve: _Sieve, members: Members) -> None:
    """Doubt members whose row names a parent that may be deleted."""
    if going := _going(sieve, members):
        is_named = naming(going, decode)
        members.doubtful |= {key for key, row in members.certain().items() if row.bytes and is_named(row.bytes)}


def _left(sieve: _Sieve, members: Members, known: dict[Read, tuple[Row, ...]]) -> tuple[Known, Desired]:
    found, left = _without(sieve, members, known)
    rows = Snapshot({**sieve.catalog.rows, **_by_kind(found)})
    new = traits_of_new(left, _indexed(sieve.connection, rows, left), KINDS, sieve.crowd.kind)
    more = sharing(sieve.forms[sieve.crowd.kind], members.certain(), new)
    if more:
        members.doubtful |= more
        found, left = _without(sieve, members, known)
    if any(_names_members(row, members) for rows in found.values() for row in rows):
        raise Unsure("a label of ours with the id of a member, or of what belongs to it")
    return found, left


def _names_members(row: Row, members: Members) -> bool:
    """Whether a label of ours holds an id that is a name only while its row is there."""
    values = (value for name, value in labels_of(row.fields).items() if name.startswith(OURS))
    return any(isinstance(value, str) and (value in members.parents or value in members.children) for value in values)


def _by_kind(known: Known) -> Mapping[str, tuple[Row, ...]]:
    rows: dict[str, tuple[Row, ...]] = {}
    for read, several in known.items():
        rows[read.kind] = rows.get(read.kind, ()) + several
    return rows


def _without(sieve: _Sieve, members: Members, known: Known) -> tuple[Known, Desired]:
    """Both sides without the members that are certainly equal."""
    crowd, doubtful = sieve.crowd, members.doubtful
    lists = {Read(kind): _left_of(sieve, members, kind) for kind in members.listed}
    keys = [key for key in crowd.members if key in doubtful]
    made = members_as_entities(crowd, keys, KINDS)
    entities = sorted((*sieve.rest.entities, *made), key=lambda entity: entity.address.order)
    whole, part = sieve.rest.passed, _passed(crowd, keys)
    declared = _less(whole.declared, part.declared)
    owned = {crowd.kind: declared.get(crowd.kind, 0)} if sieve.rest.owner is not None else {}
    passed = Passed(declared, owned, _less(whole.holders, part.holders), members.pinned())
    return {**known, **lists}, replace(sieve.rest, entities=tuple(entities), passed=passed)
