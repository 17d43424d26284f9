"""Whole lists, read page by page, several at a time, noticing when rows shift between pages.

Pages may be decoded in any way that yields rows with ids and the total. A page that the decoder has doubts about is
read as JSON with exact numbers, so a list may hold rows of both forms. All rules are the same for both.

An empty filter value or a page size of 0 would return every row (catalog-facts.md §1.4), so neither is ever sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Generic, Protocol, TypeAlias, TypeVar, overload

from billsync.live.lists.door import check_rows
from billsync.live.lists.pace import Pace, first_pace
from billsync.live.lists.page import (
    Outcome,
    Refused,
    answers,
    document_from,
    id_of,
    page_from,
    place,
)
from billsync.model.frozen import dataclass
from billsync.model.ports import Answer, Clock, Decode, Get, Identified, Page, Reader, RemoteError, TimedOut
from billsync.model.routes import ListQuery
from billsync.model.value import Fields
from billsync.model.walk import is_map

__all__ = ["Refused", "count_rows", "first_get", "read_document", "read_list"]

Query = Sequence[tuple[str, str]]
READINGS = 4
FEWER = 100
"""Rows a page of a list without an order, once its single page has timed out."""

R = TypeVar("R", bound=Identified)
_Rows: TypeAlias = list[R | Fields]


class Shelf(Protocol):
    """A place for the rows of a list while it is read, in their order: plain ones, and those that its decoder gives."""

    def __len__(self) -> int: ...

    def extend(self, rows: Sequence[Any]) -> None:
        """Add rows at the end. Raises RemoteError for one without an id."""

    def id_at(self, place: int) -> str:
        """The id of the row at a place from 0 on."""

    def cut(self, length: int) -> None:
        """Forget what stands behind so many rows."""

    @property
    def has_twins(self) -> bool:
        """Whether an id is there twice."""


class _Memory(Generic[R]):
    """The rows of a list at a path, in memory."""

    def __init__(self, path: str) -> None:
        self._path = path
        self.rows: _Rows[R] = []

    def __len__(self) -> int:
        return len(self.rows)

    def extend(self, rows: Sequence[R | Fields]) -> None:
        self.rows.extend(rows)

    def id_at(self, place: int) -> str:
        return id_of(self._path, self.rows[place])

    def cut(self, length: int) -> None:
        del self.rows[length:]

    @property
    def has_twins(self) -> bool:
        return len({id_of(self._path, row) for row in self.rows}) != len(self.rows)


class Shifted(Exception):
    """The list changed while it was read, so rows may be missing or duplicated; the message gives the evidence."""


@overload
def read_list(
    remote: Reader,
    path: str,
    query: Query,
    listing: ListQuery,
    clock: Clock,
    *,
    first: Outcome[Identified] | None = None,
) -> tuple[Fields, ...]: ...


@overload
def read_list(
    remote: Reader,
    path: str,
    query: Query,
    listing: ListQuery,
    clock: Clock,
    decode: Decode[R] | None,
    *,
    first: Outcome[R] | None = None,
) -> tuple[R | Fields, ...]: ...


def read_list(
    remote: Reader,
    path: str,
    query: Query,
    listing: ListQuery,
    clock: Clock,
    decode: Decode[R] | None = None,
    *,
    first: Outcome[Any] | None = None,
) -> tuple[R | Fields, ...]:
    """Every row that matched when the reading began, each once, in the list's order.

    Rows are as `decode` gives them, and plain JSON where it has doubts about their page. The API's promises are checked
    on plain rows only. A list that changes in any other way than by rows that come at its end is read again, up to
    three times. `first` is the outcome of `first_get`, where that was read together with other things.

    Raises RemoteError; ValueError for a filter that is empty or a page size below 1 (bugs).
    """
    if first is not None and (whole := _whole_list(path, first)) is not None:
        return whole
    shelf: _Memory[R] = _Memory(path)
    read_list_to(shelf, remote, path, query, listing, clock, decode, first=first)
    check_rows(path, (row for row in shelf.rows if isinstance(row, Mapping)))
    return tuple(shelf.rows)


def _whole_list(path: str, first: Outcome[R]) -> tuple[R | Fields, ...] | None:
    """The rows of a list that is all in its first page, as most are that belong to one entity; None for any other.

    Raises RemoteError.
    """
    if not isinstance(first, Page | Answer):
        return None
    page = page_from(path, first)
    if page.total != len(page.rows) or len({id_of(path, row) for row in page.rows}) != page.total:
        return None
    check_rows(path, (row for row in page.rows if is_map(row)))
    return tuple(page.rows)


def read_list_to(
    shelf: Shelf,
    remote: Reader,
    path: str,
    query: Query,
    listing: ListQuery,
    clock: Clock,
    decode: Decode[R] | None = None,
    *,
    first: Outcome[Any] | None = None,
) -> None:
    """Put the rows of a list on an empty shelf, as `read_list` reads them; no promises are checked.

    Raises RemoteError; ValueError for a filter that is empty or a page size below 1 (bugs).
    """
    check_list(query, listing.size)
    _read_all(_Pages(remote, path, sorted_query(query, listing), listing, clock, decode, shelf), first)


def first_get(path: str, query: Query, listing: ListQuery) -> Get:
    """The read of a list's first page, whose outcome can be given to `read_list`."""
    check_list(query, listing.size)
    return Get(path, (*sorted_query(query, listing), *place(1, listing.size)))


