"""Fields that a kind's own functions look at together (`Kind.joint`): compared by the full code, which is remembered.

The same values give the same answer, so the full code runs once for each combination of them, and no rule of a kind
stands twice.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import field
from operator import attrgetter
from typing import Any, TypeAlias

import msgspec

from billsync.core.observed.row_validation import unknown_in
from billsync.core.sieve.comparing import Known
from billsync.core.views.normalize import normalize
from billsync.core.views.view import complete, view
from billsync.model.address import Address, Symbol, symbols_in
from billsync.model.frozen import dataclass, replace
from billsync.model.kind import Kind, Names
from billsync.model.value import Fields, Plain, canonical

Exact: TypeAlias = Callable[[bytes], Plain]
"""Reads JSON as all other code of the run does."""

WITHHELD = "created_at"
"""A time that nearly every row has for itself: it is looked at only where a kind's function asks for it."""

MOST = 50_000
"""Remembered answers; with more, all are forgotten."""

_NULL = b"null"
_OWN_MARKS = frozenset({str, type(None)})
"""Types of values that equal none of another type."""
_UNSEEN = Address("", ())


class _Asked(Exception):
    """The withheld field was asked for."""


class _Withholding(dict[str, Plain]):
    """A row without the withheld field."""

    def get(self, name: str, default: Plain = None) -> Plain:
        if name == WITHHELD:
            raise _Asked
        return super().get(name, default)

    def __getitem__(self, name: str) -> Plain:
        if name == WITHHELD:
            raise _Asked
        return super().__getitem__(name)

    def __contains__(self, name: object) -> bool:
        if name == WITHHELD:
            raise _Asked
        return super().__contains__(name)


@dataclass(frozen=True, slots=True)
class Joint:
    """The joint fields of one kind.

    `attributes` are those of a typed row by the API's names, and `forms` the types that raw ones must have; `names` are
    the live entities by id, and `known` the declared ones; `fields` are the declared fields, and `get` gives all of a
    row but the withheld one.
    """

    kind: Kind
    attributes: Mapping[str, str]
    forms: Mapping[str, msgspec.json.Decoder[Any]]
    names: Names
    known: Known
    exact: Exact
    fields: tuple[str, ...]
    get: Callable[[Any], tuple[Any, ...]]
    _seen: dict[tuple[Plain, Plain], Address | bool | None] = field(default_factory=dict, repr=False)

    def compared(self, want: Fields, row: Any) -> Address | bool:
        """Whether the joint fields are certainly equal; where the kind pins a version, the address of the live one."""
        declared = tuple(map(want.get, self.fields))
        if not _OWN_MARKS.issuperset(map(type, declared)):
            declared = tuple(map(_key, declared))
        values = self.get(row)
        if not _OWN_MARKS.issuperset(map(type, values)):
            values = tuple([value if type(value) is not msgspec.Raw else _plain(value) for value in values])
        held = (declared, values)
        if (found := self._seen.get(held, _UNSEEN)) is _UNSEEN:
            if len(self._seen) > MOST:
                self._seen.clear()
            found = self._seen[held] = self._without_withheld(want, self._values(row))
        return self._answer(want, self._values(row), dict) if found is None else found

    def _values(self, row: Any) -> Mapping[str, Plain]:
        return {wire: _plain(getattr(row, name)) for wire, name in self.attributes.items()}

    def _without_withheld(self, want: Fields, values: Mapping[str, Plain]) -> Address | bool | None:
        """The answer, or None if the withheld field was asked for."""
        try:
            return self._answer(want, values, _Withholding)
        except _Asked:
            return None

    def _answer(self, want: Fields, values: Mapping[str, Plain], made: type[dict[str, Plain]]) -> Address | bool:
        if not self._fit(values):
            return False
        row = made(
            (wire, self.exact(value) if isinstance(value, bytes) else value)
            for wire, value in values.items()
            if value is not None and (wire != WITHHELD or made is dict)
        )
        given = {name: want[name] for name in self.kind.record.fields if name in want}
        if any(value is None for value in given.values()) or unknown_in(self.kind, row):
            return False
        wanted = normalize(self.kind, given)
        if not all((symbol.kind, symbol.key) in self.known for symbol in symbols_in(wanted)):
            return False
        found = self._same(wanted, view(self.kind, row, self.names, wanted))
        return found if isinstance(found, bool) or self._is_said_twice(row, found) else False

    def _is_said_twice(self, row: Fields, pinned: Address) -> bool:
        """Whether all other fields that may name the pinned version name this one: not all code looks at the same."""
        others = self.attributes.keys() - {known.wire or name for name, known in self.kind.record.fields.items()}
        said = (row.get(name) for name in others - {WITHHELD})
        return all(one is None or (isinstance(one, str) and self.names.get(one) == pinned) for one in said)

    def keeps(self, row: Any) -> bool:
        """Whether the joint fields of a row are of the types that the API promises."""
        return self._fit({wire: _plain(getattr(row, self.attributes[wire])) for wire in self.forms})

    def _fit(self, values: Mapping[str, Plain]) -> bool:
        return all(_fits(form, values[wire]) for wire, form in self.forms.items())

    def _same(self, wanted: Fields, have: Fields) -> Address | bool:
        pins = self.kind.pins
        if pins is None:
            return canonical(have) == canonical(complete(self.kind, wanted, have, {}))
        live, declared = have.get(pins), wanted.get(pins)
        if not (isinstance(live, Symbol) and isinstance(declared, Symbol)):
            return False
        if live.address.unversioned() != declared.address or live.address.version is None:
            return False
        rest = {name: value for name, value in wanted.items() if name != pins}
        others = {name: value for name, value in have.items() if name != pins}
        return canonical(others) == canonical(complete(self.kind, rest, others, {})) and live.address


def attributes_of(names: Collection[str]) -> Callable[[Any], tuple[Any, ...]]:
    """A function that gives several attributes."""
    get = attrgetter(*names)
    return get if len(names) > 1 else lambda row: (get(row),)


def joint_kind(kind: Kind) -> Kind:
    """The kind with its joint fields alone, and without a status, which is looked at elsewhere."""
    fields = {name: known for name, known in kind.record.fields.items() if name in kind.joint}
    return replace(kind, record=replace(kind.record, fields=fields), status=None, statuses={})


def _key(value: Plain) -> Plain:
    """The value as a part of a key, of which equal ones are equal in type, too."""
    return value if value is None or type(value) is str else (type(value).__name__, repr(value))


def _plain(value: Any) -> Plain:
    """A typed value: JSON that hasn't been read yet as bytes, null as None."""
    if type(value) is not msgspec.Raw:
        return value
    raw = bytes(value)
    return None if raw == _NULL else raw


def _fits(form: msgspec.json.Decoder[Any], value: Plain) -> bool:
    try:
        form.decode(_NULL if value is None else value)
    except msgspec.DecodeError:
        return False
    return True
