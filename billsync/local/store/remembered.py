"""Answers to questions about rows, remembered until something is written or a row's time comes."""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

FOREVER = 1 << 62
TIMES = ("begins_at", "ends_at")
MOST_COUNTS, MOST_LISTS = 1000, 8
NOW = "now"

_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class Question:
    """A resource, a condition on its rows (SQL with named parameters), the values of these, and an order."""

    resource: str
    where: str
    values: Mapping[str, Any]
    order: str = ""

    @property
    def condition(self) -> str:
        return f"resource = '{self.resource}' AND {self.where}"

    @property
    def asked(self) -> dict[str, Any]:
        """The values that the condition names."""
        given = {**self.values, "resource": self.resource}
        return {name: value for name, value in given.items() if f":{name}" in self.where}

    @property
    def key(self) -> tuple[Any, ...]:
        """The question without its moment."""
        asked = ((name, value) for name, value in self.asked.items() if name != NOW)
        return (self.resource, self.where, self.order, *asked)

    @property
    def has_moment(self) -> bool:
        return f":{NOW}" in self.where

    @property
    def is_of_own_times(self) -> bool:
        """Whether only the times of live rows of the resource are compared with the moment."""
        return "SELECT" not in self.where and self.where.startswith("deleted_at IS NULL")

    @property
    def moment(self) -> int:
        return int(self.values.get(NOW, 0)) if self.has_moment else 0

    def later(self, column: str) -> str:
        """SQL for the live rows of the resource with a later time in this column."""
        return f"resource = '{self.resource}' AND deleted_at IS NULL AND {column} > :{NOW}"


@dataclass(slots=True)
class Answers(Generic[_Answer]):
    """The last answers, each with the moment that it was given for, and the moment from which it may differ."""

    most: int
    version: tuple[int, int] = (0, 0)
    found: OrderedDict[tuple[Any, ...], tuple[_Answer, int, int]] = field(default_factory=OrderedDict)

    def get(self, question: Question, version: tuple[int, int]) -> _Answer | None:
        """The answer, if nothing was written since and no row's time has come; None for none."""
        if version != self.version:
            self.found.clear()
            self.version = version
        answer, since, until = self.found.get(question.key, (None, 0, 0))
        return answer if since <= question.moment < until else None

    def keep(self, question: Question, answer: _Answer, until: int | None) -> None:
        """Remembers the answer, which was looked up just now, up to a moment; None: not at all."""
        if until is None:
            return
        self.found[question.key] = (answer, question.moment, until)
        self.found.move_to_end(question.key)
        if len(self.found) > self.most:
            self.found.popitem(last=False)


@dataclass(slots=True)
class Remembered:
    """The numbers of rows, and the places of the rows of lists."""

    counts: Answers[int] = field(default_factory=lambda: Answers(MOST_COUNTS))
    places: Answers[array[int]] = field(default_factory=lambda: Answers(MOST_LISTS))