def sorted_query(query: Query, listing: ListQuery) -> tuple[tuple[str, str], ...]:
    """The filters of a list, with its order."""
    return (*query, ("sort", listing.sort)) if listing.sort else tuple(query)


def _read_all(reader: _Pages[R], first: Outcome[R] | None) -> None:
    reasons: list[str] = []
    for _ in range(READINGS):
        try:
            return reader.read_all(first)
        except Shifted as shifted:
            reasons.append(str(shifted))
            reader.shelf.cut(0)
            first = None
    raise RemoteError(
        f"GET {reader.path}: the list keeps changing while it is read ({READINGS} readings; {reasons[-1]}): try again"
    )


def count_rows(remote: Reader, path: str, query: Query) -> int:
    """Return the number of rows that match; fetches one row. Raises RemoteError."""
    check_list(query, 1)
    page: Page[Fields] = page_from(path, remote.get(path, [*query, *place(1, 1)]))
    return page.total


def read_document(remote: Reader, path: str, query: Query = ()) -> Fields:
    """One object that isn't in a list. Raises RemoteError, Refused."""
    return document_from(path, remote.get(path, query))


@dataclass(frozen=True, slots=True)
class _Pages(Generic[R]):
    """The constants of reading one list."""

    remote: Reader
    path: str
    query: tuple[tuple[str, str], ...]
    listing: ListQuery
    clock: Clock
    decode: Decode[R] | None
    shelf: Shelf

    def read_all(self, first: Outcome[R] | None) -> None:
        """Read all rows, of which the first page may be there. Raises RemoteError, Shifted."""
        if self.listing.sort:
            self._by_pages(self.listing, first)
        else:
            self._in_one_page(first)
        if self.shelf.has_twins:
            raise Shifted("a row came twice")

    def _outcomes(self, numbers: Iterable[int], size: int, at_once: int = 1) -> Iterator[Page[R | Fields] | TimedOut]:
        """Pages of a size, in order, or a page's time-out as a value where fewer rows can be asked for.

        Raises RemoteError.
        """
        gets = [Get(self.path, (*self.query, *place(number, size))) for number in numbers]
        for outcome in answers(self.remote, gets, self.decode, at_once=min(at_once, len(gets))):
            yield self._judged(outcome, size)

    def _judged(self, outcome: Outcome[R], size: int) -> Page[R | Fields] | TimedOut:
        return outcome if isinstance(outcome, TimedOut) and size > 1 else page_from(self.path, outcome)

    def _page(self, number: int, size: int, first: Outcome[R] | None = None) -> Page[R | Fields]:
        """One page. Raises RemoteError, TimedOut too."""
        page = next(self._outcomes((number,), size)) if first is None else self._judged(first, size)
        if isinstance(page, TimedOut):
            raise page
        return page

    def _in_one_page(self, first: Outcome[R] | None) -> None:
        """A list without a stable order is best read in one page; by pages, its rows may have to be read again."""
        try:
            page = self._page(1, self.listing.size, first)
            if page.total > len(page.rows):
                page = self._page(1, page.total)
        except TimedOut:
            self._by_pages(ListQuery(None, min(self.listing.size, FEWER), at_once=1))
        else:
            self.shelf.extend(page.rows)
            self._leave_as_it_was(page.total, last=None)

    def _by_pages(self, listing: ListQuery, outcome: Outcome[R] | None = None) -> None:
        first, pace, seconds = self._first_page(first_pace(listing), outcome)
        last = None
        if len(first.rows) >= first.total:
            self.shelf.extend(first.rows)
        else:
            if seconds is not None:
                pace = pace.after(0, rows=len(first.rows), seconds=seconds)
            last = self._row_at(first.total) if listing.sort else None
            self._in_waves(first.total, pace, listing.at_once)
        self._leave_as_it_was(first.total, last)

    def _in_waves(self, total: int, pace: Pace, at_once: int) -> None:
        """Read all rows, the first page a second time: it doesn't show rows added or removed before the last row was
        looked up."""
        while (read := len(self.shelf)) < total:
            began = self.clock.now()
            wave = list(self._outcomes(pace.numbers(read, total), pace.size, at_once))
            fresh, timed_out = _joined(wave, pace.size, total - read, total)
            self.shelf.extend(fresh)
            seconds = (self.clock.now() - began).total_seconds()
            read += len(fresh)
            pace = pace.slower(read) if timed_out else pace.after(read, rows=len(fresh), seconds=seconds)

    def _leave_as_it_was(self, total: int, last: R | Fields | None) -> None:
        """Keep the rows that existed when the reading began; later rows come after them and are cut off.

        Raises Shifted.
        """
        if last is None and len(self.shelf) != total:
            raise Shifted(f"{total} rows, then {len(self.shelf)}")
        if last is not None and self.shelf.id_at(total - 1) != id_of(self.path, last):
            raise Shifted(f"rows moved among {total}")
        self.shelf.cut(total)

    def _first_page(self, pace: Pace, outcome: Outcome[R] | None) -> tuple[Page[R | Fields], Pace, float | None]:
        """The first page, with fewer rows after each time-out, its pace, and its seconds, if they are known.

        Raises TimedOut for one row.
        """
        if outcome is not None:
            known = self._judged(outcome, pace.size)
            if isinstance(known, Page):
                return known, pace, None
            pace = pace.slower(0)
        while True:
            began = self.clock.now()
            first = next(self._outcomes((1,), pace.size))
            if isinstance(first, Page):
                return first, pace, (self.clock.now() - began).total_seconds()
            pace = pace.slower(0)

    def _row_at(self, number: int) -> R | Fields:
        """The last row when the reading begins: while it keeps its place, no row before it came or went."""
        page = self._page(number, 1)
        if not page.rows or page.total != number:
            raise Shifted(f"{number} rows, then {page.total}")
        return page.rows[0]


def _joined(pages: Iterable[Page[R | Fields] | TimedOut], size: int, left: int, total: int) -> tuple[_Rows[R], bool]:
    """The rows up to the first page that timed out, if one did; `left` rows of `total` are missing before them.

    Raises Shifted for a page with too few rows, or one whose total is smaller than before.
    """
    rows: _Rows[R] = []
    timed_out = False
    for page in pages:
        if not isinstance(page, Page):
            timed_out = True
        elif page.total < total:
            raise Shifted(f"{total} rows, then {page.total}")
        elif not timed_out:
            if len(page.rows) < min(size, left - len(rows)):
                raise Shifted(f"a page of {size} rows has {len(page.rows)}")
            rows += page.rows
    return rows, timed_out


def check_list(query: Query, size: int) -> None:
    """Raises ValueError for what must not be sent with a list: it would return every row."""
    if size < 1:
        raise ValueError(f"a page size of {size} returns every row")
    for name, value in query:
        filters = value if name.endswith("[eq]") else value.strip(", ")  # a list's empty members are nothing
        if name.startswith("page[") or not filters:
            raise ValueError(f"{name}={value!r} must not be sent with a list")
