"""Many lists or documents in one stream of reads, so that tens of thousands cost little more than their requests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import tee
from typing import TypeVar

from billsync.live.lists.page import Outcome, Refused, answer_from, answers, document_from
from billsync.live.lists.paging import Query, first_get, read_list
from billsync.model.limits import READS_AT_ONCE
from billsync.model.ports import Answer, Clock, Decode, Get, Identified, ListRead, Page, ReadAhead, Reader, RemoteError
from billsync.model.routes import ListQuery
from billsync.model.value import Fields

R = TypeVar("R", bound=Identified)


def read_lists(
    remote: Reader,
    paths: Iterable[str],
    query: Query,
    listing: ListQuery,
    clock: Clock,
    decode: Decode[R] | None = None,
) -> Iterator[tuple[R | Fields, ...] | Refused]:
    """Many lists that are alike, each as `read_list` reads it, or its refusal; in order, several at a time.

    Most should fit in one page: the first pages are one stream, and a list that goes on is read by itself. Raises
    RemoteError.
    """
    of_all = first_get("", query, listing).query
    for path, outcome in _asked(remote, (Get(path, of_all) for path in paths), decode):
        if isinstance(outcome, Page) and _is_whole(outcome):
            yield tuple(outcome.rows)
            continue
        try:
            yield read_list(remote, path, query, listing, clock, decode, first=outcome)
        except Refused as refused:
            yield refused


def read_short_lists(
    remote: Reader, paths: Iterable[str], listing: ListQuery, decode: Decode[R]
) -> Iterator[tuple[R, ...] | None]:
    """The rows of each of many lists, in order; None for one that has to be read by itself, as it has several pages or
    its page is in doubt.

    Raises RemoteError for the first one without an answer, or with an error: all others may have none, either.
    """
    of_all = first_get("", (), listing).query
    for path, outcome in _asked(remote, (Get(path, of_all) for path in paths), decode):
        if isinstance(outcome, RemoteError):
            raise outcome
        if isinstance(outcome, Answer) and not outcome.ok:
            raise Refused(path, outcome)
        yield tuple(outcome.rows) if isinstance(outcome, Page) and _is_whole(outcome) else None


def _is_whole(page: Page[R]) -> bool:
    """Whether a page has all rows of its list, each once."""
    return page.total == len(page.rows) and (page.total < 2 or page.total == len({row.id for row in page.rows}))


def read_documents(remote: Reader, paths: Iterable[str]) -> Iterator[Fields | Refused]:
    """Objects that aren't in a list, or their refusals; in order, several at a time. Raises RemoteError."""
    plain: Iterator[tuple[str, Outcome[Identified]]] = _asked(remote, map(Get, paths), None)
    for path, outcome in plain:
        try:
            yield document_from(path, outcome)
        except Refused as refused:
            yield refused


def read_together(
    remote: Reader, lists: Sequence[ListRead], documents: Sequence[str], clock: Clock, *, at_once: int
) -> ReadAhead:
    """Lists and documents in one stream of reads, up to the first that fails."""
    gets = [*(first_get(each.path, each.query, each.listing) for each in lists), *map(Get, documents)]
    outcomes: Iterator[Outcome[Identified]] = answers(remote, gets, None, at_once=at_once)
    rows: dict[tuple[str, tuple[tuple[str, str], ...]], Sequence[Fields] | RemoteError] = {}
    for each in lists:
        found = rows[each.path, each.query] = _rows_or_error(remote, each, next(outcomes), clock)
        if isinstance(found, RemoteError):
            return ReadAhead(rows, {})
    return ReadAhead(rows, dict(zip(documents, map(_answer_or_error, outcomes), strict=True)))


def _rows_or_error(
    remote: Reader, each: ListRead, first: Outcome[Identified], clock: Clock
) -> Sequence[Fields] | RemoteError:
    try:
        return read_list(remote, each.path, each.query, each.listing, clock, first=first)
    except RemoteError as error:
        return error


def _answer_or_error(outcome: Outcome[Identified]) -> Answer | RemoteError:
    try:
        return answer_from(outcome)
    except RemoteError as error:
        return error


def _asked(remote: Reader, gets: Iterable[Get], decode: Decode[R] | None) -> Iterator[tuple[str, Outcome[R]]]:
    """The outcome of each read, with its path."""
    asked, own = tee(gets)
    for outcome, get in zip(answers(remote, asked, decode, at_once=READS_AT_ONCE), own):  # noqa: B905 (of the same reads)
        yield get.path, outcome
