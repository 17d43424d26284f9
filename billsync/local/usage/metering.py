"""Aggregation of events for a meter, and the selection of the events it counts (catalog-facts.md §4)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from billsync.local.accounts.customer_rules import SUBJECT
from billsync.local.catalog.json_paths import text_at, value_at
from billsync.local.store.documents import Document, text_of
from billsync.local.store.store import LIVE, Row, Store
from billsync.local.store.times import instant_of, micros
from billsync.rating.arithmetic import divided, total

EVENT = "event"
COUNT, UNIQUE = "count", "unique_count"
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,5})?", re.ASCII)
LARGEST, SMALLEST = 308, -324
Meter = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class EventSelection:
    """A selection of events: from the start (included) to the end (not included); None is unbounded.

    Without `subjects`, events of all subjects are selected; `stored_before` leaves out events that were received later.
    """

    start: datetime | None = None
    end: datetime | None = None
    subjects: tuple[str, ...] | None = None
    stored_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """An event that a meter counts: when, in which order it came, its number or text, and the event."""

    time: datetime
    seq: int
    value: Decimal | str
    event: Document


def events_of(store: Store, meter: Meter, selection: EventSelection) -> list[Row]:
    """The stored events of the meter's type in the span, earliest first; none before the meter's `events_from`."""
    bounds = {
        "begins_at >= :start": selection.start,
        "begins_at >= :first": instant_of(meter.get("events_from", "")),
        "begins_at < :end": selection.end,
        "created_at < :stored": selection.stored_before,
    }
    parts, values = [LIVE, "document ->> 'type' = :type"], {"type": meter["event_type"]}
    for sql, moment in bounds.items():
        if moment is not None:
            parts.append(sql)
            values[sql.split(":")[1]] = micros(moment)
    if selection.subjects is not None:
        parts.append(
            "EXISTS (SELECT 1 FROM term t WHERE t.seq = entity.seq AND t.name = :term"
            " AND t.value IN (SELECT value FROM json_each(:subjects)))"
        )
        values |= {"term": SUBJECT, "subjects": text_of(list(selection.subjects))}
    return store.rows(EVENT, " AND ".join(parts), values, order="begins_at, seq")


def readings_of(meter: Meter, events: Iterable[Row]) -> Iterator[Reading]:
    """The events that count, with their values; an event whose value the meter can't read is left out
    (customer-facts.md §14)."""
    for row in events:
        value = value_of(meter, row.document.get("data"))
        if value is not None:
            yield Reading(row.begins_at or row.created_at, row.seq, value, row.document)


def value_of(meter: Meter, data: Any) -> Decimal | str | None:
    if meter["aggregation"] == COUNT:
        return Decimal(1)
    if meter["aggregation"] == UNIQUE:
        return text_at(meter["value_property"], data)
    return number_of(value_at(meter["value_property"], data))


def number_of(value: Any) -> Decimal | None:
    """The number in a number or a text; None for anything else, and for a number outside a 64-bit float's range."""
    if isinstance(value, bool | dict | list | None) or not NUMBER.fullmatch(str(value)):
        return None
    number = Decimal(str(value))
    return number if not number or SMALLEST <= number.adjusted() <= LARGEST else None


def aggregated(aggregation: str, readings: Sequence[Reading]) -> Decimal | None:
    """Return the aggregate of the readings; None without any."""
    return AGGREGATIONS[aggregation](readings) if readings else None


def usage(
    store: Store, meter: Meter, selection: EventSelection, accepts: Callable[[Document], bool] = lambda _: True
) -> Decimal:
    """The quantity of a span, of the events that are accepted; 0 without any."""
    counted = [reading for reading in readings_of(meter, events_of(store, meter, selection)) if accepts(reading.event)]
    return aggregated(meter["aggregation"], counted) or Decimal(0)


def numbers(readings: Sequence[Reading]) -> list[Decimal]:
    return [Decimal(reading.value) for reading in readings]


def latest(readings: Sequence[Reading]) -> Decimal:
    return Decimal(max(readings, key=lambda reading: (reading.time, reading.seq)).value)


AGGREGATIONS: Mapping[str, Callable[[Sequence[Reading]], Decimal]] = {
    "sum": lambda readings: total(numbers(readings)),
    COUNT: lambda readings: Decimal(len(readings)),
    UNIQUE: lambda readings: Decimal(len({reading.value for reading in readings})),
    "avg": lambda readings: divided(total(numbers(readings)), Decimal(len(readings))),
    "min": lambda readings: min(numbers(readings)),
    "max": lambda readings: max(numbers(readings)),
    "latest": latest,
}
