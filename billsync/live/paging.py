"""Whole lists, read page by page, several at a time, noticing when rows shift between pages.

Pages may be decoded in any way that yields rows with ids and the total. A page that the decoder has doubts about is
read as JSON with exact numbers, so a list may hold rows of both forms. All rules are the same for both.

An empty filter value or a page size of 0 would return every row (catalog-facts.md §1.4), so neither is ever sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar, overload

from billsync.live.door import check_rows
from billsync.live.pace import Pace, first_pace
from billsync.model.limits import EMPTY_PAGES, LIST_ROWS
from billsync.model.ports import Answer, Clock, Decode, Get, Identified, Page, Reader, RemoteError, TimedOut
from billsync.model.routes import ListQuery
from billsync.model.value import Fields

Query = Sequence[tuple[str, str]]
READINGS = 4
FEWER = 100
"""Rows a page of a list without an order, once its single page has timed out."""

R = TypeVar("R", bound=Identified)
_Rows: TypeAlias = list[R | Fields]


class Refused(RemoteError):
    """A read was answered with an error of this status."""

    def __init__(self, path: str, answer: Answer) -> None:
        super().__init__(f"GET {path}: {answer.message}")
        self.status = answer.status


class Shifted(Exception):
    """The list changed while it was read, so rows may be missing or duplicated; the message gives the evidence."""


@overload
def read_list(remote: Reader, path: str, query: Query, listing: ListQuery, clock: Clock) -> tuple[Fields, ...]: ...


@overload
def read_list(
    remote: Reader, path: str, query: Query, listing: ListQuery, clock: Clock, decode: Decode[R]
) -> tuple[R | Fields, ...]: ...


def read_list(
    remote: Reader, path: str, query: Query, listing: ListQuery, clock: Clock, decode: Decode[R] | None = None
) -> tuple[R | Fields, ...]:
    """Every row that matched when the reading began, each once, in the list's order.

    Rows are as `decode` gives them, and plain JSON where it has doubts about their page. The API's promises are checked
    on plain rows only. A list that changes in any other way than by rows that come at its end is read again, up to
    three times. Raises RemoteError; ValueError for a filter that is empty or a page size below 1 (bugs).
    """
    _check(query, listing.size)
    rows = _all_rows(_Pages(remote, path, _sorted(query, listing), listing, clock, decode))
    check_rows(path, (row for row in rows if isinstance(row, Mapping)))
    return rows


def _sorted(query: Query, listing: ListQuery) -> tuple[tuple[str, str], ...]:
    return (*query, ("sort", listing.sort)) if listing.sort else tuple(query)


def _all_rows(reader: _Pages[R]) -> tuple[R | Fields, ...]:
    reasons: list[str] = []
    for _ in range(READINGS):
        try:
            return reader.all_rows()
        except Shifted as shifted:
            reasons.append(str(shifted))
    raise RemoteError(
        f"GET {reader.path}: the list keeps changing while it is read ({READINGS} readings; {reasons[-1]}): try again"
    )


def count_rows(remote: Reader, path: str, query: Query) -> int:
    """Return the number of rows that match; fetches one row. Raises RemoteError."""
    _check(query, 1)
    page: Page[Fields] = _page(path, remote.get(path, [*query, *_place(1, 1)]))
    return page.total


def read_forward(remote: Reader, path: str, query: Query, *, size: int) -> tuple[Fields, ...]:
    """Every row of a list with cursors, read forward only, with fewer rows a page after a time-out.

    Backward pages skip rows (customer-facts.md §9). Raises RemoteError.
    """
    _check(query, size)
    rows: list[Fields] = []
    seen: set[str] = set()
    cursor: str | None = None
    empty = 0
    while True:
        answer, size = _forward_page(remote, path, query, size=size, cursor=cursor)
        fresh = _rows(path, answer)
        rows += fresh
        empty = 0 if fresh else empty + 1
        cursor = _meta(path, answer).get("next")
        if cursor is None:
            check_rows(path, rows)
            return tuple(rows)
        if not isinstance(cursor, str):
            raise _not_a_list(path)
        if cursor in seen:
            raise RemoteError(f"GET {path}: the server's pages repeat")
        if len(rows) > LIST_ROWS or empty > EMPTY_PAGES:
            raise _endless(path, len(rows))
        seen.add(cursor)


def _forward_page(remote: Reader, path: str, query: Query, *, size: int, cursor: str | None) -> tuple[Answer, int]:
    """The page after a cursor, and the size at which it came. Raises TimedOut when one row takes too long."""
    after = [("page[after]", cursor)] if cursor else []
    while True:
        try:
            return remote.get(path, [*query, ("page[size]", str(size)), *after]), size
        except TimedOut:
            if size == 1:
                raise
            size //= 2


def read_document(remote: Reader, path: str, query: Query = ()) -> Fields:
    """One object that isn't in a list. Raises RemoteError."""
    answer = remote.get(path, query)
    if not answer.ok:
        raise Refused(path, answer)
    if not isinstance(answer.body, Mapping):
        raise RemoteError(f"GET {path}: the answer is not an object of API v3")
    check_rows(path, (answer.body,))
    return answer.body


