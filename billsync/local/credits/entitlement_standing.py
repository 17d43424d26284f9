"""Balances of a metered entitlement: its grants, drawn down by its usage by `rating` (vectors README)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import accumulate, pairwise

from billsync.local.accounts.item_entitlements import OWNER
from billsync.local.accounts.usage_periods import counted_from, exceptions, starts
from billsync.local.catalog.dimension_filters import accepts
from billsync.local.catalog.features import FEATURE
from billsync.local.catalog.meter_readings import COUNT, METER, UNIQUE
from billsync.local.store.readings import Reading
from billsync.local.store.store import LIVE, Row, Store
from billsync.local.store.times import from_micros
from billsync.local.usage.attribution import subjects_of
from billsync.local.usage.metering import LAST, EventSelection, each_reading, number_in
from billsync.model.duration import parse_duration
from billsync.model.frozen import dataclass
from billsync.rating import entitlement_grants as rated
from billsync.rating.arithmetic import ZERO, exactly, total
from billsync.rating.entitlement_grants import Burndown, EntitlementGrant, Metered, Recurrence, burn_down
from billsync.rating.periods import MICROSECOND, Period

USAGE_GRANT = "usage_grant"
ISSUED_WITH = "issueAfterReset"


@dataclass(frozen=True, slots=True)
class Standing:
    """The balance (None is without a limit), usage and overage of the running period, and
    the amount that was there to use."""

    balance: Decimal | None = None
    used: Decimal = ZERO
    overage: Decimal = ZERO
    available: Decimal = ZERO


@exactly
def limited(limit: Decimal | None, used: Decimal) -> Standing:
    """The standing of an amount that is issued again in each period."""
    amount = limit or ZERO
    balance = None if limit is None else max(limit - used, ZERO)
    return Standing(balance, used, max(used - amount, ZERO), amount)


@exactly
def standing_of(store: Store, row: Row, now: datetime) -> Standing:
    """The standing of a metered entitlement by its grants; usage of this very moment counts."""
    burned = drawn_down(store, row, now + MICROSECOND)
    begun = (starts(row, now) or (counted_from(row),))[-1]
    period = [segment for segment in burned.segments if segment.period.start >= begun]
    drawn = total(part.amount for segment in period for part in segment.drawn)
    balance = total(burned.balances.values())
    return Standing(balance, total(segment.usage for segment in period), burned.overage, balance + drawn)


def drawn_down(store: Store, row: Row, until: datetime, *, cuts: Iterable[datetime] = ()) -> Burndown:
    """Return the draws from the grants since the start of counting; a segment begins at each of the cuts."""
    begun = counted_from(row)
    resets = starts(row, until)
    span = rated.Span(
        Period(begun, until),
        resets,
        preserve_overage=row.document["preserve_overage"],
        exceptions=exceptions(row),
        cuts=frozenset(cuts),
    )
    edges = [begun, *resets, max(until, begun)]
    usage = [metered for start, end in pairwise(edges) for metered in used_in(store, row, Period(start, end))]
    return burn_down([rated_grant(grant) for grant in grants_of(store, row)], usage, span)


def grants_of(store: Store, row: Row) -> list[Row]:
    """The grants of an entitlement, voided ones included, oldest first; an item's entitlement has the grants that it
    issues itself."""
    if OWNER in row.document:
        return [issued(row, row.document["issued_id"])] if row.document.get("limit") else []
    return store.rows(USAGE_GRANT, f"{LIVE} AND parent = :entitlement", {"entitlement": row.id})


def issued(row: Row, grant_id: str) -> Row:
    """The grant that is there in full after each reset, as the entitlement's own terms ask for; not stored."""
    document = row.document
    return Row(
        resource=USAGE_GRANT,
        id=grant_id,
        document={
            **dict.fromkeys(("amount", "most_rollover", "least_rollover"), document["limit"]),
            "priority": document["priority"],
            "annotations": {ISSUED_WITH: True},
        },
        created_at=row.created_at,
        updated_at=row.created_at,
        parent=row.id,
        begins_at=counted_from(row),
    )


def rated_grant(row: Row) -> EntitlementGrant:
    document = row.document
    assert row.begins_at is not None
    return EntitlementGrant(
        key=row.id,
        amount=Decimal(document["amount"]),
        created_at=row.created_at,
        effective_at=row.begins_at,
        expires_at=row.ends_at,
        priority=document["priority"],
        recurrence=recurrence_of(row),
        least_rollover=Decimal(document["least_rollover"]),
        most_rollover=Decimal(document["most_rollover"]),
        voided_at=from_micros(document["voided_at"]) if "voided_at" in document else None,
    )


def recurrence_of(row: Row) -> Recurrence | None:
    if (recurrence := row.document.get("recurrence")) is None:
        return None
    interval = parse_duration(recurrence["interval"])
    assert interval is not None
    return Recurrence(from_micros(recurrence["anchor"]), interval)


def used_in(store: Store, row: Row, period: Period) -> Iterator[Metered]:
    """Return the usage of a usage period: the change of the period's value with each event."""
    feature = store.get(FEATURE, row.document["feature_id"])
    measured = feature.document.get("meter") if feature else None
    meter = store.get(METER, measured["id"]) if measured else None
    if measured is None or meter is None or period.is_empty:
        return
    span = EventSelection(period.start, period.end, tuple(subjects_of(store, str(row.parent))))
    wanted = accepts(measured["filters"]) if measured.get("filters") else None
    counted = list(each_reading(store, meter, span, wanted))
    sums = [ZERO, *running(meter.document["aggregation"], counted)]
    for reading, change in zip(counted, changes(sums), strict=True):
        yield Metered(from_micros(reading.time), change)


@exactly
def changes(sums: Sequence[Decimal]) -> list[Decimal]:
    return [after - before for before, after in pairwise(sums)]


@exactly
def running(aggregation: str, readings: Sequence[Reading]) -> list[Decimal]:
    """Yield the value after each reading, for one of the aggregations that a feature may have."""
    if aggregation == COUNT:
        return [Decimal(count) for count, _ in enumerate(readings, 1)]
    if aggregation == UNIQUE:
        firsts = {reading.text: place for place, reading in reversed(list(enumerate(readings)))}
        return list(accumulate(Decimal(firsts[reading.text] == place) for place, reading in enumerate(readings)))
    values = list(map(number_in, readings))
    return values if aggregation == LAST else list(accumulate(values))
