"""The gathering of a recovery snapshot: contents in a file, and in memory a digest and a place of each."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Container, Iterator
from hashlib import blake2b
from threading import Lock
from typing import IO, NamedTuple

DIGEST_BYTES = 16


class _Place(NamedTuple):
    """The place of a content in the file, and the digest by which it is compared."""

    offset: int
    length: int
    digest: bytes


class Gathering:
    """Contents by sort and name, in the order in which they came first. `file` is an empty file for reading and
    writing, which only grows: what took the place of something else stands at its end."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._lock = Lock()  # pages of a list are decoded by several threads
        self._places: dict[str, dict[str, _Place]] = defaultdict(dict)

    def put(self, sort: str, name: str, content: bytes, *, steady: bytes | None = None) -> None:
        """Keep a content. `steady` is the part of it by which it is compared, where that isn't all of it."""
        digest = _digest(content if steady is None else steady)
        with self._lock:
            offset = self._file.seek(0, os.SEEK_END)
            self._file.write(content)
            self._places[sort][name] = _Place(offset, len(content), digest)

    def has(self, sort: str, name: str, steady: bytes) -> bool:
        """Whether the content is there, with this steady part."""
        known = self._places[sort].get(name)
        return known is not None and known.digest == _digest(steady)

    def get(self, sort: str, name: str) -> bytes:
        """The content; empty where there is none."""
        place = self._places[sort].get(name)
        if place is None:
            return b""
        with self._lock:
            self._file.seek(place.offset)
            return self._file.read(place.length)

    def drop(self, sort: str, name: str) -> None:
        """Forget a content, if it is there."""
        self._places[sort].pop(name, None)

    def names(self, sort: str) -> tuple[str, ...]:
        """The names of all contents of a sort."""
        return tuple(self._places[sort])

    def all(self, sort: str) -> Iterator[bytes]:
        """All contents of a sort."""
        return (self.get(sort, name) for name in self.names(sort))


def _digest(content: bytes) -> bytes:
    return blake2b(content, digest_size=DIGEST_BYTES).digest()


Place = tuple[str, str]
"""A sort and a name."""


class Reading:
    """One reading into a gathering. `moved` is what came, went or changed since the one before, with its earlier
    content."""

    def __init__(self, gathering: Gathering) -> None:
        self._gathering = gathering
        self.moved: dict[Place, bytes] = {}

    def put(self, sort: str, name: str, content: bytes, *, steady: bytes | None = None) -> None:
        """Keep a content, unless it is there already."""
        if not self._gathering.has(sort, name, content if steady is None else steady):
            self.moved.setdefault((sort, name), self._gathering.get(sort, name))
            self._gathering.put(sort, name, content, steady=steady)

    def has(self, sort: str, name: str, steady: bytes) -> bool:
        """Whether the content is there, with this steady part."""
        return self._gathering.has(sort, name, steady)

    def drop(self, sort: str, name: str) -> None:
        """Forget a content, if it is there."""
        if before := self._gathering.get(sort, name):
            self.moved.setdefault((sort, name), before)
            self._gathering.drop(sort, name)

    def keep_only(self, sort: str, names: Container[str]) -> None:
        """Forget all contents of a sort but these."""
        for name in self._gathering.names(sort):
            if name not in names:
                self.drop(sort, name)
