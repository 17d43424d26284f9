"""Rows of every resource in one SQLite file: a JSON document each, with the columns that lists and look-ups need.

Every call happens inside `transaction()`, one for each request. The meaning of a document is its resource's concern.
"""

from __future__ import annotations

import sqlite3
import threading
import weakref
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from billsync.local.store.documents import Document, parse, text_of
from billsync.local.store.layout import check_format, lay_out
from billsync.local.store.limits import BUSY_SECONDS
from billsync.local.store.readings import Readings
from billsync.local.store.remembered import FOREVER, TIMES, Question, Remembered
from billsync.local.store.times import from_micros, micros
from billsync.model.frozen import dataclass, replace

BATCH = 1000
CLOSING_SECONDS = 5.0
"""Longest wait for a request that is at work when the process ends; then the connection stays open."""
COLUMNS = "seq, resource, id, key, parent, created_at, updated_at, deleted_at, begins_at, ends_at, document"
INSERT = (
    f"INSERT INTO entity ({COLUMNS}) VALUES (:seq, :resource, :id, :key, :parent, :created_at, :updated_at,"
    " :deleted_at, :begins_at, :ends_at, :document)"
)
KEYS_AT_ONCE = 100
LIVE = "deleted_at IS NULL"
WITH_TERM = "seq IN (SELECT seq FROM term WHERE resource = :resource AND name = :term AND value = :value)"

TERMS_OF = "SELECT seq, name, value FROM term WHERE seq IN (SELECT value FROM json_each(?))"

CACHE_KIB = 64 * 1024
"""Memory for pages of the file, at most: enough for the indexes of 100,000 events, which come in at random times."""
PAGES_BETWEEN_CHECKPOINTS = 10_000
"""Pages that the log holds before they are copied into the file: a page that changes often is copied once."""


class Busy(Exception):
    """Another process holds the file for longer than a request waits."""


@dataclass(frozen=True, slots=True)
class Row:
    """One stored thing. `document` is what the resource keeps (never changed in place); `begins_at` and `ends_at` are
    the period in which it is in force; `terms` are further (name, value) pairs it can be found by."""

    resource: str
    id: str
    document: Document
    created_at: datetime
    updated_at: datetime
    key: str | None = None
    parent: str | None = None
    deleted_at: datetime | None = None
    begins_at: datetime | None = None
    ends_at: datetime | None = None
    terms: tuple[tuple[str, str], ...] = field(default=())
    seq: int = 0


def changed(row: Row, now: datetime, **columns: Any) -> Row:
    """The row with other columns, updated now; not stored yet."""
    return replace(row, updated_at=now, **columns)


