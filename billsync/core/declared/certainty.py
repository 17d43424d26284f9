"""Quick tests that are true only where `core.declared.check` surely finds no problem; they make no messages.

They are compiled from the shapes, and remember their answers by the values that they look at. A test that is false
says nothing: the full check decides.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from functools import lru_cache, partial
from itertools import repeat
from typing import TypeAlias

from billsync.core.declared.check import part_problems
from billsync.core.declared.watched import Watched
from billsync.core.views.normalize import canonicalize
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

_EXACT = frozenset({str, Decimal})
_REMEMBERED = 20_000
"""Answers that each test remembers at most."""


def surely_sound(kind: Kind) -> Test:
    """A test of the declared fields of an entity whose schema accepts them.

    True means that `core.declared.check.problems` finds nothing in them.
    """
    values = _record(kind.record) or _always
    of_key, others = (_Remembered(kind, group) if group else _always for group in _groups(kind))
    is_plain = re.compile(kind.plain_key).fullmatch if kind.plain_key else _never
    key = kind.key

    def is_sound(fields: Fields) -> bool:
        if not (values(fields) and others(fields)):
            return False
        name = fields.get(key)
        return (type(name) is str and bool(is_plain(name))) or of_key(fields)

    return is_sound


def _groups(kind: Kind) -> tuple[list[Check], list[Check]]:
    """The kind's checks that look at the key alone, of which each entity has another, and all the others."""
    groups: tuple[list[Check], list[Check]] = ([], [])
    for check in kind.checks:
        seen = Watched(canonicalize(kind, kind.example))
        list(check(seen))
        groups[seen.names != {kind.key}].append(check)
    return groups


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
            return partial(_has_no_problem, shape)
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


def _is_remembered(shape: Shape) -> bool:
    """Whether it pays to remember which texts are sound."""
    return isinstance(shape, Number | Duration | Timestamp)


def _is_whole(words: tuple[tuple[type, Plain], ...], value: Plain) -> bool:
    """Whether it is an int or one of the words: 1 isn't true here, nor 1.0 a whole number."""
    return type(value) is int or (type(value), value) in words


def _record(record: Record) -> Test | None:
    tests = {name: test for name, field in record.fields.items() if (test := _field(field)) is not None}
    if not tests:
        return None

    sound: dict[str, set[Plain]] = {name: set() for name in tests if _is_remembered(record.fields[name].shape)}

    def is_sound(fields: Plain) -> bool:
        if type(fields) is not dict:
            return record.short is not None or fields is None
        for name, value in fields.items():
            if name not in tests:
                continue
            if name not in sound or type(value) not in _EXACT:
                if not tests[name](value):
                    return False
                continue
            mark = value if type(value) is str else (str(value),)  # 1.0 and 1.00 aren't the same here
            if mark in sound[name]:
                continue
            if not tests[name](value):
                return False
            if len(sound[name]) < _REMEMBERED:
                sound[name].add(mark)
        return True

    return is_sound


def _field(field: Field) -> Test | None:
    if field.refused:
        return _never
    test = _test(field.shape)
    if field.clear:
        return (lambda value: value is not None and test(value)) if test else _is_given
    return test and (lambda value: value is None or test(value))


def _always(value: Plain) -> bool:
    return True


def _never(value: Plain) -> bool:
    return False


def _is_given(value: Plain) -> bool:
    return value is not None


def _labels() -> Test:
    @lru_cache(_REMEMBERED)
    def is_fine(key: str, value: str) -> bool:
        return not key.startswith(OURS) and key_problem(key) is None and value_problem(value) is None

    def are_fine(labels: Plain) -> bool:
        if type(labels) is not dict or len(labels) > MOST_DECLARED:
            return False
        for key, value in labels.items():  # noqa: SIM110
            if not is_fine(key, value):
                return False
        return True

    return are_fine


def _list(shape: ListOf) -> Test | None:
    inner = _test(shape.item)
    is_checked = not shape.ordered_by_key and bool(shape.key or shape.as_set or shape.unique)
    if not is_checked:
        return (lambda members: type(members) is list and all(map(inner, members))) if inner else None
    if shape.key is None and inner is None and isinstance(shape.item, Text | Reference):
        return lambda members: type(members) is list and len(set(members)) == len(members)
    return partial(_has_no_problems, shape)


class _Remembered:
    """Checks of a kind, with their answers by the declared values of the fields that they look at.

    Which these are is seen by watching them: their answer depends on nothing else. Where one looks at all fields at
    once, or the record's rules may read anything, nothing is remembered.
    """

    def __init__(self, kind: Kind, checks: Iterable[Check]) -> None:
        self._kind = kind
        self._checks = tuple(checks)
        self._names: tuple[str, ...] = kind.record.ruled
        self._answers: dict[Plain, bool] = {}
        self._looks_at_all = bool(kind.record.rules) and not kind.record.ruled
        self._are_texts = False

    def __call__(self, fields: Fields) -> bool:
        if self._looks_at_all:
            return self._has_no_problem(canonicalize(self._kind, fields))
        key: Plain = fields.get(self._names[0], _ABSENT) if len(self._names) == 1 else _ABSENT
        if key is _ABSENT or type(key) not in _OWN_MARKS:
            key = tuple(map(fields.get, self._names, repeat(_ABSENT)))
            if not _OWN_MARKS.issuperset(map(type, key)):
                key = tuple([value if type(value) in _OWN_MARKS else (type(value), repr(value)) for value in key])
        answer = self._answers.get(key)
        return self._judged(fields, key) if answer is None else answer

    def _judged(self, fields: Fields, key: Plain) -> bool:
        declared = {name: fields[name] for name in self._names if name in fields}
        is_canonical = self._are_texts and None not in declared.values()
        seen = Watched(declared if is_canonical else canonicalize(self._kind, declared))
        try:
            answer = self._has_no_problem(seen)
        except KeyError:  # it may need a field that isn't known to be looked at yet
            answer = False
        if seen.looks_at_all or not seen.names.issubset(self._names):
            self._learn(seen)
            return self(fields)
        if len(self._answers) >= _REMEMBERED:
            self._answers.clear()
        self._answers[key] = answer
        return answer

    def _has_no_problem(self, fields: Fields) -> bool:
        return not any(True for check in self._checks for _ in check(fields))

    def _learn(self, seen: Watched) -> None:
        self._looks_at_all = seen.looks_at_all
        self._names = (*self._names, *sorted(seen.names.difference(self._names)))
        self._answers.clear()
        known = self._kind.record.fields
        shapes = [known[name].shape if name in known else None for name in self._names]
        self._are_texts = all(isinstance(shape, Text) and not shape.clearable for shape in shapes)


_ABSENT = object()
_OWN_MARKS = frozenset({str, type(None), object})
"""Types of values that equal none of another type: 1 is no mark of itself, as true equals it, and 1.0."""
