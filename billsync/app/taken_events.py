"""The usage events of running periods, for a recovery snapshot."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping
from datetime import datetime

from billsync.api.documents import EVENTS
from billsync.app.connection import ReadingConnection
from billsync.live.cursors import read_pages
from billsync.model.malformed import Malformed
from billsync.model.moment import cut_to_seconds, moment_text, parse_moment
from billsync.model.value import Fields
from billsync.report.billing.alike import AlikeRows
from billsync.report.billing.charges import needed
from billsync.report.recovery.lines import Event, item_line, row_in
from billsync.report.recovery.promises import dues_at_end, terms_of

SIZE = 100
"""The most that a page of events may have (customer-facts.md §14)."""


def event_lines(
    connection: ReadingConnection,
    subscriptions: Iterable[bytes],
    features: Mapping[str, str],
    promised: tuple[datetime, datetime],
) -> Generator[bytes, None, list[tuple[str, int]]]:
    """The lines of the events of the customers of these subscriptions, since their earliest running period began.

    `promised` are the times between which dues were read, with the usage until then: events that were stored later are
    left out. Returns the customers of whom events were stored between, with their number. Raises RemoteError.
    """
    between: list[tuple[str, int]] = []
    for customer, since in sorted(_since(subscriptions, features, promised[0]).items()):
        count = 0
        for row in _events(connection, customer, since):
            stored = parse_moment(str(row.get("stored_at") or row.get("ingested_at")))
            if stored is None or stored <= promised[1]:
                count += stored is not None and stored > promised[0]
                yield item_line(Event(customer, row))
        if count:
            between.append((customer, count))
    return between


def _events(connection: ReadingConnection, customer: str, since: datetime) -> Iterator[Fields]:
    query = (
        ("filter[customer_id][eq]", customer),
        ("filter[time][gte]", moment_text(cut_to_seconds(since))),
        ("sort", "time asc"),
    )
    for page in read_pages(connection.remote, EVENTS, query, size=SIZE):
        yield from page


def _since(subscriptions: Iterable[bytes], features: Mapping[str, str], now: datetime) -> Mapping[str, datetime]:
    """By customer, the start of the earliest period that is running: of a plan, or of a card with a longer one."""
    found: dict[str, datetime] = {}
    alike = AlikeRows(features)
    for line in subscriptions:
        row = row_in(line)
        terms = terms_of(row.fields, alike.parse(row.fields), now)
        if terms is None:
            continue
        starts = [terms.period_from] if terms.period_from else []
        if not isinstance(terms.subscribed, Malformed):
            dues = dues_at_end(terms.subscribed, (), features, now)
            starts += [period.start for _, period in needed(dues)]
        start = min((one for one in starts if one), default=now)
        found[terms.customer_id] = min(start, found.get(terms.customer_id, start))
    return found
