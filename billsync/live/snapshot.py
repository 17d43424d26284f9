"""The live state, read as a read set asks for it: several lists at once, in an order that doesn't depend on threads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from billsync.live.paging import Refused, count_rows, read_document, read_list
from billsync.live.threads import reading_threads
from billsync.model.ports import Clock, Reader
from billsync.model.routes import Routes
from billsync.model.state import Read, Row, Snapshot
from billsync.model.value import Fields

LISTS_AT_ONCE = 4
PARENT = "{parent}"
NOT_FOUND = 404


@dataclass(frozen=True, slots=True)
class Source:
    """The source of a snapshot: a server, the routes of its dialect, and a clock.

    `may_lack`: its routes come from a table, so a list that it answers with 404 is one that it doesn't have.
    """

    remote: Reader
    routes: Mapping[str, Routes]
    clock: Clock
    may_lack: bool = False


_Answered: TypeAlias = tuple[Row, ...] | int | None
"""The rows of a list, their number, or None where the server has no such list."""


def snapshot(source: Source, reads: Sequence[Read], documents: Sequence[str] = ()) -> Snapshot:
    """Rows by kind (deleted ones left out, each id once), counts and parts by read, and documents by path.

    Raises RemoteError.
    """
    began = source.clock.now()
    wanted = tuple(dict.fromkeys(reads))
    paths = tuple(dict.fromkeys(documents))
    if len(wanted) + len(paths) <= 1:
        found = {read: _read(source, read) for read in wanted}
        documents_found = {path: read_document(source.remote, path) for path in paths}
    else:
        found, documents_found = _several(source, wanted, paths)
    counts = {read: answer for read, answer in found.items() if isinstance(answer, int)}
    parts = {read: _fields(answer) for read, answer in found.items() if read.part}
    absent = frozenset(read.kind for read, answer in found.items() if answer is None and not read.part)
    return Snapshot(_by_kind(found), counts, documents_found, began, parts, absent=absent)


def _several(
    source: Source, wanted: Sequence[Read], paths: Sequence[str]
) -> tuple[dict[Read, _Answered], dict[str, Fields]]:
    """The answers of several reads at once, in their order."""
    with reading_threads(LISTS_AT_ONCE) as threads:
        lists = threads.map(lambda read: _read(source, read), wanted)
        bodies = threads.map(lambda path: read_document(source.remote, path), paths)
        return dict(zip(wanted, lists, strict=True)), dict(zip(paths, bodies, strict=True))


def _read(source: Source, read: Read) -> _Answered:
    """The answer of one read. A 404 below another entity means that this one is gone, and is an error."""
    try:
        return _answered(source, read)
    except Refused as problem:
        if not source.may_lack or problem.status != NOT_FOUND or (read.parent_id and not read.part):
            raise
        return None


def _answered(source: Source, read: Read) -> tuple[Row, ...] | int:
    routes = source.routes[read.kind]
    where = routes.part(read.part) if read.part else routes
    path = _path(where.collection, read)
    if read.count_only:
        return count_rows(source.remote, path, read.query)
    rows = read_list(source.remote, path, read.query, where.listing, source.clock)
    return tuple(Row(read.kind, row["id"], row, read.parent_id) for row in rows if not row.get("deleted_at"))


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
