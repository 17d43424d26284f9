"""The gathering of a recovery snapshot: what is read is kept in a database on disk, so that memory holds little of it.

The database is in no folder any more once it is open: it ends with the process, however that ends.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Container, Iterator
from hashlib import blake2b
from pathlib import Path
from tempfile import NamedTemporaryFile
from threading import Lock
from types import TracebackType
from typing import Any, NamedTuple, TypeAlias

DIGEST_BYTES = 16
AT_ONCE = 200
"""Rows in memory while all of a sort are looked through."""
IN_MEMORY = ":memory:"
_Rows: TypeAlias = list[tuple[Any, ...]]
_SCHEMA = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA locking_mode = EXCLUSIVE;
CREATE TABLE contents (
    number INTEGER PRIMARY KEY, sort TEXT NOT NULL, name BLOB NOT NULL, owner BLOB NOT NULL, mark BLOB,
    digest BLOB NOT NULL, content BLOB NOT NULL
);
CREATE UNIQUE INDEX names ON contents (sort, name);
CREATE INDEX owners ON contents (sort, owner);
CREATE INDEX sorts ON contents (sort);
CREATE TABLE listed (
    sort TEXT, place INTEGER, name BLOB NOT NULL, is_live INTEGER NOT NULL, PRIMARY KEY (sort, place)
) WITHOUT ROWID;
CREATE INDEX listed_names ON listed (sort, name, is_live);
BEGIN;
"""
"""Every name is looked up in one index alone: SQLite takes a shorter one for an index that lacks a column."""
_PUT = """
INSERT INTO contents (sort, name, owner, mark, digest, content) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (sort, name) DO UPDATE
SET owner = excluded.owner, mark = excluded.mark, digest = excluded.digest, content = excluded.content
"""


class Known(NamedTuple):
    """A content without its bytes: its name, what it belongs to, and a mark by which later reads choose."""

    name: str
    owner: str = ""
    mark: str | None = None


class Gathering:
    """Contents by sort and name, in the order in which they came first. Every method raises OSError where the disk
    fails."""

    def __init__(self, path: str = IN_MEMORY) -> None:
        self._lock = Lock()  # pages of a list are decoded by several threads
        self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._database.executescript(_SCHEMA)

    @classmethod
    def within(cls, folder: Path) -> Gathering:
        """A gathering in a file of a folder, for its user only, which nothing leads to. Raises OSError."""
        with NamedTemporaryFile(dir=folder, prefix=".billsync-") as file:
            try:
                return cls(file.name)
            except sqlite3.Error as problem:
                raise OSError(str(problem)) from problem

    def __enter__(self) -> Gathering:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()

    def put(self, sort: str, known: Known, content: bytes, *, steady: bytes | None = None) -> None:
        """Keep a content. `steady` is the part of it by which it is compared, where that isn't all of it."""
        mark = None if known.mark is None else _bytes(known.mark)
        digest = _digest(content if steady is None else steady)
        self._rows(_PUT, sort, _bytes(known.name), _bytes(known.owner), mark, digest, content)

    def has(self, sort: str, name: str, steady: bytes) -> bool:
        """Whether the content is there, with this steady part."""
        found = self._rows("SELECT digest FROM contents WHERE sort = ? AND name = ?", sort, _bytes(name))
        return bool(found) and found[0][0] == _digest(steady)

    def get(self, sort: str, name: str) -> bytes:
        """The content; empty where there is none."""
        found = self._rows("SELECT content FROM contents WHERE sort = ? AND name = ?", sort, _bytes(name))
        return bytes(found[0][0]) if found else b""

    def owner(self, sort: str, name: str) -> str:
        """The owner of a content; empty where there is none."""
        found = self._rows("SELECT owner FROM contents WHERE sort = ? AND name = ?", sort, _bytes(name))
        return _text(found[0][0]) if found else ""

    def drop(self, sort: str, name: str) -> None:
        """Forget a content, if it is there."""
        self._rows("DELETE FROM contents WHERE sort = ? AND name = ?", sort, _bytes(name))

    def names(self, sort: str) -> Iterator[str]:
        """The names of all contents of a sort. They may be dropped meanwhile."""
        return (_text(name) for _, name in self._all("number, name", sort))

    def known(self, sort: str) -> Iterator[Known]:
        """All contents of a sort, without their bytes."""
        for _, name, owner, mark in self._all("number, name, owner, mark", sort):
            yield Known(_text(name), _text(owner), None if mark is None else _text(mark))

    def all(self, sort: str) -> Iterator[bytes]:
        """All contents of a sort."""
        return (bytes(content) for _, content in self._all("number, content", sort))

    def by_owner(self, sort: str) -> Iterator[Known]:
        """All contents of a sort without their bytes, ordered by what they belong to."""
        after: tuple[bytes, int] = b"", 0
        while found := self._rows(
            "SELECT owner, number, name, mark FROM contents WHERE sort = ? AND (owner, number) > (?, ?) "
            "ORDER BY owner, number LIMIT ?",
            *(sort, *after, AT_ONCE),
        ):
            for owner, _, name, mark in found:
                yield Known(_text(name), _text(owner), None if mark is None else _text(mark))
            after = found[-1][0], found[-1][1]

    def holding(self, sort: str) -> Container[str]:
        """The names of all contents of a sort, as they are when they are looked up."""
        return _Holding(self, sort)

    def listing(self, sort: str) -> Listing:
        """An empty listing of a sort; the one before is forgotten."""
        self._rows("DELETE FROM listed WHERE sort = ?", sort)
        return Listing(sort, self._rows)

    def listed(self, sort: str) -> Iterator[str]:
        """The names in the last listing of a sort that aren't of deleted entities, in its order."""
        after = -1
        while found := self._rows(
            "SELECT place, name FROM listed WHERE sort = ? AND place > ? AND is_live ORDER BY place LIMIT ?",
            *(sort, after, AT_ONCE),
        ):
            yield from (_text(name) for _, name in found)
            after = found[-1][0]

    def _all(self, columns: str, sort: str) -> Iterator[tuple[Any, ...]]:
        """These columns of all contents of a sort; the first is the number."""
        after = 0
        while found := self._rows(
            f"SELECT {columns} FROM contents WHERE sort = ? AND number > ? ORDER BY number LIMIT ?",
            *(sort, after, AT_ONCE),
        ):
            yield from found
            after = found[-1][0]

    def _rows(self, statement: str, *values: Any) -> _Rows:
        with self._lock:
            try:
                return self._database.execute(statement, values).fetchall()
            except sqlite3.Error as problem:
                raise OSError(str(problem)) from problem


