"""Lists with cursors, read forward only: backward pages skip rows (customer-facts.md §9)."""

from __future__ import annotations

from billsync.live.door import check_rows
from billsync.live.page import meta_of, not_a_list, rows_of
from billsync.live.paging import Query, check_list
from billsync.model.limits import EMPTY_PAGES, LIST_ROWS
from billsync.model.ports import Answer, Reader, RemoteError, TimedOut
from billsync.model.value import Fields


def read_forward(remote: Reader, path: str, query: Query, *, size: int) -> tuple[Fields, ...]:
    """Every row of a list with cursors, with fewer rows a page after a time-out. Raises RemoteError."""
    check_list(query, size)
    rows: list[Fields] = []
    seen: set[str] = set()
    cursor: str | None = None
    empty = 0
    while True:
        answer, size = _forward_page(remote, path, query, size=size, cursor=cursor)
        fresh = rows_of(path, answer)
        rows += fresh
        empty = 0 if fresh else empty + 1
        cursor = meta_of(path, answer).get("next")
        if cursor is None:
            check_rows(path, rows)
            return tuple(rows)
        if not isinstance(cursor, str):
            raise not_a_list(path)
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


def _endless(path: str, rows: int) -> RemoteError:
    return RemoteError(f"GET {path}: the list doesn't end; billsync gave up after {rows:,} rows")
