"""Which kinds a kind can refer to, from its shapes alone."""

from __future__ import annotations

from collections.abc import Iterator

from billsync.model.kind import Registry
from billsync.model.shape import Lazy, Many, Record, Reference, Shape, Table, Variant
from billsync.model.state import Desired


def referenced_kinds(desired: Desired, registry: Registry) -> frozenset[str]:
    """The kinds that the declared entities can refer to, and whose ids must have names when they are compared."""
    declared = {entity.address.kind for entity in desired.entities}
    return frozenset(name for kind in declared for name in kinds_in(registry[kind].record))


def kinds_in(shape: Shape) -> frozenset[str]:
    """Every kind to which a value of the shape can refer."""
    return frozenset(reference.kind for reference in _references(shape, frozenset()))


def _references(shape: Shape, seen: frozenset[str]) -> Iterator[Reference]:
    match shape:
        case Reference():
            yield shape
        case Lazy(name=name) if name not in seen:
            yield from _references(shape.get(), seen | {name})
        case Many(item=item):
            yield from _references(item, seen)
        case Table(value=value):
            yield from _references(value, seen)
        case Record(fields=fields):
            for field in fields.values():
                yield from _references(field.shape, seen)
        case Variant(cases=cases):
            for case_ in cases.values():
                yield from _references(case_, seen)
