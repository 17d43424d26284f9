"""Which kinds a kind can refer to, from its shapes alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from billsync.model.kind import Kind, Part, Registry
from billsync.model.shape import Lazy, ListOf, MapOf, Record, Reference, Shape, Variant
from billsync.model.state import Desired, Read


def referenced_kinds(desired: Desired, registry: Registry) -> frozenset[str]:
    """The kinds that the declared entities can refer to, and whose ids must have names when they are compared."""
    declared = {entity.address.kind for entity in desired.entities}
    return frozenset(name for kind in declared for name in kinds_in(registry[kind].record))


def kinds_in(shape: Shape) -> frozenset[str]:
    """Every kind to which a value of the shape can refer."""
    return frozenset(reference.kind for reference in _references(shape, frozenset()))


def referred(kind: Kind, part: Part) -> frozenset[str]:
    """The kinds to which the members of a part list can refer."""
    return kinds_in(kind.record.fields[part.field].shape)


def referrers(names: Iterable[str], registry: Registry) -> frozenset[str]:
    """The kinds without a parent that can refer to one of these kinds."""
    wanted = frozenset(names)
    return frozenset(kind.name for kind in registry.values() if kind.parent is None and wanted & kinds_in(kind.record))


def rounds(reads: Iterable[Read], registry: Registry) -> tuple[tuple[Read, ...], ...]:
    """The reads in the order in which they must be made: what refers to others before what it refers to.

    What somebody makes meanwhile is then seen with all that it refers to; the other way round a reference to
    something that was read too early would look like one to something that is gone.
    """
    by_height: dict[int, list[Read]] = defaultdict(list)
    for read in reads:
        by_height[_height(read.kind, registry)].append(read)
    return tuple(tuple(by_height[height]) for height in sorted(by_height, reverse=True))


def _height(name: str, registry: Registry) -> int:
    """How long the longest chain of references is that begins at a kind."""
    if name not in registry:
        return 0
    return max((1 + _height(other, registry) for other in kinds_in(registry[name].record) - {name}), default=0)


def _references(shape: Shape, seen: frozenset[str]) -> Iterator[Reference]:
    match shape:
        case Reference():
            yield shape
        case Lazy(name=name) if name not in seen:
            yield from _references(shape.get(), seen | {name})
        case ListOf(item=item):
            yield from _references(item, seen)
        case MapOf(value=value):
            yield from _references(value, seen)
        case Record(fields=fields):
            for field in fields.values():
                yield from _references(field.shape, seen)
        case Variant(cases=cases):
            for case_ in cases.values():
                yield from _references(case_, seen)
