"""Labels that a server hides, in views: whether there are any, without them, and merged over those that are live."""

from __future__ import annotations

from collections.abc import Mapping

from billsync.model.shape import LabelMap, Lazy, ListOf, Record, Shape
from billsync.model.value import Fields, Plain

_HIDDEN = LabelMap(hidden=True)


def labels_inside(shape: Shape, value: Plain) -> bool:
    """Whether a value has any hidden labels, at any depth."""
    match shape:
        case Lazy():
            return labels_inside(shape.get(), value)
        case LabelMap(hidden=True):
            return bool(value)
        case Record() if isinstance(value, Mapping):
            known = ((shape.fields[name].shape, item) for name, item in value.items() if name in shape.fields)
            return any(labels_inside(inner, item) for inner, item in known)
        case ListOf() if isinstance(value, list | tuple):
            return any(labels_inside(shape.item, member) for member in value)
    return False


def without_hidden(shape: Shape, value: Plain) -> Plain:
    """A view without the labels that the server hides: what can be expected where nothing shows them."""
    match shape:
        case Lazy():
            return without_hidden(shape.get(), value)
        case Record() if isinstance(value, Mapping):
            return {
                name: without_hidden(shape.fields[name].shape, item)
                for name, item in value.items()
                if shape.fields[name].shape != _HIDDEN
            }
        case ListOf() if isinstance(value, list | tuple):
            return tuple(without_hidden(shape.item, member) for member in value)
    return value


def merged_inside(shape: Shape, live: Plain, wanted: Plain) -> Plain:
    """A wanted value whose hidden labels are merged over those of the live one, in members with the same key too."""
    match shape:
        case Lazy():
            return merged_inside(shape.get(), live, wanted)
        case LabelMap(hidden=True):
            return {**(live or {}), **(wanted or {})}
        case Record() if isinstance(wanted, Mapping):
            return _merged_record(shape, live if isinstance(live, Mapping) else {}, wanted)
        case ListOf(key=str(key)) if isinstance(wanted, tuple) and isinstance(live, tuple):
            by_key = {str(member.get(key)): member for member in live}
            return tuple(merged_inside(shape.item, by_key.get(str(member.get(key))), member) for member in wanted)
    return wanted


def _merged_record(record: Record, live: Fields, wanted: Fields) -> Fields:
    fields = {
        name: merged_inside(record.fields[name].shape, live.get(name), item) if name in record.fields else item
        for name, item in wanted.items()
    }
    for name, field in record.fields.items():
        if field.shape == _HIDDEN and name not in fields and live.get(name):
            fields[name] = live[name]
    return fields
