"""Declared fields → their one canonical form, driven by the kind's shapes. Pure, and idempotent.

Numbers lose meaningless zeros, durations zero parts, times their offset; defaults are filled in, what is empty is
absent, references are Symbols, and lists whose order means nothing are sorted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
    Lazy,
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
from billsync.model.value import Fields, Plain, canonical, decimal_text


def normalize(kind: Kind, declared: Fields) -> Fields:
    """The canonical fields of an entity that its schema accepts.

    A null stands for a value that is to be cleared, where the kind knows that (design.md §3).
    """
    fields: Fields = sorted_canonical(kind.record, canonicalize(kind, declared))
    return fields


def canonicalize(kind: Kind, declared: Fields) -> Fields:
    """As `normalize`, with lists in the order in which they were declared."""
    if kind.absent is Absent.NOT_MANAGED:
        return _settled_where_given(kind.record, declared)
    return canonical_record(kind.record, declared)


def _settled_where_given(record: Record, declared: Fields) -> Fields:
    """The fields that are given; what is given as empty is to be cleared. Defaults hold for what isn't sent alone."""
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
    """Whether a canonical value is the same as none at all."""
    return value is None or value == "" or (isinstance(value, Mapping | tuple) and not value)


def canonical_record(record: Record, declared: Plain) -> Fields:
    """A record's canonical fields, with its defaults and by its rules."""
    given: Plain = {record.short: declared} if record.short and not isinstance(declared, Mapping) else declared
    fields = dict(_members(record.fields, given))
    for name, field in record.fields.items():
        if name not in fields and field.default is not None:
            fields[name] = field.default
    return _ruled(record, fields)


def _members(known: Mapping[str, Field], given: Fields) -> Iterable[tuple[str, Plain]]:
    """The given members in canonical form; what is empty and may be left out is left out."""
    for name, value in given.items():
        field = known.get(name)
        if field is None or field.refused:
            yield name, value
            continue
        item = canonical_value(field.shape, value)
        if not is_empty(item) or (item is not None and _says_something(field.shape)):
            yield name, item


def _says_something(shape: Shape) -> bool:
    """Whether an empty value of this shape is not the same as none."""
    return isinstance(shape, Anything) or (isinstance(shape, Text) and not shape.clearable)


def _ruled(record: Record, fields: Fields) -> Fields:
    for rule in record.rules:
        fields = rule(fields)
    return fields


def canonical_value(shape: Shape, value: Plain) -> Plain:
    """A value in its canonical form, in the declared order; what isn't of the shape stays as it is."""
    match shape:
        case Lazy():
            return canonical_value(shape.get(), value)
        case Record():
            return canonical_record(shape, value) if isinstance(value, Mapping) or shape.short else value
        case Variant() if isinstance(value, Mapping):
            return _variant(shape, value)
        case ListOf(item=item) if isinstance(value, list | tuple):
            return tuple(canonical_value(item, member) for member in value)
        case MapOf(value=item) if isinstance(value, Mapping):
            return {name: canonical_value(item, member) for name, member in value.items()}
        case LabelMap() if isinstance(value, Mapping):
            return dict(value)
        case Anything():
            return _exact(value)
    return _leaf(shape, value)


def _variant(shape: Variant, value: Fields) -> Fields:
    tag = value.get(shape.tag)
    case = shape.cases.get(tag) if isinstance(tag, str) else None
    if case is None:
        return value
    rest = {name: item for name, item in value.items() if name != shape.tag}
    return {shape.tag: tag, **canonical_record(case, rest)}


def _leaf(shape: Shape, value: Plain) -> Plain:
    match shape:
        case Number():
            return number(value)
        case Integer() if isinstance(value, Decimal) and value == value.to_integral_value():
            return int(value)
        case Duration() if isinstance(value, str):
            duration = parse_duration(value)
            return duration.text if duration else value
        case Timestamp(seconds=seconds) if isinstance(value, str):
            moment = parse_moment(value)
            return moment_text(cut_to_seconds(moment) if seconds else moment) if moment else value
        case Reference(kind=kind) if isinstance(value, str):
            return Symbol(Address(kind, (value,)))
    return value


def number(value: Plain) -> Plain:
    """The exact number that a number or a text stands for, without zeros that say nothing; else the value itself."""
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


def sorted_canonical(shape: Shape, value: Plain) -> Plain:
    """A settled value in one order: fields as in their table, other members by name, lists by value if as sets."""
    match shape:
        case Lazy():
            return sorted_canonical(shape.get(), value)
        case Record() if isinstance(value, Mapping):
            return _arranged_fields(shape, value)
        case Variant() if isinstance(value, Mapping):
            case = shape.cases.get(value.get(shape.tag, ""))
            return {shape.tag: value[shape.tag], **_arranged_fields(case, value)} if case else value
        case MapOf(value=item) if isinstance(value, Mapping):
            return {name: sorted_canonical(item, member) for name, member in sorted(value.items())}
        case LabelMap() | Anything() if isinstance(value, Mapping):
            return {name: sorted_canonical(Anything(), member) for name, member in sorted(value.items())}
        case ListOf() if isinstance(value, tuple):
            return _sorted_canonical_list(shape, tuple(sorted_canonical(shape.item, member) for member in value))
    return value


def _arranged_fields(record: Record, value: Fields) -> Fields:
    known = {name: sorted_canonical(field.shape, value[name]) for name, field in record.fields.items() if name in value}
    others = {name: value[name] for name in sorted(value.keys() - known.keys())}
    return {**known, **others}


def _sorted_canonical_list(shape: ListOf, members: tuple[Plain, ...]) -> tuple[Plain, ...]:
    if not shape.as_set:
        return members
    if shape.key is not None:
        return tuple(sorted(members, key=lambda member: (str(member.get(shape.key)), canonical(member))))
    unique = {canonical(member): member for member in members}
    return tuple(member for _, member in sorted(unique.items()))
