"""Sends the usage events of a recovery snapshot again, in lots; those that the server shows already are left out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice

from billsync.api.documents import EVENTS
from billsync.app.recovery.restoring import Restore
from billsync.app.server.connection import Connection
from billsync.app.server.posting import post
from billsync.app.server.server_time import servers_now_by_anybody
from billsync.model.frozen import dataclass
from billsync.model.moment import cut_to_seconds, moment_text, parse_moment
from billsync.model.ports import RemoteError
from billsync.model.recovery import Recovery
from billsync.model.state import Snapshot
from billsync.model.value import Fields
from billsync.report.recovery.restore.choices import Choices, InAdvance, Usage
from billsync.report.recovery.snapshot.items import Event

LOT = 100
SECOND = timedelta(seconds=1)
FILTER_BYTES, FILTER_ITEMS = 900, 50
"""Longest value of a filter, and most of its items (catalog-facts.md §1.4)."""

ALL = ("page[size]", "100")
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
    may_be_there = _has_events(connection)
    sent = known = held = 0

    def is_due(one: Event) -> bool:
        return is_dated and found.unbilled.has(one.customer, one.row)

    for lot in _lots(one for one in events if one.customer in found.served):
        ready = [one for one in lot if one.customer in starts or not is_due(one)]
        there = _there(connection, ready) if may_be_there else frozenset[tuple[str, str]]()
        fresh = [
            _dated(one, starts[one.customer] if is_due(one) else None)
            for one in ready
            if _identity(one.row) not in there
        ]
        if fresh:
            post(connection, EVENTS, fresh)
        sent, known, held = sent + len(fresh), known + len(ready) - len(fresh), held + len(lot) - len(ready)
        progress(f"{sent + known:,} usage events")
    return Resent(sent, known, held)


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
    """By the id of a customer in the snapshot, the second in which its running subscription began here; of several,
    the latest."""
    old = {str(row.fields.get("key")): row.id for row in recovery.live.of("customer")}
    here = {str(row["id"]): str(row.get("key")) for row in connection.rows("customer") if not row.get("deleted_at")}
    now, found = servers_now_by_anybody(connection, Snapshot()), dict[str, datetime]()
    for row in connection.rows("subscription"):
        start = _start(row)
        customer = old.get(here.get(str(row.get("customer_id")), ""))
        if start and customer and start <= now + SECOND and row.get("status") in ("active", "canceled"):
            found[customer] = max(found.get(customer, cut_to_seconds(start)), cut_to_seconds(start))
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
    return bool(_rows(connection, (("page[size]", "1"),)))


def _there(connection: Connection, lot: Sequence[Event]) -> frozenset[tuple[str, str]]:
    """The sources and ids of the events of a lot that the server shows. Raises RemoteError."""
    found: set[tuple[str, str]] = set()
    ids = [str(_event(one.row).get("id")) for one in lot]
    groups = [("eq", one) for one in ids if "," in one]  # a list of ids is parted by commas
    groups += [("oeq", ",".join(group)) for group in _in_filters([one for one in ids if "," not in one])]
    for operator, value in groups:
        found |= {_identity(row) for row in _rows(connection, ((f"filter[id][{operator}]", value), ALL))}
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


def _rows(connection: Connection, query: Sequence[tuple[str, str]]) -> Sequence[Fields]:
    answer = connection.remote.get(EVENTS, query)
    rows = answer.body.get("data") if answer.ok and isinstance(answer.body, Mapping) else None
    if not isinstance(rows, list | tuple):
        raise RemoteError(f"GET {EVENTS}: {answer.message or answer.status}")
    return rows
