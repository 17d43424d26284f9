"""The order of events of which the last one counts, when all are dated at one second."""

from __future__ import annotations

from datetime import UTC, datetime

from billsync.app.recovery.latest_values import LatestValues
from billsync.model.state import Row, Snapshot
from billsync.report.recovery.restore.usage_start import Unbilled
from billsync.report.recovery.snapshot.items import Event

SEATS = {"key": "seats", "event_type": "seats", "aggregation": "latest", "value_property": "$.used.number"}
CALLS = {"key": "calls", "event_type": "call", "aggregation": "sum", "value_property": "$.used.number"}
CATALOG = Snapshot(
    {"meter": (Row("meter", "1", {**SEATS, "dimensions": {"site": "$.site"}}), Row("meter", "2", CALLS))}
)


def event(customer: str, name: str, minute: int, number: object, *, kind: str = "seats", site: str = "a") -> Event:
    """An event of a customer at a minute of a day."""
    data = {"used": {"number": number}, "site": site}
    time = f"2026-09-02T00:{minute:02}:00Z"
    found = {"id": name, "source": "s", "type": kind, "subject": customer, "time": time, "data": data}
    return Event(customer, {"event": found})


def test_the_last_events_keep_their_order() -> None:
    """Of each site; a value that is none doesn't count, nor do other meters, other periods, and a single event."""
    events = [
        event("acme", "first", 1, 9),
        event("acme", "north", 5, "7", site="n"),
        event("acme", "last", 9, 3),
        event("acme", "odd", 10, "many"),
        event("acme", "call", 11, 1, kind="call"),
        event("birch", "only", 3, 1),
        event("old", "one", 1, 1),
        event("old", "two", 2, 1),
    ]
    start = datetime(2026, 9, 2, tzinfo=UTC)
    since = Unbilled({"acme": {None: start}, "birch": {None: start}, "old": {None: datetime(2026, 9, 3, tzinfo=UTC)}})
    latest = LatestValues(CATALOG, since)

    assert list(latest.seen(events)) == events
    assert latest.seconds == {("acme", "s", "north"): 1, ("acme", "s", "last"): 2}
