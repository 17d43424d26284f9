"""The live state, read as a read set asks for it: the first requests of all reads are one stream."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import TypeAlias

from billsync.live.lists.page import Outcome, Refused, answers, document_from, page_from
from billsync.live.lists.paging import first_get, read_list
from billsync.model.frozen import dataclass
from billsync.model.limits import READS_AT_ONCE
from billsync.model.ports import Clock, Get, Identified, Reader
from billsync.model.routes import ListQuery, Routes
from billsync.model.state import Read, Row, Snapshot
from billsync.model.value import Fields

PARENT = "{parent}"
NOT_FOUND = 404
ONE_ROW = ListQuery(sort=None, size=1)
"""A page from which only the number of rows is wanted."""


@dataclass(frozen=True, slots=True)
class Source:
    """The source of a snapshot: a server, the routes of its dialect, and a clock.

    `may_lack`: its routes come from a table, so a list that it answers with 404 is one that it doesn't have. `known`
    are the rows of reads that were made already, without deleted ones.
    """

    remote: Reader
    routes: Mapping[str, Routes]
    clock: Clock
    may_lack: bool = False
    known: Mapping[Read, tuple[Row, ...]] = field(default_factory=dict)


_Answered: TypeAlias = tuple[Row, ...] | int | None
"""The rows of a list, their number, or None where the server has no such list."""


def snapshot(source: Source, reads: Sequence[Read], documents: Sequence[str] = ()) -> Snapshot:
    """Rows by kind (deleted ones left out, each id once), counts and parts by read, and documents by path.

    Raises RemoteError.
    """
    began = source.clock.now()
    wanted = tuple(dict.fromkeys(reads))
    paths = tuple(dict.fromkeys(documents))
    gets = [*(_first(source, read) for read in wanted if read not in source.known), *map(Get, paths)]
    outcomes: Iterator[Outcome[Identified]] = answers(source.remote, gets, None, at_once=min(len(gets), READS_AT_ONCE))
    found: dict[Read, _Answered] = {
        read: source.known[read] if read in source.known else _read(source, read, next(outcomes)) for read in wanted
    }
    documents_found = {path: document_from(path, next(outcomes)) for path in paths}
    counts = {read: answer for read, answer in found.items() if isinstance(answer, int)}
    parts = {read: _fields(answer) for read, answer in found.items() if read.part}
    absent = frozenset(read.kind for read, answer in found.items() if answer is None and not read.part)
    return Snapshot(_by_kind(found), counts, documents_found, began, parts, absent=absent)


def _first(source: Source, read: Read) -> Get:
    """The first request of a read, which is mostly the only one."""
    path, listing = _place(source, read)
    return first_get(path, read.query, ONE_ROW if read.count_only else listing)


def _read(source: Source, read: Read, first: Outcome[Identified]) -> _Answered:
    """The answer of one read. A 404 below another entity means that this one is gone, and is an error."""
    try:
        return _answered(source, read, first)
    except Refused as problem:
        if not source.may_lack or problem.status != NOT_FOUND or (read.parent_id and not read.part):
            raise
        return None


def _answered(source: Source, read: Read, first: Outcome[Identified]) -> tuple[Row, ...] | int:
    path, listing = _place(source, read)
    if read.count_only:
        return page_from(path, first).total
    rows = read_list(source.remote, path, read.query, listing, source.clock, first=first)
    return tuple(Row(read.kind, row["id"], row, read.parent_id) for row in rows if not row.get("deleted_at"))


def _place(source: Source, read: Read) -> tuple[str, ListQuery]:
    routes = source.routes[read.kind]
    where = routes.part(read.part) if read.part else routes
    return _path(where.collection, read), where.listing


def _path(collection: str, read: Read) -> str:
    if (PARENT in collection) != (read.parent_id is not None):
        raise ValueError(f"a read of {read.kind} names a parent where its path has none, or none where it has one")
    return collection.replace(PARENT, read.parent_id or "")


def _fields(answer: _Answered) -> tuple[Fields, ...]:
    return tuple(row.fields for row in answer) if isinstance(answer, tuple) else ()


def _by_kind(found: Mapping[Read, _Answered]) -> dict[str, tuple[Row, ...]]:
    kinds: dict[str, dict[str, Row]] = {}
    for read, rows in found.items():
        if isinstance(rows, tuple) and not read.part:
            known = kinds.setdefault(read.kind, {})
            for row in rows:
                known.setdefault(row.id, row)
    return {kind: tuple(rows.values()) for kind, rows in kinds.items()}
