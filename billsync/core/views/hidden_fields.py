"""Labels that a server hides, in views: whether there are any, without them, and merged over those that are live."""

from __future__ import annotations

from collections.abc import Mapping

from billsync.model.shape import LabelMap, Lazy, ListOf, Record, Shape
from billsync.model.value import Fields, Plain
from billsync.model.walk import Walk, shapes_in, visit

_HIDDEN = LabelMap(hidden=True)


def labels_inside(shape: Shape, value: Plain) -> bool:
    """Whether a value has any hidden labels, at any depth."""
    return _may_hide(shape) and any(part == _HIDDEN and bool(labels) for _, part, labels in visit(shape, value))


_MAY_HIDE: dict[int, tuple[Shape, bool]] = {}
"""By the identity of their shape, which is kept alive with them."""


def _may_hide(shape: Shape) -> bool:
    """Whether a value of the shape can have hidden labels."""
    if (found := _MAY_HIDE.get(id(shape))) is None:
        found = _MAY_HIDE[id(shape)] = (shape, any(part == _HIDDEN for part in shapes_in(shape)))
    return found[1]


def without_hidden(shape: Shape, value: Plain) -> Plain:
    """A view without the labels that the server hides, which is the expectation where no API shows them."""
    return _unlabelled(shape, value)


def _without_hidden(record: Record, value: Plain) -> Plain:
    if not isinstance(value, Mapping):
        return value
    hidden = {name for name, field in record.fields.items() if field.shape == _HIDDEN}
    return {name: item for name, item in value.items() if name not in hidden}


_unlabelled = Walk({Record: _without_hidden})


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