@dataclass(frozen=True, slots=True)
class _Pages(Generic[R]):
    """The constants of reading one list."""

    remote: Reader
    path: str
    query: tuple[tuple[str, str], ...]
    listing: ListQuery
    clock: Clock
    decode: Decode[R] | None

    def all_rows(self) -> tuple[R | Fields, ...]:
        rows = self._by_pages(self.listing) if self.listing.sort else self._in_one_page()
        if len({_id(self.path, row) for row in rows}) != len(rows):
            raise Shifted("a row came twice")
        return tuple(rows)

    def _outcomes(self, numbers: Iterable[int], size: int, at_once: int = 1) -> Iterator[Page[R | Fields] | TimedOut]:
        """Pages of a size, in order, or a page's time-out as a value where fewer rows can be asked for.

        Raises RemoteError.
        """
        gets = [Get(self.path, (*self.query, *_place(number, size))) for number in numbers]
        for outcome in answers(self.remote, gets, self.decode, at_once=at_once):
            if isinstance(outcome, TimedOut) and size > 1:
                yield outcome
            else:
                yield _page(self.path, outcome)

    def _page(self, number: int, size: int) -> Page[R | Fields]:
        """One page. Raises RemoteError, TimedOut too."""
        outcome = next(self._outcomes((number,), size))
        if isinstance(outcome, TimedOut):
            raise outcome
        return outcome

    def _in_one_page(self) -> _Rows[R]:
        """A list without a stable order is best read in one page; by pages, its rows may have to be read again."""
        try:
            page = self._page(1, self.listing.size)
            if page.total > len(page.rows):
                page = self._page(1, page.total)
        except TimedOut:
            return self._by_pages(ListQuery(None, min(self.listing.size, FEWER), at_once=1))
        return _as_it_was(self.path, list(page.rows), page.total, last=None)

    def _by_pages(self, listing: ListQuery) -> _Rows[R]:
        first, pace = self._first_page(first_pace(listing))
        if len(first.rows) >= first.total:
            return _as_it_was(self.path, list(first.rows), first.total, last=None)
        last = self._row_at(first.total) if listing.sort else None
        rows = self._in_waves(first.total, pace, listing.at_once)
        return _as_it_was(self.path, rows, first.total, last)

    def _in_waves(self, total: int, pace: Pace, at_once: int) -> _Rows[R]:
        """All rows, reading the first page a second time: it doesn't show rows added or removed before the last row was
        looked up."""
        rows: _Rows[R] = []
        while len(rows) < total:
            began = self.clock.now()
            wave = self._outcomes(pace.numbers(len(rows), total), pace.size, at_once)
            fresh, timed_out = _joined(wave, pace.size, total - len(rows), total)
            rows += fresh
            seconds = (self.clock.now() - began).total_seconds()
            read = len(rows)
            pace = pace.slower(read) if timed_out else pace.after(read, rows=len(fresh), seconds=seconds)
        return rows

    def _first_page(self, pace: Pace) -> tuple[Page[R | Fields], Pace]:
        """The first page, with fewer rows after each time-out, and the pace after it. Raises TimedOut for one row."""
        while True:
            began = self.clock.now()
            first = next(self._outcomes((1,), pace.size))
            if isinstance(first, Page):
                seconds = (self.clock.now() - began).total_seconds()
                return first, pace.after(0, rows=len(first.rows), seconds=seconds)
            pace = pace.slower(0)

    def _row_at(self, number: int) -> R | Fields:
        """The last row when the reading begins: while it keeps its place, no row before it came or went."""
        page = self._page(number, 1)
        if not page.rows or page.total != number:
            raise Shifted(f"{number} rows, then {page.total}")
        return page.rows[0]


