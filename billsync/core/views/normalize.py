"""Declared fields → their one canonical form, driven by the kind's shapes. Pure, and idempotent.

Numbers lose meaningless zeros, durations zero parts, times their offset; defaults are filled in, empty values are
absent, references are Symbols, and unordered lists are sorted.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from billsync.model.address import Address, Symbol
from billsync.model.duration import parse_duration
from billsync.model.kind import Absent, Kind
from billsync.model.moment import cut_to_seconds, moment_text, parse_moment
from billsync.model.shape import (
    Anything,
    Duration,
    Field,
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
)
from billsync.model.value import Fields, Plain, canonical, decimal_text
from billsync.model.walk import Rules, Walk, is_map


def normalize(kind: Kind, declared: Fields) -> Fields:
    """The canonical fields of an entity that its schema accepts.

    A null stands for a value to be cleared, in kinds that support it (design.md §3).
    """
    fields: Fields = sorted_canonical(kind.record, canonicalize(kind, declared))
    return fields


def canonicalize(kind: Kind, declared: Fields) -> Fields:
    """As `normalize`, with lists in the order in which they were declared."""
    if kind.absent is Absent.NOT_MANAGED:
        return _settled_where_given(kind.record, declared)
    return canonical_record(kind.record, declared)


def _settled_where_given(record: Record, declared: Fields) -> Fields:
    """The canonical fields that are given, with the record's defaults; a field given as empty will be cleared."""
    fields: dict[str, Plain] = {}
    for name, value in declared.items():
        field = record.fields.get(name)
        fields[name] = value if field is None or field.refused else _given(field.shape, value)
    kept = {name: value for name, value in fields.items() if value is not _NOTHING}
    defaults = {name: field.default for name, field in record.fields.items() if field.default is not None}
    return _ruled(record, {**defaults, **kept})


_NOTHING = object()


def _given(shape: Shape, value: Plain) -> Plain:
    """A value of a field that isn't managed unless given: None clears it; labels and merged maps only ever add."""
    match shape:
        case LabelMap():
            return dict(value) or _NOTHING if isinstance(value, Mapping) else value
        case Record(merged=True) if isinstance(value, Mapping):
            return {name: _given(shape.fields[name].shape, item) for name, item in value.items()} or _NOTHING
    item = canonical_value(shape, value)
    return None if is_empty(item) and not _says_something(shape) else item


def is_empty(value: Plain) -> bool:
    """Whether a canonical value is equivalent to an absent one."""
    return value is None or value == "" or (not value and isinstance(value, Mapping | tuple))


def canonical_record(record: Record, declared: Plain) -> Fields:
    """A record's canonical fields, with its defaults and by its rules."""
    fields: Fields = canonical_value(record, declared)
    return fields


def _expanded(record: Record, value: Plain) -> Plain:
    """A record that may be written as one plain value, as a map."""
    return {record.short: value} if record.short and not is_map(value) else value


def _complete(record: Record, value: Plain) -> Plain:
    """A record of canonical members, without empty ones that may be left out, and with defaults filled in."""
    if not is_map(value):
        return value
    known = record.fields
    fields = {
        name: item
        for name, item in value.items()
        if (type(item) is str and item) or name not in known or _is_stated(known[name], item)
    }
    for name, default in _defaults(record):
        fields.setdefault(name, default)
    return _ruled(record, fields)


_DEFAULTS: dict[int, tuple[Record, tuple[tuple[str, Plain], ...]]] = {}
"""By the identity of their record, which is kept alive with them."""


def _defaults(record: Record) -> tuple[tuple[str, Plain], ...]:
    if (found := _DEFAULTS.get(id(record))) is None:
        defaults = ((name, field.default) for name, field in record.fields.items() if field.default is not None)
        found = _DEFAULTS[id(record)] = (record, tuple(defaults))
    return found[1]


def _is_stated(field: Field, item: Plain) -> bool:
    """Whether a canonical member carries information. Fields that can't be declared are kept, for another check to
    report."""
    return field.refused is not None or not is_empty(item) or (item is not None and _says_something(field.shape))


def _says_something(shape: Shape) -> bool:
    """Whether an empty value of this shape differs from an absent one."""
    return isinstance(shape, Anything) or (isinstance(shape, Text) and not shape.clearable)


def _ruled(record: Record, fields: Fields) -> Fields:
    for rule in record.rules:
        fields = rule(fields)
    return fields


def canonical_value(shape: Shape, value: Plain) -> Plain:
    """A value in its canonical form, in the declared order; a value of another shape is returned unchanged."""
    return _canonical(shape, value)


def _integer(_: Integer, value: Plain) -> Plain:
    return int(value) if isinstance(value, Decimal) and value == value.to_integral_value() else value


def _duration(_: Duration, value: Plain) -> Plain:
    duration = parse_duration(value) if isinstance(value, str) else None
    return duration.text if duration else value


def _timestamp(shape: Timestamp, value: Plain) -> Plain:
    moment = parse_moment(value) if isinstance(value, str) else None
    if moment is None:
        return value
    return moment_text(cut_to_seconds(moment) if shape.seconds else moment)


def _reference(shape: Reference, value: Plain) -> Plain:
    return Symbol(Address(shape.kind, (value,))) if isinstance(value, str) else value


def number(value: Plain) -> Plain:
    """The exact number in a number or a text, without insignificant zeros; any other value is returned unchanged."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        return value
    try:
        exact = Decimal(value)
    except InvalidOperation:
        return value
    return Decimal(decimal_text(exact)) if exact.is_finite() else value


def _exact(value: Plain) -> Plain:
    """Any JSON value with its numbers in one form: int for whole ones, else Decimal without zeros at the end."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else number(value)
    if isinstance(value, Mapping):
        return {name: _exact(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return tuple(_exact(item) for item in value)
    return value


_CANONICAL: Rules = {
    Record: _complete,
    LabelMap: lambda _, value: dict(value) if isinstance(value, Mapping) else value,
    Anything: lambda _, value: _exact(value),
    Number: lambda _, value: number(value),
    Integer: _integer,
    Duration: _duration,
    Timestamp: _timestamp,
    Reference: _reference,
}
_canonical = Walk(_CANONICAL, {Record: _expanded})


def sorted_canonical(shape: Shape, value: Plain) -> Plain:
    """A canonical value in one order: fields as in their table, other members by name, lists by value if as sets."""
    return _sorted(shape, value)


def _sorted_fields(record: Record, value: Plain) -> Plain:
    if not is_map(value):
        return value
    known = {name: value[name] for name in record.fields if name in value}
    if len(known) == len(value):
        return known
    return {**known, **{name: value[name] for name in sorted(value.keys() - known.keys())}}


def _sorted_list(shape: ListOf, members: Plain) -> Plain:
    if not shape.as_set or not isinstance(members, tuple):
        return members
    if shape.key is not None:
        return tuple(sorted(members, key=lambda member: (str(member.get(shape.key)), canonical(member))))
    unique = {canonical(member): member for member in members}
    return tuple(member for _, member in sorted(unique.items()))


def _by_name(_: Shape, value: Plain) -> Plain:
    return dict(sorted(value.items())) if is_map(value) else value


_SORTED: Rules = {
    Record: _sorted_fields,
    ListOf: _sorted_list,
    MapOf: _by_name,
    LabelMap: _by_name,
    Anything: _by_name,
}
_sorted = Walk(_SORTED)
