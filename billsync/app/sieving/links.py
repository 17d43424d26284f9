"""The links of chains that a sieving reads: whole lists, or the part of them that a part of the files is about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterator, Mapping, Sequence
from functools import partial
from typing import TypeAlias

from billsync.app.sieving.asked import going_is_chosen
from billsync.app.sieving.sieve import Known, Sieve, deletable_parents, indexed
from billsync.core.changes import read_set
from billsync.core.changes.chains import has_ended
from billsync.core.declared.crowd import children_of, nested
from billsync.core.observed.ownership import KEY, labels_of
from billsync.core.sieve.alike import naming
from billsync.core.sieve.links import alike_link_taker, link_taker
from billsync.core.sieve.lookalikes import Lookalikes
from billsync.core.sieve.members import Members
from billsync.core.sieve.page import page_decoder
from billsync.core.sieve.rows import Seen, Unsure, odd_row, plain_link
from billsync.kinds.registry import KINDS
from billsync.live.lists.paging import read_list
from billsync.live.protocol.encoding import decode
from billsync.model.frozen import dataclass
from billsync.model.kind import Archetype, Kind
from billsync.model.ports import Decode
from billsync.model.state import Desired, Read, Row
from billsync.model.value import Fields

Query: TypeAlias = Sequence[tuple[str, str]]

TIMES_FEWER = 2
"""A part of a list is read where the whole has this many times as many rows: its pages are less full."""


class NeedsWhole(Exception):
    """A part of the links doesn't show what its lines depend on."""


def read_links(sieve: Sieve, members: Members) -> None:
    """Read the links of all chains, or of those that the run is about. Raises Unsure, RemoteError."""
    going = naming(deletable_parents(sieve, members), decode)
    for kind in _chained(sieve):
        if not (count := _holders(sieve, kind)):
            continue
        field = sieve.connection.routes[kind.name].parent_filter
        if count <= read_set.FEW or field is None:
            raise Unsure("a list that isn't read whole")
        form = sieve.forms[kind.name]
        plain = partial(_plain_link, members, field)
        make = sieve.making[1] if sieve.making is not None and sieve.making[0] == kind.name else None
        alike = Lookalikes(form)
        take = link_taker(form, members, going, make, alike)
        known = alike_link_taker(alike, kind, members, going, make)
        decoder = page_decoder(form, take, odd_row(decode, plain), known)
        part = _part(sieve, members, kind, field, count)
        found = rows_of(sieve, kind, decoder) if part is None else _of_queries(sieve, kind, decoder, part.queries)
        seen = (row if isinstance(row, Seen) else plain(row) for row in found)
        members.add_links(kind, seen, None if part is None else part.keys)


def rows_of(sieve: Sieve, kind: Kind, decoder: Decode[Seen], query: Query = ()) -> tuple[Seen | Fields, ...]:
    """The rows of a list, as far as a query asks for them. Raises RemoteError."""
    here, routes = sieve.connection, sieve.connection.routes[kind.name]
    return read_list(here.remote, routes.collection, query, routes.listing, here.clock, decoder)


def _of_queries(sieve: Sieve, kind: Kind, decoder: Decode[Seen], queries: Sequence[Query]) -> list[Seen | Fields]:
    """The rows for which one of the queries asks, in the order of their ids, as in the whole list."""
    found = {_id(row): row for query in queries for row in rows_of(sieve, kind, decoder, query)}
    return [found[server_id] for server_id in sorted(found)]


def _id(row: Seen | Fields) -> str:
    return row.id if isinstance(row, Seen) else str(row["id"])


def _chained(sieve: Sieve) -> Iterator[Kind]:
    return (kind for kind in children_of(sieve.crowd.kind, KINDS) if kind.archetype is Archetype.CHAINED)


def _holders(sieve: Sieve, kind: Kind) -> int:
    """The number of parents of which files declare an entity of a kind."""
    others = {entity.address.parents for entity in sieve.rest.entities if entity.address.kind == kind.name}
    return sieve.rest.passed.holders.get(kind.name, 0) + len(others)


def _plain_link(members: Members, field: str, row: Fields) -> Seen:
    return plain_link(row, row.get(field), members.parents)


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a list: the members whose links are all in it, and what asks for it."""

    keys: frozenset[str]
    queries: tuple[Query, ...]


def _part(sieve: Sieve, members: Members, kind: Kind, field: str, count: int) -> _Part | None:
    """The part of a list of `count` links that the run needs; None for all of it.

    It holds all links of the members that the run is about or that are in doubt, and of parents that aren't in the
    crowd; and those of each entity that the run is about: its notes count them, by their fields and by what becomes of
    them.
    """
    if sieve.chosen is None or sieve.making is not None or sieve.needs_whole or going_is_chosen(sieve, members):
        return None
    keys = sieve.chosen | members.doubtful
    parents = sorted(server_id for server_id, key in members.parents.items() if key is None or key in keys)
    versions = _included_versions(sieve, kind)
    if TIMES_FEWER * (len(parents) + _declared_on(sieve, kind, versions)) > count:
        return None
    own = read_set.belonging_each(kind.name, field, parents)
    ids = sorted(row.id for rows in versions.values() for row in rows)
    pinned = read_set.belonging_each(kind.name, f"{kind.pins}_id", ids)  # in any status: an unknown one may run
    return _Part(keys, tuple(read.query for read in (*own, *pinned)))


def _included_versions(sieve: Sieve, kind: Kind) -> Mapping[str, tuple[Row, ...]]:
    """By key, the versions of the entities that the run is about and that chains of a kind may be on."""
    rows = indexed(sieve.connection, sieve.catalog, sieve.rest).versions
    selection = sieve.rest.selection
    included = (e.address for e in sieve.rest.entities if e.address.kind == kind.pins and selection.includes(e.address))
    return {address.key: rows.get(address, ()) for address in included}


def _declared_on(sieve: Sieve, kind: Kind, keys: Container[str]) -> int:
    """The number of chains that are declared to be on one of these."""
    pins, members = kind.pins or "", sieve.crowd.members.values()
    return sum(want.get(pins) in keys for member in members for want in nested(kind, member))


def check_alone(sieve: Sieve, members: Members, found: Known, left: Desired) -> None:
    """Raises NeedsWhole if a member has or gets a chain besides another one: whether the server allows that may only
    show in the links of others."""
    for kind in _chained(sieve):
        if members.asked.get(kind.name) is None or not _may_be_alone(sieve):
            continue
        field = sieve.connection.routes[kind.name].parent_filter
        keys: dict[str, set[object]] = defaultdict(set)
        for row in found.get(Read(kind.name), ()):
            if not has_ended(kind, row):
                keys[members.parents.get(str(row.fields.get(field or ""))) or ""].add(labels_of(row.fields).get(KEY))
        for entity in left.entities:
            if entity.address.kind == kind.name:
                keys[entity.address.parents[0]].add(entity.address.key)
        if any(len(several) > 1 for parent, several in keys.items() if parent):
            raise NeedsWhole


def _may_be_alone(sieve: Sieve) -> bool:
    return sieve.connection.generation.is_alone and sieve.rest.target.has_several_chains is None
