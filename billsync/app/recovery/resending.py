"""Sends the usage events of a recovery snapshot again, in lots; those that the server shows already are left out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice

from billsync.api.documents import EVENTS
from billsync.app.recovery.latest_values import identity_of
from billsync.app.recovery.restoring import Restore
from billsync.app.recovery.taken_events import SIZE
from billsync.app.server.connection import Connection
from billsync.app.server.posting import ATTEMPTS, post_once
from billsync.app.server.server_time import servers_now_by_anybody
from billsync.live.lists.cursors import read_pages
from billsync.model.frozen import dataclass
from billsync.model.moment import cut_to_seconds, moment_text, parse_moment
from billsync.model.ports import Unclear
from billsync.model.recovery import Recovery
from billsync.model.state import Snapshot
from billsync.model.value import Fields
from billsync.report.recovery.restore.choices import Choices, InAdvance, Usage
from billsync.report.recovery.restore.usage_start import metered_since
from billsync.report.recovery.snapshot.items import Event

LOT = 100
SECOND = timedelta(seconds=1)
FILTER_BYTES, FILTER_ITEMS = 900, 50
"""Longest value of a filter, and most of its items (catalog-facts.md §1.4)."""

STORING = (2.0, 4.0, 8.0)
"""Seconds between looks at what was sent: events are stored a while after the answer, after some 5 s at most."""

SENT = ("id", "source", "specversion", "type", "subject", "dataschema", "data")
"""The members of an event that are sent again, besides its time."""

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Resent:
    """The number of events that were sent, of those that were there already, and of those that were held back, as the
    subscription that is to be billed for them hasn't begun."""

    sent: int = 0
    known: int = 0
    held: int = 0

    @property
    def text(self) -> str:
        """The numbers as a sentence."""
        held = f", {self.held:,} held back until the subscriptions have begun" if self.held else ""
        return f"Usage events: {self.sent:,} sent, {self.known:,} there already{held}."


def resend(
    connection: Connection,
    recovery: Recovery,
    events: Iterable[Event],
    choices: Choices,
    found: Restore,
    progress: Progress,
) -> Resent:
    """Send the events of the customers whose subscriptions are restored, each with its id and source; those of periods
    that run at the start of the new subscription, if so chosen.

    Raises RemoteError, after which a further run sends the rest.
    """
    is_dated = choices.usage is Usage.AT_START and choices.in_advance is not InAdvance.WAIT
    starts = _starts(connection, recovery) if is_dated else {}
    goes_on = bool(found.known.of("subscription"))
    may_be_there = goes_on or _has_events(connection)
    sent = known = held = 0

    def is_due(one: Event) -> bool:
        return is_dated and found.unbilled.has(one.customer, one.row)

    def new_time(one: Event) -> datetime | None:
        return starts[one.customer] + SECOND * found.seconds.get(identity_of(one), 0) if is_due(one) else None

    for lot in _lots(one for one in events if one.customer in found.served):
        ready = [one for one in lot if one.customer in starts or not is_due(one)]
        rows = [_dated(one, new_time(one)) for one in ready]
        fresh = _missing(connection, rows) if may_be_there else rows
        if fresh and goes_on:  # an earlier run may have sent them a moment ago
            fresh, goes_on = _missing_at_last(connection, fresh), False
        if fresh:
            _send(connection, fresh)
        sent, known, held = sent + len(fresh), known + len(ready) - len(fresh), held + len(lot) - len(ready)
        progress(f"{sent + known:,} usage events")
    return Resent(sent, known, held)


def _send(connection: Connection, rows: Sequence[Fields]) -> None:
    """Send events; after an unclear outcome those that the server doesn't show at last, as not every server drops what
    it has already (customer-facts.md §14). Raises RemoteError."""
    for _ in range(ATTEMPTS - 1):
        try:
            post_once(connection, EVENTS, rows)
        except Unclear:
            rows = _missing_at_last(connection, rows)
        else:
            return
        if not rows:
            return
    post_once(connection, EVENTS, rows)


