"""Quick tests that are true only where `core.check` surely finds no problem; they make no messages.

They are compiled from the shapes, and remember their answers by the values that they look at. A test that is false
says nothing: the full check decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache, partial
from typing import TypeAlias

from billsync.core.check import part_problems
from billsync.core.normalize import canonicalize
from billsync.model.kind import Check, Kind
from billsync.model.labels import MOST_DECLARED, OURS, key_problem, value_problem
from billsync.model.shape import (
    Anything,
    Boolean,
    Duration,
    Field,
    Integer,
    LabelMap,
    ListOf,
    MapOf,
    Number,
    Record,
    Reference,
    Shape,
    Text,
    Timestamp,
)
from billsync.model.value import Fields, Plain
from billsync.model.walk import visit

Test: TypeAlias = Callable[[Plain], bool]

_REMEMBERED = 20_000
"""Answers that each test remembers at most."""


def surely_sound(kind: Kind) -> Callable[[Fields], bool]:
    """A test of the declared fields of an entity whose schema accepts them.

    True means that `core.check.problems` finds nothing in them.
    """
    values = _record(kind.record)
    checks = tuple(_Remembered(kind, check) for check in kind.checks)

    def is_sound(fields: Fields) -> bool:
        return values(fields) and all(check(fields) for check in checks)

    return is_sound


def _test(shape: Shape) -> Test | None:
    """The test of a value of a shape; None where there is nothing to test."""
    match shape:
        case Record():
            return _record(shape)
        case LabelMap():
            return _labels()
        case ListOf():
            return _list(shape)
        case MapOf():
            inner = _test(shape.value)
            return (lambda value: all(map(inner, value.values()))) if inner else None
        case Number() | Duration() | Timestamp():
            return _remembering(partial(_has_no_problem, shape))
        case Integer():
            return partial(_is_whole, tuple((type(word), word) for word in shape.words))
        case Text() | Boolean() | Reference() | Anything():
            return None
    return partial(_has_no_problems, shape)


def _has_no_problem(shape: Shape, value: Plain) -> bool:
    return not any(True for _ in part_problems(shape, value, ()))


def _has_no_problems(shape: Shape, value: Plain) -> bool:
    """The full check of a shape that no quicker test is made for."""
    return all(_has_no_problem(part, item) for _, part, item in visit(shape, value))


def _remembering(test: Test) -> Test:
    """The test, remembering what it said of texts."""
    remembered = lru_cache(_REMEMBERED)(test)
    return lambda value: remembered(value) if type(value) is str else test(value)


def _is_whole(words: tuple[tuple[type, Plain], ...], value: Plain) -> bool:
    """Whether it is an int or one of the words: 1 isn't true here, nor 1.0 a whole number."""
    return type(value) is int or (type(value), value) in words


def _record(record: Record) -> Test:
    tests = {name: test for name, field in record.fields.items() if (test := _field(field)) is not None}

    def is_sound(fields: Plain) -> bool:
        if type(fields) is not dict:
            return record.short is not None or fields is None
        for name, value in fields.items():
            test = tests.get(name)
            if test is not None and not test(value):
                return False
        return True

    return is_sound


def _field(field: Field) -> Test | None:
    if field.refused:
        return _never
    test = _test(field.shape)
    if field.clear:
        return lambda value: value is not None and (test is None or test(value))
    return test and (lambda value: value is None or test(value))


def _never(value: Plain) -> bool:
    return False


def _labels() -> Test:
    key_is_fine = lru_cache(_REMEMBERED)(lambda key: not key.startswith(OURS) and key_problem(key) is None)
    value_is_fine = lru_cache(_REMEMBERED)(lambda value: value_problem(value) is None)

    def are_fine(labels: Plain) -> bool:
        return (
            type(labels) is dict
            and len(labels) <= MOST_DECLARED
            and all(type(value) is str and key_is_fine(key) and value_is_fine(value) for key, value in labels.items())
        )

    return are_fine


def _list(shape: ListOf) -> Test:
    inner = _test(shape.item)
    is_checked = not shape.ordered_by_key and bool(shape.key or shape.as_set or shape.unique)

    def are_sound(members: Plain) -> bool:
        if type(members) is not list or (inner and not all(map(inner, members))):
            return False
        return not is_checked or _are_different(shape, members)

    return are_sound


def _are_different(shape: ListOf, members: list[Plain]) -> bool:
    if shape.key is None and isinstance(shape.item, Text | Reference):
        return all(type(member) is str for member in members) and len(set(members)) == len(members)
    return _has_no_problem(shape, members)


class _Remembered:
    """A kind's own check, with its answers by the declared values of the fields that it looks at.

    Which these are is seen by watching it: its answer depends on nothing else. Where it looks at all fields at once,
    or the record's rules may read anything, nothing is remembered.
    """

    def __init__(self, kind: Kind, check: Check) -> None:
        self._kind = kind
        self._check = check
        self._names: tuple[str, ...] = kind.record.ruled
        self._answers: dict[tuple[Plain, ...], bool] = {}
        self._looks_at_all = bool(kind.record.rules) and not kind.record.ruled

    def __call__(self, fields: Fields) -> bool:
        if self._looks_at_all:
            return not any(True for _ in self._check(canonicalize(self._kind, fields)))
        key = tuple([_mark(fields.get(name, _ABSENT)) for name in self._names])
        answer = self._answers.get(key)
        return self._judged(fields, key) if answer is None else answer

    def _judged(self, fields: Fields, key: tuple[Plain, ...]) -> bool:
        seen = _Watched(canonicalize(self._kind, {name: fields[name] for name in self._names if name in fields}))
        try:
            answer = not any(True for _ in self._check(seen))
        except KeyError:  # it may need a field that isn't known to be looked at yet
            answer = False
        further = seen.names.difference(self._names)
        if seen.looks_at_all or further:
            self._looks_at_all = seen.looks_at_all
            self._names = (*self._names, *sorted(further))
            self._answers.clear()
            return self(fields)
        if len(self._answers) >= _REMEMBERED:
            self._answers.clear()
        self._answers[key] = answer
        return answer


_ABSENT = object()


def _mark(value: Plain) -> Plain:
    """A value that equals no other value's: 1 isn't true here, nor 1.0."""
    return value if type(value) is str or value is None or value is _ABSENT else (type(value), repr(value))


class _Watched(Mapping[str, Plain]):
    """Fields that note which of them are looked at."""

    def __init__(self, fields: Fields) -> None:
        self._fields = fields
        self.names: set[str] = set()
        self.looks_at_all = False

    def __getitem__(self, name: str) -> Plain:
        self.names.add(name)
        return self._fields[name]

    def __iter__(self) -> Iterator[str]:
        self.looks_at_all = True
        return iter(self._fields)

    def __len__(self) -> int:
        self.looks_at_all = True
        return len(self._fields)
