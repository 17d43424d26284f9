"""One walk over shapes: `transform` makes another value, `visit` names its parts, `shapes_in` the shapes themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from billsync.model.kind import Path
from billsync.model.shape import Lazy, ListOf, MapOf, Record, Shape, Variant
from billsync.model.value import Plain

Rules: TypeAlias = Mapping[type, Callable[[Any, Plain], Plain]]
"""Type of a shape -> what becomes of a value of it, given the shape and the value. The value may not fit the shape."""

_NONE: Rules = {}


def resolved(shape: Shape) -> Shape:
    """The shape itself, in the place of one that stands for it."""
    while isinstance(shape, Lazy):
        shape = shape.get()
    return shape


def transform(shape: Shape, value: Plain, after: Rules, before: Rules = _NONE) -> Plain:
    """`value` with a rule applied to every part: `before` on the way in, `after` on the way out.

    Lists become tuples. Parts that don't fit their shape aren't entered, nor are fields that the record doesn't know
    or that can't be declared.
    """
    shape = resolved(shape)
    of = type(shape)
    if (rule := before.get(of)) is not None:
        value = rule(shape, value)
    if (inside := _INSIDE.get(of)) is not None:
        value = inside(shape, value, after, before)
    rule = after.get(of)
    return value if rule is None else rule(shape, value)


def _fields(record: Record, value: Plain, after: Rules, before: Rules) -> Plain:
    if not is_map(value):
        return value
    known = record.fields
    found: dict[str, Plain] = {}
    for name, item in value.items():
        field = known.get(name)
        found[name] = item if field is None or field.refused else transform(field.shape, item, after, before)
    return found


def is_map(value: Plain) -> bool:
    """Whether a value is a map; asking for the type of most of them first takes a tenth of the time."""
    return type(value) is dict or isinstance(value, Mapping)


def _case(variant: Variant, value: Plain, after: Rules, before: Rules) -> Plain:
    case = case_of(variant, value)
    if case is None:
        return value
    rest = {name: item for name, item in value.items() if name != variant.tag}
    return {variant.tag: value[variant.tag], **transform(case, rest, after, before)}


def case_of(variant: Variant, value: Plain) -> Record | None:
    """The record chosen by a value's tag; None if the value isn't a map, or its tag is unknown."""
    tag = value.get(variant.tag) if is_map(value) else None
    return variant.cases.get(tag) if isinstance(tag, str) else None


def _members(shape: ListOf, value: Plain, after: Rules, before: Rules) -> Plain:
    if not isinstance(value, list | tuple):
        return value
    return tuple(transform(shape.item, member, after, before) for member in value)


def _values(shape: MapOf, value: Plain, after: Rules, before: Rules) -> Plain:
    if not is_map(value):
        return value
    return {name: transform(shape.value, member, after, before) for name, member in value.items()}


_INSIDE: Mapping[type, Callable[[Any, Plain, Rules, Rules], Plain]] = {
    Record: _fields,
    Variant: _case,
    ListOf: _members,
    MapOf: _values,
}


def visit(shape: Shape, value: Plain, path: Path = ()) -> Iterator[tuple[Path, Shape, Plain]]:
    """Every part of a value with its path and shape, itself first. It goes where `transform` goes.

    The record that a variant's tag chooses is a part at the variant's place.
    """
    shape = resolved(shape)
    yield path, shape, value
    match shape:
        case Record() if isinstance(value, Mapping):
            for name, item in value.items():
                field = shape.fields.get(name)
                if field is not None and not field.refused:
                    yield from visit(field.shape, item, (*path, name))
        case Variant() if case := case_of(shape, value):
            yield from visit(case, value, path)
        case ListOf() if isinstance(value, list | tuple):
            for index, member in enumerate(value):
                yield from visit(shape.item, member, (*path, index))
        case MapOf() if isinstance(value, Mapping):
            for name, member in value.items():
                yield from visit(shape.value, member, (*path, name))


def shapes_in(shape: Shape, seen: frozenset[str] = frozenset()) -> Iterator[Shape]:
    """Every shape inside a shape, itself first; one that contains itself is entered once."""
    match shape:
        case Lazy(name=name):
            if name not in seen:
                yield from shapes_in(shape.get(), seen | {name})
            return
        case ListOf(item=inner) | MapOf(value=inner):
            parts: tuple[Shape, ...] = (inner,)
        case Record(fields=fields):
            parts = tuple(field.shape for field in fields.values())
        case Variant(cases=cases):
            parts = tuple(cases.values())
        case _:
            parts = ()
    yield shape
    for part in parts:
        yield from shapes_in(part, seen)