def _missing_at_last(connection: Connection, rows: Sequence[Fields]) -> Sequence[Fields]:
    """The events that the server doesn't show even when it has had time to store them. Raises RemoteError."""
    for pause in STORING:
        connection.clock.sleep(pause)
        rows = _missing(connection, rows)
        if not rows:
            break
    return rows


def _missing(connection: Connection, rows: Sequence[Fields]) -> Sequence[Fields]:
    """The events that the server doesn't show. Raises RemoteError."""
    there = _there(connection, rows)
    return [row for row in rows if _identity(row) not in there]


def _lots(events: Iterable[Event]) -> Iterator[Sequence[Event]]:
    rest = iter(events)
    while lot := list(islice(rest, LOT)):
        yield lot


def _event(row: Fields) -> Fields:
    found = row.get("event")
    return found if isinstance(found, Mapping) else row


def _identity(row: Fields) -> tuple[str, str]:
    event = _event(row)
    return str(event.get("source")), str(event.get("id"))


def _dated(one: Event, start: datetime | None) -> Fields:
    """The event as it is sent: at the start, unless its own time is later."""
    event = _event(one.row)
    time = parse_moment(str(event.get("time")))
    moment = max(time, start) if time and start else start or time
    dated = {"time": moment_text(moment)} if moment else {}
    return {**{name: event[name] for name in SENT if event.get(name) is not None}, **dated}


def _starts(connection: Connection, recovery: Recovery) -> Mapping[str, datetime]:
    """By the id of a customer in the snapshot, the second in which its running subscription began here, or its add-ons
    that are priced by usage, which are attached after that; of several, the latest."""
    old = {str(row.fields.get("key")): row.id for row in recovery.live.of("customer")}
    here = {str(row["id"]): str(row.get("key")) for row in connection.rows("customer") if not row.get("deleted_at")}
    now, found = servers_now_by_anybody(connection, Snapshot()), dict[str, datetime]()
    for row in connection.rows("subscription"):
        start = _start(row)
        customer = old.get(here.get(str(row.get("customer_id")), ""))
        if start and customer and start <= now + SECOND and row.get("status") in ("active", "canceled"):
            start = cut_to_seconds(max((start, *metered_since(row, now))))
            found[customer] = max(found.get(customer, start), start)
    return found


def _start(row: Fields) -> datetime | None:
    """The start of a subscription. Konnect shows none: a restored one begins at once when it is made, within a second
    at most."""
    if "active_from" in row:
        return parse_moment(str(row["active_from"]))
    created = parse_moment(str(row.get("created_at")))
    return created + SECOND if created else None


def _has_events(connection: Connection) -> bool:
    """Whether the server has any event. Raises RemoteError."""
    return any(read_pages(connection.remote, EVENTS, (), size=1))


def _there(connection: Connection, rows: Sequence[Fields]) -> frozenset[tuple[str, str]]:
    """The sources and ids of the events that the server shows with the ids of these: sources may share ids, so that a
    group of ids may fill many pages. Raises RemoteError."""
    found: set[tuple[str, str]] = set()
    ids = [*dict.fromkeys(str(_event(row).get("id")) for row in rows)]
    groups = [("eq", one) for one in ids if "," in one]  # a list of ids is parted by commas
    groups += [("oeq", ",".join(group)) for group in _in_filters([one for one in ids if "," not in one])]
    for operator, value in groups:
        pages = read_pages(connection.remote, EVENTS, ((f"filter[id][{operator}]", value),), size=SIZE)
        found |= {_identity(row) for page in pages for row in page}
    return frozenset(found)


def _in_filters(ids: Sequence[str]) -> Iterator[list[str]]:
    """Groups of ids, each short enough for one filter."""
    group: list[str] = []
    for one in ids:
        if len(group) == FILTER_ITEMS or (group and len(",".join((*group, one)).encode()) > FILTER_BYTES):
            yield group
            group = []
        group.append(one)
    if group:
        yield group
