"""Declared entities that refer or belong to others, in a crowd and besides it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import TypeAlias

from billsync.core.declared.crowd import children_of, nested, with_key
from billsync.core.declared.references import finder, referred_by
from billsync.core.declared.referring import kinds_in
from billsync.model.address import Address
from billsync.model.crowd import Crowd
from billsync.model.kind import Kind, Registry
from billsync.model.shape import Reference
from billsync.model.state import Desired, Entity
from billsync.model.value import Fields
from billsync.model.walk import resolved

Named: TypeAlias = Mapping[str, Collection[str]]
"""Keys by kind."""


def with_dependents(addresses: Iterable[Address], desired: Desired, registry: Registry) -> frozenset[Address]:
    """The addresses, and those of all declared entities that refer or belong to one of them, and so on."""
    users = _users(desired.entities, registry)
    found = set(addresses)
    new = set(found)
    while new:
        more = {user for address in new for user in users.get(address, ())}
        new = (more | _users_in(desired.crowd, new, registry)) - found
        found |= new
    return frozenset(found)


def _users(entities: Iterable[Entity], registry: Registry) -> Mapping[Address, set[Address]]:
    """By address, the entities that refer or belong to it."""
    finders = {name: finder(kind.record) for name, kind in registry.items()}
    found: dict[Address, set[Address]] = defaultdict(set)
    for entity in entities:
        kind = registry[entity.address.kind]
        for referred in referred_by(entity, kind, finders[kind.name]):
            found[Address(referred.kind, (referred.key,))].add(entity.address)
    return found


def _users_in(crowd: Crowd, addresses: Iterable[Address], registry: Registry) -> set[Address]:
    """The entities in a crowd that refer or belong to one of these."""
    if not crowd:
        return set()
    named: dict[str, set[str]] = defaultdict(set)
    for address in addresses:
        if not address.parents:
            named[address.kind].add(address.key)
    children = children_of(crowd.kind, registry)
    own = {key: crowd.members[key] for key in named.get(crowd.kind, ()) if key in crowd.members}
    found = {address for child in children for address, _ in _of(child, own)}
    for kind in (registry[crowd.kind], *children):
        if tests := tuple(_naming(kind, named)):
            found.update(address for address, fields in _of(kind, crowd.members) if any(test(fields) for test in tests))
    return found


def _of(kind: Kind, members: Mapping[str, Fields]) -> Iterator[tuple[Address, Fields]]:
    """The entities of a kind among members, or nested in them."""
    for key, member in members.items():
        if kind.parent is None:
            yield Address(kind.name, (key,)), member
        else:
            for fields in nested(kind, member):
                yield Address(kind.name, (key, with_key(kind, fields)[kind.key])), fields


def _naming(kind: Kind, named: Named) -> Iterator[Callable[[Fields], bool]]:
    """Tests that find out together whether an entity of a kind refers to something that is named, or mentions it."""
    for name, field in kind.record.fields.items():
        if not kinds_in(field.shape).isdisjoint(named):
            yield _in_field(name, resolved(field.shape), named)
    if (mentions := kind.mentions) is not None:
        yield lambda fields: any(key in named.get(other, ()) for _, other, key in mentions(fields))


def _in_field(name: str, shape: object, named: Named) -> Callable[[Fields], bool]:
    if isinstance(shape, Reference):
        keys = named[shape.kind]
        return lambda fields: fields.get(name) in keys
    search = finder(shape)  # type: ignore[arg-type]
    assert search is not None
    return lambda fields: (
        name in fields and any(found.key in named.get(found.kind, ()) for found in search(fields[name], ()))
    )