def answers(
    remote: Reader, gets: Iterable[Get], decode: Decode[R] | None, *, at_once: int
) -> Iterator[Page[R] | Answer | RemoteError]:
    """The outcome of each read, in order; one after the other where the server can't be read several at a time."""
    stream = getattr(remote, "stream", None)
    if stream is None:
        return (_outcome(remote, get) for get in gets)
    found: Iterator[Page[R] | Answer | RemoteError] = stream(gets, decode, at_once=at_once)
    return found


def _outcome(remote: Reader, get: Get) -> Answer | RemoteError:
    try:
        return remote.get(get.path, get.query)
    except RemoteError as error:
        return error


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


def _as_it_was(path: str, rows: _Rows[R], total: int, last: R | Fields | None) -> _Rows[R]:
    """The rows that existed when the reading began; later rows come after them and are cut off. Raises Shifted."""
    if last is None and len(rows) != total:
        raise Shifted(f"{total} rows, then {len(rows)}")
    if last is not None and _id(path, rows[total - 1]) != _id(path, last):
        raise Shifted(f"rows moved among {total}")
    return rows[:total]


def _place(number: int, size: int) -> tuple[tuple[str, str], ...]:
    return ("page[size]", str(size)), ("page[number]", str(number))


def _page(path: str, outcome: Page[R] | Answer | RemoteError) -> Page[R | Fields]:
    """The page, which is read from an answer if it isn't one yet. Raises RemoteError."""
    if isinstance(outcome, RemoteError):
        raise outcome
    page: Page[R | Fields] = _plain_page(path, outcome) if isinstance(outcome, Answer) else outcome
    if page.total > LIST_ROWS:
        raise _too_long(path, page.total)
    return page


def _plain_page(path: str, answer: Answer) -> Page[Fields]:
    rows = _rows(path, answer)
    total = _meta(path, answer).get("total")
    if not isinstance(total, int) or isinstance(total, bool) or total < 0:
        raise _not_a_list(path)
    return Page(rows, total)


def _rows(path: str, answer: Answer) -> tuple[Fields, ...]:
    if not answer.ok:
        raise Refused(path, answer)
    data = answer.body.get("data", ()) if isinstance(answer.body, Mapping) else None
    rows = () if data is None and isinstance(answer.body, Mapping) else data
    if not isinstance(rows, list | tuple) or not all(isinstance(row, Mapping) for row in rows):
        raise _not_a_list(path)
    return tuple(rows)


def _meta(path: str, answer: Answer) -> Fields:
    meta = answer.body.get("meta")
    page = meta.get("page") if isinstance(meta, Mapping) else None
    if not isinstance(page, Mapping):
        raise _not_a_list(path)
    return page


def _id(path: str, row: Identified | Fields) -> str:
    if not isinstance(row, Mapping):
        return row.id
    found = row.get("id")
    if not isinstance(found, str):
        raise _not_a_list(path)
    return found


def _not_a_list(path: str) -> RemoteError:
    return RemoteError(f"GET {path}: the answer is not a list of API v3 (no rows with ids, or no `meta.page`)")


def _too_long(path: str, total: int) -> RemoteError:
    return RemoteError(f"GET {path}: a list of {total:,} rows is more than billsync reads (at most {LIST_ROWS:,})")


def _endless(path: str, rows: int) -> RemoteError:
    return RemoteError(f"GET {path}: the list doesn't end; billsync gave up after {rows:,} rows")


def _check(query: Query, size: int) -> None:
    if size < 1:
        raise ValueError(f"a page size of {size} returns every row")
    for name, value in query:
        filters = value if name.endswith("[eq]") else value.strip(", ")  # a list's empty members are nothing
        if name.startswith("page[") or not filters:
            raise ValueError(f"{name}={value!r} must not be sent with a list")
