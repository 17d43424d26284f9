"""Rows and documents compared with what the API promises of them (api/promises.py)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import TypeAlias

from billsync.api.promises import AMOUNT, ANYTHING, BOOLEAN, MOMENT, TEXT, WHOLE, Promise
from billsync.model.moment import parse_moment
from billsync.model.value import Fields, Plain
from billsync.model.walk import is_map

DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?")
EVERY = "*"
KINDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "true or false"),
    ((int, Decimal), "number"),
    (str, "text"),
    ((list, tuple), "list"),
    (Mapping, "map"),
)


def fault_in(promise: Promise, value: Plain) -> str | None:
    """The first field that breaks a promise, with its type; None where it is kept."""
    return None if _keeps(promise, value) else _fault(promise, value, "")


def _keeps(promise: Promise, value: Plain) -> bool:
    """Whether a value certainly keeps a promise: `_fault` says why not, and takes several times as long."""
    if isinstance(promise, tuple):
        return isinstance(value, list | tuple) and all(_keeps(promise[0], member) for member in value)
    if isinstance(promise, str) or not promise:
        return False
    if (known := _TESTS.get(id(promise))) is None:
        known = _TESTS[id(promise)] = (promise, _test_of(promise))
    return known[1](value)


_Test: TypeAlias = Callable[[Plain], bool]

_TESTS: dict[int, tuple[Promise, _Test]] = {}
"""By the identity of promises, which are constants."""


def _test_of(promise: Promise) -> _Test:
    if isinstance(promise, str):
        return _is_text if promise == TEXT else partial(_is, promise)
    if isinstance(promise, tuple):
        return _list_test(_test_of(promise[0]))
    if (every := promise.get(EVERY)) is not None:
        return _map_test(_test_of(every))
    fields = [(name.removesuffix("?"), name.endswith("?"), _test_of(inner)) for name, inner in promise.items()]
    return _fields_test(tuple(fields))


def _is_text(value: Plain) -> bool:
    return type(value) is str


def _list_test(member: _Test) -> _Test:
    return lambda value: isinstance(value, list | tuple) and all(map(member, value))


def _map_test(member: _Test) -> _Test:
    return lambda value: is_map(value) and all(map(member, value.values()))


def _fields_test(fields: Sequence[tuple[str, bool, _Test]]) -> _Test:
    def keeps(value: Plain) -> bool:
        if not is_map(value):
            return False
        for name, may_lack, test in fields:
            item = value.get(name)
            if not (may_lack if item is None else (test is _is_text and type(item) is str) or test(item)):
                return False
        return True

    return keeps


def _fault(promise: Promise, value: Plain, place: str) -> str | None:
    match promise:
        case str():
            return None if _is(promise, value) else said(place, value, promise)
        case tuple():
            return _members(promise[0], value, place)
    if not isinstance(value, Mapping):
        return said(place, value, "a map")
    if EVERY in promise:
        return _first(_fault(promise[EVERY], item, f"{place}{name}.") for name, item in value.items())
    return _first(_field(name, of, value, place) for name, of in promise.items())


def _field(name: str, promise: Promise, row: Fields, place: str) -> str | None:
    known = name.removesuffix("?")
    value = row.get(known)
    if value is None:
        return None if known != name else f"{place}{known} is missing"
    return _fault(promise, value, f"{place}{known}.")


def _members(promise: Promise, value: Plain, place: str) -> str | None:
    if not isinstance(value, list | tuple):
        return said(place, value, "a list")
    return _first(_fault(promise, member, f"{place}{number}.") for number, member in enumerate(value))


def _first(faults: Iterable[str | None]) -> str | None:
    return next((fault for fault in faults if fault), None)


def _is(word: str, value: Plain) -> bool:
    match word:
        case _ if word == ANYTHING:
            return True
        case _ if word == BOOLEAN:
            return isinstance(value, bool)
        case _ if word == WHOLE:
            return isinstance(value, int) and not isinstance(value, bool)
    if not isinstance(value, str):
        return False
    if word == TEXT:
        return True
    return parse_moment(value) is not None if word == MOMENT else word == AMOUNT and bool(DECIMAL.fullmatch(value))


def said(place: str, value: Plain, expected: str) -> str:
    """Return the type of an unexpected value, never the value: it may hold a secret."""
    found = next((name for kind, name in KINDS if isinstance(value, kind)), "nothing")
    return f"{place.rstrip('.') or 'the row'} is not {expected} (it is: {found})"
