"""Equal parts of members, each kept once: most members have their plan, labels or grants in common with others."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from billsync.config.quick.values import json_writer
from billsync.model.value import Plain

TRIED = 500
"""New values of a field after which it shows whether they are alike: half of all must have been there before."""
SETTLED = 2_000
"""Members after which only fields are looked at whose values were alike."""
MOST = 20_000
"""The most values of a field that are remembered."""


class Shared:
    """Values that were there before, by the field in which they stand."""

    def __init__(self) -> None:
        self._fields: dict[str, _Field] = {}
        self._count = 0

    def keep(self, members: Iterable[Plain]) -> None:
        """Put values that were there before in the place of equal ones. Equal are those that are written alike."""
        written = json_writer()
        for member in members:
            if type(member) is dict:
                self._keep_in(member, written)

    def _keep_in(self, fields: dict[str, Any], written: Callable[[Plain], bytes]) -> None:
        self._count += 1
        if self._count == SETTLED:
            self._fields = {name: field for name, field in self._fields.items() if field.is_worth_it}
        known, is_settled = self._fields, self._count >= SETTLED
        for name in known if is_settled else fields:
            value: Any = fields.get(name)
            field = known.get(name)
            if field is None:
                field = known[name] = _Field()
            kind = type(value)
            if not field.is_alike:
                if kind is dict:
                    field.inside._keep_in(value, written)
            elif kind is str or kind is dict or kind is list:
                text = value if kind is str else written(value)
                found = field.known.get(text)
                if found is None:
                    field.learn(text, value)
                else:
                    field.hits += 1
                    fields[name] = found


class _Field:
    """The values of a field by their text. Where they aren't alike, the fields of those that are maps may be, `inside`
    them."""

    __slots__ = ("hits", "inside", "is_alike", "known", "misses")

    def __init__(self) -> None:
        self.is_alike = True
        self.inside = Shared()
        self.known: dict[str | bytes, Any] = {}
        self.hits = self.misses = 0

    @property
    def is_worth_it(self) -> bool:
        """Whether anything was found to be alike."""
        return self.is_alike or any(field.is_worth_it for field in self.inside._fields.values())

    def learn(self, text: str | bytes, value: Any) -> None:
        """Remember a value that wasn't there before."""
        self.misses += 1
        if len(self.known) < MOST:
            self.known[text] = value
        if self.misses > TRIED and self.hits < self.misses:
            self.is_alike = False
            self.known.clear()
