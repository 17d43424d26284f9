"""One page of a list: what is asked for, and its rows and total from whatever came back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias, TypeVar

from billsync.live.lists.door import check_rows
from billsync.model.limits import LIST_ROWS
from billsync.model.ports import Answer, Decode, Get, Identified, Page, Reader, RemoteError
from billsync.model.value import Fields
from billsync.model.walk import is_map

R = TypeVar("R")

Outcome: TypeAlias = Page[R] | Answer | RemoteError
"""The result of a read; an error is a value, as other reads may be under way."""


class Refused(RemoteError):
    """A read was answered with an error of this status."""

    def __init__(self, path: str, answer: Answer) -> None:
        super().__init__(f"GET {path}: {answer.message}")
        self.status = answer.status


def answers(remote: Reader, gets: Iterable[Get], decode: Decode[R] | None, *, at_once: int) -> Iterator[Outcome[R]]:
    """The outcome of each read, in order; one after the other where the server can't be read several at a time."""
    stream = getattr(remote, "stream", None)
    if stream is None:
        return (_outcome(remote, get) for get in gets)
    found: Iterator[Outcome[R]] = stream(gets, decode, at_once=at_once)
    return found


def _outcome(remote: Reader, get: Get) -> Answer | RemoteError:
    try:
        return remote.get(get.path, get.query)
    except RemoteError as error:
        return error


def place(number: int, size: int) -> tuple[tuple[str, str], ...]:
    """The query of one page."""
    return ("page[size]", str(size)), ("page[number]", str(number))


def page_from(path: str, outcome: Outcome[R]) -> Page[R | Fields]:
    """The page, which is read from an answer if it isn't one yet. Raises RemoteError."""
    if isinstance(outcome, RemoteError):
        raise outcome
    page: Page[R | Fields] = _plain_page(path, outcome) if isinstance(outcome, Answer) else outcome
    if page.total > LIST_ROWS:
        raise _too_long(path, page.total)
    return page


def _plain_page(path: str, answer: Answer) -> Page[Fields]:
    rows = rows_of(path, answer)
    total = meta_of(path, answer).get("total")
    if not isinstance(total, int) or isinstance(total, bool) or total < 0:
        raise not_a_list(path)
    return Page(rows, total)


def rows_of(path: str, answer: Answer) -> tuple[Fields, ...]:
    """The rows in an answer. Raises RemoteError."""
    if not answer.ok:
        raise Refused(path, answer)
    data = answer.body.get("data", ()) if is_map(answer.body) else None
    rows = () if data is None and is_map(answer.body) else data
    if not isinstance(rows, list | tuple) or not all(map(is_map, rows)):
        raise not_a_list(path)
    return tuple(rows)


def meta_of(path: str, answer: Answer) -> Fields:
    """The part of an answer that is about its page. Raises RemoteError."""
    meta = answer.body.get("meta")
    page = meta.get("page") if is_map(meta) else None
    if is_map(page):
        return page
    raise not_a_list(path)


def id_of(path: str, row: Identified | Fields) -> str:
    """The id of a row in either form. Raises RemoteError."""
    if not (type(row) is dict or isinstance(row, Mapping)):
        return row.id
    found = row.get("id")
    if not isinstance(found, str):
        raise not_a_list(path)
    return found


def not_a_list(path: str) -> RemoteError:
    """The error of an answer of another form."""
    return RemoteError(f"GET {path}: the answer is not a list of API v3 (no rows with ids, or no `meta.page`)")


def _too_long(path: str, total: int) -> RemoteError:
    return RemoteError(f"GET {path}: a list of {total:,} rows is more than billsync reads (at most {LIST_ROWS:,})")


def document_from(path: str, outcome: Outcome[R]) -> Fields:
    """One object that isn't in a list. Raises RemoteError, Refused."""
    answer = answer_from(outcome)
    if not answer.ok:
        raise Refused(path, answer)
    if is_map(answer.body):
        check_rows(path, (answer.body,))
        return answer.body
    raise RemoteError(f"GET {path}: the answer is not an object of API v3")


def answer_from(outcome: Outcome[R]) -> Answer:
    """The answer to a read that isn't one of a page. Raises RemoteError."""
    if isinstance(outcome, RemoteError):
        raise outcome
    if not isinstance(outcome, Answer):
        raise TypeError("a document was read as a page")
    return outcome
