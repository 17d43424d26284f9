"""Reads what a forecast can't see in a subscription: what it had or will have in its period. It rates nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from billsync.api.documents import CHARGES
from billsync.app.connection import Connection
from billsync.live.paging import Refused
from billsync.live.snapshot import PARENT
from billsync.model.malformed import Malformed
from billsync.model.moment import cut_to_seconds
from billsync.model.value import Fields
from billsync.report.billing.attached import Attached, parse_attached
from billsync.report.billing.catalog import Catalog
from billsync.report.billing.charges import Due
from billsync.report.billing.subscribed import Subscribed
from billsync.report.billing.unshown import Booked, Unshown, booked, changing, unshown
from billsync.report.forecast.forecast import running

SECONDS = "%Y-%m-%d %H:%M:%SZ"
TERMS = "a minimum, a maximum or a unit conversion"


@dataclass(frozen=True, slots=True)
class Besides:
    """What is known of the running period besides the row, and what is not, for people.

    From `known_until` on cards may cost something else; None if nothing is scheduled.
    """

    dues: tuple[Due, ...] = ()
    known_until: datetime | None = None
    notes: tuple[str, ...] = ()


def charges_of(connection: Connection, customer_id: str) -> tuple[Fields, ...] | None:
    """The rows of a customer's charges; None where the server doesn't list them. Raises RemoteError."""
    try:
        return connection.listed(CHARGES.replace(PARENT, customer_id))
    except Refused:
        return None


def booked_of(rows: tuple[Fields, ...] | None, one: Subscribed) -> Booked | None:
    """What of a subscription is charged; None where it isn't known."""
    return booked(rows, one) if rows is not None else None


def besides(
    connection: Connection, one: Subscribed, rows: tuple[Fields, ...], catalog: Catalog, now: datetime
) -> Besides:
    """The pieces of a subscription's running period that its row doesn't show, from rows of charges.

    Raises RemoteError.
    """
    found = unshown(rows, one, known=running(one, now), features=catalog.features, now=now)
    addons = _attached(connection, one)
    scheduled = _scheduled(one, found, addons, now)
    until = max(cut_to_seconds(one.period_at(now).end), min(scheduled.values())) if scheduled else None
    notes = [*_unknown(one, found, now), *(() if found.told else _gone(one, addons, now))]
    for key, moment in sorted(scheduled.items()):
        notes.append(
            f"{key} changes {moment:{SECONDS}}: what it costs then counts only as far as it is charged already"
        )
    if until:
        notes.append(f"when credits run out is worked out until {until:{SECONDS}} only")
    return Besides(found.dues, until, tuple(notes))


def _unknown(one: Subscribed, found: Unshown, now: datetime) -> Iterator[str]:
    for key, start in found.untold(one, now):
        yield f"{key} counts only since {start:{SECONDS}}: what it was before can't be read"
    for key in found.stale:
        yield f"{key} isn't there any more, and the server hasn't worked out yet what it cost: it isn't counted"
    for key in found.uncertain:
        yield f"{key} isn't there now: {TERMS} that it has when it is aren't known"


def _gone(one: Subscribed, addons: Sequence[Attached], now: datetime) -> Iterator[str]:
    """What add-ons took with them within the period, where no charge tells it."""
    start, have = one.period_at(now).start, {slot.item.key for slot in one.slots}
    for each in addons:
        for segment in each.segments:
            if segment.quantity and segment.end and start < segment.end <= now:
                for key in sorted({card.key for card in each.cards} - have):
                    yield f"{key} was there until {segment.end:{SECONDS}}: what it cost can't be read"


def _scheduled(one: Subscribed, found: Unshown, addons: Sequence[Attached], now: datetime) -> Mapping[str, datetime]:
    """Which cards will be others, or begin or end, before the subscription does, and when first: by their keys."""
    moments = [*changing(one, now)]
    moments += [(due.billed.item.key, due.billed.service_period.start) for due in found.dues]
    for each in addons:
        bounds = [bound for segment in each.segments for bound in (segment.start, segment.end) if bound]
        moments += [(card.key, bound) for card in each.cards for bound in bounds]
    first: dict[str, datetime] = {}
    for key, moment in moments:
        if now < moment and moment != one.timeline.active_to:
            first[key] = min(moment, first.get(key, moment))
    return first


def _attached(connection: Connection, one: Subscribed) -> Sequence[Attached]:
    """The add-ons of a subscription; none where the server doesn't show them, or not as API v3 does."""
    try:
        found = parse_attached(connection.addons_of(one.id), {})
    except Refused:
        return ()
    return () if isinstance(found, Malformed) else found
