"""Whether a row has the form and the values that billsync knows, before anything is concluded from it.

`malformed` finds rows that can't be identified, which stop the whole run; `unknown_in` finds unknown values, which only
put their entity in doubt.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import TypeAlias

from billsync.core.observed.index import is_over, is_version, status_of
from billsync.core.views.normalize import number
from billsync.model.duration import parse_duration
from billsync.model.kind import Archetype, Kind
from billsync.model.moment import parse_moment
from billsync.model.routes import Routes
from billsync.model.shape import (
    Anything,
    Boolean,
    Duration,
    Field,
    FieldEffect,
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
    Wire,
)
from billsync.model.value import Fields, Plain, canonical
from billsync.model.walk import is_map

_LEAVES = (Text, Number, Integer, Boolean, Duration, Timestamp)
ABSENT = "(none)"
LONGEST = 80


def malformed(kind: Kind | None, row: Fields, routes: Routes) -> str | None:
    """Return the reason why a row can't be identified, as `field: value`; None if it can."""
    keyed = kind is None or kind.archetype in (Archetype.RECORD, Archetype.VERSIONED)
    for name in ((kind.key if kind else "key") if keyed else None, routes.parent_filter):
        if name is not None and not isinstance(row.get(name), str):
            return _fault(name, row.get(name))
    return None


def unknown_in(kind: Kind, row: Fields) -> tuple[str, ...]:
    """Return a row's unknown values, each as `field: value`; empty if all are known.

    For an ended entity only the status is checked, except in records and append-only kinds, whose fields are still
    compared.
    """
    lasting = kind.archetype in (Archetype.RECORD, Archetype.APPEND_ONLY)
    content = _content(kind, row) if lasting or not is_over(kind, row) else ()
    return tuple(dict.fromkeys((*_lifecycle(kind, row), *content)))


def _lifecycle(kind: Kind, row: Fields) -> Iterator[str]:
    if kind.status is not None and status_of(kind, row) not in kind.statuses:
        yield _fault(kind.status, row.get(kind.status))
    if kind.archetype is Archetype.VERSIONED and not is_version(row.get("version")):
        yield _fault("version", row.get("version"))


def _content(kind: Kind, row: Fields) -> Iterator[str]:
    labels = row.get("labels")
    if labels is not None and not _are_labels(labels):
        yield _fault("labels", labels)
    yield from _record(kind.record, row, "")


def _are_labels(value: Plain) -> bool:
    return is_map(value) and all(type(text) is str or isinstance(text, str) for text in value.values())


def _fault(name: str, value: Plain) -> str:
    text = ABSENT if value is None else repr(value)
    return f"{name}: {text if len(text) <= LONGEST else text[:LONGEST] + '…'}"


def _record(record: Record, row: Plain, path: str) -> Iterator[str]:
    if not is_map(row):
        yield _fault(path.rstrip("."), row)
        return
    for name, wire, shape, is_promised, is_known in _fields(record):
        value = row.get(wire)
        if value is None:
            if is_promised:
                yield _fault(f"{path}{name}", None)
        elif is_known is None or not is_known(value):
            yield from _value(shape, value, f"{path}{name}")
    if record.exactly_one and row and not any(row.get(name) is not None for name in record.fields):
        yield _fault(path.rstrip("."), row)


_Fields: TypeAlias = tuple[tuple[str, str, Shape, bool, Callable[[Plain], bool] | None], ...]
_FIELDS: dict[int, tuple[Record, _Fields]] = {}
"""By the identity of their record, which is kept alive with them."""


def _fields(record: Record) -> _Fields:
    """The fields on which decisions depend: their names in a file and in the API, their shapes, whether every row has
    them, and whether a value without parts is known."""
    if (found := _FIELDS.get(id(record))) is None:
        fields = tuple(
            (name, field.wire or name, field.shape, _is_promised(field), _test_of(field.shape))
            for name, field in record.fields.items()
            if _is_read(field)
        )
        found = _FIELDS[id(record)] = (record, fields)
    return found[1]


