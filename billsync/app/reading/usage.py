"""Reads a customer's usage of each feature: of its subscriptions' cards, or of all features if it has no
subscription."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from billsync.app.ending import usage
from billsync.app.reading.customers import customer_id_of, subscriptions_of
from billsync.app.reading.metering import query, read_catalog
from billsync.app.server.connection import Connection
from billsync.app.server.server_time import servers_now
from billsync.model.frozen import dataclass
from billsync.model.moment import cut_to_seconds, parse_day_or_time
from billsync.rating.periods import Period
from billsync.report.billing.catalog import Catalog
from billsync.report.billing.subscribed import Subscribed, running_at
from billsync.report.billing.usage import CUSTOMER, Used, query_body, used

WINDOWS = {"minute": "PT1M", "hour": "PT1H", "day": "P1D", "month": "P1M"}
SUBJECT = "subject"
DEFAULT_SPAN = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class UsageScope:
    """The part of the usage that is asked for, as typed; `group` is a dimension, None for whole features."""

    start: str | None = None
    end: str | None = None
    window: str | None = None
    group: str | None = None


@dataclass(frozen=True, slots=True)
class CustomerUsage:
    """The usage of a customer in a period. `left_out` are the features whose meters lack the dimension; `of_all`: the
    server doesn't show the subscriptions' cards, so that it is of all features."""

    period: Period
    rows: tuple[Used, ...]
    left_out: tuple[str, ...] = ()
    of_all: bool = False


def read_customer_usage(connection: Connection, customer: str, wanted: UsageScope) -> CustomerUsage:
    """The usage of each feature. Raises Ended for an impossible query, RemoteError."""
    customer_id = customer_id_of(connection, customer)
    catalog = read_catalog(connection)
    now = servers_now(connection, customer_id)
    subscriptions = subscriptions_of(connection, customer_id, catalog)
    running = running_at(now, subscriptions or ())
    period = _period(wanted, running, now)
    priced = {key for one in running for key in one.features} or catalog.meter_slices.keys()
    metered = sorted(priced & catalog.meter_slices.keys())
    features = _with_dimension(catalog, metered, wanted.group)
    rows = [row for key in features for row in _used(connection, catalog, key, period, wanted, customer_id)]
    return CustomerUsage(period, tuple(rows), tuple(sorted(set(metered) - set(features))), subscriptions is None)


def _with_dimension(catalog: Catalog, metered: Sequence[str], group: str | None) -> Sequence[str]:
    """The features whose meter has the dimension. Raises Ended if no meter has it."""
    having = [key for key in metered if group in (None, SUBJECT) or group in catalog.dimensions_of(key)]
    if metered and not having:
        known = sorted({SUBJECT, *(name for key in metered for name in catalog.dimensions_of(key))})
        hint = f"Choose one of: feature, {', '.join(known)}."
        raise usage("no-dimension", repr(group), hint)
    return having


def _period(wanted: UsageScope, running: Sequence[Subscribed], now: datetime) -> Period:
    """The period asked for; else the running billing period so far, or the last thirty days. Raises Ended."""
    end = _moment("--to", wanted.end) or cut_to_seconds(now) + timedelta(seconds=1)
    begun = min((one.period_at(now).start for one in running), default=end - DEFAULT_SPAN)
    start = _moment("--from", wanted.start) or cut_to_seconds(begun)
    if start >= end:
        given = f"{start:%Y-%m-%d %H:%M:%SZ} to {end:%Y-%m-%d %H:%M:%SZ}"
        raise usage("no-time", f"--from must be before --to; the period would be {given}.")
    return Period(start, end)


def _moment(option: str, text: str | None) -> datetime | None:
    """A day or a time in UTC. Raises Ended for anything else."""
    if text is None:
        return None
    moment = parse_day_or_time(text)
    if moment is None:
        raise usage(
            "no-time", f"{option} is not a date or time: {text!r}", "Write 2026-09-01, or 2026-09-01T12:00:00Z."
        )
    return moment


def _used(
    connection: Connection, catalog: Catalog, feature: str, period: Period, wanted: UsageScope, customer_id: str
) -> tuple[Used, ...]:
    body = query_body(
        catalog.meter_slices[feature],
        period,
        group_by=[wanted.group or CUSTOMER],
        customers=[customer_id],
        granularity=WINDOWS[wanted.window] if wanted.window else None,
    )
    return used(feature, query(connection, catalog.meter_slices[feature], body), wanted.group)
