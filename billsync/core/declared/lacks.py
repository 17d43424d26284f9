"""Needs of declared entities that no file declares: whether the server must be asked for it, and what it lacks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from billsync.model.address import Address
from billsync.model.kind import Named, Problem, Registry
from billsync.model.state import Entity
from billsync.model.value import Fields


def kinds_named(entities: Iterable[Entity], registry: Registry) -> frozenset[str]:
    """The kinds, which no file declares, of what these entities name."""
    found = set[str]()
    for entity in entities:
        kind = registry[entity.address.kind]
        if kind.lacking is not None and kind.mentions is not None:
            found.update(name for _, name, _ in kind.mentions(entity.fields))
    return frozenset(found)


def lacks_of(
    entity: Entity, entities: Mapping[Address, Entity], registry: Registry, named: Named
) -> tuple[Problem, ...]:
    """The things that an entity needs and the server certainly lacks; `entities` are all that are declared."""

    def find(kind: str, key: str) -> Fields | None:
        other = entities.get(Address(kind, (key,)))
        return other.fields if other else None

    lacking = registry[entity.address.kind].lacking
    return tuple(lacking(entity.fields, find, named)) if lacking and named else ()
