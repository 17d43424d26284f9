"""Lists with cursors, read forward only: backward pages skip rows (customer-facts.md §9)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from billsync.live.lists.door import check_rows
from billsync.live.lists.page import Outcome, Refused, answers, meta_of, not_a_list, rows_of
from billsync.live.lists.paging import Query, check_list
from billsync.model.limits import EMPTY_PAGES, LIST_ROWS, READS_AT_ONCE
from billsync.model.ports import Answer, Get, Identified, Reader, RemoteError, TimedOut
from billsync.model.value import Fields


def read_all_forward(
    remote: Reader, paths: Iterable[str], query: Query, *, size: int = 100
) -> Iterator[tuple[Fields, ...] | Refused]:
    """Many lists that are alike, or their refusals; in order, several at a time. Raises RemoteError.

    Most should fit in one page: the first pages are one stream, and a list that goes on is read by itself.
    """
    check_list(query, size)
    names = tuple(paths)
    gets = (Get(path, (*query, ("page[size]", str(size)))) for path in names)
    firsts: Iterator[Outcome[Identified]] = answers(remote, gets, None, at_once=READS_AT_ONCE)
    for path, first in zip(names, firsts, strict=True):
        try:
            yield read_forward(remote, path, query, size=size, first=_plain(first))
        except Refused as refused:
            yield refused


def _plain(outcome: Outcome[Identified]) -> Answer | None:
    """The answer; None for a page that has to be asked for again, with fewer rows. Raises RemoteError."""
    if isinstance(outcome, TimedOut):
        return None
    if isinstance(outcome, RemoteError):
        raise outcome
    assert isinstance(outcome, Answer)
    return outcome


def read_forward(
    remote: Reader, path: str, query: Query, *, size: int, first: Answer | None = None
) -> tuple[Fields, ...]:
    """Every row of a list with cursors, with fewer rows a page after a time-out; `first` is the answer of its first
    page, if it is there. Raises RemoteError."""
    return tuple(row for page in read_pages(remote, path, query, size=size, first=first) for row in page)


def read_pages(
    remote: Reader, path: str, query: Query, *, size: int, first: Answer | None = None
) -> Iterator[tuple[Fields, ...]]:
    """The rows of each page of a list with cursors. Raises RemoteError."""
    check_list(query, size)
    seen: set[str] = set()
    cursor: str | None = None
    empty = count = 0
    while True:
        if first is None:
            first, size = _forward_page(remote, path, query, size=size, cursor=cursor)
        answer, first = first, None
        fresh = rows_of(path, answer)
        check_rows(path, fresh)
        yield fresh
        count += len(fresh)
        empty = 0 if fresh else empty + 1
        cursor = meta_of(path, answer).get("next")
        if cursor is None:
            return
        if not isinstance(cursor, str):
            raise not_a_list(path)
        if cursor in seen:
            raise RemoteError(f"GET {path}: the server's pages repeat")
        if count > LIST_ROWS or empty > EMPTY_PAGES:
            raise _endless(path, count)
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


def _endless(path: str, rows: int) -> RemoteError:
    return RemoteError(f"GET {path}: the list doesn't end; billsync gave up after {rows:,} rows")
