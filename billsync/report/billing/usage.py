"""Meter slices of features, and rows of usage in the API's form."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

from billsync.model.frozen import dataclass
from billsync.model.moment import moment_text
from billsync.model.value import Fields, canonical
from billsync.rating.periods import Period
from billsync.report.billing.subscribed import moment_of

CUSTOMER = "customer_id"
STEADY = frozenset({"unique_count", "latest", "min", "max", "avg"})
"""Aggregations that don't grow in step with time."""
ADDITIVE = frozenset({"sum", "count"})
"""Aggregations whose values of several spans add up to that of all."""


@dataclass(frozen=True, slots=True)
class MeterSlice:
    """A meter with the filters through which a feature sees it. Two features with the same gauge need one query."""

    meter_id: str
    filters: bytes

    @property
    def dimensions(self) -> Mapping[str, Any]:
        """The filters as the API takes them."""
        found: Mapping[str, Any] = json.loads(self.filters)
        return found


@dataclass(frozen=True, slots=True)
class Used:
    """The usage in a window; `group` is a subject, a value of a dimension, or empty."""

    feature: str
    start: datetime
    end: datetime
    group: str
    value: Decimal


def gauge_of(feature: Fields) -> MeterSlice | None:
    """The gauge of a feature's row; None if it meters nothing."""
    meter = feature.get("meter")
    return MeterSlice(str(meter["id"]), canonical(meter.get("filters") or {})) if meter else None


def query_body(
    meter_slice: MeterSlice,
    period: Period,
    *,
    group_by: Iterable[str] = (),
    customers: Iterable[str] = (),
    granularity: str | None = None,
) -> Fields:
    """The body of a meter query. Without customers it covers all of them. Source: the vendor's MeterQueryRequest."""
    wanted = sorted(customers)
    dimensions = dict(meter_slice.dimensions)
    if wanted:
        dimensions[CUSTOMER] = {"eq": wanted[0]} if len(wanted) == 1 else {"in": wanted}
    body: dict[str, Any] = {"from": moment_text(period.start), "to": moment_text(period.end)}
    if dimensions:
        body["filters"] = {"dimensions": dimensions}
    if groups := list(group_by):
        body["group_by_dimensions"] = groups
    if granularity:
        body["granularity"] = granularity
    return body


SIGNIFICANT = Context(prec=12, rounding=ROUND_HALF_UP)
"""The server adds usage up in floats, whose last digits vary from query to query (customer-facts.md §21)."""


def usage_value(text: str) -> Decimal:
    """A metered value, rounded to 12 significant digits. Raises ArithmeticError for an invalid number."""
    return SIGNIFICANT.create_decimal(text)


def used(feature: str, rows: Iterable[Fields], group: str | None) -> tuple[Used, ...]:
    """Rows of a meter query for a feature, by window and group. Raises KeyError or ValueError for other rows."""
    found = [
        Used(
            feature,
            moment_of(row["from"]),
            moment_of(row["to"]),
            str((row.get("dimensions") or {}).get(group, "")) if group else "",
            usage_value(row["value"]),
        )
        for row in rows
    ]
    return tuple(sorted(found, key=lambda one: (one.start, one.group)))


def by_customer(rows: Iterable[Fields]) -> dict[str, Decimal]:
    """The values of a query grouped by customer; usage without a customer is left out.

    Raises ValueError for other rows.
    """
    named = ((row, (row.get("dimensions") or {}).get(CUSTOMER)) for row in rows)
    return {str(customer): usage_value(row["value"]) for row, customer in named if customer}
