"""The constants of one sieving: both sides as far as they are known before the lists of the crowd are read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TypeAlias

from billsync.api.promises import forms_of
from billsync.app.server.connection import ReadingConnection
from billsync.core.changes.moved import with_moved
from billsync.core.declared.crowd import children_of, nested_names
from billsync.core.declared.since import chosen_members
from billsync.core.observed.index import Index, index
from billsync.core.sieve.form import Form, Surroundings, form_of
from billsync.core.sieve.members import Members
from billsync.core.sieve.rows import Facts, Make
from billsync.kinds.registry import KINDS
from billsync.live.protocol.encoding import decode
from billsync.live.snapshot import PARENT
from billsync.model.crowd import Crowd
from billsync.model.frozen import dataclass
from billsync.model.kind import Archetype
from billsync.model.state import Desired, Read, Row, Snapshot

Known: TypeAlias = Mapping[Read, tuple[Row, ...]]
Making: TypeAlias = tuple[str, Make]
"""A kind of chain, and what to make of its links that are left out."""


@dataclass(frozen=True, slots=True)
class Sieve:
    """The constants of one sieving. `rest` is what is declared besides the crowd; `chosen` are the keys of the members
    that the run is about, or a part of which is, also of what is no longer declared, None for all; for `beyond_links`,
    links are no part. `needs_whole`: the links of the chosen ones alone don't tell enough."""

    connection: ReadingConnection
    crowd: Crowd
    rest: Desired
    deletes: bool
    forms: Mapping[str, Form]
    facts: Facts
    catalog: Snapshot
    chosen: frozenset[str] | None = None
    beyond_links: frozenset[str] | None = None
    needs_whole: bool = False
    making: Making | None = None


def sieve_for(
    connection: ReadingConnection, desired: Desired, rest: Desired, found: Index, catalog: Snapshot, *, deletes: bool
) -> Sieve:
    """The sieve of these declarations, by the catalog that was found."""
    declared = {(entity.address.kind, entity.address.key): entity.fields for entity in rest.entities}
    around = Surroundings(found.names, declared.keys(), decode)
    kind = desired.crowd.kind
    children = children_of(kind, KINDS)
    several = (address for address, count in Counter(found.names.values()).items() if count > 1)
    return Sieve(
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
        chosen_members(desired, KINDS),
        chosen_members(desired, KINDS, without=[k.name for k in children if k.archetype is Archetype.CHAINED]),
    )


def _form(connection: ReadingConnection, name: str, around: Surroundings, aside: frozenset[str] = frozenset()) -> Form:
    routes = connection.routes[name]
    path = routes.collection.replace(PARENT, "-")
    lacking = [path.split(".")[0] for path in connection.generation.missing.get(name, ())]
    return form_of(connection.kinds[name], routes, forms_of(path), around, lacking=lacking, aside=aside)


def indexed(connection: ReadingConnection, found: Snapshot, desired: Desired) -> Index:
    """The index of rows, under the new addresses of what moves."""
    return with_moved(index(found, KINDS, connection.routes), desired.moved, KINDS)


def deletable_parents(sieve: Sieve, members: Members) -> frozenset[str]:
    """The ids of all parents that may be deleted."""
    if not sieve.deletes:
        return frozenset()
    return frozenset(server_id for server_id, key in members.parents.items() if key is None)
