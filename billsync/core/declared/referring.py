"""References between kinds, from their shapes alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import cache

from billsync.model.kind import Kind, Registry, attached_fields
from billsync.model.routes import Part
from billsync.model.shape import Reference, Shape
from billsync.model.state import Desired, Read
from billsync.model.walk import shapes_in


def referenced_kinds(desired: Desired, registry: Registry) -> frozenset[str]:
    """The kinds that declared entities can refer to; their ids must be resolved for a comparison.

    A reference to something attached counts only if an entity declares such a list.
    """
    declared = {entity.address.kind for entity in desired.entities} | desired.passed.declared.keys()
    attached = {name: attached_fields(registry[name]) for name in declared}
    fields = {
        (entity.address.kind, name)
        for entity in desired.entities
        for name in attached[entity.address.kind]
        if name in entity.fields
    }
    own = {(name, field) for name in declared for field in registry[name].record.fields.keys() - set(attached[name])}
    return frozenset(
        found for kind, name in own | fields for found in kinds_in(registry[kind].record.fields[name].shape)
    )


_KINDS_IN: dict[int, tuple[Shape, frozenset[str]]] = {}
"""By the identity of their shape, which is kept alive with them."""


def kinds_in(shape: Shape) -> frozenset[str]:
    """Every kind to which a value of the shape can refer."""
    if (known := _KINDS_IN.get(id(shape))) is None:
        kinds = frozenset(found.kind for found in shapes_in(shape) if isinstance(found, Reference))
        known = _KINDS_IN[id(shape)] = (shape, kinds)
    return known[1]


def referred(kind: Kind, part: Part) -> frozenset[str]:
    """The kinds to which the members of a part list can refer."""
    return kinds_in(kind.record.fields[part.field].shape)


def referrers(names: Iterable[str], registry: Registry) -> frozenset[str]:
    """The kinds without a parent that can refer to one of these kinds."""
    wanted = frozenset(names)
    return frozenset(kind.name for kind in registry.values() if kind.parent is None and wanted & kinds_in(kind.record))


def rounds(reads: Iterable[Read], registry: Registry) -> tuple[tuple[Read, ...], ...]:
    """Return the reads in order: referring entities before the entities they refer to.

    So an entity created between two reads is seen with everything it refers to. In the opposite order, a reference to
    an entity created after its list was read would look like a reference to a deleted one.
    """
    by_height: dict[int, list[Read]] = defaultdict(list)
    height = _heights(registry)
    for read in reads:
        by_height[height(read.kind)].append(read)
    return tuple(tuple(by_height[number]) for number in sorted(by_height, reverse=True))


def _heights(registry: Registry) -> Callable[[str], int]:
    """The length of the longest chain of references from a kind, each looked for once."""

    @cache
    def height(name: str) -> int:
        if name not in registry:
            return 0
        return max((1 + height(other) for other in kinds_in(registry[name].record) - {name}), default=0)

    return height