def _test_of(shape: Shape) -> Callable[[Plain], bool] | None:
    if isinstance(shape, Text) and not shape.choices:
        return _is_text
    return partial(_is_known, shape) if isinstance(shape, _LEAVES) else None


def _is_text(value: Plain) -> bool:
    return isinstance(value, str)


def _is_promised(field: Field) -> bool:
    """Whether the API shows a field in every row; fields of the identity are checked elsewhere."""
    return field.required and _is_read(field) and not field.unshown and field.effect is not FieldEffect.IDENTITY


def _is_read(field: Field) -> bool:
    """Whether decisions depend on a field; a field of billsync's own counts only if it has a closed list of values."""
    if field.refused is not None or field.effect in (FieldEffect.ONE_WAY, FieldEffect.ATTACHED):
        return False
    return field.effect is not FieldEffect.OURS or (isinstance(field.shape, Text) and bool(field.shape.choices))


def _value(shape: Shape, value: Plain, path: str) -> Iterator[str]:
    match shape:
        case Lazy():
            yield from _value(shape.get(), value, path)
        case Record():
            yield from _record(shape, value, f"{path}.")
        case Variant():
            yield from _variant(shape, value, path)
        case ListOf():
            yield from _members(shape, value, path)
        case MapOf(value=item) if isinstance(value, Mapping):
            for name, member in value.items():
                yield from _value(item, member, f"{path}.{name}")
        case Anything():
            return
        case LabelMap():
            if not _are_labels(value):
                yield _fault(path, value)
        case _ if not _is_known(shape, value):
            yield _fault(path, value)


def _variant(shape: Variant, value: Plain, path: str) -> Iterator[str]:
    if not isinstance(value, Mapping):
        yield _fault(path, value)
        return
    tag = value.get(shape.tag)
    case = shape.cases.get(tag) if isinstance(tag, str) else None
    if case is None:
        yield _fault(f"{path}.{shape.tag}", tag)
    else:
        yield from _record(case, value, f"{path}.")


def _members(shape: ListOf, value: Plain, path: str) -> Iterator[str]:
    if not isinstance(value, list | tuple):
        yield _fault(path, value)
        return
    for index, member in enumerate(value):
        yield from _value(shape.item, member, f"{path}.{index}")
    if shape.key is not None:
        yield from _twins(shape.key, value, path)


def _twins(key: str, members: Sequence[Plain], path: str) -> Iterator[str]:
    """Members of a keyed list that have one key; where they are rows of their own, by their ids."""
    seen: dict[bytes, Fields] = {}
    for member in members:
        if not isinstance(member, Mapping):
            continue
        name = canonical(member.get(key))
        if name in seen:
            ids = sorted(str(one["id"]) for one in (seen[name], member) if "id" in one)
            yield f"{path}: two with {_fault(key, member.get(key))}" + (f" ({' and '.join(ids)})" if ids else "")
        seen.setdefault(name, member)


def _is_known(shape: Shape, value: Plain) -> bool:
    """Whether a value without parts is one that billsync knows."""
    match shape:
        case Text(choices=choices):
            return isinstance(value, str) and (not choices or value in choices)
        case Number():
            return _is_number(value)
        case Integer(words=words):
            exact = number(value)
            return value in words or (isinstance(exact, Decimal) and exact == exact.to_integral_value())
        case Boolean():
            return isinstance(value, bool)
        case Duration():
            return isinstance(value, str) and (value == "" or parse_duration(value) is not None)
        case Timestamp():
            return isinstance(value, str) and parse_moment(value) is not None
        case Reference(wire=Wire.TEXT | Wire.BARE):
            return isinstance(value, str)
        case Reference():
            return isinstance(value, Mapping) and isinstance(value.get("id"), str)
    return False


def _is_number(value: Plain) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        return False
    try:
        return Decimal(value).is_finite()
    except InvalidOperation:
        return False


def shown(faults: Iterable[str]) -> str:
    """Faults for a sentence: the first three, and how many more."""
    found = tuple(faults)
    more = f" and {len(found) - 3} more" if len(found) > 3 else ""
    return ", ".join(found[:3]) + more
