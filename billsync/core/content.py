"""The content of a version as a digest, so that a file can say which content it means by a number."""

from __future__ import annotations

from collections.abc import Mapping

from billsync.core.view import UNKNOWN
from billsync.model.address import symbols_in
from billsync.model.kind import Kind, Routes
from billsync.model.shape import LabelMap, Lazy, ListOf, MapOf, Record, Shape, Variant
from billsync.model.value import Fields, Plain, digest

PREFIX = "sha256:"


def content_digest(kind: Kind, view: Fields, routes: Routes) -> str | None:
    """SHA-256 of a view's canonical JSON; None where it refers to something unknown, whose key it lacks.

    Left out are labels, which some servers hide, and parts, which are read apart: neither is a price.
    """
    parts = {part.field for part in routes.parts}
    own = _without_labels(kind.record, {name: value for name, value in view.items() if name not in parts})
    if any(address.key.startswith(UNKNOWN) for address in symbols_in(own)):
        return None
    return PREFIX + digest(own)


def _without_labels(shape: Shape, value: Plain) -> Plain:
    match shape:
        case Lazy():
            return _without_labels(shape.get(), value)
        case Record() if isinstance(value, Mapping):
            return _members(shape, value)
        case Variant() if isinstance(value, Mapping):
            case = shape.cases.get(str(value.get(shape.tag)))
            return {shape.tag: value.get(shape.tag), **_members(case, value)} if case else value
        case ListOf() if isinstance(value, tuple | list):
            return tuple(_without_labels(shape.item, member) for member in value)
        case MapOf() if isinstance(value, Mapping):
            return {name: _without_labels(shape.value, member) for name, member in value.items()}
    return value


def _members(record: Record, value: Fields) -> Fields:
    return {
        name: _without_labels(field.shape, value[name])
        for name, field in record.fields.items()
        if name in value and not isinstance(field.shape, LabelMap)
    }
