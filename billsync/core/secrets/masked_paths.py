"""The places of sourced values in views and in changes: members of keyed lists stand there under their key."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from billsync.core.views.compare import shown
from billsync.model.frozen import dataclass
from billsync.model.kind import Kind, Path
from billsync.model.shape import ListOf, MapOf, Record, Shape, Variant
from billsync.model.source import Source
from billsync.model.state import Entity
from billsync.model.value import Masked, Plain, with_leaves
from billsync.model.walk import case_of, resolved


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a keyed list: the field that names it, and its name."""

    key: str
    name: str


Place: TypeAlias = tuple[str | Member, ...]
"""A path that leads through names only; below a list without keys, it ends at the list."""

Hide: TypeAlias = Callable[[Plain], Plain]


def paths_of(kind: Kind, entity: Entity) -> Iterator[tuple[Place, Source]]:
    """The place of each sourced value of an entity."""
    for path, source in entity.sources.items():
        yield tuple(_place(kind.record, entity.fields, path)), source


def _place(shape: Shape | None, value: Plain, path: Path) -> Iterator[str | Member]:
    for part in path:
        if isinstance(shape, ListOf):
            if shape.key is None:
                return
            yield Member(shape.key, shown(value[part].get(shape.key)))
            shape = resolved(shape.item)
        else:
            yield str(part)
            shape = _inner(shape, value, str(part))
        value = value[part]
    if isinstance(shape, Record) and shape.short:
        yield shape.short


def places_in(shape: Shape | None, value: Plain, place: Place = ()) -> Iterator[tuple[Place, Source]]:
    """The place of each masked value in a view."""
    if isinstance(value, Masked):
        yield place, value.source
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from places_in(_inner(shape, value, name), item, (*place, name))
    elif isinstance(value, list | tuple) and isinstance(shape, ListOf):
        inner = resolved(shape.item)
        for item in value:
            if shape.key is None:
                yield from ((place, source) for _, source in places_in(inner, item))
            else:
                yield from places_in(inner, item, (*place, Member(shape.key, shown(item.get(shape.key)))))


def _inner(shape: Shape | None, value: Plain, name: str) -> Shape | None:
    """The shape of a member of a map, where it is known."""
    match case_of(shape, value) if isinstance(shape, Variant) else shape:
        case Record(fields=known) if name in known:
            return resolved(known[name].shape)
        case MapOf(value=inner):
            return resolved(inner)
    return None


def covered(value: Plain, place: Place, hide: Hide) -> Plain:
    """The value with everything hidden at a place below it. Keyed lists may be maps by key, as in changes."""
    if not place:
        return with_leaves(value, hide)
    step, rest = place[0], place[1:]
    if isinstance(step, Member) and isinstance(value, list | tuple):
        return type(value)(
            covered(item, rest, hide) if isinstance(item, Mapping) and shown(item.get(step.key)) == step.name else item
            for item in value
        )
    name = step.name if isinstance(step, Member) else step
    if isinstance(value, Mapping) and name in value:
        return {**value, name: covered(value[name], rest, hide)}
    return value


def covered_change(value: Plain, path: Path, place: Place, hide: Hide) -> Plain:
    """One side of a field's change, with everything hidden that is at the place or below it."""
    names = tuple(step.name if isinstance(step, Member) else step for step in place)
    shared = min(len(path), len(names))
    if tuple(map(str, path[:shared])) != names[:shared]:
        return value
    return covered(value, place[shared:], hide)
