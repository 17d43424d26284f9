"""Long lists of a recovery snapshot: their rows go to the gathering as pages come in, so that memory holds no page for
long."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TypeVar

from billsync.app.server.connection import ReadingConnection
from billsync.core.observed.row_validation import malformed
from billsync.live.gathering import Known, Listing, Reading
from billsync.live.lists.door import check_rows
from billsync.live.lists.paging import read_list_to
from billsync.live.protocol.encoding import NotJson, decode
from billsync.model.frozen import dataclass
from billsync.model.ports import Page, RemoteError
from billsync.model.state import Row
from billsync.model.value import Fields, Plain
from billsync.report.recovery.snapshot.item_lines import item_line

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Taken:
    """A row whose content was read into the gathering. A deleted one has no content there."""

    id: str
    is_live: bool


def take_rows(connection: ReadingConnection, kind: str, reading: Reading, known: Callable[[Fields], Known]) -> None:
    """Read all rows of a kind, as they are `known` there. Raises RemoteError."""
    where, pages = connection.routes[kind], _Pages(connection, kind, reading, known)
    shelf = _Shelf(pages, reading.listing(kind))
    read_list_to(shelf, connection.remote, where.collection, (), where.listing, connection.clock, pages.decode)
    reading.keep_only(kind, shelf.listing)


class _Shelf:
    """The rows of a list while it is read: their contents are in the gathering, and their names in a listing."""

    def __init__(self, pages: _Pages, listing: Listing) -> None:
        self._pages = pages
        self.listing = listing

    def __len__(self) -> int:
        return len(self.listing)

    def extend(self, rows: Sequence[Taken | Fields]) -> None:
        for row in rows:
            taken = row if isinstance(row, Taken) else self._pages.taken(row)
            self.listing.append(taken.id, is_live=taken.is_live)

    def id_at(self, place: int) -> str:
        return self.listing.at(place)

    def cut(self, length: int) -> None:
        self.listing.cut(length)

    @property
    def has_twins(self) -> bool:
        return self.listing.has_twins


class _Pages:
    """Decodes pages of a list, and reads their rows into the gathering."""

    def __init__(
        self, connection: ReadingConnection, kind: str, reading: Reading, known: Callable[[Fields], Known]
    ) -> None:
        self._connection, self._kind, self._reading, self._known = connection, kind, reading, known

    def decode(self, content: bytes) -> Page[Taken] | None:
        """The page; None for a body that isn't plainly one, so that it is read, and reported, in full."""
        try:
            body = decode(content)
        except NotJson:
            return None
        rows, total = _rows(body), _total(body)
        return None if rows is None or total is None else Page([self.taken(row) for row in rows], total)

    def taken(self, row: Fields) -> Taken:
        """The row, which is in the gathering now. Raises RemoteError for one that isn't as the API promises."""
        where = self._connection.routes[self._kind]
        check_rows(where.collection, (row,))
        if fault := malformed(self._connection.kinds.get(self._kind), row, where):
            raise RemoteError(f"{self._connection.target}: unexpected response: a {self._kind} shows {fault}")
        name = str(row["id"])
        if row.get("deleted_at"):
            return Taken(name, is_live=False)
        self._reading.put(self._kind, self._known(row), item_line(Row(self._kind, name, row)))
        return Taken(name, is_live=True)


def _rows(body: Plain) -> Sequence[Fields] | None:
    rows = body.get("data") if isinstance(body, Mapping) else None
    if not isinstance(rows, list) or not all(
        isinstance(row, Mapping) and isinstance(row.get("id"), str) for row in rows
    ):
        return None
    return rows


def _total(body: Fields) -> int | None:
    meta = body.get("meta")
    page = meta.get("page") if isinstance(meta, Mapping) else None
    total = page.get("total") if isinstance(page, Mapping) else None
    return total if isinstance(total, int) and not isinstance(total, bool) and total >= 0 else None


def lots(values: Iterable[T], size: int) -> Iterator[Sequence[T]]:
    """The values, so many at a time."""
    rest = iter(values)
    while lot := tuple(islice(rest, size)):
        yield lot
