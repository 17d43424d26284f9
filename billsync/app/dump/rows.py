"""The live rows of a dump that are many: customers with all that belongs to them, and which of these are dumped as
others are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import msgspec

from billsync.app.dump.addons import is_as_its_plan
from billsync.app.server.connection import ReadingConnection
from billsync.core.declared.crowd import children_of
from billsync.core.dump.items import Source
from billsync.core.dump_alike.links import Links
from billsync.core.dump_alike.rows import Alike, Rows
from billsync.core.dump_alike.sample import Sample, sampled
from billsync.core.observed.index import index
from billsync.core.observed.row_validation import malformed
from billsync.core.sieve.page import is_plain, split_page
from billsync.kinds.registry import KINDS
from billsync.live.lists.door import check_rows
from billsync.live.lists.paging import Refused, read_list
from billsync.live.lists.streams import read_lists
from billsync.live.protocol.encoding import decode
from billsync.live.snapshot import PARENT
from billsync.model.kind import Archetype, Kind
from billsync.model.ports import Decode, Page, RemoteError
from billsync.model.state import Row, Snapshot
from billsync.model.value import Fields

ROOT = "customer"
_FIELDS = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)


class Live(msgspec.Struct, gc=False):
    """A live row: its bytes, or its fields if it came on a page in doubt. `alike` is its dump, where it is certain."""

    id: str
    content: bytes = b""
    fields: Any = None
    parent: str | None = None
    alike: Alike | None = None


@dataclass(slots=True)
class Member:
    """A customer, and what belongs to it by kind."""

    root: Live
    children: dict[str, Sequence[Live]] = field(default_factory=dict)

    @property
    def is_alike(self) -> bool:
        """Whether all of it is dumped as others are, under a key of its own each."""
        return self.root.alike is not None and all(map(_are_alike, self.children.values()))


def _are_alike(rows: Sequence[Live]) -> bool:
    if not all(row.alike for row in rows):
        return False
    if len(rows) < 2:
        return True
    keys = [row.alike.fields.get("key") for row in rows if row.alike and row.alike.fields is not None]
    return len(set(keys)) == len(keys)


@dataclass(frozen=True, slots=True)
class Found:
    """Everything live: the `catalog`, members by their ids, and rows of members that aren't there, by kind."""

    catalog: Snapshot
    source: Source
    members: Mapping[str, Member]
    strays: Mapping[str, Sequence[Live]]


def read_roots(connection: ReadingConnection) -> tuple[Live, ...]:
    """All customers. Raises RemoteError."""
    return _listed(connection, ROOT, _plain)


def read_members(connection: ReadingConnection, catalog: Snapshot, customers: Iterable[Live]) -> Found:
    """The customers with all that belongs to them. Raises RemoteError."""
    source = Source(index(catalog, KINDS, connection.routes), connection.kinds, connection.routes)
    judge = _rows_judge(connection, source, connection.kinds[ROOT], catalog)
    live = (row for row in map(judge, customers) if row.alike or full_row(connection, ROOT, row))
    found = {row.id: Member(row) for row in live}
    strays: dict[str, list[Live]] = {}
    for child in children_of(ROOT, connection.kinds):
        if connection.routes[child.name].parent_filter:
            strays[child.name] = _read_links(connection, source, child, catalog, found)
        else:
            _read_lists(connection, source, child, catalog, found)
    return Found(catalog, source, found, strays)


def _read_links(
    connection: ReadingConnection, source: Source, kind: Kind, catalog: Snapshot, found: Mapping[str, Member]
) -> list[Live]:
    """Hand each link to its member; those of nobody are left."""
    strays: list[Live] = []
    mine: dict[str, list[Live]] = {server_id: [] for server_id in found}
    for row in _listed(connection, kind.name, _links(connection, source, kind, catalog)):
        mine.get(row.parent or "", strays).append(row)
    for server_id, rows in mine.items():
        found[server_id].children[kind.name] = rows
    return strays


def _read_lists(
    connection: ReadingConnection, source: Source, kind: Kind, catalog: Snapshot, found: Mapping[str, Member]
) -> None:
    """Hand each member the rows of its own list."""
    where, ids = connection.routes[kind.name], sorted(found)
    paths = (where.collection.replace(PARENT, server_id) for server_id in ids)
    decoder = _decoder(_judged(_rows_judge(connection, source, kind, catalog)))
    lists = read_lists(connection.remote, paths, (), where.listing, connection.clock, decoder)
    for server_id, rows in zip(ids, lists, strict=True):
        if isinstance(rows, Refused):
            raise rows
        found[server_id].children[kind.name] = tuple(map(_as_live, rows))


