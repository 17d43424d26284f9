"""The usage events of running periods, for a recovery snapshot."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping
from datetime import datetime

from billsync.api.documents import EVENTS
from billsync.app.connection import ReadingConnection
from billsync.app.taken_catalog import PLAN, plan_of
from billsync.live.cursors import read_pages
from billsync.model.moment import cut_to_seconds, moment_text, parse_moment
from billsync.model.state import Snapshot
from billsync.model.value import Fields
from billsync.report.recovery.item_lines import item_line, row_in
from billsync.report.recovery.items import Event
from billsync.report.recovery.usage_start import usage_starts

SIZE = 100
"""The most that a page of events may have (customer-facts.md §14)."""


def event_lines(
    connection: ReadingConnection,
    subscriptions: Iterable[bytes],
    catalog: Snapshot,
    promised: tuple[datetime, datetime],
) -> Generator[bytes, None, list[tuple[str, int]]]:
    """The lines of the events of the customers of these subscriptions that aren't billed yet.

    `promised` are the times between which dues were read, with the usage until then: events that were stored later are
    left out. Returns the customers of whom events were stored between, with their number. Raises RemoteError.
    """
    between: list[tuple[str, int]] = []
    for customer, starts in sorted(_starts(subscriptions, catalog, promised[0]).items()):
        count = 0
        for row in _events(connection, customer, min(starts.values())):
            stored = parse_moment(str(row.get("stored_at") or row.get("ingested_at")))
            if _is_running(row, starts) and (stored is None or stored <= promised[1]):
                count += stored is not None and stored > promised[0]
                yield item_line(Event(customer, row))
        if count:
            between.append((customer, count))
    return between


def _is_running(row: Fields, starts: Mapping[str | None, datetime]) -> bool:
    """Whether an event lies in a period that is running, by its type."""
    event = row.get("event") or {}
    at = parse_moment(str(event.get("time")))
    return at is None or at >= cut_to_seconds(starts.get(event.get("type"), starts[None]))


def _events(connection: ReadingConnection, customer: str, since: datetime) -> Iterator[Fields]:
    query = (
        ("filter[customer_id][eq]", customer),
        ("filter[time][gte]", moment_text(cut_to_seconds(since))),
        ("sort", "time asc"),
    )
    for page in read_pages(connection.remote, EVENTS, query, size=SIZE):
        yield from page


def _starts(
    subscriptions: Iterable[bytes], catalog: Snapshot, now: datetime
) -> Mapping[str, Mapping[str | None, datetime]]:
    """By customer and type of event, the start of the running period; under None, of plans.

    Of several the latest, so that nothing is billed twice; of plans the earliest, for types that nothing is priced by.
    """
    found: dict[str, dict[str | None, datetime]] = {}
    plans = {row.id: row.fields for row in catalog.of(PLAN)}
    types = _types(catalog)
    for line in subscriptions:
        row = row_in(line).fields
        for feature, start in usage_starts(row, plans.get(plan_of(row)), now).items():
            mine = found.setdefault(str(row["customer_id"]), {})
            of = types.get(feature) if feature is not None else None
            if feature is None:
                mine[None] = min(start, mine.get(None, start))
            elif of is not None:
                mine[of] = max(start, mine.get(of, start))
    return found


def _types(catalog: Snapshot) -> Mapping[str, str]:
    """The type of the events of each feature's meter, by the feature's id."""
    meters = {row.id: str(row.fields.get("event_type")) for row in catalog.of("meter")}
    metered = {row.id: str((row.fields.get("meter") or {}).get("id")) for row in catalog.of("feature")}
    return {feature: meters[meter] for feature, meter in metered.items() if meter in meters}
