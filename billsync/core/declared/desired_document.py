"""Desired state as the document of one file that declares it: expanded, in one order, with sources in place of values.

A diff of the document equals a diff of the files that it was made from.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from billsync.core.views.normalize import sorted_canonical
from billsync.model.address import Address
from billsync.model.kind import Kind, Path, Registry
from billsync.model.source import Source
from billsync.model.state import Desired, Entity
from billsync.model.value import Fields, Masked, Plain

FORMAT = {"_format_version": "1.0"}


def desired_document(desired: Desired, registry: Registry) -> Fields:
    """The document: the parts besides entities as they are written, then the collections in the registry's order."""
    nested: dict[Address, dict[str, Plain]] = defaultdict(dict)
    parents = {entity.address for entity in desired.entities}
    for kind in registry.values():
        for parent, children in _by_parent(desired, kind).items():
            if parent in parents:
                nested[parent].update(_nested(kind, children))
    found: dict[str, Plain] = {**FORMAT, **desired.besides}
    for kind in registry.values():
        members = [_entity(kind, entity, nested) for entity in _top_level(desired, kind, parents)]
        if members or (kind.name in desired.named and not _has(desired, kind)):
            found[kind.collection] = members
    return found


def _has(desired: Desired, kind: Kind) -> bool:
    return any(entity.address.kind == kind.name for entity in desired.entities)


def _of(desired: Desired, kind: Kind) -> list[Entity]:
    members = [entity for entity in desired.entities if entity.address.kind == kind.name]
    return sorted(members, key=lambda entity: entity.address.order)


def _by_parent(desired: Desired, kind: Kind) -> Mapping[Address, list[Entity]]:
    found: dict[Address, list[Entity]] = defaultdict(list)
    for entity in _of(desired, kind) if kind.parent else ():
        found[_parent(kind, entity)].append(entity)
    return found


def _parent(kind: Kind, entity: Entity) -> Address:
    assert kind.parent is not None
    return Address(kind.parent.kind, entity.address.parents)


def _top_level(desired: Desired, kind: Kind, parents: set[Address]) -> list[Entity]:
    """The entities of a kind that nest in none of the document."""
    return [entity for entity in _of(desired, kind) if kind.parent is None or _parent(kind, entity) not in parents]


def _nested(kind: Kind, children: list[Entity]) -> dict[str, Plain]:
    assert kind.parent is not None
    if kind.parent.one and len(children) == 1 and children[0].address.key == kind.default_key:
        fields = {name: value for name, value in _fields(kind, children[0]).items() if name != kind.key}
        return {kind.parent.one: fields}
    return {kind.parent.many: [_fields(kind, child) for child in children]}


def _entity(kind: Kind, entity: Entity, nested: Mapping[Address, Fields]) -> Fields:
    parent = {kind.parent.kind: entity.address.parents[-1]} if kind.parent else {}
    return {**parent, **_fields(kind, entity), **nested.get(entity.address, {})}


def _fields(kind: Kind, entity: Entity) -> Fields:
    fields: Plain = dict(entity.fields)
    for path, source in entity.sources.items():
        fields = _with(fields, path, source)
    sorted_fields: Fields = sorted_canonical(kind.record, fields)
    return sorted_fields


def _with(value: Plain, path: Path, source: Source) -> Plain:
    """The value with the source in the place of what came from it."""
    if not path:
        return Masked(source)
    part, rest = path[0], path[1:]
    if isinstance(value, Mapping):
        return {**value, part: _with(value[part], rest, source)}
    return [_with(item, rest, source) if index == part else item for index, item in enumerate(value)]