class Store:
    """The rows of one database. Safe for threads (one request at a time) and for several processes on one file."""

    def __init__(self, database: str | Path) -> None:
        """Opens the file, and creates it if it is missing. Raises OtherFormat, sqlite3.Error."""
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(
            str(database), timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        weakref.finalize(self, close_between_requests, self._connection, self._lock)
        self._remembered = Remembered()
        self._writes = 0
        check_format(self._connection)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        self._connection.execute(f"PRAGMA wal_autocheckpoint = {PAGES_BETWEEN_CHECKPOINTS}")
        self._connection.create_function("folded", 1, _folded, deterministic=True)
        lay_out(self._connection)
        self.readings = Readings(self._connection)

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    @contextmanager
    def transaction(self, *, writes: bool = True) -> Iterator[None]:
        """Run a block as one transaction: its writes are kept only if it ends without an exception. Raises Busy."""
        with self._lock:
            self._begin("BEGIN IMMEDIATE" if writes else "BEGIN")
            try:
                yield
            except BaseException:
                self._writes += 1
                self.readings.remember_nothing()
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def _begin(self, statement: str) -> None:
        try:
            self._connection.execute(statement)
        except sqlite3.OperationalError as problem:
            if problem.sqlite_errorcode == sqlite3.SQLITE_BUSY:
                raise Busy from problem
            raise

    def setting(self, name: str) -> str | None:
        found = self._connection.execute("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
        return found[0] if found else None

    def set_setting(self, name: str, value: str) -> None:
        self._connection.execute("REPLACE INTO setting (name, value) VALUES (?, ?)", (name, value))

    def insert(self, row: Row) -> Row:
        """The row as it is kept, with its place in the order of making (`seq`)."""
        self._writes += 1
        cursor = self._connection.execute(INSERT, {**_values(row), "seq": None})
        kept = replace(row, seq=int(cursor.lastrowid or 0))
        self._write_terms(kept)
        return kept

    def next_place(self) -> int:
        """The `seq` of the next row that is inserted."""
        (last,) = self._connection.execute("SELECT max(seq) FROM entity").fetchone()
        return 1 + (last or 0)

    def insert_all(self, rows: Sequence[Row]) -> None:
        """Inserts rows without terms; the first has `next_place()`, and each other one the place after the last."""
        if rows:
            self._writes += 1
            self._connection.executemany(INSERT, map(_values, rows))

    def update(self, row: Row) -> Row:
        """Replaces the row that was read before; its terms are replaced with `row.terms`."""
        self._writes += 1
        self._connection.execute(
            "UPDATE entity SET key = :key, parent = :parent, updated_at = :updated_at, deleted_at = :deleted_at,"
            " begins_at = :begins_at, ends_at = :ends_at, document = :document WHERE seq = :seq",
            _values(row),
        )
        self._connection.execute("DELETE FROM term WHERE seq = ?", (row.seq,))
        self._write_terms(row)
        return row

    def get(self, resource: str, row_id: str) -> Row | None:
        """The row with this id, deleted or not."""
        return self.first(resource, "id = :id", {"id": row_id})

    def live_with_key(self, resource: str, key: str, parent: str | None = None) -> Row | None:
        """The row with this key that is not deleted."""
        return self.first(resource, f"key = :key AND parent IS :parent AND {LIVE}", {"key": key, "parent": parent})

    def live_keys(self, resource: str, keys: Sequence[str]) -> set[tuple[str | None, str | None]]:
        """Keys and parents of the rows that have one of these keys and aren't deleted."""
        found: set[tuple[str | None, str | None]] = set()
        marks = ",".join("?" * KEYS_AT_ONCE)
        sql = f"SELECT key, parent FROM entity WHERE resource = '{resource}' AND {LIVE} AND key IN ({marks})"
        for begin in range(0, len(keys), KEYS_AT_ONCE):
            lot = list(keys[begin : begin + KEYS_AT_ONCE])
            found.update(self._connection.execute(sql, lot + lot[:1] * (KEYS_AT_ONCE - len(lot))))
        return found

    def with_term(self, resource: str, name: str, value: str) -> list[Row]:
        """The rows that carry this term and are not deleted, oldest first."""
        return self.rows(resource, f"{LIVE} AND {WITH_TERM}", {"term": name, "value": value})

    def first(self, resource: str, where: str, values: Mapping[str, Any], *, order: str = "seq") -> Row | None:
        return next(iter(self.rows(resource, where, values, order=order, limit=1)), None)

    def rows(
        self,
        resource: str,
        where: str = LIVE,
        values: Mapping[str, Any] | None = None,
        *,
        order: str = "seq",
        limit: int = -1,
    ) -> list[Row]:
        """The rows of a resource that meet a condition (SQL over the columns and `document`, named parameters)."""
        found = self._connection.execute(
            f"SELECT {COLUMNS} FROM entity WHERE resource = '{resource}' AND {where} ORDER BY {order} LIMIT :limit",
            {**(values or {}), "resource": resource, "limit": limit},
        ).fetchall()
        return self._with_terms([_row(columns) for columns in found])

    def each(self, resource: str, where: str, values: Mapping[str, Any]) -> Iterator[Row]:
        """The rows that meet a condition, one after another, oldest first; other resources may be written meanwhile."""
        found = self._connection.execute(
            f"SELECT {COLUMNS} FROM entity WHERE resource = '{resource}' AND {where} ORDER BY seq",
            {**values, "resource": resource},
        )
        return (
            row
            for columns in iter(partial(found.fetchmany, BATCH), [])
            for row in self._with_terms(list(map(_row, columns)))
        )

    def count(self, resource: str, where: str = LIVE, values: Mapping[str, Any] | None = None) -> int:
        """Return the number of rows that meet the condition."""
        question = Question(resource, where, values or {})
        found = self._remembered.counts.get(question, self._version())
        if found is None:
            sql = f"SELECT count(*) FROM entity WHERE {question.condition}"
            found = int(self._connection.execute(sql, question.asked).fetchone()[0])
            self._remembered.counts.keep(question, found, self._horizon(question))
        return found

    def page(
        self, resource: str, where: str, values: Mapping[str, Any], *, order: str, limit: int, offset: int
    ) -> tuple[list[Row], int]:
        """Some of the rows that meet a condition, and the number of all. -1 is without a limit.

        The places of all rows are looked up once, and the rows of a later page by their places: to skip rows again for
        each page would take ever longer.
        """
        if limit < 0:
            rows = self.rows(resource, where, values, order=order)[offset:]
            return rows, offset + len(rows)
        question = Question(resource, where, values, order)
        if offset == 0:
            return self._at(self._first_places(question, limit)), self.count(resource, where, values)
        places = self._places(question)
        return self._at(places[offset : offset + limit]), len(places)

    def _places(self, question: Question) -> array[int]:
        """The `seq` of every row that meets the condition, in order."""
        found = self._remembered.places.get(question, self._version())
        if found is None:
            found = self._first_places(question, -1)
            self._remembered.places.keep(question, found, self._horizon(question))
        return found

    def _first_places(self, question: Question, limit: int) -> array[int]:
        sql = f"SELECT seq FROM entity WHERE {question.condition} ORDER BY {question.order} LIMIT :limit"
        found = self._connection.execute(sql, {**question.asked, "limit": limit})
        return array("q", (seq for (seq,) in found))

    def _at(self, places: Iterable[int]) -> list[Row]:
        sql = f"SELECT {COLUMNS} FROM entity WHERE seq IN (SELECT value FROM json_each(?))"
        found = {columns[0]: _row(columns) for columns in self._connection.execute(sql, (text_of(list(places)),))}
        return self._with_terms([found[seq] for seq in places])

    def _version(self) -> tuple[int, int]:
        """Another one after each write, of this process or another."""
        (version,) = self._connection.execute("PRAGMA data_version").fetchone()
        return int(version), self._writes

    def _horizon(self, question: Question) -> int | None:
        """The moment from which time alone may change what meets the condition; None if nothing can be said."""
        if not question.has_moment:
            return FOREVER
        if not question.is_of_own_times:
            return None
        later = " UNION ALL ".join(
            f"SELECT min({column}) FROM entity WHERE {question.later(column)}" for column in TIMES
        )
        found = self._connection.execute(later, question.asked)
        return min((moment for (moment,) in found if moment is not None), default=FOREVER)

    def _write_terms(self, row: Row) -> None:
        if not row.terms:
            return
        self._connection.executemany(
            "INSERT OR IGNORE INTO term (resource, name, value, seq) VALUES (?, ?, ?, ?)",
            [(row.resource, name, value, row.seq) for name, value in row.terms],
        )

    def _with_terms(self, rows: Sequence[Row]) -> list[Row]:
        if not rows:
            return []
        places = text_of([row.seq for row in rows])
        terms: dict[int, list[tuple[str, str]]] = {}
        for seq, name, value in self._connection.execute(TERMS_OF, (places,)):
            terms.setdefault(seq, []).append((name, value))
        return [replace(row, terms=tuple(terms[row.seq])) if row.seq in terms else row for row in rows]


def _values(row: Row) -> dict[str, Any]:
    return {
        "seq": row.seq,
        "resource": row.resource,
        "id": row.id,
        "key": row.key,
        "parent": row.parent,
        "document": text_of(row.document),
        "created_at": micros(row.created_at),
        "updated_at": micros(row.updated_at),
        "deleted_at": _micros(row.deleted_at),
        "begins_at": _micros(row.begins_at),
        "ends_at": _micros(row.ends_at),
    }


def _micros(moment: datetime | None) -> int | None:
    return None if moment is None else micros(moment)


def _row(columns: Sequence[Any]) -> Row:
    seq, resource, row_id, key, parent, *times, document = columns
    created, updated, deleted, begins, ends = (None if moment is None else from_micros(moment) for moment in times)
    assert created is not None
    assert updated is not None
    return Row(
        seq=seq,
        resource=resource,
        id=row_id,
        key=key,
        parent=parent,
        created_at=created,
        updated_at=updated,
        deleted_at=deleted,
        begins_at=begins,
        ends_at=ends,
        document=parse(document),
    )


def close_between_requests(connection: sqlite3.Connection, lock: threading.RLock) -> None:
    """Close a connection that nothing refers to, or at the end of the process, when a thread may still be using it."""
    if lock.acquire(timeout=CLOSING_SECONDS):
        connection.close()
        lock.release()


def _folded(text: str | None) -> str | None:
    return None if text is None else text.lower()
