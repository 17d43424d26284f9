"""Ids and times in the bytes of rows, and all that is between them.

Rows of one length mostly have them at the same places. These are cut out there, and only compared with those before.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import zip_longest
from struct import Struct
from typing import Any, NamedTuple

from billsync.core.dump_alike.moments import MOMENT, Moments
from billsync.model.frozen import dataclass

ALPHABET = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ"
PASSING = re.compile(rf'"([{ALPHABET.decode()}]{{26}}|{MOMENT})"'.encode())
"""An id, or a time."""
FORMS_OF_A_LENGTH = 8
LENGTHS = 1_000
BETWEEN = 1_000
"""The most that is remembered: forms of one length, lengths, and what is between the texts of a form. Other rows are
searched through."""


class Cut(NamedTuple):
    """The texts of a row: its ids, and then its times, each in their order. The number of its `frame` says what is
    between them, and which of them are times."""

    frame: int
    texts: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class _Form:
    """Places of ids and times in rows of one length, and the frames of what may be between them, quotes included."""

    sizes: tuple[int, ...]
    are_times: tuple[bool, ...]
    between: Callable[[bytes], tuple[bytes, ...]]
    ids: Callable[[bytes], tuple[bytes, ...]]
    times: Callable[[bytes], tuple[bytes, ...]]
    frames: dict[tuple[bytes, ...], int]


class PassingTexts:
    """Remembers the forms of rows."""

    def __init__(self) -> None:
        self._forms: dict[int, list[_Form]] = {}
        self._frames: dict[Any, int] = {}
        self._times = Moments()

    def cut(self, content: bytes) -> Cut:
        """The row's texts, as a search for them finds them.

        A search could find nothing else in a row that has the same between its texts as one that was searched: the
        quotes of both are at the same places, and all between two of them is the same or a text of the same sort.
        """
        for form in self._forms.get(len(content), ()):
            frame = form.frames.get(form.between(content))
            if frame is not None:
                ids, times = form.ids(content), form.times(content)
                if self._times.hold(times) and not b"".join(ids).translate(None, ALPHABET):
                    return Cut(frame, ids + times)
        return self._searched(content)

    def _searched(self, content: bytes) -> Cut:
        """The row's texts, by a search that is remembered."""
        parts = PASSING.split(content)
        between, texts, rest = _quoted(parts[::2]), tuple(parts[1::2]), b"\0".join(parts[::2])
        are_times = tuple(text[10:11] == b"T" and text[4:5] == b"-" for text in texts)
        times = tuple(text for text, is_time in zip(texts, are_times, strict=True) if is_time)
        frame = self._frames.setdefault((rest, are_times), len(self._frames))
        form = self._form(len(content), tuple(map(len, _in_turn(between, texts))), are_times)
        if len(form.frames) < BETWEEN:
            form.frames[between] = frame
        return Cut(frame, tuple(text for text, is_time in zip(texts, are_times, strict=True) if not is_time) + times)

    def _form(self, length: int, sizes: tuple[int, ...], are_times: tuple[bool, ...]) -> _Form:
        """The form with texts at these places, which is remembered if there is room."""
        forms = self._forms.setdefault(length, []) if len(self._forms) < LENGTHS else []
        for form in forms:
            if (form.sizes, form.are_times) == (sizes, are_times):
                return form
        form = _form(sizes, are_times)
        if len(forms) < FORMS_OF_A_LENGTH:
            forms.append(form)
        return form


def _quoted(rest: list[bytes]) -> tuple[bytes, ...]:
    """All that is between the texts, with their quotes."""
    opened = [*(part + b'"' for part in rest[:-1]), rest[-1]]
    return (opened[0], *(b'"' + part for part in opened[1:]))


def _in_turn(between: Sequence[Any], texts: Sequence[Any]) -> Iterable[Any]:
    return (part for pair in zip_longest(between, texts) for part in pair if part is not None)


def _form(sizes: tuple[int, ...], are_times: tuple[bool, ...]) -> _Form:
    sorts = tuple(_in_turn(["between"] * (len(are_times) + 1), ["time" if is_time else "id" for is_time in are_times]))

    def reader(sort: str) -> Callable[[bytes], tuple[bytes, ...]]:
        marks = (f"{size}{'s' if sort == of else 'x'}" for size, of in zip(sizes, sorts, strict=True))
        return Struct("".join(marks)).unpack

    return _Form(sizes, are_times, reader("between"), reader("id"), reader("time"), {})
