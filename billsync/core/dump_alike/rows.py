"""Dumps of rows of one kind, each as of a row that is alike and was dumped by the full code.

Two rows are alike if they differ only in texts that pass into the file as they are (`texts`). The full code has then
nothing to say of one that it doesn't say of the other, but for the checks of declared values, which are made of each.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any

from billsync.core.declared.certainty import surely_sound
from billsync.core.dump_alike.moments import is_moment
from billsync.core.dump_alike.sample import Sample
from billsync.core.dump_alike.texts import AS_IT_IS, Odd, Passing, passing, text_mark
from billsync.model.frozen import dataclass
from billsync.model.kind import Kind
from billsync.model.value import Fields, Plain

LIFE = ("created_at", "updated_at")
"""Times of a row that no file has."""

Sampling = Callable[[Fields], Sample | None]
"""Dumps a row by the full code, if it surely can: None is doubt."""


@dataclass(frozen=True, slots=True)
class Alike:
    """A row's dump. `sample` is the one whose owner and references it has; `fields` is None where a file says nothing
    of it."""

    fields: Mapping[str, Plain] | None
    sample: Sample


@dataclass(frozen=True, slots=True)
class _Sort:
    """A sort of rows: what differs in them, by name in the file, and the rest from the sample. Without a way, a value
    is in the file as it is."""

    sample: Sample
    parts: tuple[tuple[str, str, Passing | None], ...]


class Rows:
    """Rows of one kind, read as JSON."""

    def __init__(self, kind: Kind, sampling: Sampling) -> None:
        self._kind = kind
        self._sampling = sampling
        self._sorts: dict[Hashable, _Sort | None] = {}
        self._is_sound = surely_sound(kind)
        self._passing = _passing_fields(kind)
        self._joint_life = [(wire, kind.only_without.get(wire, "")) for wire in LIFE if wire in kind.joint]
        self._ways: dict[tuple[str, ...], tuple[Callable[[Any], Hashable], ...]] = {}

    def alike(self, row: Fields, whole: Callable[[], Fields]) -> Alike | None:
        """The row's dump, or None where the full code has to see it. `whole` reads the row with all numbers exact."""
        try:
            mark = self._mark(row)
        except Odd:
            return None
        sort = self._sorts.get(mark, _UNSEEN)
        if sort is _UNSEEN:
            sort = self._sorts[mark] = self._sort_of(row, whole())
        if sort is None:
            return None
        fields = _shown(sort, row)
        return Alike(fields, sort.sample) if fields is None or self._is_sound(fields) else None

    def _mark(self, row: Fields) -> Hashable:
        names = tuple(row)
        ways = self._ways.get(names)
        if ways is None:
            ways = self._ways[names] = tuple(map(self._way, names))
        marks: list[Hashable] = [
            _NULL if value is None else None if way is text_mark and value and type(value) is str else way(value)
            for way, value in zip(ways, row.values(), strict=True)
        ]
        for life, other in self._joint_life:
            if row.get(life) is not None and row.get(other) is None:
                marks.append((life, row[life]))
        return names, *marks

    def _way(self, wire: str) -> Callable[[Any], Hashable]:
        """The mark of a field's values that aren't null."""
        if (passing := self._passing.get(wire)) is not None:
            return passing.mark
        if wire == "id":
            return _sure_text
        return _sure_moment if wire in LIFE else _as_it_is

    def _sort_of(self, row: Fields, whole: Fields) -> _Sort | None:
        sample = self._sampling(whole)
        if sample is None:
            return None
        wires = {name: field.wire or name for name, field in self._kind.record.fields.items()}
        ways = {name: self._passing[wires[name]] for name in sample.fields or () if wires[name] in self._passing}
        sort = _Sort(sample, tuple((name, wires[name], None if way is AS_IT_IS else way) for name, way in ways.items()))
        shown = _shown(sort, row)
        return sort if shown == sample.fields and repr(shown) == repr(sample.fields) else None


_UNSEEN: Any = object()
_NULL = "null"


def _shown(sort: _Sort, row: Fields) -> dict[str, Plain] | None:
    if sort.sample.fields is None:
        return None
    fields = dict(sort.sample.fields)
    for name, wire, way in sort.parts:
        fields[name] = row[wire] if way is None else way.shown(row[wire], fields[name])
    return fields


def _passing_fields(kind: Kind) -> Mapping[str, Passing]:
    """The fields of a row whose values pass into the file, by the API's names."""
    found = {
        field.wire or name: way
        for name, field in kind.record.fields.items()
        if name not in kind.joint and (way := passing(field)) is not None
    }
    return {wire: way for wire, way in found.items() if wire not in (*kind.joint, kind.status)}


def _sure_text(value: Any) -> Hashable:
    if type(value) is not str:
        raise Odd
    return None


def _sure_moment(value: Any) -> Hashable:
    if type(value) is not str or is_moment(value) is None:
        raise Odd
    return None


def _as_it_is(value: Any) -> Hashable:
    return type(value), repr(value)
