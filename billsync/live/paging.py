"""Whole lists, read page by page, several at a time, noticing when rows shift between pages. It filters nothing.

An empty filter value or a page size of 0 would return every row (catalog-facts.md §1.4), so neither is ever sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import repeat

from billsync.live.pace import first_pace
from billsync.model.kind import ListQuery
from billsync.model.ports import Answer, Clock, Remote, RemoteError
from billsync.model.value import Fields

Query = Sequence[tuple[str, str]]
READINGS = 4


@dataclass(frozen=True, slots=True)
class Page:
    """One page: its rows, and how many match over all pages."""

    rows: tuple[Fields, ...]
    total: int


class Refused(RemoteError):
    """A read was answered with an error of this status."""

    def __init__(self, path: str, answer: Answer) -> None:
        super().__init__(f"GET {path}: {answer.message}")
        self.status = answer.status


class Shifted(Exception):
    """The list changed while it was read, so rows may be missing or twice."""


def read_list(remote: Remote, path: str, query: Query, listing: ListQuery, clock: Clock) -> tuple[Fields, ...]:
    """Every row that matches, each once, in the list's order.

    A list that changes while it is read is read again, up to three times. Raises RemoteError; ValueError for a
    filter that is empty or a page size below 1 (bugs).
    """
    _check(query, listing.size)
    filters = list(query) + ([("sort", listing.sort)] if listing.sort else [])
    reader = _Reader(remote, path, filters, listing, clock)
    for _ in range(READINGS):
        try:
            return reader.all_rows()
        except Shifted:
            continue
    raise RemoteError(f"GET {path}: the list keeps changing while it is read ({READINGS} readings); try again")


def count_rows(remote: Remote, path: str, query: Query) -> int:
    """How many rows match; one row is fetched. Raises RemoteError."""
    _check(query, 1)
    return _page(remote, path, query, number=1, size=1).total


def read_forward(remote: Remote, path: str, query: Query, *, size: int) -> tuple[Fields, ...]:
    """Every row of a list with cursors, read forward only.

    Backward pages skip rows (customer-facts.md §9). Raises RemoteError.
    """
    _check(query, size)
    rows: list[Fields] = []
    seen: set[str] = set()
    cursor: str | None = None
    while True:
        page = [("page[size]", str(size))] + ([("page[after]", cursor)] if cursor else [])
        answer = remote.get(path, [*query, *page])
        rows += _rows(path, answer)
        cursor = _meta(path, answer).get("next")
        if cursor is None:
            return tuple(rows)
        if cursor in seen:
            raise RemoteError(f"GET {path}: the server's pages go round in a circle")
        seen.add(cursor)


def read_document(remote: Remote, path: str, query: Query = ()) -> Fields:
    """One object that isn't in a list. Raises RemoteError."""
    answer = remote.get(path, query)
    if not answer.ok:
        raise Refused(path, answer)
    if not isinstance(answer.body, Mapping):
        raise RemoteError(f"GET {path}: the answer is not an object of API v3")
    return answer.body


@dataclass(frozen=True, slots=True)
class _Reader:
    """What stays the same while one list is read."""

    remote: Remote
    path: str
    query: Query
    listing: ListQuery
    clock: Clock

    def all_rows(self) -> tuple[Fields, ...]:
        first = self.page(1, self.listing.size)
        rows = list(first.rows)
        if first.total > len(rows):
            rows = self._in_one_page(first.total) if self.listing.sort is None else self._in_waves(first)
        if len(rows) != first.total or len({_id(self.path, row) for row in rows}) != len(rows):
            raise Shifted
        return tuple(rows)

    def page(self, number: int, size: int) -> Page:
        return _page(self.remote, self.path, self.query, number=number, size=size)

    def _in_one_page(self, total: int) -> list[Fields]:
        """A list without a stable order is only consistent within one page."""
        page = self.page(1, total)
        if page.total != total:
            raise Shifted
        return list(page.rows)

    def _in_waves(self, first: Page) -> list[Fields]:
        rows = list(first.rows)
        pace = first_pace(self.listing)
        with ThreadPoolExecutor(max_workers=self.listing.at_once) as threads:
            while len(rows) < first.total:
                began = self.clock.now()
                wave = threads.map(self.page, pace.numbers(len(rows), first.total), repeat(pace.size))
                fresh = _joined(wave, first.total)
                seconds = (self.clock.now() - began).total_seconds()
                rows += fresh
                pace = pace.after(len(rows), rows=len(fresh), seconds=seconds)
        return rows


def _joined(pages: Iterable[Page], total: int) -> list[Fields]:
    """The rows of all pages. Raises Shifted when a page says another total, or is empty."""
    rows: list[Fields] = []
    for page in pages:
        if page.total != total or not page.rows:
            raise Shifted
        rows += page.rows
    return rows


def _page(remote: Remote, path: str, query: Query, *, number: int, size: int) -> Page:
    answer = remote.get(path, [*query, ("page[size]", str(size)), ("page[number]", str(number))])
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


def _id(path: str, row: Fields) -> str:
    found = row.get("id")
    if not isinstance(found, str):
        raise _not_a_list(path)
    return found


def _not_a_list(path: str) -> RemoteError:
    return RemoteError(f"GET {path}: the answer is not a list of API v3 (no rows with ids, or no `meta.page`)")


def _check(query: Query, size: int) -> None:
    if size < 1:
        raise ValueError(f"a page size of {size} returns every row")
    for name, value in query:
        filters = value if name.endswith("[eq]") else value.strip(", ")  # a list's empty members are nothing
        if name.startswith("page[") or not filters:
            raise ValueError(f"{name}={value!r} must not be sent with a list")
