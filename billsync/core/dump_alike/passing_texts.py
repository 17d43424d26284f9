"""Ids and times in the bytes of rows, and all that is between them.

Rows of one length mostly have them at the same places. These are cut out there, and only compared with those before.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import zip_longest
from struct import Struct
from typing import Any

from billsync.core.dump_alike.moments import MOMENT
from billsync.model.frozen import dataclass

IDENTIFIER = "[0-9A-HJKMNP-TV-Z]{26}"
PASSING = re.compile(rf'"({IDENTIFIER}|{MOMENT})"'.encode())
"""An id, or a time."""
FORMS_OF_A_LENGTH = 8
LENGTHS = 1_000
BETWEEN = 1_000
"""The most that is remembered: forms of one length, lengths, and what is between the texts of a form. Other rows are
searched through."""


@dataclass(frozen=True, slots=True)
class Cut:
    """The texts of a row in their order, and what is the same in all rows of its form: the rest, and whether each text
    is a time."""

    rest: bytes
    are_times: tuple[bool, ...]
    texts: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class _Form:
    """Places of texts in rows of one length. `fits` looks at the texts, joined by quotes; `rests` are what may be
    between them, quotes included, and the same as it is found by a search."""

    sizes: tuple[int, ...]
    are_times: tuple[bool, ...]
    unpack: Callable[[bytes], tuple[Any, ...]]
    fits: Callable[[bytes], object]
    rests: dict[tuple[bytes, ...], bytes]


class PassingTexts:
    """Remembers the forms of rows."""

    def __init__(self) -> None:
        self._forms: dict[int, list[_Form]] = {}

    def cut(self, content: bytes) -> Cut:
        """The row's texts, as a search for them finds them.

        A search could find nothing else in a row that has the same between its texts as one that was searched: the
        quotes of both are at the same places, and all between two of them is the same or a text of the same sort.
        """
        for form in self._forms.get(len(content), ()):
            parts = form.unpack(content)
            rest = form.rests.get(parts[::2])
            if rest is not None and form.fits(b'"'.join(parts[1::2])):
                return Cut(rest, form.are_times, parts[1::2])
        return self._searched(content)

    def _searched(self, content: bytes) -> Cut:
        """The row's texts, by a search that is remembered."""
        parts = PASSING.split(content)
        between, texts, rest = _quoted(parts[::2]), tuple(parts[1::2]), b"\0".join(parts[::2])
        are_times = tuple(text[10:11] == b"T" and text[4:5] == b"-" for text in texts)
        sizes = tuple(len(part) for pair in zip_longest(between, texts) for part in pair if part is not None)
        forms = self._forms.setdefault(len(content), []) if len(self._forms) < LENGTHS else []
        form = next((form for form in forms if (form.sizes, form.are_times) == (sizes, are_times)), None)
        if form is None:
            form = _form(sizes, are_times)
            if len(forms) < FORMS_OF_A_LENGTH:
                forms.append(form)
        if len(form.rests) < BETWEEN:
            form.rests[between] = rest
        return Cut(rest, are_times, texts)


def _quoted(rest: list[bytes]) -> tuple[bytes, ...]:
    """All that is between the texts, with their quotes."""
    opened = [*(part + b'"' for part in rest[:-1]), rest[-1]]
    return (opened[0], *(b'"' + part for part in opened[1:]))


def _form(sizes: tuple[int, ...], are_times: tuple[bool, ...]) -> _Form:
    fits = re.compile('"'.join(MOMENT if is_time else IDENTIFIER for is_time in are_times).encode())
    unpack = Struct("".join(f"{size}s" for size in sizes)).unpack
    return _Form(sizes, are_times, unpack, fits.fullmatch, {})
