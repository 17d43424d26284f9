"""Long lists of a recovery snapshot: their rows go to the gathering as pages come in, so that memory holds no page for
long."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Generic, TypeVar

from billsync.app.recovery.gathering import Reading
from billsync.app.server.connection import ReadingConnection
from billsync.core.observed.row_validation import malformed
from billsync.live.door import check_rows
from billsync.live.encoding import NotJson, decode
from billsync.live.paging import read_list
from billsync.model.frozen import dataclass
from billsync.model.ports import Page, RemoteError
from billsync.model.state import Row
from billsync.model.value import Fields, Plain
from billsync.report.recovery.snapshot.item_lines import item_line

F = TypeVar("F")


@dataclass(frozen=True, slots=True)
class Taken(Generic[F]):
    """A row whose content was read into the gathering. A deleted one has no content there, and no fact."""

    id: str
    facts: tuple[F, ...] = ()


def take_rows(
    connection: ReadingConnection, kind: str, reading: Reading, fact: Callable[[Fields], F]
) -> Mapping[str, F]:
    """Read all rows of a kind; the fact of each by its id. Raises RemoteError."""
    where, pages = connection.routes[kind], _Pages(connection, kind, reading, fact)
    rows = read_list(connection.remote, where.collection, (), where.listing, connection.clock, pages.decode)
    taken = (row if isinstance(row, Taken) else pages.taken(row) for row in rows)
    facts = {row.id: fact for row in taken for fact in row.facts}
    reading.keep_only(kind, facts)
    return facts


class _Pages(Generic[F]):
    """Decodes pages of a list, and reads their rows into the gathering."""

    def __init__(self, connection: ReadingConnection, kind: str, reading: Reading, fact: Callable[[Fields], F]) -> None:
        self._connection, self._kind, self._reading, self._fact = connection, kind, reading, fact

    def decode(self, content: bytes) -> Page[Taken[F]] | None:
        """The page; None for a body that isn't plainly one, so that it is read, and reported, in full."""
        try:
            body = decode(content)
        except NotJson:
            return None
        rows, total = _rows(body), _total(body)
        return None if rows is None or total is None else Page([self.taken(row) for row in rows], total)

    def taken(self, row: Fields) -> Taken[F]:
        """The row, which is in the gathering now. Raises RemoteError for one that isn't as the API promises."""
        where = self._connection.routes[self._kind]
        check_rows(where.collection, (row,))
        if fault := malformed(self._connection.kinds.get(self._kind), row, where):
            raise RemoteError(f"{self._connection.target}: unexpected response: a {self._kind} shows {fault}")
        name = str(row["id"])
        if row.get("deleted_at"):
            return Taken(name)
        self._reading.put(self._kind, name, item_line(Row(self._kind, name, row)))
        return Taken(name, (self._fact(row),))


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


def lots(names: Iterable[str], size: int) -> Iterable[Sequence[str]]:
    """The names, so many at a time."""
    found = tuple(names)
    return (found[at : at + size] for at in range(0, len(found), size))
