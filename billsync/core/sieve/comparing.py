"""Comparisons of declared values with those of typed rows, compiled from shapes.

Each is True only where the canonical forms of both are certainly equal. False is doubt, not difference.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from operator import attrgetter, itemgetter
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

MOST_NAMES = 1_000
"""Maps with other names than all before that are remembered at most."""


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

    if not isinstance(resolved(shape.item), Text):
        return in_order
    return (lambda want, have: _text_lists(want, have) or _sets(want, have)) if shape.as_set else _text_lists


def _text_lists(want: Plain, have: Any) -> bool:
    """Whether lists are equal of which the live one holds texts."""
    return type(want) is list and want == have and bool(want) and all(want)


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
    alike = ByNames({name: alike for name, (_, alike, _) in _parts(record, known).items()})

    def compared(want: Plain, have: Any) -> bool:
        return type(want) is dict and have is not None and bool(want) and alike.of(want)(want, have)

    return compared


def _records(record: Record, known: Known) -> Same:
    parts = _parts(record, known)
    alike = ByNames({name: alike for name, (_, alike, _) in parts.items()})

    def compared(want: Plain, have: Any) -> bool:
        if type(want) is not dict or have is None or not want or not alike.of(want)(want, have):
            return False
        if len(want) == len(parts):
            return True
        others = (part for name, part in parts.items() if name not in want)
        return all(is_default(default, alike, get(have)) for get, alike, default in others)

    return compared


def is_default(default: Plain, alike: Same | None, live: Any) -> bool:
    """Whether a live value is certainly what a field has that isn't declared."""
    return live is None or (default is not None and alike is not None and alike(default, live))


class ByNames:
    """Comparisons of the parts of maps, by the names that a map has: those of its texts at once, others one by one."""

    def __init__(self, parts: Mapping[str, Same | None], skipped: Collection[str] = ()) -> None:
        self._parts = parts
        self.skipped = frozenset(skipped)
        self._known: dict[tuple[str, ...], Same] = {}

    def of(self, want: Mapping[str, Plain]) -> Same:
        """The comparison of a map with the names of this one."""
        names = tuple(want)
        found = self._known.get(names)
        if found is None:
            if len(self._known) >= MOST_NAMES:
                self._known.clear()
            found = self._known[names] = self._made([name for name in names if name not in self.skipped])
        return found

    def _made(self, names: Sequence[str]) -> Same:
        texts = [name for name in names if self._parts.get(name) is _texts]
        texts = texts if len(texts) > 1 else []
        rest = [(name, attrgetter(attribute(name)), self._parts.get(name)) for name in names if name not in texts]
        several = [(name, get, alike) for name, get, alike in rest if alike is not None]
        if len(several) < len(rest):
            return _never
        wanted, live = (itemgetter(*texts), attrgetter(*map(attribute, texts))) if texts else (_nothing, _nothing)

        def compared(want: Plain, have: Any) -> bool:
            values = wanted(want)
            if values != live(have) or not all(values):
                return False
            for name, get, alike in several:  # noqa: SIM110  a generator for each row takes longer
                if not alike(want[name], get(have)):
                    return False
            return True

        return compared


def _never(want: Plain, have: Any) -> bool:
    return False


def _nothing(value: Any) -> tuple[Any, ...]:
    return ()
