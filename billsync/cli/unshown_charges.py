"""Reads what a forecast can't see in a subscription: what it had or will have in its period. It rates nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from billsync.api.documents import CHARGES, SUBSCRIPTION_ADDONS
from billsync.cli.metering import Catalog
from billsync.cli.pipeline import Connection
from billsync.live.paging import Refused, read_list
from billsync.live.snapshot import PARENT
from billsync.model.kind import ListQuery
from billsync.model.value import Fields
from billsync.report.attached import Attached, attached
from billsync.report.charges import Due
from billsync.report.forecast import running
from billsync.report.subscribed import Subscribed
from billsync.report.unshown import Unshown, changing, unshown

LISTING = ListQuery(sort="created_at", size=100)
SECONDS = "%Y-%m-%d %H:%M:%SZ"
TERMS = "a minimum, a maximum or a unit conversion"


@dataclass(frozen=True, slots=True)
class Besides:
    """What is known of the running period besides the row, and what is not, for people."""

    dues: tuple[Due, ...] = ()
    notes: tuple[str, ...] = ()


def charges_of(connection: Connection, customer_id: str) -> tuple[Fields, ...]:
    """The rows of a customer's charges; none where the server doesn't list them. Raises RemoteError."""
    try:
        return read_list(connection.remote, CHARGES.replace(PARENT, customer_id), (), LISTING, connection.clock)
    except Refused:
        return ()


def besides(
    connection: Connection, one: Subscribed, rows: tuple[Fields, ...], catalog: Catalog, now: datetime
) -> Besides:
    """The pieces of a subscription's running period that its row doesn't show, from rows of charges.

    Raises RemoteError.
    """
    try:
        found = unshown(rows, one, known=running(one, now), features=catalog.features, now=now)
    except (KeyError, TypeError, ValueError, ArithmeticError):
        found = Unshown()
    gone = () if found.told else tuple(_gone(connection, one, now))
    return Besides(found.dues, tuple(_notes(one, found, gone, now)))


def _notes(one: Subscribed, found: Unshown, gone: tuple[str, ...], now: datetime) -> Iterator[str]:
    for key, start in found.untold(one, now):
        yield f"{key} counts only since {start:{SECONDS}}: what it was before can't be read"
    yield from gone
    for key in found.stale:
        yield f"{key} isn't there any more, and the server hasn't worked out yet what it cost: it isn't counted"
    for key, end in changing(one, now):
        yield f"{key} is as it is until {end:{SECONDS}}: what comes then counts only as far as it is a charge already"
    for key in found.uncertain:
        yield f"{key} isn't there now: {TERMS} that it has when it is aren't known"


def _gone(connection: Connection, one: Subscribed, now: datetime) -> Iterator[str]:
    """What add-ons took with them within the period, where no charge tells it. Raises RemoteError."""
    start, have = one.period_at(now).start, {slot.item.key for slot in one.slots}
    for each in _attached(connection, one):
        for segment in each.segments:
            if segment.quantity and segment.end and start < segment.end <= now:
                for key in sorted({str(card["key"]) for card in each.cards} - have):
                    yield f"{key} was there until {segment.end:{SECONDS}}: what it cost can't be read"


def _attached(connection: Connection, one: Subscribed) -> list[Attached]:
    """The add-ons of a subscription; none where the server doesn't show them, or not as API v3 does."""
    path = SUBSCRIPTION_ADDONS.replace(PARENT, one.id)
    try:
        return [attached(row) for row in read_list(connection.remote, path, (), LISTING, connection.clock)]
    except (Refused, KeyError, TypeError, ValueError):
        return []
