"""Whether a row has the form that the API promises, before anything is read out of it."""

from __future__ import annotations

from collections.abc import Mapping

from billsync.model.kind import Archetype, Kind, Routes
from billsync.model.shape import Anything, LabelMap, Lazy, Many, Record, Reference, Shape, Table, Variant, Wire
from billsync.model.value import Fields, Plain


def malformed(kind: Kind | None, row: Fields, routes: Routes) -> str | None:
    """What is wrong with a row, as `field: what is there`; None when it can be read.

    Values that aren't there are no fault, but for those by which the entity is known.
    """
    if kind is None:
        return None if isinstance(row.get("key"), str) else _fault("key", row.get("key"))
    return _identity(kind, row, routes) or _labels(row) or _record(kind.record, row, "")


def _fault(name: str, value: Plain) -> str:
    return f"{name}: {value!r}"[:200]


def _identity(kind: Kind, row: Fields, routes: Routes) -> str | None:
    keyed = kind.archetype in (Archetype.RECORD, Archetype.VERSIONED)
    for name in (kind.key if keyed else None, kind.status, routes.parent_filter):
        if name is None:
            continue
        if not isinstance(row.get(name), str):
            return _fault(name, row.get(name))
    version = row.get("version")
    if kind.archetype is Archetype.VERSIONED and (not isinstance(version, int) or isinstance(version, bool)):
        return _fault("version", version)
    return None


def _labels(row: Fields) -> str | None:
    labels = row.get("labels")
    if labels is None:
        return None
    fits = isinstance(labels, Mapping) and all(isinstance(value, str) for value in labels.values())
    return None if fits else _fault("labels", labels)


def _record(record: Record, row: Plain, path: str) -> str | None:
    if not isinstance(row, Mapping):
        return _fault(path.rstrip("."), row)
    for name, field in record.fields.items():
        value = row.get(field.wire or name)
        if value is not None and field.refused is None and (fault := _value(field.shape, value, f"{path}{name}")):
            return fault
    return None


def _value(shape: Shape, value: Plain, path: str) -> str | None:
    match shape:
        case Lazy():
            return _value(shape.get(), value, path)
        case Record():
            return _record(shape, value, f"{path}.")
        case Variant():
            return _variant(shape, value, path)
        case Many(item=item):
            return _members(item, value, path)
        case Table(value=item):
            return _entries(item, value, path)
        case Reference(wire=Wire.TEXT | Wire.BARE):
            return None if isinstance(value, str) else _fault(path, value)
        case Reference(wire=wire):
            name = "key" if wire is Wire.KEY else "id"
            return None if isinstance(value, Mapping) and isinstance(value.get(name), str) else _fault(path, value)
        case Anything() | LabelMap():
            return None
    return _fault(path, value) if isinstance(value, Mapping | list | tuple) else None


def _variant(shape: Variant, value: Plain, path: str) -> str | None:
    if not isinstance(value, Mapping) or not isinstance(value.get(shape.tag), str):
        return _fault(path, value)
    case = shape.cases.get(value[shape.tag])
    return _record(case, value, f"{path}.") if case else None


def _members(item: Shape, value: Plain, path: str) -> str | None:
    if not isinstance(value, list | tuple):
        return _fault(path, value)
    faults = (_value(item, member, f"{path}.{number}") for number, member in enumerate(value))
    return next((fault for fault in faults if fault), None)


def _entries(item: Shape, value: Plain, path: str) -> str | None:
    if not isinstance(value, Mapping):
        return _fault(path, value)
    faults = (_value(item, member, f"{path}.{name}") for name, member in value.items())
    return next((fault for fault in faults if fault), None)
