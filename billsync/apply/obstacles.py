"""Checks for the obstacles of a step, right before its call."""

from __future__ import annotations

from collections.abc import Iterator

from billsync.apply.bindings import Bindings
from billsync.core.lookup import lookup
from billsync.core.moved import names_of
from billsync.core.obstacles import CHILDREN, CREDIT, ENDS, credit_in, ends_among, holds, lasting_children, users_among
from billsync.core.parts import embedded
from billsync.core.referring import referred
from billsync.model.address import Address
from billsync.model.change import Obstacle, Step
from billsync.model.kind import Kind
from billsync.model.ports import Reader, RemoteError
from billsync.model.value import Fields


def in_the_way(step: Step, remote: Reader, bindings: Bindings) -> tuple[str, ...]:
    """Return the obstacles of a step at this moment, as text; empty if there are none. Raises RemoteError, Unbound."""
    return tuple(text for obstacle in step.before.without for text in _seen(obstacle, step.address, remote, bindings))


def _seen(obstacle: Obstacle, address: Address, remote: Reader, bindings: Bindings) -> tuple[str, ...]:
    if obstacle.rule == CREDIT:
        return credit_in(_document(remote, bindings.path(obstacle.path)))
    kind = bindings.registry[obstacle.kind]
    if obstacle.rule == ENDS:
        return _ends(kind, address, bindings)[obstacle.known :]
    if obstacle.rule == CHILDREN:
        return lasting_children(kind, _children(kind, address, bindings))
    server_id = bindings.id_of(address)
    return users_among(kind, tuple(_users(kind, address, bindings)), server_id) if server_id else ()


def _document(remote: Reader, path: str) -> Fields:
    answer = remote.get(path)
    if not answer.ok:
        raise RemoteError(f"GET {path}: {answer.message}")
    return answer.body if isinstance(answer.body, dict) else {}


def _ends(kind: Kind, address: Address, bindings: Bindings) -> tuple[str, ...]:
    """The ended links of a chain; empty if its parent doesn't exist yet."""
    assert kind.parent is not None
    parent = Address(kind.parent.kind, address.parents)
    rows = _children(kind, parent, bindings) if bindings.id_of(parent) else []
    return ends_among(kind, rows, [name.key for name in names_of(address, bindings.moved)])


def _children(kind: Kind, address: Address, bindings: Bindings) -> list[Fields]:
    """All rows that belong to an entity."""
    where = lookup(Address(kind.name, (*address.names, "any")), bindings.registry, bindings.routes)
    parent = bindings.id_of(address) or ""
    mine = bindings.routes[kind.name].parent_filter
    query = ((f"filter[{mine}]", parent),) if mine else ()
    rows = bindings.read_rows(where.path.replace("{parent}", parent), query, where.listing)
    return [row for row in rows if mine is None or row.get(mine) == parent]


def _users(kind: Kind, address: Address, bindings: Bindings) -> Iterator[Fields]:
    """All rows of a kind that may hold on to an entity, with the part lists that can name it."""
    routes = bindings.routes[kind.name]
    parts = tuple(part for part in routes.parts if address.kind in referred(kind, part))
    for row in bindings.read_rows(routes.collection, (), routes.listing):
        if holds(kind, row):
            for part in parts:
                row = embedded(row, part, bindings.part_rows(row, part, kind))
            yield row
