"""The values that meters read from events, in columns that SQLite adds up.

An amount is kept as a whole number of millionths, so that SQLite's sums are exact. Any other number, and a text, is
kept as text and added up in Python.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum
from itertools import islice
from typing import Any, TypeAlias

from billsync.local.store.documents import parse, text_of
from billsync.model.frozen import dataclass

MILLION = 1_000_000
EARLIEST, LATEST = -(1 << 62), 1 << 62
ONE_BUCKET = "0"
MINUTE = 60 * MILLION
MINUTES = f"time - ((time % {MINUTE}) + {MINUTE}) % {MINUTE}"
"""SQL for the minute of a reading: its start in UTC."""

STATEMENTS = (
    "CREATE TABLE series ("
    " id INTEGER PRIMARY KEY, meter INTEGER NOT NULL, subject TEXT NOT NULL, dimensions TEXT NOT NULL,"
    " UNIQUE (meter, subject, dimensions))",
    "CREATE TABLE reading ("
    " meter INTEGER NOT NULL, time INTEGER NOT NULL, event INTEGER NOT NULL, series INTEGER NOT NULL,"
    " stored INTEGER NOT NULL, amount INTEGER, text TEXT, PRIMARY KEY (meter, time, event)) WITHOUT ROWID",
    "CREATE INDEX reading_of_series ON reading (series, time, stored, amount, text)",
)
CHOSEN = "CREATE TEMP TABLE chosen (series INTEGER PRIMARY KEY, slot INTEGER NOT NULL)"
SUMS = (
    f"count(*), sum(amount / {MILLION}), sum(amount % {MILLION}), min(amount), max(amount), count(text),"
    " min(time), max(time)"
)
RAW, IN_ORDER = "time, event, stored, amount, text", "ORDER BY time, event"
WITHIN = "meter = :meter AND time >= :start AND time < :end AND stored < :stored_before"
FIRST_OF_SERIES = (
    "SELECT min(time) FROM reading INDEXED BY reading_of_series"
    " WHERE series = chosen.series AND time >= :start AND time < :end AND stored < :stored_before"
)
NEXT_OF_FEW = f"SELECT min(first) FROM (SELECT ({FIRST_OF_SERIES}) AS first FROM chosen)"

LOT = 1_000
MOST_SERIES = 50_000
"""Series whose ids are remembered at most."""
Place: TypeAlias = tuple[int, str, tuple[tuple[str, str], ...]]
"""A meter, a subject, and the values of the meter's dimensions: readings that share these are in one series."""


@dataclass(frozen=True, slots=True)
class Series:
    """The readings of a meter that share their subject and the values of the meter's dimensions."""

    id: int
    subject: str
    dimensions: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Reading:
    """A meter's value of one event, in microseconds since 1970. `amount` is in millionths; without one, `text` is the
    value; a reading that is only counted has neither."""

    time: int
    event: int
    stored: int
    amount: int | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """A meter's readings from `start` (included) to `end` (not included) that were stored before a moment."""

    meter: int
    start: int = EARLIEST
    end: int = LATEST
    stored_before: int = LATEST

    @property
    def values(self) -> dict[str, int]:
        return {name: getattr(self, name) for name in ("meter", "start", "end", "stored_before")}


class Scope(Enum):
    """The series that a question is about: all as one, or the chosen ones, each counted in its slot: found through the
    span where they are most of its readings, else each by itself."""

    ALL = "reading"
    MOST = "reading CROSS JOIN chosen USING (series)"
    FEW = "chosen CROSS JOIN reading INDEXED BY reading_of_series USING (series)"

    @property
    def slot(self) -> str:
        return "0" if self is Scope.ALL else "slot"

    def grouping(self, bucket: str) -> str:
        """SQL for sums by bucket and slot. Series that are found each by itself are summed up each by itself, which
        sorts nothing."""
        if bucket != ONE_BUCKET:
            return "GROUP BY 1, 2"
        return {Scope.ALL: "", Scope.MOST: "GROUP BY slot", Scope.FEW: "GROUP BY chosen.series"}[self]


@dataclass(frozen=True, slots=True)
class Sums:
    """Sums of readings of a bucket and a slot: their number, the sums of the amounts' whole parts and of
    their millionths, the extremes, the number of those kept as text, and the first and last time."""

    bucket: int
    slot: int
    count: int
    whole: int | None
    millionths: int | None
    least: int | None
    greatest: int | None
    texts: int
    first: int
    last: int


