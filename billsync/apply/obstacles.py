"""Checks for the obstacles of a step, right before its call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from billsync.apply.bindings import Bindings
from billsync.apply.world import World
from billsync.core.changes.moved import names_of
from billsync.core.changes.obstacles import (
    CHILDREN,
    CREDIT,
    ENDS,
    credit_in,
    ends_among,
    holds,
    lasting_children,
    users_among,
)
from billsync.core.changes.parts import embedded
from billsync.core.declared.referring import referred
from billsync.model.address import Address
from billsync.model.change import Obstacle, Step
from billsync.model.frozen import replace
from billsync.model.kind import Kind
from billsync.model.ports import ListRead, RemoteError
from billsync.model.value import Fields


def at_this_moment(step: Step, world: World) -> World:
    """The world for the looks right before a step's first call: at its entity, and at what must not be there. Where
    that takes several reads, they are made together."""
    bindings, ahead = world.bindings, world.ahead
    if ahead is None and bindings.read_together is not None and takes_several_looks(step, world):
        ahead = bindings.read_together(*looks_before(step, world))
    if ahead is None:
        return replace(world, bindings=bindings.at_this_moment())
    return replace(world, bindings=bindings.at_this_moment(ahead), documents=ahead.answers)


def takes_several_looks(step: Step, world: World) -> bool:
    """Whether the looks before a step's call are several reads, all of which are known."""
    is_known = step.address in world.bindings.ids
    return is_known and any(obstacle.rule in (CREDIT, CHILDREN) for obstacle in step.before.without)


def looks_before(step: Step, world: World) -> tuple[Sequence[ListRead], Sequence[str]]:
    """The lists and documents to look at right before a step's call."""
    bindings, address = world.bindings, step.address
    own = bindings.look_of(address)
    children = [
        _children_read(bindings.registry[each.kind], address, bindings)
        for each in step.before.without
        if each.rule == CHILDREN
    ]
    documents = [bindings.path(each.path) for each in step.before.without if each.rule == CREDIT]
    return [*((own,) if own else ()), *children], documents


def in_the_way(step: Step, world: World) -> tuple[str, ...]:
    """Return the obstacles of a step at this moment, as text; empty if there are none. Raises RemoteError, Unbound."""
    return tuple(text for obstacle in step.before.without for text in _seen(obstacle, step.address, world))


def _seen(obstacle: Obstacle, address: Address, world: World) -> tuple[str, ...]:
    bindings = world.bindings
    if obstacle.rule == CREDIT:
        return credit_in(_document(world, bindings.path(obstacle.path)))
    kind = bindings.registry[obstacle.kind]
    if obstacle.rule == ENDS:
        return _ends(kind, address, bindings)[obstacle.known :]
    if obstacle.rule == CHILDREN:
        return lasting_children(kind, _children(kind, address, bindings))
    server_id = bindings.id_of(address)
    return users_among(kind, tuple(_users(kind, address, bindings)), server_id) if server_id else ()


def _document(world: World, path: str) -> Fields:
    answer = world.documents.get(path) or world.remote.get(path)
    if isinstance(answer, RemoteError):
        raise answer
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
    each = _children_read(kind, address, bindings)
    rows = bindings.read_rows(each.path, each.query, each.listing)
    mine, parent = bindings.routes[kind.name].parent_filter, bindings.id_of(address) or ""
    return [row for row in rows if mine is None or row.get(mine) == parent]


def _children_read(kind: Kind, address: Address, bindings: Bindings) -> ListRead:
    """The list of all rows that belong to an entity."""
    where, parent = bindings.routes[kind.name], bindings.id_of(address) or ""
    query = ((f"filter[{where.parent_filter}]", parent),) if where.parent_filter else ()
    return ListRead(where.collection.replace("{parent}", parent), query, where.listing)


def _users(kind: Kind, address: Address, bindings: Bindings) -> Iterator[Fields]:
    """All rows of a kind that may hold on to an entity, with the part lists that can name it."""
    routes = bindings.routes[kind.name]
    parts = tuple(part for part in routes.parts if address.kind in referred(kind, part))
    for row in bindings.read_rows(routes.collection, (), routes.listing):
        if holds(kind, row):
            for part in parts:
                row = embedded(row, part, bindings.part_rows(row, part, kind))
            yield row
