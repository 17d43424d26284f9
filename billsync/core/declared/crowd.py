"""Crowds and the entities that they stand for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from billsync.model.address import Address
from billsync.model.crowd import Crowd
from billsync.model.diagnostic import Position
from billsync.model.frozen import replace
from billsync.model.kind import Kind, Registry
from billsync.model.state import Desired, Entity
from billsync.model.value import Fields


def whole(desired: Desired, registry: Registry) -> Desired:
    """The desired state with all its entities and no crowd."""
    if not desired.crowd:
        return desired
    members = members_as_entities(desired.crowd, desired.crowd.members, registry)
    entities = sorted((*desired.entities, *members), key=lambda entity: entity.address.order)
    return replace(desired, entities=tuple(entities), crowd=Crowd())


def members_as_entities(crowd: Crowd, keys: Iterable[str], registry: Registry) -> tuple[Entity, ...]:
    """These members as entities, each followed by those that belong to it, as the loader makes them.

    Their position is the first line of their file.
    """
    children = children_of(crowd.kind, registry)
    return tuple(entity for key in keys for entity in _entities(crowd, key, children))


def counts(crowd: Crowd, registry: Registry) -> Mapping[str, int]:
    """The number of entities of each kind in the crowd, without kinds that it has none of."""
    found = Counter({crowd.kind: len(crowd.members)})
    for child in children_of(crowd.kind, registry):
        found[child.name] = sum(_count(child, member) for member in crowd.members.values())
    return +found


def children_of(kind: str, registry: Registry) -> tuple[Kind, ...]:
    """The kinds whose entities belong to those of a kind."""
    return tuple(child for child in registry.values() if child.parent is not None and child.parent.kind == kind)


def nested_names(children: Iterable[Kind]) -> frozenset[str]:
    """The fields of a member in which entities of these kinds stand."""
    parents = [child.parent for child in children if child.parent is not None]
    return frozenset(name for parent in parents for name in (parent.one, parent.many) if name)


def nested(child: Kind, member: Fields) -> tuple[Fields, ...]:
    """The declared entities of a kind that stand in a member, as they are written."""
    assert child.parent is not None
    one, many = member.get(child.parent.one), member.get(child.parent.many)
    return (one,) if one is not None else tuple(many or ())


def with_key(child: Kind, fields: Fields) -> Fields:
    """The fields of a nested entity, with the default key of its kind where it says none."""
    return fields if child.default_key is None or child.key in fields else {**fields, child.key: child.default_key}


def _count(child: Kind, member: Fields) -> int:
    assert child.parent is not None
    return (child.parent.one in member) + len(member.get(child.parent.many) or ())


def _entities(crowd: Crowd, key: str, children: tuple[Kind, ...]) -> Iterator[Entity]:
    member = crowd.members[key]
    position = Position(crowd.files.get(key, ""), 1, 1)
    inside = nested_names(children)
    own = {name: value for name, value in member.items() if name not in inside}
    yield Entity(Address(crowd.kind, (key,)), own, position)
    for child in children:
        for fields in nested(child, member):
            named = with_key(child, fields)
            yield Entity(Address(child.name, (key, named[child.key])), named, position)