class Readings:
    """The readings in a database; every call happens inside a transaction of the store."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._series: dict[Place, int] = {}
        self._version = -1
        connection.execute(CHOSEN)

    def add_all(self, found: Iterable[tuple[Place, Reading]]) -> None:
        """Keeps readings, each in its series."""
        self._check_version()
        rows = (
            (place[0], one.time, one.event, self._series_at(place), one.stored, one.amount, one.text)
            for place, one in found
        )
        for lot in iter(lambda: list(islice(rows, LOT)), []):
            self._connection.executemany("INSERT INTO reading VALUES (?, ?, ?, ?, ?, ?, ?)", lot)

    def _series_at(self, place: Place) -> int:
        """The series of a place, which is made if it isn't there."""
        known = self._series.get(place)
        if known is None:
            meter, subject, dimensions = place
            named = (meter, subject, text_of(dict(dimensions)))
            self._connection.execute(
                "INSERT OR IGNORE INTO series (meter, subject, dimensions) VALUES (?, ?, ?)", named
            )
            found = self._rows("SELECT id FROM series WHERE meter = ? AND subject = ? AND dimensions = ?", named)
            known = int(next(found)[0])
            if len(self._series) >= MOST_SERIES:
                self._series.clear()
            self._series[place] = known
        return known

    def _check_version(self) -> None:
        """Forgets what is remembered of series if another process has written."""
        (version,) = next(self._rows("PRAGMA data_version"))
        if version != self._version:
            self.remember_nothing()
            self._version = version

    def remember_nothing(self) -> None:
        """Forgets what is remembered of series, as a transaction was taken back."""
        self._series.clear()

    def forget(self, meter: int) -> None:
        """Removes all readings of a meter."""
        self.remember_nothing()
        self._connection.execute("DELETE FROM reading WHERE meter = ?", (meter,))
        self._connection.execute("DELETE FROM series WHERE meter = ?", (meter,))

    def series(self, meter: int, subjects: Sequence[str] | None = None) -> list[Series]:
        """The series of a meter, of these subjects or all."""
        some = "" if subjects is None else " AND subject IN (SELECT value FROM json_each(:subjects))"
        values = {"meter": meter, "subjects": text_of(list(subjects or ()))}
        sql = f"SELECT id, subject, dimensions FROM series WHERE meter = :meter{some} ORDER BY id"
        return [Series(one, subject, parse(dimensions)) for one, subject, dimensions in self._rows(sql, values)]

    def choose(self, slots: Iterable[tuple[int, int]]) -> None:
        """Sets the chosen series, each with its slot, for the questions that follow."""
        self._connection.execute("DELETE FROM chosen")
        self._connection.executemany("INSERT INTO chosen VALUES (?, ?)", slots)

    def next_time(self, span: Span, scope: Scope) -> int | None:
        """The time of the first reading of the span; None without any."""
        if scope is Scope.FEW:
            sql = NEXT_OF_FEW
        else:
            sql = f"SELECT time FROM {scope.value} WHERE {WITHIN} ORDER BY time LIMIT 1"
        return next((row[0] for row in self._rows(sql, span.values)), None)

    def sums(self, span: Span, scope: Scope, *, bucket: str = ONE_BUCKET) -> Iterator[Sums]:
        """The sums of each bucket (SQL over a reading) and slot that has readings; a slot may come in parts."""
        found = self._grouped(SUMS, span, scope, bucket, scope.grouping(bucket))
        return (Sums(*row) for row in found if row[2])

    def texts(self, span: Span, scope: Scope, *, bucket: str = ONE_BUCKET) -> Iterator[tuple[int, int, str]]:
        """The values kept as text, with their bucket and slot."""
        return self._grouped("text", span, scope, bucket, "AND text IS NOT NULL")

    def distinct_texts(self, span: Span, scope: Scope, *, bucket: str = ONE_BUCKET) -> Iterator[tuple[int, int, str]]:
        """Each value kept as text once for its bucket and slot."""
        return self._grouped("text", span, scope, bucket, "AND text IS NOT NULL GROUP BY 1, 2, 3")

    def newest(self, span: Span, scope: Scope, *, bucket: str = ONE_BUCKET) -> Iterator[tuple[int, int, Reading]]:
        """The last reading, by time and then by arrival, of each bucket and slot."""
        last = {(row[0], row[1]): row for row in self._grouped(RAW, span, scope, bucket, IN_ORDER)}
        return ((row[0], row[1], Reading(*row[2:])) for row in last.values())

    def each(self, span: Span, scope: Scope) -> Iterator[Reading]:
        """The readings by time, then by arrival."""
        return (Reading(*row[2:]) for row in self._grouped(RAW, span, scope, ONE_BUCKET, IN_ORDER))

    def _grouped(self, columns: str, span: Span, scope: Scope, bucket: str, rest: str) -> Iterator[Any]:
        sql = f"SELECT {bucket}, {scope.slot}, {columns} FROM {scope.value} WHERE {WITHIN} {rest}"
        return self._rows(sql, span.values)

    def _rows(self, sql: str, values: Mapping[str, Any] | Sequence[Any] = ()) -> Iterator[Any]:
        return iter(self._connection.execute(sql, values))
