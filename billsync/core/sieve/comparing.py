"""Comparisons of declared values with those of typed rows, compiled from shapes.

Each is True only where the canonical forms of both are certainly equal. False is doubt, not difference.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from decimal import Decimal
from functools import lru_cache
from operator import attrgetter
from typing import Any, TypeAlias

from billsync.core.sieve.typed import attribute, is_compared, is_read
from billsync.core.views.normalize import canonical_value, number
from billsync.core.views.view import SERVERS
from billsync.model.labels import OURS
from billsync.model.shape import (
    Boolean,
    Duration,
    Integer,
    LabelMap,
    ListOf,
    Number,
    Record,
    Reference,
    Shape,
    Text,
    Timestamp,
    Wire,
)
from billsync.model.value import Plain
from billsync.model.walk import resolved

Same: TypeAlias = Callable[[Plain, Any], bool]
"""Whether a declared value, which is valid, is certainly the one of a row."""

Known: TypeAlias = Collection[tuple[str, str]]
"""Kinds and keys of what is declared: a reference to anything else is in doubt."""


def same(shape: Shape, known: Known) -> Same | None:
    """The comparison of values of a shape; None where nothing can be certain."""
    shape = resolved(shape)
    match shape:
        case Text():
            return _texts
        case Number(wire=Wire.TEXT):
            return _numbers
        case Integer():
            return _integers
        case Boolean():
            return _booleans
        case Duration() | Timestamp(words=()):
            return _by_canonical_text(shape)
        case LabelMap(hidden=False):
            return _labels
        case Reference(wire=Wire.TEXT, kind=kind):
            return lambda want, have: type(want) is str and want == have and (kind, want) in known
        case ListOf(key=None):
            return _lists(shape, known)
        case Record(rules=(), exactly_one=False):
            return _merged(shape, known) if shape.merged else _records(shape, known)
    return None


def _texts(want: Plain, have: Any) -> bool:
    return want == have and type(want) is str and want != ""


def _integers(want: Plain, have: Any) -> bool:
    return type(want) is int and type(have) is int and want == have


def _booleans(want: Plain, have: Any) -> bool:
    return type(want) is bool and want is have


def _numbers(want: Plain, have: Any) -> bool:
    if type(want) is str:
        return want == have or (type(have) is str and _are_equal(want, have))
    return type(want) in (int, Decimal) and type(have) is str and number(want) == number(have)


@lru_cache(10_000)
def _are_equal(want: str, have: str) -> bool:
    one, other = number(want), number(have)
    return isinstance(one, Decimal) and isinstance(other, Decimal) and one == other


def _by_canonical_text(shape: Shape) -> Same:
    @lru_cache(10_000)
    def are_equal(want: str, have: str) -> bool:
        return bool(canonical_value(shape, want) == canonical_value(shape, have))

    def compared(want: Plain, have: Any) -> bool:
        return type(want) is str and type(have) is str and want != "" and (want == have or are_equal(want, have))

    return compared


def _labels(want: Plain, have: Any) -> bool:
    """Whether every wanted label is there; labels of others may be, too."""
    if type(want) is not dict or have is None:
        return False
    for name, value in want.items():
        if type(value) is not str or have.get(name) != value or name.startswith((OURS, SERVERS)):
            return False
    return True


def _lists(shape: ListOf, known: Known) -> Same | None:
    item = same(shape.item, known)
    if item is None:
        return None

    def in_order(want: Plain, have: Any) -> bool:
        if type(want) is not list or not want or have is None or len(want) != len(have):
            return False
        return all(map(item, want, have))

    if not (shape.as_set and isinstance(resolved(shape.item), Text)):
        return in_order
    return lambda want, have: in_order(want, have) or _sets(want, have)


def _sets(want: Plain, have: Any) -> bool:
    if type(want) is not list or not want or have is None or not all(type(text) is str for text in want):
        return False
    return set(want) == set(have)


def _parts(record: Record, known: Known) -> dict[str, tuple[Callable[[Any], Any], Same | None, Plain]]:
    return {
        name: (attrgetter(attribute(name)), same(field.shape, known), field.default)
        for name, field in record.fields.items()
        if is_compared(field) and is_read(field)
    }


def _merged(record: Record, known: Known) -> Same:
    """Whether all parts that are given are equal; the others stay as they are."""
    parts = _parts(record, known)

    def compared(want: Plain, have: Any) -> bool:
        if type(want) is not dict or have is None or not want:
            return False
        for name, value in want.items():
            part = parts.get(name)
            if part is None or part[1] is None or not part[1](value, part[0](have)):
                return False
        return True

    return compared


def _records(record: Record, known: Known) -> Same:
    parts = _parts(record, known)

    def compared(want: Plain, have: Any) -> bool:
        if type(want) is not dict or have is None or not want or not want.keys() <= parts.keys():
            return False
        for name, (get, alike, default) in parts.items():
            live = get(have)
            if name not in want:
                if live is not None and (default is None or alike is None or not alike(default, live)):
                    return False
            elif alike is None or not alike(want[name], live):
                return False
        return True

    return compared