def full_row(connection: ReadingConnection, kind: str, row: Live, parent: str | None = None) -> Row | None:
    """The row for the full code; None for a deleted one. Raises RemoteError, NotJson for one that isn't the API's."""
    where = connection.routes[kind]
    fields: Any = decode(row.content) if row.fields is None else row.fields
    check_rows(where.collection.replace(PARENT, parent or ""), (fields,))
    if fault := malformed(KINDS[kind], fields, where):
        raise RemoteError(fault)
    if fields.get("deleted_at"):
        return None
    return Row(kind, row.id, fields, parent if PARENT in where.collection else None)


_Judge = Callable[[Live], Live]
_Make = Callable[[msgspec.Raw], Live | None]
"""Makes a row of its bytes; None is doubt about its page. Raises msgspec.DecodeError, RecursionError."""


def _listed(connection: ReadingConnection, kind: str, make: _Make) -> tuple[Live, ...]:
    where = connection.routes[kind]
    rows = read_list(connection.remote, where.collection, (), where.listing, connection.clock, _decoder(make))
    return tuple(_as_live(row, where.parent_filter) for row in rows)


def _as_live(row: Live | Fields, parent: str | None = None) -> Live:
    """The row, also if it came on a page in doubt; `parent` is the field that names its parent."""
    return Live(row["id"], fields=row, parent=row.get(parent or "")) if isinstance(row, Mapping) else row


def _decoder(make: _Make) -> Decode[Live]:
    """A decoder of pages whose rows are made of their bytes."""

    def read(body: bytes) -> Page[Live] | None:
        page = split_page(body)
        if page is None:
            return None
        rows: list[Live] = []
        for raw in page.rows:
            try:
                row = make(raw)
            except (msgspec.DecodeError, RecursionError, KeyError):
                return None
            if row is None:
                return None
            rows.append(row)
        return Page(rows, page.total)

    return read


class _Identified(msgspec.Struct, gc=False):
    id: str


_IDS = msgspec.json.Decoder(_Identified)


def _plain(raw: msgspec.Raw) -> Live | None:
    """The row with its id alone."""
    return Live(_IDS.decode(raw).id, bytes(raw)) if is_plain(raw) else None


def _judged(judge: _Judge) -> _Make:
    def make(raw: msgspec.Raw) -> Live | None:
        row = _plain(raw)
        return None if row is None else judge(row)

    return make


def _rows_judge(connection: ReadingConnection, source: Source, kind: Kind, catalog: Snapshot) -> _Judge:
    rows = Rows(kind, _sampling(connection, source, kind, catalog))

    def judge(row: Live) -> Live:
        if row.fields is None:
            row.alike = rows.alike(_FIELDS.decode(row.content), lambda: decode(row.content))
        return row

    return judge


def _links(connection: ReadingConnection, source: Source, kind: Kind, catalog: Snapshot) -> _Make:
    parent = connection.routes[kind.name].parent_filter or ""
    links = Links(kind, parent, source.found.names, _sampling(connection, source, kind, catalog))
    form = msgspec.defstruct("Linked", [("id", str), ("parent", str)], rename={"parent": parent}, gc=False)
    read = msgspec.json.Decoder(form).decode

    def make(raw: msgspec.Raw) -> Live | None:
        content = bytes(raw)
        link = links.link(content, lambda: decode(content) if is_plain(raw) else None)
        if link is not None:
            return Live(link.id, content, None, link.parent, link.alike)
        row: Any = read(content)
        return Live(row.id, content, None, row.parent) if is_plain(raw) else None

    return make


def _sampling(
    connection: ReadingConnection, source: Source, kind: Kind, catalog: Snapshot
) -> Callable[[Fields], Sample | None]:
    """Dumps one row by the full code. None for a row that isn't as the API promises, or that isn't its plan's alone."""
    plans = {row.id: row.fields for row in catalog.of(kind.pins or "")}

    def sample(fields: Fields) -> Sample | None:
        try:
            row = full_row(connection, kind.name, Live(str(fields.get("id")), fields=fields), "?")
        except RemoteError:
            return None
        if row is None or (kind.archetype is Archetype.CHAINED and not is_as_its_plan(fields, plans)):
            return None
        return sampled(source, kind, row)

    return sample
