"""Values with pseudonyms for every text that may name somebody, by the shape of the value.

Whatever isn't known to be harmless gets a pseudonym: a value that doesn't fit its shape, and a field of no table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from decimal import Decimal
from functools import partial
from typing import Any, TypeAlias

from billsync.core.secrets.pseudonyms import Pseudonyms
from billsync.model.address import Address
from billsync.model.duration import parse_duration
from billsync.model.frozen import dataclass
from billsync.model.moment import parse_moment
from billsync.model.shape import (
    Anything,
    Boolean,
    Duration,
    Integer,
    LabelMap,
    ListOf,
    MapOf,
    Number,
    Record,
    Reference,
    Shape,
    Text,
    Timestamp,
    Variant,
)
from billsync.model.value import Plain
from billsync.model.walk import Rules, case_of, is_map


@dataclass(frozen=True, slots=True)
class Disguise:
    """The pseudonyms of a dump. `own` are entities that every server has, under the same names."""

    names: Pseudonyms
    own: Set[Address]

    def rules(self) -> Rules:
        """The ways of values, by their shapes."""
        return {shape: partial(way, self) for shape, way in _WAYS.items()}

    def whole(self, value: Plain) -> Plain:
        """Any value with pseudonyms for all texts in it, the names of members among them."""
        if isinstance(value, str):
            return self.names.name(value)
        if isinstance(value, Mapping):
            return dict(sorted((self.names.name(name), self.whole(item)) for name, item in value.items()))
        if isinstance(value, list | tuple):
            return [self.whole(item) for item in value]
        if value is None or isinstance(value, bool | int | Decimal):
            return value
        raise TypeError(f"a dump can't hold {type(value).__name__}")


_Way: TypeAlias = Callable[[Disguise, Any, Plain], Plain]


def _anything(disguise: Disguise, shape: Shape, value: Plain) -> Plain:
    return disguise.whole(value)


def _text(disguise: Disguise, shape: Text, value: Plain) -> Plain:
    return disguise.names.of(value, shape.pseudonym) if isinstance(value, str) and value not in shape.choices else value


def _reference(disguise: Disguise, shape: Reference, value: Plain) -> Plain:
    is_own = isinstance(value, str) and Address(shape.kind, (value,)) in disguise.own
    return value if is_own else disguise.whole(value)


def _fields(disguise: Disguise, record: Record, value: Plain) -> Plain:
    if not isinstance(value, Mapping):
        return disguise.whole(value)
    known = {name for name, field in record.fields.items() if not field.refused}
    return {name: item if name in known else disguise.whole(item) for name, item in value.items()}


def _variant(disguise: Disguise, shape: Variant, value: Plain) -> Plain:
    return value if case_of(shape, value) else disguise.whole(value)


def _named_members(disguise: Disguise, shape: MapOf, value: Plain) -> Plain:
    if not isinstance(value, Mapping):
        return disguise.whole(value)
    return dict(sorted((disguise.names.name(name), item) for name, item in value.items()))


def _members(disguise: Disguise, shape: ListOf, value: Plain) -> Plain:
    if not isinstance(value, tuple):
        return disguise.whole(value)
    if not shape.as_set:
        return value
    return tuple(sorted(value, key=lambda item: str(item[shape.key]) if shape.key and is_map(item) else str(item)))


def _words(is_word: Callable[[Any, str], bool]) -> _Way:
    """The way of a shape whose values are no texts, but for the words of its own."""

    def kept(disguise: Disguise, shape: Shape, value: Plain) -> Plain:
        return value if not isinstance(value, str) or is_word(shape, value) else disguise.whole(value)

    return kept


_WAYS: Mapping[type[Shape], _Way] = {
    Text: _text,
    Reference: _reference,
    Record: _fields,
    Variant: _variant,
    MapOf: _named_members,
    ListOf: _members,
    LabelMap: _anything,
    Anything: _anything,
    Duration: _words(lambda _, value: parse_duration(value) is not None),
    Timestamp: _words(lambda shape, value: value in shape.words or parse_moment(value) is not None),
    Integer: _words(lambda shape, value: value in shape.words),
    Number: _words(lambda _, value: False),
    Boolean: _words(lambda _, value: False),
}
"""Every shape has its way: the texts of one without would stay."""
