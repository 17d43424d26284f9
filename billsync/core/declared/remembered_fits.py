"""Tests whether entities that belong to members fit, which remember their answers: most members have equal ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

from billsync.core.declared.watched import Watched
from billsync.model.kind import Find, Kind
from billsync.model.value import Fields, Plain

Fit: TypeAlias = Callable[[tuple[str, ...], Fields], bool]
"""The names of an entity and its declared fields -> whether they fit."""

_FEW = 3
_REMEMBERED = 20_000
_ABSENT = object()


class RememberedFits:
    """The tests of the entities of one kind that belong to those of another, `root`.

    An answer depends on the entity's fields, on those of its parent that a test asks `find` for, and on what doesn't
    change: which other entities there are. It is remembered for entities that have a few texts alone.
    """

    def __init__(self, kind: Kind, root: str, find: Find, tests: Callable[[Find], Iterable[Fit]]) -> None:
        self._kind = kind
        self._root = root
        self._find = find
        self._make = tests
        self._tests = tuple(tests(find))
        self._asked: tuple[str, ...] = ()
        self._answers: dict[Plain, bool] = {}

    def __call__(self, key: str, member: Fields, fields: Fields) -> bool:
        """Whether an entity fits that belongs to the member of a key."""
        if len(fields) > _FEW:
            return self._fits(key, fields, self._tests)
        asked = [member.get(name, _ABSENT) for name in self._asked]
        for value in (*fields.values(), *asked):
            if type(value) is not str and value is not _ABSENT:
                return self._fits(key, fields, self._tests)
        held = (*fields, *fields.values(), *asked)
        answer = self._answers.get(held)
        return self._judged(key, member, fields, held) if answer is None else answer

    def _fits(self, parent: str, fields: Fields, tests: Iterable[Fit]) -> bool:
        names = (parent, fields.get(self._kind.key, self._kind.default_key))
        return all(test(names, fields) for test in tests)

    def _judged(self, key: str, member: Fields, fields: Fields, held: Plain) -> bool:
        parent, seen = _Name(key), Watched(member)
        others: set[str] = set()

        def find(kind: str, name: str) -> Fields | None:
            if name is parent and kind == self._root:
                return seen
            others.add(kind)
            return self._find(kind, name)

        answer = self._fits(parent, fields, self._make(find))
        if self._root in others or seen.looks_at_all:
            return answer
        if not seen.names.issubset(self._asked):
            self._asked = (*self._asked, *sorted(seen.names.difference(self._asked)))
            self._answers.clear()
        elif len(self._answers) < _REMEMBERED:
            self._answers[held] = answer
        return answer


class _Name(str):
    """A name that is told from equal ones."""

    __slots__ = ()
