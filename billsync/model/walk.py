"""One walk over shapes: a `Walk` makes another value, `visit` names its parts, `shapes_in` the shapes themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias, TypeGuard

from billsync.model.kind import Path
from billsync.model.shape import Lazy, ListOf, MapOf, Record, Shape, Variant
from billsync.model.value import Fields, Plain

Rules: TypeAlias = Mapping[type, Callable[[Any, Plain], Plain]]
"""Type of a shape -> what becomes of a value of it, given the shape and the value. The value may not fit the shape."""

Step: TypeAlias = Callable[[Plain], Plain]

_NONE: Rules = {}


def resolved(shape: Shape) -> Shape:
    """The shape itself, in the place of one that stands for it."""
    while isinstance(shape, Lazy):
        shape = shape.get()
    return shape


class Walk:
    """Makes another value with a rule applied to every part: `before` on the way in, `after` on the way out.

    Lists become tuples. Parts that don't fit their shape aren't entered, nor are fields that the record doesn't know
    or that can't be declared. What is to be done at a shape is worked out once, and the shape is kept.
    """

    def __init__(self, after: Rules, before: Rules = _NONE) -> None:
        self._after = after
        self._before = before
        self._known: dict[int, tuple[Shape, Step]] = {}

    def __call__(self, shape: Shape, value: Plain) -> Plain:
        """The value after the walk."""
        found = self._known.get(id(shape))
        if found is None:
            found = self._known[id(shape)] = (shape, self._step(shape) or _as_it_is)
        return found[1](value)

    def _step(self, shape: Shape) -> Step | None:
        """Makes another value of this shape; None where it would be the same."""
        if isinstance(shape, Lazy):
            return lambda value: self(resolved(shape), value)
        before, after = self._before.get(type(shape)), self._after.get(type(shape))
        inside = self._inside(shape)
        if before is None and after is None:
            return inside

        def step(value: Plain) -> Plain:
            if before is not None:
                value = before(shape, value)
            if inside is not None:
                value = inside(value)
            return value if after is None else after(shape, value)

        return step

    def _inside(self, shape: Shape) -> Step | None:
        """The change of a value's parts; None for a shape without parts."""
        match shape:
            case Record():
                return self._in_record(shape)
            case Variant():
                return self._in_variant(shape)
            case ListOf():
                item = self._step(shape.item) or _as_it_is
                return lambda value: tuple(map(item, value)) if isinstance(value, list | tuple) else value
            case MapOf():
                member = self._step(shape.value) or _as_it_is
                return lambda value: {name: member(each) for name, each in value.items()} if is_map(value) else value
        return None

    def _in_record(self, record: Record) -> Step:
        known = ((name, self._step(field.shape)) for name, field in record.fields.items() if not field.refused)
        steps = tuple((name, step) for name, step in known if step is not None)

        def inside(value: Plain) -> Plain:
            if not is_map(value):
                return value
            made = dict(value)
            for name, step in steps:
                if name in made:
                    made[name] = step(made[name])
            return made

        return inside

    def _in_variant(self, variant: Variant) -> Step:
        tag = variant.tag
        steps = {name: self._step(case) or _as_it_is for name, case in variant.cases.items()}

        def inside(value: Plain) -> Plain:
            if case_of(variant, value) is None:
                return value
            rest = {name: item for name, item in value.items() if name != tag}
            return {tag: value[tag], **steps[value[tag]](rest)}

        return inside


def _as_it_is(value: Plain) -> Plain:
    return value


def is_map(value: Plain) -> TypeGuard[Fields]:
    """Whether a value is a map; asking for the type of most of them first takes a tenth of the time."""
    return type(value) is dict or isinstance(value, Mapping)


def case_of(variant: Variant, value: Plain) -> Record | None:
    """The record chosen by a value's tag; None if the value isn't a map, or its tag is unknown."""
    tag = value.get(variant.tag) if is_map(value) else None
    return variant.cases.get(tag) if isinstance(tag, str) else None


def visit(shape: Shape, value: Plain, path: Path = ()) -> Iterator[tuple[Path, Shape, Plain]]:
    """Every part of a value with its path and shape, itself first. It goes where a `Walk` goes.

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
