"""The forms of a row's fields, as far as a view needs them: what stands where a map, a list or a text is expected."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from billsync.core.views.promised import DECIMAL, said
from billsync.model.duration import parse_duration
from billsync.model.limits import NUMBER_CHARACTERS
from billsync.model.moment import parse_moment
from billsync.model.shape import (
    Boolean,
    Duration,
    Field,
    FieldEffect,
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
    Wire,
)
from billsync.model.value import Fields, Plain
from billsync.model.walk import is_map, resolved

_NOT_SHOWN = frozenset({FieldEffect.OURS, FieldEffect.ATTACHED})


def form_fault(shape: Shape, value: Plain, place: str = "") -> str | None:
    """The first part of a shown value that has another form than its shape, with its type; None where all have it."""
    match resolved(shape):
        case Record() as record:
            return _record_fault(record, value, place)
        case Variant() as variant:
            return _variant_fault(variant, value, place)
        case ListOf(item=item):
            if not isinstance(value, list | tuple):
                return said(place, value, "a list")
            return _first(form_fault(item, each, f"{place}{number}.") for number, each in enumerate(value))
        case MapOf(value=inner):
            if not is_map(value):
                return said(place, value, "a map")
            return _first(form_fault(inner, each, f"{place}{name}.") for name, each in value.items())
        case LabelMap():
            is_right = is_map(value) and all(isinstance(each, str) for each in value.values())
            return None if is_right else said(place, value, "a map of texts")
        case Reference(wire=Wire.ID):
            is_right = is_map(value) and isinstance(value.get("id"), str)
            return None if is_right else said(place, value, "a map with an id")
        case found:
            return _plain_fault(found, value, place)


def _record_fault(record: Record, value: Plain, place: str) -> str | None:
    if record.short is not None and isinstance(value, str):
        return None
    if not is_map(value):
        return said(place, value, "a map")
    return _first(_field_fault(name, field, value, place) for name, field in record.fields.items())


def _field_fault(name: str, field: Field, row: Fields, place: str) -> str | None:
    wire = field.wire or name
    value = row.get(wire)
    if value is None or field.effect in _NOT_SHOWN:
        return None
    return form_fault(field.shape, value, f"{place}{wire}.")


def _variant_fault(variant: Variant, value: Plain, place: str) -> str | None:
    if not is_map(value):
        return said(place, value, "a map")
    tag = value.get(variant.tag)
    if not isinstance(tag, str):
        return said(f"{place}{variant.tag}", tag, "a text")
    case = variant.cases.get(tag)
    return _record_fault(case, value, place) if case else None


def _plain_fault(shape: Shape, value: Plain, place: str) -> str | None:
    match shape:
        case Text() | Reference():
            return None if isinstance(value, str) else said(place, value, "a text")
        case Boolean():
            return None if isinstance(value, bool) else said(place, value, "true or false")
        case Integer(words=words):
            is_right = value in words or _is_number(value)
            return None if is_right else said(place, value, "a whole number")
        case Number():
            return None if _is_number(value) else said(place, value, "a number")
        case Duration():
            is_right = isinstance(value, str) and parse_duration(value) is not None
            return None if is_right else said(place, value, "a duration")
        case Timestamp(words=words):
            is_right = isinstance(value, str) and (value in words or parse_moment(value) is not None)
            return None if is_right else said(place, value, "a time")
    return None


def _is_number(value: Plain) -> bool:
    if isinstance(value, str):
        return len(value) <= NUMBER_CHARACTERS and bool(DECIMAL.fullmatch(value))
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _first(faults: Iterable[str | None]) -> str | None:
    return next((fault for fault in faults if fault), None)
