"""The reads of a sieving: the catalog first, as ever, then the lists of the crowd and of what belongs to its members,
of which each page is compared at once."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import partial

from billsync.app.server.connection import ReadingConnection
from billsync.app.sieving.asked import asked_members, may_name_unread
from billsync.app.sieving.links import NeedsWhole, check_alone, read_links, rows_of
from billsync.app.sieving.rest import full_rows, passed_by, remainder
from billsync.app.sieving.sieve import Known, Making, Sieve, deletable_parents, indexed, sieve_for
from billsync.core.changes import read_set
from billsync.core.declared.crowd import children_of, nested, with_key
from billsync.core.declared.referring import rounds
from billsync.core.diffing.diff import Mode
from billsync.core.sieve.alike import naming
from billsync.core.sieve.members import Members
from billsync.core.sieve.page import page_decoder
from billsync.core.sieve.rows import Seen, Unsure, all_equal, odd_row, plain_root, root_taker
from billsync.kinds.registry import KINDS
from billsync.live.lists.streams import read_short_lists
from billsync.live.protocol.encoding import decode
from billsync.live.snapshot import PARENT, snapshot
from billsync.model.crowd import Crowd
from billsync.model.frozen import replace
from billsync.model.kind import Archetype
from billsync.model.state import Desired, Read, Row, Snapshot

NO_CROWD = Crowd()


def sift(
    connection: ReadingConnection, desired: Desired, mode: Mode, making: Making | None = None
) -> tuple[Known, Desired]:
    """The rows of all reads that were made, and the desired state, both without what is certainly equal.

    Raises Unsure, Uncompiled, RemoteError, NotJson.
    """
    crowd = desired.crowd
    rest = replace(desired, crowd=NO_CROWD, passed=passed_by(crowd, crowd.members))
    known, catalog = _read_catalog(connection, rest, crowd.kind, deletes=mode.deletes)
    found = indexed(connection, catalog, rest)
    if mode.deletes and read_set.holds_others(rest, found, KINDS, connection.routes):
        raise Unsure("something else may go, which any row may name")
    sieve = replace(sieve_for(connection, desired, rest, found, catalog, deletes=mode.deletes), making=making)
    try:
        return _sifted(sieve, dict(known))
    except NeedsWhole:
        return _sifted(replace(sieve, needs_whole=True), dict(known))


def _sifted(sieve: Sieve, known: dict[Read, tuple[Row, ...]]) -> tuple[Known, Desired]:
    """The rows that are known, those of the crowd, and the desired state, without what is certainly equal."""
    members = Members(sieve.facts)
    _read_roots(sieve, members)
    _carry_named(sieve, members)
    read_links(sieve, members)
    asked = asked_members(sieve, members)
    known.update(_read_children(sieve, members, asked))
    found_left, left = remainder(sieve, members, known)
    if asked is not None and may_name_unread(found_left, members):
        known.update(_read_children(sieve, members, sieve.crowd.members.keys() - asked))
        found_left, left = remainder(sieve, members, known)
    check_alone(sieve, members, found_left, left)
    return found_left, _with_links(sieve, members, left)


def _with_links(sieve: Sieve, members: Members, left: Desired) -> Desired:
    """The desired state with the links of which something was made."""
    if sieve.making is None:
        return left
    return replace(left, passed=replace(left.passed, links=members.passed(KINDS[sieve.making[0]])))


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


def _read_roots(sieve: Sieve, members: Members) -> None:
    form = sieve.forms[sieve.crowd.kind]
    plain = partial(plain_root, form)
    seen = rows_of(sieve, form.kind, page_decoder(form, root_taker(form, sieve.facts), odd_row(decode, plain)))
    members.add_roots(row if isinstance(row, Seen) else plain(row) for row in seen)


def _read_children(
    sieve: Sieve, members: Members, asked: Collection[str] | None
) -> Iterator[tuple[Read, tuple[Row, ...]]]:
    """Yield the lists below members in doubt, which all others with a declared child are compared with; of those that
    are asked for, or of all."""
    keys = sieve.crowd.members if asked is None else [key for key in sieve.crowd.members if key in asked]
    is_named = naming(deletable_parents(sieve, members), decode)
    for kind in children_of(sieve.crowd.kind, KINDS):
        if kind.archetype is Archetype.CHAINED:
            continue
        routes = sieve.connection.routes[kind.name]
        if kind.archetype is not Archetype.APPEND_ONLY or routes.parent_filter is not None:
            raise Unsure("a kind whose lists aren't below its parents")
        form = sieve.forms[kind.name]
        holders = [key for key in keys if key in members.rows and nested(kind, sieve.crowd.members[key])]
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
                full = full_rows(sieve, kind.name, (row for row in rows if not row.deleted_at), parent)
                yield Read(kind.name, parent_id=parent), full


def _carry_named(sieve: Sieve, members: Members) -> None:
    """Doubt members whose row names a parent that may be deleted."""
    if going := deletable_parents(sieve, members):
        is_named = naming(going, decode)
        members.doubtful |= {key for key, row in members.certain().items() if row.bytes and is_named(row.bytes)}