class _Holding(Container[str]):
    def __init__(self, gathering: Gathering, sort: str) -> None:
        self._gathering, self._sort = gathering, sort

    def __contains__(self, name: object) -> bool:
        return bool(self._gathering.get(self._sort, str(name)))


class Listing(Container[str]):
    """The names in a list, in its order; those of deleted entities count, but aren't in it."""

    def __init__(self, sort: str, rows: Callable[..., _Rows]) -> None:
        self._sort, self._rows = sort, rows
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def __contains__(self, name: object) -> bool:
        found = "SELECT 1 FROM listed WHERE sort = ? AND name = ? AND is_live LIMIT 1"
        return bool(self._rows(found, self._sort, _bytes(str(name))))

    def append(self, name: str, *, is_live: bool) -> None:
        """Add a name at the end."""
        self._rows("INSERT INTO listed VALUES (?, ?, ?, ?)", self._sort, self._length, _bytes(name), is_live)
        self._length += 1

    def at(self, place: int) -> str:
        """The name at a place from 0 on. Raises IndexError."""
        return _text(self._rows("SELECT name FROM listed WHERE sort = ? AND place = ?", self._sort, place)[0][0])

    def cut(self, length: int) -> None:
        """Forget what stands behind so many names."""
        self._rows("DELETE FROM listed WHERE sort = ? AND place >= ?", self._sort, length)
        self._length = min(self._length, length)

    @property
    def has_twins(self) -> bool:
        """Whether a name is there twice."""
        twins = "SELECT 1 FROM listed WHERE sort = ? GROUP BY name HAVING count(*) > 1 LIMIT 1"
        return bool(self._rows(twins, self._sort))


def _digest(content: bytes) -> bytes:
    return blake2b(content, digest_size=DIGEST_BYTES).digest()


def _bytes(name: str) -> bytes:
    return name.encode(errors="surrogatepass")  # a server may show halves of characters


def _text(name: bytes) -> str:
    return name.decode(errors="surrogatepass")


Place = tuple[str, str]
"""A sort and a name."""


class Reading:
    """One reading into a gathering. `moved` is what came, went or changed since the one before, with its earlier
    content."""

    def __init__(self, gathering: Gathering) -> None:
        self._gathering = gathering
        self.moved: dict[Place, bytes] = {}

    def put(self, sort: str, known: Known, content: bytes, *, steady: bytes | None = None) -> None:
        """Keep a content, unless it is there already."""
        if not self._gathering.has(sort, known.name, content if steady is None else steady):
            self._note(sort, known.name)
            self._gathering.put(sort, known, content, steady=steady)

    def has(self, sort: str, name: str, steady: bytes) -> bool:
        """Whether the content is there, with this steady part."""
        return self._gathering.has(sort, name, steady)

    def drop(self, sort: str, name: str) -> None:
        """Forget a content, if it is there."""
        if self._gathering.get(sort, name):
            self._note(sort, name)
            self._gathering.drop(sort, name)

    def keep_only(self, sort: str, names: Container[str]) -> None:
        """Forget all contents of a sort but these."""
        for name in self._gathering.names(sort):
            if name not in names:
                self.drop(sort, name)

    def listing(self, sort: str) -> Listing:
        """An empty listing of a sort; the one before is forgotten."""
        return self._gathering.listing(sort)

    def _note(self, sort: str, name: str) -> None:
        self.moved.setdefault((sort, name), self._gathering.get(sort, name))


class FirstReading(Reading):
    """The first reading, before which there was nothing that could have moved."""

    def _note(self, sort: str, name: str) -> None:
        pass
