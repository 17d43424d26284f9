"""Values of rows that come into a dump as they are, whichever they are: they decide nothing else.

Each has a `mark`, which two rows that are alike share: nothing of a text, the names of labels. A value without a sure
mark raises Odd.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Mapping
from functools import lru_cache
from typing import Any

from billsync.core.views.normalize import canonical_value, number, sorted_canonical
from billsync.core.views.view import SERVERS
from billsync.model.frozen import dataclass
from billsync.model.labels import OURS
from billsync.model.shape import Field, FieldEffect, LabelMap, ListOf, Number, Record, Shape, Text, Wire
from billsync.model.value import Plain
from billsync.model.walk import resolved

NUMBER = re.compile(r"-?[0-9]{1,30}(?:\.[0-9]{1,30})?", re.ASCII)
SORTED_AS_TEXT = re.compile(r"[A-Za-z0-9_.:@+-]+", re.ASCII)
"""Texts whose order among their like is that of their canonical forms."""


class Odd(Exception):
    """A value that isn't as usual."""


@dataclass(frozen=True, slots=True)
class Passing:
    """The way of a value into a file. `shown` makes it as a file has it; `sample` is that of a row that is alike."""

    mark: Callable[[Any], Hashable]
    shown: Callable[[Any, Any], Plain]


def passing(field: Field) -> Passing | None:
    """The way of a field's values; None where the full code has to look at each."""
    if field.refused is not None or field.effect in (FieldEffect.OURS, FieldEffect.ONE_WAY, FieldEffect.ATTACHED):
        return None
    return _passing(resolved(field.shape))


def _passing(shape: Shape) -> Passing | None:
    match shape:
        case Text(choices=()):
            return AS_IT_IS
        case Number(wire=Wire.TEXT):
            return Passing(_number, lambda value, sample: _exact(value))
        case LabelMap(hidden=False):
            return Passing(_labels, lambda value, sample: {name: value[name] for name in sample})
        case ListOf(key=None, item=Text(choices=())):
            return Passing(_texts, _listed(shape))
        case Record(rules=(), exactly_one=False, short=None):
            return _record(shape)
    return None


def _as_it_is(value: Plain, sample: Plain) -> Plain:
    return value


_exact = lru_cache(10_000)(number)


def text_mark(value: Any) -> Hashable:
    """The mark of a text."""
    if type(value) is not str or not value:
        raise Odd
    return None


AS_IT_IS = Passing(text_mark, _as_it_is)
"""The way of a text."""


def _number(value: Any) -> Hashable:
    if type(value) is not str or not NUMBER.fullmatch(value):
        raise Odd
    return None


def _labels(labels: Any) -> Hashable:
    """The names, and the values of billsync's labels and the server's."""
    if type(labels) is not dict or not all(type(value) is str for value in labels.values()):
        raise Odd
    return tuple([(name, value if name.startswith((OURS, SERVERS)) else None) for name, value in labels.items()])


def _texts(values: Any) -> Hashable:
    if type(values) is not list or not values or not all(type(value) is str and value for value in values):
        raise Odd
    return None


def _listed(shape: ListOf) -> Callable[[Any, Any], Plain]:
    def shown(values: list[str], sample: Plain) -> Plain:
        if not shape.as_set or len(values) == 1:
            return list(values)
        if all(map(SORTED_AS_TEXT.fullmatch, values)):
            return sorted(set(values))
        return list(sorted_canonical(shape, canonical_value(shape, tuple(values))))

    return shown


def _record(record: Record) -> Passing | None:
    """A record of texts; other parts of it aren't expected."""
    inner: dict[str, tuple[str, Passing]] = {}
    for name, field in record.fields.items():
        part = passing(field)
        if part is None or field.default is not None:
            return None
        inner[field.wire or name] = (name, part)
    wires = {name: wire for wire, (name, _) in inner.items()}

    def mark(value: Any) -> Hashable:
        if type(value) is not dict or not value:
            raise Odd
        try:
            return tuple([(wire, inner[wire][1].mark(item)) for wire, item in value.items()])
        except KeyError:
            raise Odd from None

    def shown(value: Mapping[str, Any], sample: Mapping[str, Plain]) -> Plain:
        return {name: inner[wires[name]][1].shown(value[wires[name]], kept) for name, kept in sample.items()}

    return Passing(mark, shown)
