"""Parts of rows that are only held to the API's promises: of those that look alike, one is checked in full.

Texts look alike where they differ in digits and capital letters alone. No name that is promised has any of those, so
that their lists, maps and values are of the same types, and numbers as text have the same form; only times may be
wrong in one and right in the other, and are looked at in each. Both are JSON already, and neither has an escape.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from string import ascii_uppercase, digits
from typing import Any

import msgspec

from billsync.api.promises import MOMENT, Promise
from billsync.core.sieve.typed import A_MOMENT

MOST = 1_000
"""Looks that are remembered at most, and checks in full after which it must have been worth the while."""
MOST_TIMES = 20_000

LOOK = bytes.maketrans((digits + ascii_uppercase).encode(), b"0" * len(digits) + b"A" * len(ascii_uppercase))
_BETWEEN = b"\0"
"""No JSON holds this byte."""

_WITHOUT = str.maketrans("", "", digits + ascii_uppercase)
_TIME = re.compile(A_MOMENT.encode())
TIMES = re.compile(rb'(?<=")%b(?=")' % A_MOMENT.encode())


class Times:
    """Texts that are known to be times."""

    def __init__(self) -> None:
        self._known: set[bytes] = set()

    def hold(self, texts: Sequence[bytes]) -> bool:
        """Whether all are times."""
        return self._known.issuperset(texts) or all(map(self._is_time, texts))

    def _is_time(self, text: bytes) -> bool:
        if _TIME.fullmatch(text) is None:
            return False
        if len(self._known) >= MOST_TIMES:
            self._known.clear()
        self._known.add(text)
        return True


class Looks:
    """The parts of rows of one type: their attributes, each with the type that its JSON must have."""

    def __init__(self, parts: Mapping[str, Any]) -> None:
        self._get: Callable[[Any], Iterable[msgspec.Raw]] = attrgetter(*parts) if len(parts) > 1 else _single(*parts)
        self._decoders = [msgspec.json.Decoder(form) for form in parts.values()]
        self._known: dict[bytes, tuple[slice, ...]] = {}
        self._times = Times()
        self._checked = 0
        self._spared = 0

    def are_kept(self, row: Any) -> bool:
        """Whether the parts of a row certainly keep the API's promises."""
        parts = self._get(row)
        if self._checked > MOST and self._spared < self._checked:
            return self._are_sound(parts)
        text = _BETWEEN.join(parts)
        look = text.translate(LOOK)
        places = self._known.get(look)
        if places is None:
            return self._learned(parts, text, look)
        self._spared += 1
        return self._times.hold([text[place] for place in places])

    def _learned(self, parts: Iterable[msgspec.Raw], text: bytes, look: bytes) -> bool:
        self._checked += 1
        if not self._are_sound(parts):
            return False
        if b"\\" not in text:  # an escape looks like another one that means something else
            if len(self._known) >= MOST:
                self._known.clear()
            self._known[look] = tuple(slice(*found.span()) for found in TIMES.finditer(text))
        return True

    def _are_sound(self, parts: Iterable[msgspec.Raw]) -> bool:
        try:
            for decoder, part in zip(self._decoders, parts, strict=True):
                decoder.decode(part)
        except (msgspec.DecodeError, RecursionError):
            return False
        return True


def _single(name: str) -> Callable[[Any], Iterable[msgspec.Raw]]:
    get = attrgetter(name)
    return lambda row: (get(row),)


def has_look(promise: Promise) -> bool:
    """Whether values that look alike keep a promise alike, but for times."""
    return all(map(has_no_marks, _names(promise)))


def has_no_marks(name: str) -> bool:
    """Whether no other name looks like this one."""
    return name == name.translate(_WITHOUT)


def is_worth_it(promises: Iterable[Promise]) -> bool:
    """Whether there is more to check than a few texts."""
    return any(not isinstance(promise, str) for promise in promises)


def is_looked_at(promise: Promise) -> bool:
    """Whether a promise is about more than the type of one value, and can be kept by looks."""
    return (not isinstance(promise, str) or promise == MOMENT) and has_look(promise)


def _names(promise: Promise) -> Iterator[str]:
    """The names of fields in a promise."""
    if isinstance(promise, tuple):
        yield from _names(promise[0])
    elif isinstance(promise, Mapping):
        for name, inner in promise.items():
            yield name
            yield from _names(inner)
