"""The values that meters read from events, kept when an event comes, and read again when a meter changes
(catalog-facts.md §4)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from billsync.local.catalog.json_paths import text_at, value_at
from billsync.local.store.readings import Place, Reading
from billsync.local.store.store import LIVE, Row, Store
from billsync.local.store.times import micros
from billsync.rating.arithmetic import EXACT

EVENT, METER = "event", "meter"
COUNT, UNIQUE = "count", "unique_count"
READ_TERMS = ("event_type", "aggregation", "value_property", "dimensions")
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,5})?", re.ASCII)
LARGEST, SMALLEST = 308, -324
WHOLE_DIGITS = 12
MOST_WHOLE = 10**WHOLE_DIGITS
OF_TYPE = f"{LIVE} AND document ->> 'type' = :type"
Meter = Mapping[str, Any]


def meters_of(store: Store, event_type: str) -> list[Row]:
    """Every meter of an event type; deleted ones can still be queried."""
    return store.rows(METER, "document ->> 'event_type' = :type", {"type": event_type}, order="id")


def read_events(store: Store, meters: Callable[[str], Iterable[Row]], events: Iterable[Row]) -> None:
    """Keeps what the meters of their types read from stored events. An event whose value a meter can't read is left
    out (customer-facts.md §14)."""
    store.readings.add_all(
        found for event in events for meter in meters(event.document["type"]) for found in _read(meter, event)
    )


def _read(meter: Row, event: Row) -> Iterator[tuple[Place, Reading]]:
    terms, data = meter.document, event.document.get("data")
    value = value_of(terms, data)
    if value is not None:
        place = (meter.seq, event.document["subject"], tuple(dimensions_of(terms, data).items()))
        yield place, reading_of(event, terms["aggregation"], value)


def read_again(store: Store, meter: Row) -> None:
    """Reads every stored event of the meter's type."""
    store.readings.forget(meter.seq)
    events = store.each(EVENT, OF_TYPE, {"type": meter.document["event_type"]})
    read_events(store, lambda event_type: (meter,), events)


def reading_of(event: Row, aggregation: str, value: Decimal | str) -> Reading:
    moments = (micros(event.begins_at or event.created_at), event.seq, micros(event.created_at))
    if aggregation == COUNT:
        return Reading(*moments)
    amount = millionths_of(value) if isinstance(value, Decimal) else None
    return Reading(*moments, amount=amount, text=str(value) if amount is None else None)


def millionths_of(number: Decimal) -> int | None:
    """The number in millionths; None if it isn't a whole number of them, or has more than twelve digits before the
    point."""
    if number.adjusted() >= WHOLE_DIGITS:
        return None
    scaled = number.scaleb(6, EXACT)
    return int(scaled) if scaled == scaled.to_integral_value() else None


def dimensions_of(meter: Meter, data: Any) -> dict[str, str]:
    """The values of the meter's dimensions, without those that an event has none for."""
    values = {name: text_at(path, data) for name, path in (meter["dimensions"] or {}).items()}
    return {name: value for name, value in values.items() if value is not None}


def value_of(meter: Meter, data: Any) -> Decimal | str | None:
    """The value that a meter reads from the data of an event; None for none."""
    if meter["aggregation"] == COUNT:
        return Decimal(1)
    if meter["aggregation"] == UNIQUE:
        return text_at(meter["value_property"], data)
    return number_of(value_at(meter["value_property"], data))


def number_of(value: Any) -> Decimal | None:
    """The number in a number or a text; None for anything else, and for a number outside a 64-bit float's range."""
    if type(value) is int and -MOST_WHOLE < value < MOST_WHOLE:
        return Decimal(value)
    if isinstance(value, bool | dict | list | None) or not NUMBER.fullmatch(str(value)):
        return None
    number = Decimal(str(value))
    return number if not number or SMALLEST <= number.adjusted() <= LARGEST else None
