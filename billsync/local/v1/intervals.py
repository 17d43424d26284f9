"""Intervals with their anchors, in the words of the older APIs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from billsync.local.server.problems import invalid
from billsync.local.store.documents import Document
from billsync.local.store.times import from_micros, instant_of, micros, rfc3339
from billsync.local.v1.requests import TEXT
from billsync.model.duration import Duration, parse_duration

INTERVALS = {"DAY": "P1D", "WEEK": "P1W", "MONTH": "P1M", "YEAR": "P1Y"}
PERIOD = {
    "type": "object",
    "required": ["interval"],
    "properties": {"interval": TEXT, "anchor": {"$ref": "DateTime"}},
}
SHORTEST_SECONDS, LONGEST_SECONDS = 3600, 1000 * 365 * 86400


def interval_of(text: str) -> Duration:
    """The interval. Raises Problem (400) for none, for less than an hour, and for more than a thousand years."""
    length = parse_duration(INTERVALS.get(text, text))
    if length is None or not SHORTEST_SECONDS <= length.in_seconds() <= LONGEST_SECONDS:
        raise invalid(f"invalid interval: {text[:40]}")
    return length


def periodic(period: Mapping[str, Any], begins: datetime) -> Document:
    """An interval and its anchor, as they are kept; the anchor is `begins` unless another is given."""
    anchor = instant_of(period["anchor"]) if "anchor" in period else begins
    assert anchor is not None
    return {"interval": interval_of(period["interval"]).text, "anchor": micros(anchor)}


def shown_periodic(kept: Mapping[str, Any]) -> Document:
    text = kept["interval"]
    named = next((name for name, interval in INTERVALS.items() if interval == text), text)
    return {"anchor": rfc3339(from_micros(kept["anchor"])), "interval": named, "intervalISO": text}
