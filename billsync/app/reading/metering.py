"""Reads usage: features with their meter slices, and meter queries."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import lru_cache

from billsync.api.documents import METER_QUERY
from billsync.app.server.connection import Connection
from billsync.apply.patient_call import call_patiently
from billsync.kinds.forms import EXACT
from billsync.live.snapshot import PARENT
from billsync.model.malformed import Malformed
from billsync.model.moment import parse_moment
from billsync.model.ports import RemoteError
from billsync.model.value import Fields, Plain
from billsync.rating.periods import Period
from billsync.report.billing.catalog import Catalog, catalog_of
from billsync.report.billing.subscribed import UNSHOWN, Subscribed, parse_subscription
from billsync.report.billing.usage import CUSTOMER, MeterSlice, by_customer, query_body

Quantities = dict[tuple[str, Period], Decimal]


class Unreadable(RemoteError):
    """A subscription's row can't be understood; `why` says it without naming the subscription."""

    def __init__(self, server_id: object, why: str) -> None:
        super().__init__(f"subscription {server_id} can't be read ({why})")
        self.why = why


def read_catalog(connection: Connection) -> Catalog:
    """All features and meters. Raises RemoteError."""
    return catalog_of(connection.rows("feature"), connection.rows("meter"))


def query(connection: Connection, meter_slice: MeterSlice, body: Fields) -> tuple[Fields, ...]:
    """The rows that a meter answers. It is a POST that only reads. Raises RemoteError."""
    path = METER_QUERY.replace(PARENT, meter_slice.meter_id)
    answer = call_patiently(connection.remote, "POST", path, body)
    if not answer.ok:
        raise RemoteError(f"POST {path}: {answer.message}")
    rows = answer.body.get("data") if isinstance(answer.body, Mapping) else None
    if not isinstance(rows, list | tuple) or not all(_is_usage(row) for row in rows):
        raise RemoteError(f"POST {path}: the answer is not a meter's usage")
    return tuple(rows)


def _is_usage(row: Plain) -> bool:
    """Whether a row is one of the API's: two times, an exact number, and a map of dimensions."""
    if not isinstance(row, Mapping) or not isinstance(row.get("dimensions"), Mapping | None):
        return False
    times = [row.get(name) for name in ("from", "to")]
    value = row.get("value")
    is_number = isinstance(value, str) and re.fullmatch(EXACT, value) is not None
    return is_number and all(isinstance(time, str) and _is_moment(time) for time in times)


@lru_cache(maxsize=1_024)
def _is_moment(text: str) -> bool:
    """Whether a text is a time: all rows of an answer have few of them."""
    return parse_moment(text) is not None


def live_subscription(row: Fields, features: Mapping[str, str]) -> Subscribed | None:
    """The subscription in a row; None where the server shows no phases.

    Raises Unreadable for a row that API v3 doesn't have, or a price we can't rate.
    """
    found = parse_subscription(row, features)
    if found == UNSHOWN:
        return None
    if isinstance(found, Malformed):
        raise Unreadable(row.get("id"), found.text)
    return found


def read_usage(
    connection: Connection, catalog: Catalog, needs: Iterable[tuple[str, Period]], *, customer_id: str
) -> Quantities:
    """One customer's usage of features in periods: one request for each gauge and period. Raises RemoteError."""
    found: Quantities = {}
    for feature, period in sorted(needs, key=lambda need: (need[0], need[1].start)):
        meter_slice = catalog.meter_slices.get(feature)
        if meter_slice is not None:
            body = query_body(meter_slice, period, group_by=[CUSTOMER], customers=[customer_id])
            found[feature, period] = by_customer(query(connection, meter_slice, body)).get(customer_id, Decimal(0))
    return found
