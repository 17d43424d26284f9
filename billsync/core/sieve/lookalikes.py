"""Rows that look like one that was certainly equal to its declaration: little more than their ids is read.

Rows look alike where they differ in digits and capital letters alone (`looks`), so that they have the same fields in
the same places. One is certainly equal, too, if all that was looked at in the other is the same, byte for byte, for an
equal declaration, and its times are times. All else is text of any form, of types that its look shows, or passed over.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from json import JSONDecoder
from struct import Struct
from typing import Any, TypeAlias

from billsync.core.sieve.columns import Columns
from billsync.core.sieve.form import Form
from billsync.core.sieve.joint import WITHHELD
from billsync.core.sieve.looks import LOOK, MOST, TIMES, Times, has_no_marks
from billsync.core.sieve.typed import MOMENTS, TEXTS, attribute
from billsync.model.address import Address
from billsync.model.value import Fields

FEW = 3
"""Texts of a declaration at most."""
MOST_EQUAL = 10_000
"""Equal rows that are remembered at most."""

_LONG_NUMBER = re.compile(r"[:,\[]\s*-?[0-9]{16}")
"""The beginning of a number that a type may have no room for, where it has room for another one as long."""
_SPACE = re.compile(r"[ \t\n\r]*")
_SCAN = JSONDecoder().raw_decode

Span: TypeAlias = tuple[int, int]
"""The places where a value begins and ends."""
Parts: TypeAlias = Callable[[bytes], tuple[bytes, ...]]
"""The values of a row that stand in some places."""


class Lookalike:
    """The rows of one look. `times` gives a row's times."""

    def __init__(self, columns: Columns, text: str) -> None:
        """Raises ValueError, LookupError for a row that no other one can be told by."""
        spans = _spans(text)
        self.columns = columns
        self._own = {name: spans[wire] for name, wire in columns.wires.items() if wire in spans}
        self._equal: dict[tuple[str, ...], tuple[Parts, dict[Any, Address | bool]]] = {}
        self._ids = _parts(_inside(self._own["id"]), _inside(self._own["parent"]))
        self._is_first = self._own["id"] < self._own["parent"]
        self.times = _parts(*_times(columns, self._own, text))

    def ids(self, row: bytes) -> tuple[str, str]:
        """The id of a row, and that of its parent."""
        first, second = self._ids(row)
        own, parent = (first, second) if self._is_first else (second, first)
        return own.decode("ascii"), parent.decode("ascii")

    def equal(self, want: Fields, row: bytes) -> Address | bool:
        """The equality of a row to a declaration of texts, if it is known."""
        known = self._equal.get(tuple(want))
        return known is not None and known[1].get((*want.values(), *known[0](row)), False)

    def learn(self, want: Fields, looked_at: Collection[str], row: bytes, equal: Address | bool) -> None:
        """Remember that a row is equal to a declaration of texts, by these attributes of its type."""
        known = self._equal.get(tuple(want))
        if known is None:
            names = {*looked_at, *(name for name, form, _ in self.columns.fields if self._is_choosy(name, form))}
            known = self._equal[tuple(want)] = (_parts(*(self._own[name] for name in self._own if name in names)), {})
        known[1][(*want.values(), *known[0](row))] = equal

    def _is_choosy(self, name: str, form: Any) -> bool:
        """Whether a column takes some texts and not others that look like them, besides times."""
        return name not in self.columns.looked_at and form not in TEXTS and form not in MOMENTS


class Lookalikes:
    """The rows of one kind of chain by their looks."""

    def __init__(self, form: Form) -> None:
        self._form = form
        self._known: dict[bytes, Lookalike | None] = {}
        self._times = Times()
        self._last: tuple[bytes, Lookalike | None] = (b"", None)
        self._found = self._missed = self._learned = 0
        self._is_used = form.joint is None or WITHHELD not in form.joint.attributes

    def of(self, row: bytes) -> Lookalike | None:
        """The rows that a row looks like, if one of them was equal, and it has times where they have some."""
        if not self._is_used:
            return None
        look = row.translate(LOOK)
        known = self._last[1] if look == self._last[0] else self._known.get(look)
        if known is None or not self._times.hold(known.times(row)):
            self._missed += 1
            self._is_used = self._missed < MOST or self._missed < self._found
            return None
        self._found += 1
        self._last = look, known
        return known

    def learn(self, want: Fields, row: Any, equal: Address | bool) -> None:
        """Remember that a typed row, which has its bytes, is certainly equal to a declaration."""
        if not self._is_used or not is_of_texts(want) or self._learned >= MOST_EQUAL:
            return
        self._learned += 1
        raw, columns = bytes(row.bytes), self._form.columns[type(row)]
        look = raw.translate(LOOK)
        if look not in self._known and len(self._known) < MOST:
            self._known[look] = _lookalike(columns, raw)
        known = self._known.get(look)
        if known is not None and known.columns is columns:
            known.learn(want, self._looked_at(want), raw, equal)

    def _looked_at(self, want: Fields) -> frozenset[str]:
        """The attributes of a row that say whether it is equal to a declaration, or over."""
        form = self._form
        fields = {"labels", *want, *form.kind.inherits, *(name for name, _, _, _ in form.undeclared)}
        joint = form.joint.attributes.values() if form.joint else ()
        return frozenset({"status", "deleted_at", *map(attribute, fields), *joint})


def is_of_texts(want: Fields) -> bool:
    """Whether a declaration is a few texts."""
    if len(want) > FEW:
        return False
    for value in want.values():  # noqa: SIM110  a generator for each row takes longer than the look
        if type(value) is not str:
            return False
    return True


def _lookalike(columns: Columns, row: bytes) -> Lookalike | None:
    """The rows that look like this one; None where their looks may hide a difference."""
    if not row.isascii() or b"\\" in row or not all(map(has_no_marks, columns.wires.values())):
        return None
    text = row.decode("ascii")
    if _LONG_NUMBER.search(text):
        return None
    try:
        return Lookalike(columns, text)
    except (ValueError, LookupError):
        return None


def _spans(text: str) -> dict[str, Span]:
    """The values of a map in JSON by its names, none of which stands twice. Raises ValueError."""
    found: dict[str, Span] = {}
    at = _after(text, 0, "{")
    while True:
        name, end = _SCAN(text, _space(text, at))
        begin = _space(text, _after(text, end, ":"))
        _, end = _SCAN(text, begin)
        if name in found:
            raise ValueError(name)
        found[name] = (begin, end)
        if text[_space(text, end)] == "}":
            return found
        at = _after(text, end, ",")


def _after(text: str, at: int, mark: str) -> int:
    at = _space(text, at)
    if text[at] != mark:
        raise ValueError(mark)
    return at + 1


def _space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    assert found is not None
    return found.end()


def _inside(span: Span) -> Span:
    """The text between quotes."""
    return span[0] + 1, span[1] - 1


def _times(columns: Columns, own: dict[str, Span], text: str) -> Iterator[Span]:
    """The times in columns that must have some."""
    row = text.encode()
    for name, form, _ in columns.fields:
        if (span := own.get(name)) is None:
            continue
        if name in columns.looked_at:
            yield from (found.span() for found in TIMES.finditer(row, *span))
        elif form in MOMENTS and text[span[0]] == '"':
            yield _inside(span)


def _parts(*spans: Span) -> Parts:
    """A function that gives the values in these places, in the order in which they stand."""
    pattern, at = "<", 0
    for begin, end in sorted(spans):
        pattern += f"{begin - at}x{end - begin}s"
        at = end
    return Struct(pattern).unpack_from
