"""Reads what a forecast can't see in a subscription: what it had earlier in its period. It rates nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from billsync.api.documents import CHARGES
from billsync.cli.metering import Catalog
from billsync.cli.pipeline import Connection
from billsync.live.paging import Refused, read_list
from billsync.live.snapshot import PARENT
from billsync.model.kind import ListQuery
from billsync.model.value import Fields
from billsync.rating.timeline import item_life, phase_lives
from billsync.report.charges import Due
from billsync.report.earlier import Earlier, earlier
from billsync.report.forecast import running
from billsync.report.subscribed import Subscribed

LISTING = ListQuery(sort="created_at", size=100)
TERMS = "a minimum, a maximum or a unit conversion"


@dataclass(frozen=True, slots=True)
class Past:
    """What is known of the running period's earlier pieces, and what is not, for people."""

    dues: tuple[Due, ...] = ()
    notes: tuple[str, ...] = ()


def charges_of(connection: Connection, customer_id: str) -> tuple[Fields, ...] | None:
    """The rows of a customer's charges; None where the server doesn't list them. Raises RemoteError."""
    try:
        return read_list(connection.remote, CHARGES.replace(PARENT, customer_id), (), LISTING, connection.clock)
    except Refused:
        return None


def past_of(one: Subscribed, rows: tuple[Fields, ...] | None, catalog: Catalog, now: datetime) -> Past:
    """The earlier pieces of a subscription's running period."""
    found = _earlier(one, rows, catalog, now)
    if found is None:
        return Past(notes=tuple(_unknown(one, now)))
    notes = (f"{key} was taken away: {TERMS} that it had aren't known" for key in found.uncertain)
    return Past(found.dues, tuple(notes))


def _earlier(one: Subscribed, rows: tuple[Fields, ...] | None, catalog: Catalog, now: datetime) -> Earlier | None:
    try:
        known = running(one, now)
        return None if rows is None else earlier(rows, one, known=known, features=catalog.features, now=now)
    except (KeyError, TypeError, ValueError, ArithmeticError):
        return None


def _unknown(one: Subscribed, now: datetime) -> Iterator[str]:
    """What has been as it is only since some time within the running period."""
    period = one.period_at(now)
    for phase in phase_lives(one.timeline):
        for slot in one.slots:
            start = item_life(slot.item, phase.life).start
            if slot.phase == phase.phase.key and slot.item.from_offset and period.start < start <= now:
                yield f"{slot.item.key} counts only since {start:%Y-%m-%d %H:%M:%SZ}: what it was before can't be read"
