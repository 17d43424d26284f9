"""The usage events of running periods, for a recovery snapshot."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from datetime import datetime

from billsync.api.documents import EVENTS
from billsync.app.server.connection import ReadingConnection
from billsync.live.lists.cursors import read_pages
from billsync.model.moment import cut_to_seconds, moment_text, parse_moment
from billsync.model.state import Snapshot
from billsync.model.value import Fields
from billsync.report.recovery.restore.usage_start import unbilled
from billsync.report.recovery.snapshot.item_lines import item_line
from billsync.report.recovery.snapshot.items import Event

SIZE = 100
"""The most that a page of events may have (customer-facts.md §14)."""


def event_lines(
    connection: ReadingConnection,
    lots: Iterable[Iterable[Fields]],
    catalog: Snapshot,
    promised: tuple[datetime, datetime],
) -> Generator[bytes, None, list[tuple[str, int]]]:
    """The lines of the events that aren't billed yet. A lot has the rows of all running subscriptions of customers.

    `promised` are the times between which dues were read, with the usage until then: events that were stored later are
    left out. Returns the customers of whom events were stored between, with their number. Raises RemoteError.
    """
    between: list[tuple[str, int]] = []
    for rows in lots:
        running = unbilled(rows, catalog, promised[0])
        for customer, starts in sorted(running.starts.items()):
            count = 0
            for row in _events(connection, customer, min(starts.values())):
                stored = parse_moment(str(row.get("stored_at") or row.get("ingested_at")))
                if running.has(customer, row) and (stored is None or stored <= promised[1]):
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
